"""Who provides a service: whom ``[service_providers] service_provider`` names, and plugins."""

from typing import Any

from deuteron.config.settings import ServiceProvider
from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.query import Query, matching


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[dict[str, Any]]:
    """The providers that a query asks for, in order, on one page."""
    return matching(query, (_shown(provider) for provider in d.service_providers))


def _shown(provider: ServiceProvider) -> dict[str, Any]:
    return {
        "service_type": provider.service_type,
        "name": provider.name,
        "driver": provider.driver,
        "default": provider.default,
    }


def of_driver(d: Deployment, driver: str) -> ServiceProvider | None:
    """The first provider that has this driver, or None."""
    return next((one for one in d.service_providers if one.driver == driver), None)

"""Flavors of routers: kinds that a site names, realised by providers.

    flavor --> the first of its profiles that is enabled --> driver --> what its routers may be

A flavor does not say by itself whether a router is distributed or highly available: it lets a
request say only what its driver does, and such a router keeps to that (observed of Neutron, whose
drivers these are; a site may give them names of its own in ``service_provider``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from neutron_lib.plugins import constants

from deuteron.config.settings import ServiceProvider
from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import InvalidInput, NotFound, ServiceProfileDisabled
from deuteron.services.flavors import flavors
from deuteron.services.l3.kinds import Kind

Row = dict[str, Any]

_FLAVOR = "flavor_id"
_FLAGS = ("ha", "distributed")
_PATH = "neutron.services.l3_router.service_providers"
# In the order in which Neutron lists them.
_DRIVERS: Mapping[str, tuple[str, Kind]] = {
    "dvrha": (f"{_PATH}.dvrha.DvrHaDriver", Kind(distributed=True, ha=True)),
    "dvr": (f"{_PATH}.dvr.DvrDriver", Kind(distributed=True, ha=False)),
    "ha": (f"{_PATH}.ha.HaDriver", Kind(distributed=False, ha=True)),
    "single_node": (f"{_PATH}.single_node.SingleNodeDriver", Kind(distributed=False, ha=False)),
}
_KINDS: Mapping[str, Kind] = dict(_DRIVERS.values())


def providers(configured: Sequence[ServiceProvider]) -> tuple[ServiceProvider, ...]:
    """The providers of routers that there are without being configured.

    Args:
        configured: those that are; a name or driver of theirs is not there twice.
    """
    taken = {
        word
        for one in configured
        if one.service_type == constants.L3
        for word in (one.name, one.driver)
    }
    return tuple(
        ServiceProvider(service_type=constants.L3, name=name, driver=driver, default=False)
        for name, (driver, _) in _DRIVERS.items()
        if not taken & {name, driver}
    )


def of_routers(configured: Sequence[ServiceProvider]) -> ResourceExtension:
    """What flavors add to routers.

    Args:
        configured: service providers.
    """
    known = tuple(
        one
        for one in (*configured, *providers(configured))
        if one.service_type == constants.L3 and one.driver in _KINDS
    )

    def on_create(
        tx: Transaction, body: Mapping[str, Any], router: Row, _nothing: Mapping[str, Any]
    ) -> None:
        if _FLAVOR in body:
            _require_id(body[_FLAVOR])
            provider = flavors.provider_of(tx, body[_FLAVOR], known)
            for name in _FLAGS:
                if not _allows(provider, name, body.get(name)):
                    said = f"provider {provider.name} does not support {name}={body[name]}"
                    raise InvalidInput(error_message=said)
            router[_FLAVOR] = body[_FLAVOR]

    def on_update(
        tx: Transaction, changes: Mapping[str, Any], router: Row, _original: Mapping[str, Any]
    ) -> None:
        said = [name for name in _FLAGS if isinstance(changes.get(name), bool)]
        if not router[_FLAVOR] or not said:
            return
        provider = _present(tx, router[_FLAVOR], known)
        for name in said:
            if provider is None or not _allows(provider, name, changes[name]):
                reason = f"{name} of a router with a flavor is what the flavor's driver supports"
                raise InvalidInput(error_message=reason)

    return ResourceExtension(aliases=("l3-flavors",), on_create=on_create, on_update=on_update)


def _require_id(wished: Any) -> None:
    """Refuse what is no id of a flavor; the attribute's definition lets anything pass."""
    if wished is not None and not isinstance(wished, str):
        raise InvalidInput(error_message=f"a {_FLAVOR} is a text, not {wished!r}")


def _allows(provider: ServiceProvider, name: str, wished: Any) -> bool:
    """Whether routers of a provider may have this flag; what is not said may be."""
    kind = _KINDS[provider.driver]
    present = kind.ha if name == "ha" else kind.distributed
    return not isinstance(wished, bool) or wished == present


def _present(
    conn: Connectable, flavor_id: str, known: Sequence[ServiceProvider]
) -> ServiceProvider | None:
    """Who serves a flavor now; None if it lost those who did."""
    try:
        return flavors.provider_of(conn, flavor_id, known)
    except (NotFound, ServiceProfileDisabled):
        return None

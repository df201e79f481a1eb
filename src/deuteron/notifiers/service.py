"""Another service of the cloud: found in Keystone's catalog, spoken to over HTTP.

    auth_type = password      token --> catalog --> endpoint of the service type --> POST
    auth_type = none          the endpoint that is configured --> POST

Nothing is imported, read or connected before the first request: of all processes only the one that
has something to tell needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from deuteron.core.followers import NotDelivered

_LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service said.

    Args:
        status: of HTTP.
        document: its JSON, None if it is none.
        text: the beginning of the body, to quote.
    """

    status: int
    document: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service is, and how to log in there.

    Args:
        section: of the configuration files, with keystoneauth's options.
        service_type: in the catalog.
        interface: ``public``, ``internal`` or ``admin``.
        region_name: None for the only region, or any.
        timeout: seconds to wait for each answer.
    """

    section: str
    service_type: str
    interface: str
    region_name: str | None
    timeout: float


class Service:
    """A client of one service, not thread-safe.

    Args:
        address: see `Address`.
        files: opens the configuration files.
    """

    def __init__(self, address: Address, files: Callable[[], cfg.ConfigOpts]) -> None:
        self._address = address
        self._files = files
        self._adapter: Any = None

    def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a JSON document.

        Args:
            path: below the endpoint.
            document: the body.
            headers: beside the usual ones.

        Raises:
            NotDelivered: Keystone or the service cannot be reached, or Keystone refuses.
        """
        from keystoneauth1.exceptions import ClientException  # a second, for those who use it

        try:
            if self._adapter is None:
                self._adapter = self._connected()
            answered = self._adapter.post(
                path, json=document, headers=dict(headers or {}), raise_exc=False
            )
        except ClientException as error:
            self.forget()
            raise NotDelivered(f"{self._address.service_type}: {error}") from error
        try:
            said = answered.json()
        except ValueError:
            said = None
        return Answer(
            status=answered.status_code, document=said, text=answered.text[:_LONGEST_QUOTE]
        )

    def forget(self) -> None:
        """Get a new token and catalog with the next request: the service may have moved."""
        if self._adapter is not None:
            self._adapter.invalidate()

    def _connected(self) -> Any:
        from keystoneauth1 import adapter, loading

        section = self._address.section
        conf = self._files()
        loading.register_auth_conf_options(conf, section)
        loading.register_session_conf_options(conf, section)
        conf.set_default("timeout", self._address.timeout, group=section)
        auth = loading.load_auth_from_conf_options(conf, section)
        return adapter.Adapter(
            session=loading.load_session_from_conf_options(conf, section, auth=auth),
            service_type=self._address.service_type,
            interface=self._address.interface,
            region_name=self._address.region_name,
        )

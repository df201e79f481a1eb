"""Another service of the cloud: found in Keystone's catalog, spoken to over HTTP.

    auth_type = password      token --> catalog --> endpoint of the service type --> POST
    auth_type = none          the endpoint that is configured --> POST

Nothing is imported, read or connected before the first request: of all processes only the one that
has something to tell needs it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from oslo_config import cfg

from deuteron.core.followers import NotDelivered

LOG = logging.getLogger(__name__)

_LONGEST_QUOTE = 200
_TAKEN = frozenset(
    {HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT, HTTPStatus.MULTI_STATUS}
)
# What is not taken today will not be taken tomorrow.
_UNFIT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})

Event = dict[str, str]


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
        interfaces: ``public``, ``internal``, ``admin``: the first that there is.
        region_name: None for the only region, or any.
        timeout: seconds to wait for each answer.
        version: beginning of all paths, unless the endpoint ends with it: ``/v1``.
    """

    section: str
    service_type: str
    interfaces: tuple[str, ...]
    region_name: str | None
    timeout: float
    version: str = ""


class Poster(Protocol):
    """What `deliver` speaks to: a `Service`."""

    def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a document below the endpoint."""
        ...

    def forget(self) -> None:
        """Log in anew with the next request."""
        ...


def deliver(
    service: Poster,
    path: str,
    events: Sequence[Event],
    *,
    headers: Mapping[str, str] | None = None,
    settled: Callable[[Answer], bool] = lambda _answer: False,
) -> None:
    """Tell events in one request, or one by one if they are not fit for that.

    Args:
        service: whom to tell.
        path: below the endpoint.
        events: at least one.
        headers: beside the usual ones.
        settled: whether an answer is enough, though the events were not taken; it is asked about
            every answer.

    Raises:
        NotDelivered: the service cannot be reached, or does not take events now.
    """
    answer = service.post(path, {"events": list(events)}, headers)
    if settled(answer) or answer.status in _TAKEN:
        return
    if answer.status not in _UNFIT:
        service.forget()
        raise NotDelivered(f"the service answered {answer.status} {answer.text}")
    if len(events) == 1:
        LOG.error("%s is not taken: %d %s", events[0], answer.status, answer.text)
        return
    for event in events:  # the others are not to suffer for one
        deliver(service, path, [event], headers=headers, settled=settled)


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
                self._versioned(path), json=document, headers=dict(headers or {}), raise_exc=False
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

    def _versioned(self, path: str) -> str:
        version = self._address.version
        endpoint = (self._adapter.get_endpoint() or "").rstrip("/") if version else ""
        return path if endpoint.endswith(version) else f"{version}{path}"

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
            interface=list(self._address.interfaces),
            region_name=self._address.region_name,
        )

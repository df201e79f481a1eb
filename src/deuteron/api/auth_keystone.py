"""Tokens of the identity service: ``auth_strategy = keystone``, by keystonemiddleware.

    X-Auth-Token --> known? -- yes --> RequestContext
                       no
                        `--> keystonemiddleware --> memcached, Keystone --> known from now on
                                  |                          `-- does not answer: 503
                                  `-- expired, forged, none: 401

What a token says is kept in this process for ``token_cache_time`` seconds, or until it expires, so
that a request costs little and a Keystone that is down is not missed at once. With
``memcached_servers`` it is kept there as long, for all processes, and here for some seconds only.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import falcon
from keystoneauth1 import exceptions as identity_errors
from keystoneauth1 import loading
from keystonemiddleware import auth_token
from keystonemiddleware import opts as options
from oslo_config import cfg

from deuteron.api import auth
from deuteron.context import RequestContext
from deuteron.errors import ConfigError, IdentityUnavailable, Unauthorized

LOG = logging.getLogger(__name__)

SECTION = "keystone_authtoken"
# Seconds that this process keeps a token's data where memcached keeps it, too.
BESIDE_MEMCACHED = 10
_MOST_TOKENS = 10_000
# Seconds for Keystone to answer, where the site says nothing: a request waits for it.
_PATIENCE = 10
_NO_CACHE = "deuteron.no_cache"
_ACCEPTED = "204 No Content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the configuration says about Keystone.

    Args:
        conf: with the options of ``[keystone_authtoken]`` registered.
        challenge: the value of ``WWW-Authenticate``.
        cache_time: seconds that this process keeps what a token says.
        memcached: whether others keep it, too.
        patience: seconds to wait for an answer.
    """

    conf: cfg.ConfigOpts
    challenge: str
    cache_time: float
    memcached: bool
    patience: float


def site_of(conf: cfg.ConfigOpts) -> Site:
    """Judge the options.

    Args:
        conf: the configuration files, as keystonemiddleware is to read them.

    Raises:
        ConfigError: an option is missing.
    """
    for section, declared in options.list_auth_token_opts():
        conf.register_opts(declared, group=section)
    own = conf[SECTION]
    section = own.auth_section or SECTION
    loading.register_auth_conf_options(conf, section)
    kind = conf[section].auth_type
    if not kind:
        raise _missing(section, "auth_type", "password")
    try:
        conf.register_opts(loading.get_auth_plugin_conf_options(kind), group=section)
    except identity_errors.NoMatchingPlugin:
        raise ConfigError(
            msg=f"[{section}] auth_type = {kind}: there is no such way; write password"
        ) from None
    url = conf[section].auth_url
    if not url:
        raise _missing(section, "auth_url", "http://HOST:5000/v3")
    if "password" in kind:
        for name in ("username", "password"):
            if not conf[section][name] and not (name == "username" and conf[section].user_id):
                raise _missing(section, name, "those of the user of this service")
    memcached = bool(own.memcached_servers)
    kept = max(int(own.token_cache_time), 0)
    return Site(
        conf=conf,
        challenge=f'Keystone uri="{own.www_authenticate_uri or url}"',
        cache_time=min(kept, BESIDE_MEMCACHED) if memcached else kept,
        memcached=memcached,
        patience=own.http_connect_timeout or _PATIENCE,
    )


def _missing(section: str, option: str, example: str) -> ConfigError:
    return ConfigError(
        msg=f"[{section}] {option} is not set, but auth_strategy = keystone needs it; "
        f"write {option} = {example}"
    )


def _accepted(_headers: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """What keystonemiddleware passes good requests on to."""
    start_response(_ACCEPTED, [])
    return []


class _NoCache:
    """What keystonemiddleware uses in the place of its own cache in the process."""

    def get(self, _key: str) -> None:
        """Nothing is known."""

    def set(self, _key: str, _value: Any, **_time: Any) -> None:
        """Nothing is kept."""


class Tokens:
    """The strategy: ``authenticate(request) -> RequestContext``. Needs no Keystone to be made.

    Args:
        site: what was configured.
        clock: seconds since 1970.

    Raises:
        ConfigError: options do not fit together.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = time.time) -> None:
        self._site = site
        self._clock = clock
        self._known: dict[tuple[str, str | None], tuple[RequestContext, float]] = {}
        self._lock = threading.Lock()
        wishes: dict[str, Any] = {
            "oslo_config_config": site.conf,
            "delay_auth_decision": False,
            "include_service_catalog": False,
            "www_authenticate_uri": site.challenge.split('"')[1],
            "http_connect_timeout": site.patience,
        }
        if not site.memcached:
            wishes["cache"] = _NO_CACHE
        try:
            self._protocol = auth_token.AuthProtocol(_accepted, wishes)
        except (
            auth_token.ConfigurationError,
            identity_errors.ClientException,
            cfg.Error,
        ) as error:
            raise ConfigError(msg=f"[{SECTION}]: {error}") from None

    def __call__(self, request: falcon.Request) -> RequestContext:
        """Who asks, by the headers ``X-Auth-Token`` and ``X-Service-Token``.

        Raises:
            Unauthorized: no token, or none that holds.
            IdentityUnavailable: Keystone has to be asked, and does not answer.
        """
        headers = request.env
        token = headers.get("HTTP_X_AUTH_TOKEN")
        if not token:
            raise self._unauthorized("Say who you are: this needs a token in X-Auth-Token.")
        key = (token, headers.get("HTTP_X_SERVICE_TOKEN"))
        known = self._known.get(key)
        if known is not None and known[1] > self._clock():
            return replace(known[0], request_id=headers[auth.REQUEST_ID])
        said = self._asked(headers)
        context = _context(said, headers)
        until = self._until(said)
        if until > self._clock():
            with self._lock:
                if len(self._known) >= _MOST_TOKENS:
                    self._known.clear()
                self._known[key] = (context, until)
        return context

    def _asked(self, headers: dict[str, Any]) -> Mapping[str, Any]:
        """What Keystone, or memcached, says of the tokens of a request."""
        headers[_NO_CACHE] = _NoCache()
        answered: list[str] = []
        try:
            self._protocol(headers, lambda status, *_rest: answered.append(status))
        except identity_errors.ClientException as error:
            LOG.error("Keystone cannot be asked about a token: %s", error)
            raise IdentityUnavailable from None
        if answered[-1].startswith("401"):
            raise self._unauthorized("The token does not hold: it is expired or unknown.")
        if answered[-1] != _ACCEPTED:
            raise IdentityUnavailable  # keystonemiddleware has logged why
        said: Mapping[str, Any] = headers["keystone.token_info"]["token"]
        return said

    def _unauthorized(self, reason: str) -> Unauthorized:
        return Unauthorized(challenge=self._site.challenge, reason=reason)

    def _until(self, said: Mapping[str, Any]) -> float:
        """When Keystone has to be asked again, in seconds since 1970; 0 for at once.

        A token that is good for some paths only, or bound to a connection, is judged each time.
        """
        if (
            said.get("bind")
            or said.get("application_credential", {}).get("access_rules") is not None
        ):
            return 0
        kept = self._clock() + self._site.cache_time
        return min(kept, datetime.fromisoformat(said["expires_at"]).timestamp())


def _context(said: Mapping[str, Any], headers: Mapping[str, Any]) -> RequestContext:
    """The caller as a token of Keystone's API v3 describes it."""
    project = said.get("project", {})
    user = said["user"]
    return RequestContext(
        request_id=headers[auth.REQUEST_ID],
        project_id=project.get("id", ""),
        user_id=user["id"],
        roles=frozenset(role["name"].lower() for role in said.get("roles", ())),
        service_roles=auth.names(headers.get("HTTP_X_SERVICE_ROLES") or ""),
        user_domain_id=user.get("domain", {}).get("id", ""),
        project_domain_id=project.get("domain", {}).get("id", ""),
        domain_id=said.get("domain", {}).get("id", ""),
        system_scope="all" if said.get("system", {}).get("all") else "",
    )

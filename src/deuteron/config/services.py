"""Other services of the cloud that the server speaks to: ``[nova]``, ``[ironic]``.

Their sections hold keystoneauth's options; those that say how to log in are judged here, so that a
fault is told at start and not when the first port is plugged. The rest (``project_name``,
``user_domain_name``, ``cafile``, ...) is keystoneauth's to read.
"""

from functools import partial
from importlib.metadata import entry_points

from deuteron.config import known, values
from deuteron.config.resolve import Resolved
from deuteron.config.settings import Ironic, Nova

# Ways to log in that ask no Keystone, and so have no catalog.
_WITHOUT_CATALOG = frozenset({"none", "admin_token", "http_basic"})
_LOGIN = ("auth_url", "username", "user_id", "password")


def nova(resolved: Resolved) -> Nova | None:
    """The section ``[nova]``; None if Nova is not to be told of anything.

    Faults are noted in `resolved`.
    """
    value = partial(resolved.value, "nova")
    configured = _login(resolved, "nova", endpoint="http://HOST:8774/v2.1")
    wanted = [
        resolved.value("DEFAULT", f"notify_nova_on_port_{kind}_changes")
        for kind in ("status", "data")
    ]
    if not configured or not any(wanted):
        return None
    return Nova(
        region_name=value("region_name") or None,
        endpoint_type=value("endpoint_type"),
        timeout=value("timeout"),
    )


def ironic(resolved: Resolved) -> Ironic | None:
    """The section ``[ironic]``; None if Ironic is not to be told of anything.

    Faults are noted in `resolved`.
    """
    value = partial(resolved.value, "ironic")
    configured = _login(resolved, "ironic", endpoint="http://HOST:6385/v1")
    if not value("enable_notifications"):
        return None
    if not configured:
        if not value("auth_section"):
            problem = "Ironic cannot be told without logging in there; write auth_type = password"
            resolved.fault("ironic", "auth_type", problem)
        return None
    return Ironic(
        region_name=value("region_name") or None,
        valid_interfaces=tuple(value("valid_interfaces")),
        timeout=value("timeout"),
    )


def _login(resolved: Resolved, section: str, *, endpoint: str) -> bool:
    """Whether a section says how to log in; what is wrong with it is noted."""
    source = (resolved.value(section, "auth_section") or section).strip()

    def written(name: str) -> str:
        entry = resolved.entry(source, name)
        return entry.value.strip() if entry else ""

    kind = written("auth_type") or written("auth_plugin")
    if not kind:
        if source != section:
            problem = f"[{source}] has no auth_type; write one there, or remove auth_section"
            resolved.fault(section, "auth_section", problem)
        elif any(written(name) for name in _LOGIN):
            problem = "the section says who logs in, but not how; write auth_type = password"
            resolved.fault(section, "auth_type", problem)
        return False
    needed: dict[str, str] = {}
    ways = {one.name for one in entry_points(group="keystoneauth1.plugin")}
    if kind not in ways:
        near = known.nearest(kind, ways)
        meant = f"did you mean {near}?" if near else "write password"
        resolved.fault(section, "auth_type", f"there is no such way to log in; {meant}")
    elif kind in _WITHOUT_CATALOG:
        needed["endpoint"] = endpoint
    else:
        needed["auth_url"] = "http://HOST:5000/v3"
    if source == section:
        resolved.value(section, "auth_url", values.http_url)
        resolved.value(section, "endpoint", values.http_url)
    if kind.endswith("password") and not written("user_id"):
        needed["username"] = "that of this service's user"
    if kind.endswith("password"):
        needed["password"] = "that of this service's user"  # noqa: S105 - words
    for name, example in needed.items():
        if not written(name):
            problem = f"{kind} needs {name}; write {name} = {example}"
            resolved.fault(section, name if source == section else "auth_section", problem)
    return True

"""Who asks. The seam is one function, ``authenticate(request) -> RequestContext``.

    noauth        here: believes the headers
    http_basic    auth_basic.py: asks for a password
    keystone      auth_keystone.py: asks the identity service about a token

What the roles mean is not decided here but by `deuteron.api.policy`.
"""

from collections.abc import Iterable, Mapping

import falcon

from deuteron.context import RequestContext

REQUEST_ID = "openstack.request_id"

# Whose things are that nobody in particular makes: a project like any other, with a default
# security group. (Neutron's noauth invents one, too.)
NOBODYS_PROJECT = "noauth"

# Who has a role has these, too: so Keystone sets it up, and puts the implied ones into tokens.
_IMPLIED: Mapping[str, tuple[str, ...]] = {
    "admin": ("manager", "member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}


def noauth(request: falcon.Request) -> RequestContext:
    """Believe what the headers say: the strategy of a server that only listens on loopback.

    ``X-Project-Id`` (or ``X-Tenant-Id``), ``X-User-Id`` and ``X-Roles`` (comma separated) are
    taken as they are, with the roles that these imply. A request that names no roles may do
    everything, one that names no project belongs to `NOBODYS_PROJECT`.

    Args:
        request: with its request id in the WSGI environment.
    """
    return from_headers(request, user_id=request.env.get("HTTP_X_USER_ID") or "")


def from_headers(request: falcon.Request, *, user_id: str) -> RequestContext:
    """Somebody who may act as anybody, acting as the headers say.

    Args:
        request: with its request id in the WSGI environment.
        user_id: who it is.
    """
    headers = request.env
    named = headers.get("HTTP_X_ROLES")
    trusted = named is None
    service_roles = headers.get("HTTP_X_SERVICE_ROLES")
    return RequestContext(
        request_id=headers[REQUEST_ID],
        project_id=headers.get("HTTP_X_PROJECT_ID")
        or headers.get("HTTP_X_TENANT_ID")
        or NOBODYS_PROJECT,
        user_id=user_id,
        roles=frozenset() if named is None else with_implied(names(named)),
        service_roles=frozenset() if service_roles is None else names(service_roles),
        is_admin=trusted,
        names_projects=trusted,
        unrestricted=trusted,
    )


def names(header: str) -> frozenset[str]:
    """The words of a comma separated header, in lower case."""
    return frozenset(name.strip().lower() for name in header.split(",") if name.strip())


def with_implied(roles: Iterable[str]) -> frozenset[str]:
    """Roles, and those that they imply.

    Args:
        roles: names in lower case.
    """
    return frozenset(roles).union(*(_IMPLIED.get(role, ()) for role in roles))

"""Who asks. The seam is one function, ``authenticate(request) -> RequestContext``."""

import falcon

from deuteron.context import RequestContext

REQUEST_ID = "openstack.request_id"

# Whose things are that nobody in particular makes: a project like any other, with a default
# security group. (Neutron's noauth invents one, too.)
NOBODYS_PROJECT = "noauth"


def noauth(request: falcon.Request) -> RequestContext:
    """Believe what the headers say: the strategy of a server that only listens on loopback.

    ``X-Project-Id`` (or ``X-Tenant-Id``), ``X-User-Id`` and ``X-Roles`` (comma separated) are
    taken as they are. A request that names no roles is an administrator's, one that names no
    project belongs to `NOBODYS_PROJECT`.

    Args:
        request: with its request id in the WSGI environment.
    """
    headers = request.env
    roles = headers.get("HTTP_X_ROLES")
    names = frozenset() if roles is None else _names(roles)
    return RequestContext(
        request_id=headers[REQUEST_ID],
        project_id=headers.get("HTTP_X_PROJECT_ID")
        or headers.get("HTTP_X_TENANT_ID")
        or NOBODYS_PROJECT,
        user_id=headers.get("HTTP_X_USER_ID") or "",
        roles=names,
        is_admin=roles is None or "admin" in names,
    )


def _names(header: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in header.split(",") if name.strip())

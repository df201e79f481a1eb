"""Errors of quotas."""

from deuteron.errors.base import BadRequest, Conflict, NetworkError, NotFound


class OverQuota(Conflict):
    """The project has as many as it may have."""

    template = "Quota exceeded for resources: {overs}."


class TenantQuotaNotFound(NotFound):
    """The project has no limits of its own."""

    template = "Project {project_id} has no quota of its own."


class QuotaMissingTenant(BadRequest):
    """The caller asks for its own project, but has none."""

    template = "The caller has no project."


class HTTPNotImplemented(NetworkError):
    """Neutron's answer to what a path could have and does not."""

    status = 501
    template = "{msg}"

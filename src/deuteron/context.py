"""Who asks, and under which request id: passed to every verb of the core."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The caller of one request.

    Args:
        request_id: ``req-<uuid>``, in logs, answers and the journal.
        project_id: the caller's project, '' where there is none.
        user_id: the caller, '' where unknown.
        roles: names of the caller's roles.
        is_admin: sees and may change everything.
        has_global_access: sees the things of all projects without being an administrator: a
            service of the cloud, or who reads for all of it.
        is_service: one of the cloud's own services, by its role.
        names_projects: may say that something is to belong to another project.
        unrestricted: nobody is asked who they are, so that policy has nothing to judge.
        service_roles: of the service that asks on the caller's behalf, beside the caller's.
        user_domain_id: where the user is known, '' where there are no domains.
        project_domain_id: where the project is known, '' where there are no domains.
        domain_id: what the caller's token is for if that is a domain, '' else.
        system_scope: ``all`` if the caller's token is for the whole system, '' else.
    """

    request_id: str
    project_id: str = ""
    user_id: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    is_admin: bool = False
    has_global_access: bool = False
    is_service: bool = False
    names_projects: bool = False
    unrestricted: bool = False
    service_roles: frozenset[str] = field(default_factory=frozenset)
    user_domain_id: str = ""
    project_domain_id: str = ""
    domain_id: str = ""
    system_scope: str = ""

    @property
    def sees_everything(self) -> bool:
        """Whether the things of all projects are there for the caller."""
        return self.is_admin or self.has_global_access

    @property
    def scope(self) -> str | None:
        """The project whose things, and those shared with it, are there for the caller.

        None means everything. What is beyond the scope is answered as if it did not exist.
        """
        return None if self.is_admin or self.has_global_access else self.project_id

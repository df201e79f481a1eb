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
    """

    request_id: str
    project_id: str = ""
    user_id: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    is_admin: bool = False

"""The caller's context as drivers of the field know it.

Drivers written against neutron-lib are handed `neutron_lib.context.Context` objects: identity of
the caller, roles, an admin flag and the database session of the running transaction. Making one
of those evaluates policy rules and opens a session, far too much for every port. `PluginContext`
answers to the same names and computes each only when a driver asks.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deuteron.context import RequestContext

if TYPE_CHECKING:
    from deuteron.db.transaction import Transaction


class PluginContext:
    """One request as drivers see it; see `plugin_context`.

    Args:
        request: the caller.
        transaction: the transaction that is open, None outside of one (postcommit, bind_port).
        is_admin: overrides the caller's own flag.
    """

    __slots__ = ("_is_admin", "_transaction", "request")

    def __init__(
        self,
        *,
        request: RequestContext,
        transaction: "Transaction | None",
        is_admin: bool,
    ) -> None:
        self.request = request
        self._transaction = transaction
        self._is_admin = is_admin

    @property
    def transaction(self) -> "Transaction":
        """The open transaction, for drivers that speak SQL through `deuteron.db`.

        Raises:
            RuntimeError: no transaction is open (postcommit hooks, bind_port).
        """
        if self._transaction is None:
            msg = "no transaction is open: a session exists in precommit hooks only"
            raise RuntimeError(msg)
        return self._transaction

    @property
    def session(self) -> Any:
        """An ORM session on the open transaction, flushed before its commit.

        Raises:
            RuntimeError: no transaction is open (postcommit hooks, bind_port).
        """
        return self.transaction.session

    @property
    def request_id(self) -> str:
        """``req-<uuid>``."""
        return self.request.request_id

    @property
    def project_id(self) -> str:
        """The caller's project, '' where there is none."""
        return self.request.project_id

    @property
    def tenant_id(self) -> str:
        """The old name of `project_id`."""
        return self.request.project_id

    @property
    def user_id(self) -> str:
        """The caller, '' where unknown."""
        return self.request.user_id

    @property
    def roles(self) -> list[str]:
        """Names of the caller's roles; an elevated context has ``admin`` among them."""
        roles = set(self.request.roles)
        if self._is_admin:
            roles |= {"admin", "member", "reader"}
        return sorted(roles)

    @property
    def is_admin(self) -> bool:
        """Sees and may change everything."""
        return self._is_admin

    @property
    def has_global_access(self) -> bool:
        """Reads across projects."""
        return self._is_admin

    @property
    def can_set_project_id(self) -> bool:
        """Creates resources for other projects."""
        return self._is_admin

    @property
    def is_service_role(self) -> bool:
        """Acts for another service, such as Compute."""
        return self._is_admin or "service" in self.request.roles

    def elevated(self) -> "PluginContext":
        """The same request with the rights of an administrator, in the same transaction."""
        return PluginContext(request=self.request, transaction=self._transaction, is_admin=True)

    def to_dict(self) -> dict[str, Any]:
        """What drivers log or send to their back ends."""
        return {
            "request_id": self.request_id,
            "project_id": self.project_id,
            "tenant_id": self.project_id,
            "user_id": self.user_id,
            "roles": self.roles,
            "is_admin": self.is_admin,
        }

    def to_policy_values(self) -> Mapping[str, Any]:
        """What a policy rule looks at."""
        return self.to_dict()


def plugin_context(transaction: "Transaction") -> PluginContext:
    """The context for hooks that run inside `transaction`.

    Args:
        transaction: the open transaction; its `context` says who asks.
    """
    request = transaction.context
    return PluginContext(request=request, transaction=transaction, is_admin=request.is_admin)


def outside_transaction(request: RequestContext) -> PluginContext:
    """The context for hooks that run when no transaction is open: postcommit and bind_port.

    Args:
        request: the caller.
    """
    return PluginContext(request=request, transaction=None, is_admin=request.is_admin)

"""What a query function is given: a reader, or the one transaction of an operation."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, CursorResult, Executable, insert
from sqlalchemy.exc import DBAPIError

from deuteron.context import RequestContext
from deuteron.db.tables import journal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_APPEND = insert(journal).inline()  # nobody wants to know the numbers


class Connectable(Protocol):
    """Where a query function runs its statements: a `Reader` or a `Transaction`.

    Attributes:
        dialect: ``sqlite``, ``mysql`` or ``postgresql``.
    """

    dialect: str

    def execute(
        self, statement: Executable, parameters: Parameters | None = None, /
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        ...


class Reader:
    """Statements outside a transaction, each on its own: no BEGIN, no ROLLBACK.

    A connection is taken from the pool at the first statement. One that went stale there (the
    server was restarted, a firewall forgot it) is replaced once without anybody noticing, which
    is safe because every statement stands alone.

    Args:
        connect: takes a connection from the pool.
        dialect: of the database.
    """

    __slots__ = ("_connect", "_connection", "dialect")

    def __init__(self, connect: Callable[[], Connection], dialect: str) -> None:
        self._connect = connect
        self.dialect = dialect
        self._connection: Connection | None = None

    def execute(
        self, statement: Executable, parameters: Parameters | None = None, /
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement.

        Args:
            statement: a SELECT, or a write that may stand alone.
            parameters: values of its bound parameters.

        Raises:
            DBAPIError: as the database says; translated when the reader is left.
        """
        if self._connection is None:
            self._connection = self._connect()
        try:
            return self._connection.execute(statement, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        self.close()
        self._connection = self._connect()
        return self._connection.execute(statement, parameters)

    def close(self) -> None:
        """Give the connection back to the pool."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Transaction:
    """The transaction of one operation. `Database.transaction` makes, commits and ends it.

    Args:
        connection: with a BEGIN already sent.
        context: who asks.
        now: the present time as the API shows it.

    Attributes:
        appended: the journal has got entries of it.
    """

    __slots__ = (
        "_entries",
        "_now",
        "_session",
        "appended",
        "connection",
        "context",
        "dialect",
        "execute",
    )

    def __init__(
        self, connection: Connection, context: RequestContext, now: Callable[[], str]
    ) -> None:
        self.connection = connection
        self.context = context
        self.dialect = connection.dialect.name
        self.execute = connection.execute
        self._now = now
        self._entries: list[dict[str, Any]] = []
        self.appended = False
        self._session: Session | None = None

    def journal(
        self,
        resource: str,
        resource_id: str,
        event: str,
        project_id: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Note that something happened; it is written with the commit, in order, all at once.

        Args:
            resource: singular noun of the API, e.g. ``port``.
            resource_id: its id.
            event: ``create``, ``update``, ``delete`` or another verb of the resource.
            project_id: whose it is.
            details: what those who follow the journal need and cannot read later: JSON.
        """
        self._entries.append(
            {
                "at": self._now(),
                "resource": resource,
                "resource_id": resource_id,
                "event": event,
                "project_id": project_id,
                "request_id": self.context.request_id,
                "actor": self.context.user_id,
                "details": details,
            }
        )

    @property
    def now(self) -> str:
        """The present time as the API shows it."""
        return self._now()

    @property
    def session(self) -> "Session":
        """An ORM session on this very connection, for the precommit hooks that want one.

        Made at first use. It can neither commit nor end the transaction; a rollback of it ends
        the operation with an error.
        """
        if self._session is None:
            # The ORM is 5 MB that a server without such drivers never needs.
            from sqlalchemy.orm import Session

            self._session = Session(self.connection, join_transaction_mode="rollback_only")
            self._session.connection()  # joins now, so that a rollback is never overlooked
        return self._session

    def flush(self) -> None:
        """Write what was held back: the ORM session's objects, then the journal's entries."""
        if self._session is not None:
            self._session.flush()
        if self._entries:
            entries, self._entries = self._entries, []
            self.appended = True
            self.connection.execute(_APPEND, entries if len(entries) > 1 else entries[0])

    def close(self) -> None:
        """Let go of the ORM session, if there is one."""
        if self._session is not None:
            self._session.close()
            self._session = None

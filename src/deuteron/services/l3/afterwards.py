"""What is left to do when a change of a router and its ports is committed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from deuteron.context import RequestContext
from deuteron.core import ports, postcommits
from deuteron.core.deployment import Deployment
from deuteron.errors import MechanismDriverError


@dataclass(slots=True, kw_only=True)
class Afterwards:
    """Collects what the verbs of ports return inside a transaction.

    Args:
        inserted: ports that were made.
        due: hooks of ports that were changed or removed.
        then: what comes at last, unless a driver refused.
    """

    inserted: list[ports.Inserted] = field(default_factory=list)
    due: list[postcommits.Due] = field(default_factory=list)
    then: list[Callable[[Deployment, RequestContext], None]] = field(default_factory=list)

    def owe(self, due: postcommits.Due | None) -> None:
        """Keep hooks that are due; None is nothing."""
        if due is not None:
            self.due.append(due)

    def run(
        self, d: Deployment, ctx: RequestContext, *, undo: Callable[[], None] | None = None
    ) -> None:
        """Run drivers' hooks, bind ports and see to DHCP, after the commit.

        Args:
            d: the deployment.
            ctx: the caller.
            undo: takes the new ports away again, with what was made of them.

        Raises:
            MechanismDriverError: a driver refused a new port; `undo` was run.
        """
        for due in self.due:
            postcommits.run(d, ctx, due)
        pending = undo
        for made in self.inserted:
            try:
                ports.follow_up(d, ctx, made, undo=_nothing)
            except MechanismDriverError:
                if pending is not None:
                    pending()
                raise
        for step in self.then:
            step(d, ctx)


def _nothing() -> None:
    return

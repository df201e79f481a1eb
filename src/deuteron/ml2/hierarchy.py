"""Asks the mechanism drivers to bind a port, level by level, and notes what each one said.

    level 0   static segments of the network     driver A: continue, with segment X
    level 1     X                                  driver B: set, vif_type ovs        -> bound

At each level the drivers are asked in configured order. One that continues hands other segments to
the level below; if nobody binds there, its level is taken back and the next driver is asked. A
driver is not asked about a segment that it bound itself further up, so there are no loops, and
there are at most `MAX_LEVELS` levels. All of this is how drivers know it from Neutron.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from neutron_lib import exceptions
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.contexts import BoundLevel, PortContext, Proposal, Resource
from deuteron.ml2.dispatch import Hook, Mechanisms
from deuteron.ml2.reasons import Reason

LOG = logging.getLogger(__name__)

MAX_LEVELS = 10

Drivers = Sequence[tuple[str, Any]]


class Outcome(StrEnum):
    """What came of asking one driver about one segment."""

    BOUND = "bound"
    CONTINUED = "continued"
    DECLINED = "declined"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One driver asked about one segment, or about all that were offered.

    Args:
        level: from 0, nearest to the fabric.
        driver: the name under which it is configured, '' where no driver was asked.
        segment: in driver form; None if the step is about all segments of the level.
        outcome: what came of it.
        reason: a code of `Reason` or the driver's own, '' for success.
        sentence: the same for people.
        hint: what an operator may do about it, '' for nothing.
    """

    level: int
    driver: str
    segment: Resource | None
    outcome: Outcome
    reason: str
    sentence: str
    hint: str = ""


class Walk:
    """One attempt to bind a port.

    Args:
        mechanisms: the drivers.
        context: of the port.
        has_address: whether the port has an IP address (or shall count as if it had).
        exhausted: the segment that a driver wished for in vain since the last call, None if
            there was none left to wish for.
    """

    def __init__(
        self,
        mechanisms: Mechanisms,
        context: PortContext,
        *,
        has_address: bool,
        exhausted: Callable[[], Resource | None],
    ) -> None:
        binding = mechanisms.drivers_with(Hook.BIND_PORT)
        self._drivers = [(name, one) for name, one in mechanisms.drivers if name in binding]
        self._note_time = mechanisms.note_time
        self._context = context
        self._has_address = has_address
        self._exhausted = exhausted
        self.steps: list[Step] = []
        self.proposal: Proposal | None = None

    def down(
        self,
        segments: Sequence[Resource],
        *,
        level: int = 0,
        drivers: Drivers | None = None,
    ) -> bool:
        """Bind at this level and those below.

        Args:
            segments: to bind, in driver form.
            level: from 0.
            drivers: those to ask where Placement has chosen; None for all.

        Returns:
            True if the port is bound: then `proposal` says how, and the context has the levels.
        """
        if not segments:
            return False
        if level == MAX_LEVELS:
            self._note_too_deep(level)
            return False
        if not (drivers or self._drivers):
            self._note_no_drivers(level)
        for name, driver in drivers or self._drivers:
            if self._barred(name, driver, segments, level):
                continue
            self._context.prepare_to_bind(segments)
            started = time.perf_counter()
            try:
                driver.bind_port(self._context)
            except Exception as error:
                LOG.exception("Mechanism driver %s failed in bind_port", name)
                self._note_error(name, error, level)
                continue
            finally:
                self._note_time(name, Hook.BIND_PORT, started)
            proposal = self._context.proposal
            self._note_declines(name, proposal, segments, level)
            if proposal is None or self._leads_nowhere(name, proposal, level):
                continue
            self._context.push_level(BoundLevel(driver=name, segment_id=proposal.segment_id))
            if not proposal.next_segments:
                if drivers is None and self._allocation():
                    self._context.pop_level()
                    return self._down_by_placement(segments, level)
                self.proposal = proposal
                self._note(level, name, proposal.segment_id, Outcome.BOUND, "", "Bound.")
                return True
            position = self._note_continued(name, proposal, level)
            if self.down(proposal.next_segments, level=level + 1):
                return True
            self._context.pop_level()
            self._note_lower_failed(position)
        return False

    def _leads_nowhere(self, name: str, proposal: Proposal, level: int) -> bool:
        """Whether the driver neither bound the port nor named segments for the level below."""
        if proposal.next_segments or proposal.vif_type != portbindings.VIF_TYPE_UNBOUND:
            return False
        self._note(
            level,
            name,
            proposal.segment_id,
            Outcome.FAILED,
            Reason.LOWER_LEVEL_FAILED,
            "The driver took this segment, but named none for the level below.",
            "This is a fault of the driver.",
        )
        return True

    def levels(self) -> tuple[BoundLevel, ...]:
        """The levels of the binding, from the fabric down."""
        return tuple(
            BoundLevel(driver=level.driver, segment_id=level.segment_id)
            for level in self._context.levels()
        )

    def _allocation(self) -> dict[str, str]:
        """Resource providers that Placement chose for the port: group -> id."""
        profile = self._context.current.get(portbindings.PROFILE) or {}
        return profile.get("allocation") or {}

    def _down_by_placement(self, segments: Sequence[Resource], level: int) -> bool:
        """Bind the lowest level by the driver whose resource providers Placement has chosen."""
        self._context.unset_binding()
        chosen = [
            (name, driver)
            for name, driver in self._drivers
            if driver.responsible_for_ports_allocation(self._context)
        ]
        if len(chosen) == 1:
            return self.down(segments, level=level, drivers=chosen)
        providers = ", ".join(self._allocation().values())
        who = ", ".join(name for name, _ in chosen) or "no driver"
        self._note(
            level,
            "",
            None,
            Outcome.FAILED,
            Reason.NOT_RESPONSIBLE,
            f"Placement chose the resource providers {providers}, and {who} "
            f"says that they are its own; it takes exactly one.",
            "Compare the allocation in binding:profile with what the host's agents report.",
        )
        return False

    def _barred(self, name: str, driver: Any, segments: Sequence[Resource], level: int) -> bool:
        """Whether the driver must not be asked."""
        if not self._has_address and driver.connectivity != portbindings.CONNECTIVITY_L2:
            self._note(
                level,
                name,
                None,
                Outcome.SKIPPED,
                Reason.NO_ADDRESS,
                "The driver connects addresses, and the port has none.",
                "Give the port an IP address.",
            )
            return True
        offered = {segment[api.ID] for segment in segments}
        for bound in self._context.levels():
            if bound.driver == name and bound.segment_id in offered:
                self._note(
                    level,
                    name,
                    bound.segment_id,
                    Outcome.SKIPPED,
                    Reason.DRIVER_LOOP,
                    "The driver bound this segment at a level above; it is not asked again.",
                )
                return True
        return False

    def _note(
        self,
        level: int,
        driver: str,
        segment_id: str | None,
        outcome: Outcome,
        reason: str,
        sentence: str,
        hint: str = "",
    ) -> None:
        self.steps.append(
            Step(
                level=level,
                driver=driver,
                segment=self._offered(segment_id),
                outcome=outcome,
                reason=str(reason),
                sentence=sentence,
                hint=hint,
            )
        )

    def _offered(self, segment_id: str | None) -> Resource | None:
        if segment_id is None:
            return None
        for segment in self._context.segments_to_bind or ():
            if segment[api.ID] == segment_id:
                return segment
        return {api.ID: segment_id}

    def _note_no_drivers(self, level: int) -> None:
        self._note(
            level,
            "",
            None,
            Outcome.FAILED,
            Reason.NO_DRIVERS,
            "No mechanism driver that binds ports is configured.",
            "Add one to mechanism_drivers in [ml2].",
        )

    def _note_too_deep(self, level: int) -> None:
        self._note(
            level,
            "",
            None,
            Outcome.FAILED,
            Reason.TOO_MANY_LEVELS,
            f"The drivers above asked for more than {MAX_LEVELS} levels.",
            "This is a fault of a driver: look for one that continues the binding for ever.",
        )

    def _note_error(self, name: str, error: Exception, level: int) -> None:
        wished = self._exhausted()
        if wished is not None or isinstance(error, exceptions.NoNetworkAvailable):
            self._note_exhausted(name, wished, level, Outcome.FAILED)
            return
        self._note(
            level,
            name,
            None,
            Outcome.FAILED,
            Reason.DRIVER_ERROR,
            f"The driver raised {type(error).__name__}: {error}",
            "The log of the server has the place in the driver's code.",
        )

    def _note_exhausted(
        self, name: str, wished: Resource | None, level: int, outcome: Outcome
    ) -> None:
        kind = (wished or {}).get(api.NETWORK_TYPE) or "dynamic"
        place = (wished or {}).get(api.PHYSICAL_NETWORK)
        where = f" on physical network {place!r}" if place else ""
        self._note(
            level,
            name,
            None,
            outcome,
            Reason.NO_DYNAMIC_SEGMENT,
            f"The driver needs a {kind} segment of its own{where}, and none is free.",
            "Widen the ranges of that type, or delete networks that are not used.",
        )

    def _note_declines(
        self,
        name: str,
        proposal: Proposal | None,
        segments: Sequence[Resource],
        level: int,
    ) -> None:
        for one in self._context.declines:
            self._note(
                level,
                name,
                one.segment_id,
                Outcome.DECLINED,
                one.reason,
                one.sentence,
                one.hint,
            )
        wished = self._exhausted()
        if proposal is not None:
            return
        if wished is not None:
            self._note_exhausted(name, wished, level, Outcome.DECLINED)
        elif not self._context.declines:
            self._note(
                level,
                name,
                None,
                Outcome.DECLINED,
                Reason.DECLINED,
                f"The driver took none of {len(segments)} segment(s) and gave no reason.",
                "The driver's own log or documentation may say why.",
            )

    def _note_continued(self, name: str, proposal: Proposal, level: int) -> int:
        self._note(
            level,
            name,
            proposal.segment_id,
            Outcome.CONTINUED,
            "",
            f"Continued at the level below with {len(proposal.next_segments)} segment(s).",
        )
        return len(self.steps) - 1

    def _note_lower_failed(self, position: int) -> None:
        self.steps[position] = replace(
            self.steps[position],
            outcome=Outcome.FAILED,
            reason=str(Reason.LOWER_LEVEL_FAILED),
            sentence="The driver took this segment, but nobody bound the level below.",
        )

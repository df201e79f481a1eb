"""Calls the mechanism drivers: all of them, in order, at each hook.

Which driver overrides which hook is worked out once at start, so a hook that nobody overrides
costs nothing: the core asks `overrides` before it even makes a context.

    precommit    inside the transaction; the first error ends the walk and vetoes the operation
    create_*_postcommit   the first error ends the walk; the core removes the resource again
    update_*, delete_*_postcommit   every driver is called, errors are collected
    delete_*     the drivers are walked in reverse, so that teardown mirrors setup
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from neutron_lib.plugins.ml2 import api

from deuteron.db.failures import DATABASE_ERRORS
from deuteron.errors import DatabaseUnavailable, MechanismDriverError, TryAgain
from deuteron.ml2.foreign import as_ours, translated

LOG = logging.getLogger(__name__)


class Hook(StrEnum):
    """The hooks of a mechanism driver, by their method names."""

    CREATE_NETWORK_PRECOMMIT = "create_network_precommit"
    CREATE_NETWORK_POSTCOMMIT = "create_network_postcommit"
    UPDATE_NETWORK_PRECOMMIT = "update_network_precommit"
    UPDATE_NETWORK_POSTCOMMIT = "update_network_postcommit"
    DELETE_NETWORK_PRECOMMIT = "delete_network_precommit"
    DELETE_NETWORK_POSTCOMMIT = "delete_network_postcommit"
    CREATE_SUBNET_PRECOMMIT = "create_subnet_precommit"
    CREATE_SUBNET_POSTCOMMIT = "create_subnet_postcommit"
    UPDATE_SUBNET_PRECOMMIT = "update_subnet_precommit"
    UPDATE_SUBNET_POSTCOMMIT = "update_subnet_postcommit"
    DELETE_SUBNET_PRECOMMIT = "delete_subnet_precommit"
    DELETE_SUBNET_POSTCOMMIT = "delete_subnet_postcommit"
    CREATE_PORT_PRECOMMIT = "create_port_precommit"
    CREATE_PORT_POSTCOMMIT = "create_port_postcommit"
    UPDATE_PORT_PRECOMMIT = "update_port_precommit"
    UPDATE_PORT_POSTCOMMIT = "update_port_postcommit"
    DELETE_PORT_PRECOMMIT = "delete_port_precommit"
    DELETE_PORT_POSTCOMMIT = "delete_port_postcommit"
    BIND_PORT = "bind_port"

    @property
    def deletes(self) -> bool:
        """Walks the drivers in reverse."""
        return self.startswith("delete_")

    @property
    def continues_on_failure(self) -> bool:
        """Calls the other drivers even if one failed."""
        return self.endswith("_postcommit") and not self.startswith("create_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A hook of one driver that raised.

    Args:
        driver: the name under which it is configured.
        position: index into the contexts given.
        error: what it raised.
    """

    driver: str
    position: int
    error: Exception


_OF_THE_DATABASE = (TryAgain, DatabaseUnavailable, *DATABASE_ERRORS)

Call = Callable[[Any], None]
Resource = dict[str, Any]
Observe = Callable[[str, str, float], None]


class Mechanisms:
    """The mechanism drivers in use.

    Args:
        drivers: (configured name, driver) in configured order.
        observe: told of each call: driver, hook, seconds.
    """

    def __init__(
        self, drivers: Sequence[tuple[str, Any]], *, observe: Observe | None = None
    ) -> None:
        self.drivers = tuple(drivers)
        self._observe = observe
        self._calls = {hook: _calls(self.drivers, hook) for hook in Hook}
        self._watched = {hook: _watched(calls) for hook, calls in self._calls.items()}
        self._with_agents = frozenset(
            name for name, driver in self.drivers if getattr(driver, "agent_type", None)
        )

    def wired_by_agent(self, name: str) -> bool:
        """Whether what a driver binds is wired by an agent, which reports it when it is done.

        Args:
            name: of the driver; those of agents say so by an ``agent_type``, as Neutron's do.
        """
        return name in self._with_agents

    def overrides(self, hook: Hook) -> bool:
        """Whether any driver has something to do at this hook."""
        return bool(self._calls[hook])

    def concerned(self, hook: Hook, original: Resource, current: Resource) -> bool:
        """Whether any driver has something to do when a port changes like this.

        A driver that has ``watched_port_attributes`` has nothing to do where none of them changes;
        others look at everything.

        Args:
            hook: of updates of ports.
            original: API dict before.
            current: API dict after.
        """
        watched = self._watched[hook]
        if watched is None:
            return True
        return any(original.get(name) != current.get(name) for name in watched)

    def drivers_with(self, hook: Hook) -> tuple[str, ...]:
        """Names of the drivers that have something to do at this hook, in calling order."""
        return tuple(name for name, _ in self._calls[hook])

    def supported(self, aliases: Iterable[str]) -> frozenset[str]:
        """Those of some extensions that every driver supports.

        Args:
            aliases: of extensions.
        """
        kept = set(aliases)
        for _, driver in self.drivers:
            kept &= set(driver.supported_extensions(set(kept)))
        return frozenset(kept)

    def agree(self, ask: Callable[[Any], bool | None]) -> bool:
        """Whether some driver says yes and none says no; no driver at all is no obstacle.

        Args:
            ask: asks a driver; None is no opinion.

        Raises:
            NetworkError: a driver refused to answer.
        """
        with translated():
            opinions = [ask(driver) for _, driver in self.drivers]
        return not opinions or (True in opinions and False not in opinions)

    def precommit(self, hook: Hook, contexts: Sequence[Any]) -> None:
        """Let every driver have its say inside the transaction.

        Args:
            hook: a ``*_precommit`` one.
            contexts: one per resource, of the hook's kind; each is shown to all drivers in turn.

        Raises:
            MechanismDriverError: a driver vetoed; with the status of its own error.
            TryAgain, DatabaseUnavailable: the database failed in a driver's hands.
        """
        for position, context in enumerate(contexts):
            for name, call in self._calls[hook]:
                started = time.perf_counter()
                try:
                    call(context)
                except _OF_THE_DATABASE:
                    LOG.debug("The database failed in %s of %s", hook.value, name, exc_info=True)
                    raise
                except Exception as error:
                    LOG.exception("Mechanism driver %s failed in %s", name, hook.value)
                    failure = Failure(driver=name, position=position, error=error)
                    raise _as_error(hook, [failure]) from None
                finally:
                    self.note_time(name, hook, started)

    def postcommit(
        self, hook: Hook, contexts: Sequence[Any], *, only: Collection[str] | None = None
    ) -> None:
        """Let every driver act on what is committed.

        Args:
            hook: a ``*_postcommit`` one.
            contexts: one per resource, of the hook's kind.
            only: names of drivers to call, to repeat what failed; None for all.

        Raises:
            MechanismDriverError: with every failure (`failures`). After a create hook it is the
                first one, and the resources have to be removed again; update and delete hooks
                were run to the end for the other drivers and contexts.
        """
        failures: list[Failure] = []
        for position, context in enumerate(contexts):
            for name, call in self._calls[hook]:
                if only is not None and name not in only:
                    continue
                failure = self._run(hook, name, call, position, context)
                if failure is None:
                    continue
                failures.append(failure)
                if not hook.continues_on_failure:
                    raise _as_error(hook, failures)
        if failures:
            raise _as_error(hook, failures)

    def hosts_with_access(
        self,
        context: Any,
        segments: Sequence[Resource],
        hosts: Collection[str],
        agent_getter: Callable[..., list[Resource]],
    ) -> set[str]:
        """The hosts from which a driver reaches one of the segments.

        All of them are, if there is a driver that cannot tell (as in Neutron).

        Args:
            context: passed to `agent_getter`.
            segments: in driver form.
            hosts: the candidates.
            agent_getter: ``(context, filters=)`` finds agents, API dicts.
        """
        left = set(hosts)
        drivers = [driver for _, driver in self.drivers]
        if not all(driver.is_host_filtering_supported() for driver in drivers):
            return left
        reached: set[str] = set()
        for driver in drivers:
            if not left:
                break
            found = driver.filter_hosts_with_segment_access(context, segments, left, agent_getter)
            reached |= found
            left -= found
        return reached

    def note_time(self, name: str, hook: Hook, started: float) -> None:
        """Tell how long a hook took that was called on one driver alone (`bind_port`).

        Args:
            name: of the driver.
            hook: which hook it is.
            started: `time.perf_counter()` before the call.
        """
        if self._observe is not None:
            self._observe(name, hook, time.perf_counter() - started)

    def _run(
        self, hook: Hook, name: str, call: Call, position: int, context: Any
    ) -> Failure | None:
        started = time.perf_counter()
        try:
            call(context)
        except Exception as error:
            LOG.exception("Mechanism driver %s failed in %s", name, hook.value)
            return Failure(driver=name, position=position, error=error)
        finally:
            self.note_time(name, hook, started)
        return None


def _calls(drivers: Sequence[tuple[str, Any]], hook: Hook) -> tuple[tuple[str, Call], ...]:
    default = vars(api.MechanismDriver)[hook.value]
    order = reversed(drivers) if hook.deletes else drivers
    found = []
    for name, driver in order:
        call = getattr(driver, hook.value, None)
        if call is not None and getattr(call, "__func__", call) is not default:
            found.append((name, call))
    return tuple(found)


def _watched(calls: Sequence[tuple[str, Call]]) -> frozenset[str] | None:
    """The attributes that the drivers of these calls watch; None if one watches all."""
    watched: set[str] = set()
    for _, call in calls:
        names = getattr(getattr(call, "__self__", None), "watched_port_attributes", None)
        if names is None:
            return None
        watched |= names
    return frozenset(watched)


def _as_error(hook: Hook, failures: Sequence[Failure]) -> MechanismDriverError:
    errors = [as_ours(failure.error) for failure in failures]
    return MechanismDriverError(method=hook.value, errors=errors, failures=failures)

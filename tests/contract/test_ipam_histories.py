"""No history of ports makes a wrong address: ports against a model, on SQLite."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.errors import (
    InvalidIpForNetwork,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    NetworkError,
)
from tests.addressed import Network, wish


@pytest.fixture(scope="module")
def sqlite_database(tmp_path_factory, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("ipam") / "deuteron.sqlite"
    copy(sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.dispose()


POOLED = {f"10.0.{subnet}.{host}" for subnet in (0, 1) for host in (2, 3, 4, 5, 6)}
HOSTS = {f"10.0.{subnet}.1" for subnet in (0, 1)} | POOLED


class Ports(RuleBasedStateMachine):
    """Two subnets of five addresses and one of automatic ones; two processes."""

    shared: Database
    made = Bundle("made")

    @initialize()
    def begin(self) -> None:
        self.network = Network(self.shared)
        self.network.subnet("10.0.0.0/29")
        self.network.subnet("10.0.1.0/29")
        self.network.subnet("2001:db8::/64", mode="slaac")
        self.processes = [self.network.hints, Hints()]
        self.taken: dict[str, str] = {}

    def create(self, process: int, wishes: list[dict[str, Any]]) -> dict[str, list[str]] | None:
        """The new ports with their IPv4 addresses, None if they were refused."""
        self.network.hints = self.processes[process]
        try:
            made = self.network.bulk(wishes)
        except NetworkError as error:
            self.refusal: NetworkError = error
            return None
        assert all(sum(":" in address for address in given) == 1 for given in made.values())
        return {port: [a for a in given if ":" not in a] for port, given in made.items()}

    @rule(target=made, process=st.integers(0, 1), count=st.integers(1, 4))
    def any_address(self, process: int, count: int) -> Any:
        free = POOLED - self.taken.keys()
        made = self.create(process, [{} for _ in range(count)])
        if made is None:
            assert isinstance(self.refusal, IpAddressGenerationFailure)
            assert len(free) < count
            return multiple()
        given = [address for addresses in made.values() for address in addresses]
        assert len(given) == len(set(given)) == count
        assert set(given) <= free
        self.taken.update((addresses[0], port) for port, addresses in made.items())
        return multiple(*made)

    @rule(target=made, process=st.integers(0, 1), address=st.sampled_from(sorted(HOSTS)))
    def this_address(self, process: int, address: str) -> Any:
        made = self.create(process, [{"fixed_ips": [wish(address=address)]}])
        if made is None:
            assert isinstance(self.refusal, IpAddressAlreadyAllocated)
            assert address in self.taken
            return multiple()
        assert address not in self.taken
        self.taken[address] = next(iter(made))
        return next(iter(made))

    @rule(process=st.integers(0, 1), address=st.sampled_from(["10.0.0.0", "10.0.1.7", "10.9.0.2"]))
    def no_address_of_the_network(self, process: int, address: str) -> None:
        wishes: list[dict[str, Any]] = [{}, {"fixed_ips": [wish(address=address)]}]
        assert self.create(process, wishes) is None
        assert isinstance(self.refusal, InvalidIpForNetwork)

    @rule(process=st.integers(0, 1), port=consumes(made))
    def delete(self, process: int, port: str) -> None:
        self.network.hints = self.processes[process]
        self.network.delete([port])
        self.taken = {a: p for a, p in self.taken.items() if p != port}

    @rule(process=st.integers(0, 1))
    def kill(self, process: int) -> None:
        self.processes[process] = Hints()

    @invariant()
    def the_rows_are_those_of_the_model(self) -> None:
        if hasattr(self, "taken"):
            rows = self.network.allocated()
            assert {a: p for a, p in rows.items() if ":" not in a} == self.taken


def test_no_history_makes_a_wrong_address(sqlite_database: Database) -> None:
    run_state_machine_as_test(
        type("Machine", (Ports,), {"shared": sqlite_database}),
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""Hints over claims: whatever happens to the hints, the claims stay right.

A machine plays a pool against a model. In the strict one, where nothing is lost, a released number
must also be the last to come back.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from shutil import copy

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from deuteron.db.engine import Database
from deuteron.db.free_ranges import Claims, Hints, Pool
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import free_ranges, segment_claims
from deuteron.db.transaction import Transaction
from tests.rows import ASKED
from tests.statements import counted

CLAIM = InsertIgnore(segment_claims)
NUMBER = segment_claims.c.segmentation_id
FEW = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("free_ranges") / "deuteron.sqlite"
    copy(sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.dispose()


class Numbers:
    """The claims of one pool, as a user of the hints keeps them."""

    def __init__(self, database: Database, name: str, *, chunk: int = 8) -> None:
        self.database, self.name, self.chunk = database, name, chunk
        self._all = select(NUMBER).where(segment_claims.c.network_type == name)

    def pool(self, ranges: tuple[tuple[int, int], ...]) -> Pool:
        return Pool(name=self.name, ranges=ranges, chunk=self.chunk)

    def claims(self, tx: Transaction) -> Claims:
        return Claims(
            among=lambda numbers: tx.execute(self._all.where(NUMBER.in_(numbers))).scalars(),
            every=lambda: tx.execute(self._all).scalars(),
        )

    def inserter(self, tx: Transaction) -> Callable[[int], bool]:
        key = {"network_type": self.name, "physical_network": ""}
        return lambda number: CLAIM.execute(tx, [{**key, "segmentation_id": number}]) == 1

    def next(
        self, tx: Transaction, hints: Hints, ranges: tuple[tuple[int, int], ...]
    ) -> int | None:
        return hints.claim(tx, self.pool(ranges), self.claims(tx), self.inserter(tx))

    def wish(self, tx: Transaction, hints: Hints, number: int) -> bool:
        won = self.inserter(tx)(number)
        if won:
            hints.claimed(tx, self.name, [number])
        return won

    def release(self, tx: Transaction, hints: Hints, number: int) -> None:
        own = segment_claims.c.network_type == self.name
        tx.execute(delete(segment_claims).where(own, number == NUMBER))
        hints.released(tx, self.name, [number])


def ranges_of(numbers: set[int]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


NAMES = count()
POOLS = st.sets(st.integers(1, 24), min_size=1, max_size=20)


class Strict(RuleBasedStateMachine):
    """One process that loses nothing."""

    shared: Database
    claimed = Bundle("claimed")

    @initialize(members=POOLS, chunk=st.integers(1, 8))
    def begin(self, members, chunk):
        self.numbers = Numbers(self.shared, f"strict {next(NAMES)}", chunk=chunk)
        self.hints = Hints()
        self.ranges = ranges_of(members)
        # how long ago a number was released; those never used come first
        self.free = dict.fromkeys(members, 0)
        self.clock = count(1)

    @rule(target=claimed)
    def claim(self):
        with self.shared.transaction(ASKED) as tx:
            number = self.numbers.next(tx, self.hints, self.ranges)
        if number is None:
            assert not self.free
            return 0
        assert self.free.pop(number) <= min(self.free.values(), default=float("inf")), number
        return number

    @rule(target=claimed, number=st.integers(1, 24))
    def wish(self, number):
        with self.shared.transaction(ASKED) as tx:
            won = self.numbers.wish(tx, self.hints, number)
        if not won or number not in self.free:
            return 0
        del self.free[number]
        return number

    @rule(number=consumes(claimed))
    def release(self, number):
        if number:
            with self.shared.transaction(ASKED) as tx:
                self.numbers.release(tx, self.hints, number)
            self.free[number] = next(self.clock)


class Careless(RuleBasedStateMachine):
    """Several processes that are killed, roll back and change the ranges of the pool."""

    shared: Database
    claimed = Bundle("claimed")
    processes = st.integers(0, 2)

    @initialize(members=POOLS, chunk=st.integers(1, 8))
    def begin(self, members, chunk):
        self.numbers = Numbers(self.shared, f"careless {next(NAMES)}", chunk=chunk)
        self.hints = [Hints(), Hints(), Hints()]
        self.members = members
        self.taken: set[int] = set()

    @rule(target=claimed, process=processes)
    def claim(self, process):
        with self.shared.transaction(ASKED) as tx:
            number = self.numbers.next(tx, self.hints[process], ranges_of(self.members))
        if number is None:
            assert self.members <= self.taken
            return 0
        assert number in self.members - self.taken
        self.taken.add(number)
        return number

    @rule(process=processes)
    def claim_and_roll_back(self, process):
        with pytest.raises(ZeroDivisionError), self.shared.transaction(ASKED) as tx:
            self.numbers.next(tx, self.hints[process], ranges_of(self.members))
            _ = 1 / 0

    @rule(target=claimed, process=processes, number=st.integers(1, 24))
    def wish(self, process, number):
        with self.shared.transaction(ASKED) as tx:
            won = self.numbers.wish(tx, self.hints[process], number)
        assert won == (number not in self.taken)
        self.taken.add(number)
        return number if won else 0

    @rule(process=processes, number=consumes(claimed))
    def release(self, process, number):
        if number:
            with self.shared.transaction(ASKED) as tx:
                self.numbers.release(tx, self.hints[process], number)
            self.taken.discard(number)

    @rule(process=processes, number=consumes(claimed))
    def release_without_a_hint(self, process, number):
        if number:
            own = segment_claims.c.network_type == self.numbers.name
            with self.shared.transaction(ASKED) as tx:
                tx.execute(delete(segment_claims).where(own, number == NUMBER))
            self.taken.discard(number)

    @rule(process=processes)
    def kill(self, process):
        self.hints[process] = Hints()

    @rule(members=POOLS)
    def change_ranges(self, members):
        self.members = members

    @precondition(lambda self: self.taken)
    @rule(process=processes)
    def reset(self, process):
        with self.shared.transaction(ASKED) as tx:
            self.hints[process].reset(tx, self.numbers.name)

    @invariant()
    def the_claims_are_those_of_the_model(self):
        if not hasattr(self, "taken"):
            return
        own = segment_claims.c.network_type == self.numbers.name
        with self.shared.read() as reader:
            assert set(reader.execute(select(NUMBER).where(own)).scalars()) == self.taken


@pytest.mark.parametrize("machine", [Strict, Careless])
def test_no_history_makes_a_wrong_claim(database, machine):
    run_state_machine_as_test(type("Machine", (machine,), {"shared": database}), settings=FEW)


# --- what it costs


@pytest.fixture
def numbers(database) -> Numbers:
    return Numbers(database, f"numbers {next(NAMES)}")


VNIS = ((1, 16_777_215),)


def rows(database: Database, name: str) -> int:
    with database.read() as reader:
        statement = select(free_ranges).where(free_ranges.c.pool == name)
        return len(reader.execute(statement).all())


def cost_of_next(numbers: Numbers, hints: Hints, ranges=VNIS) -> int:
    with numbers.database.transaction(ASKED) as tx, counted(numbers.database) as statements:
        numbers.next(tx, hints, ranges)
    return len(statements)


def test_sixteen_million_numbers_are_two_rows(numbers):
    hints = Hints()
    assert [cost_of_next(numbers, hints) for _ in range(10)] == [4, 1, 1, 1, 1, 1, 1, 1, 3, 1]
    assert rows(numbers.database, numbers.name) == 2


def test_a_process_leaves_most_of_a_small_pool_to_others(numbers):
    pool = ((1, 8),)
    processes = [Hints() for _ in range(4)]
    with numbers.database.transaction(ASKED) as tx:
        given = [numbers.next(tx, hints, pool) for hints in processes * 2]
        with counted(numbers.database) as statements:
            assert numbers.next(tx, processes[0], pool) is None
    assert sorted(given) == list(range(1, 9))
    assert len(statements) == 2, statements


def test_numbers_claimed_by_wish_are_skipped_in_a_few_statements(numbers):
    with numbers.database.transaction(ASKED) as tx:
        hints = Hints()
        numbers.next(tx, hints, VNIS)
        insert_one = numbers.inserter(tx)
        for number in range(2, 3000):
            insert_one(number)
        with counted(numbers.database) as statements:
            assert numbers.next(tx, hints, VNIS) == 3000
    assert len(statements) <= 12, statements


def test_many_single_numbers_come_back_in_the_order_of_their_release(numbers):
    pool = ((1, 700),)
    hints = Hints()
    order = [*range(600, 0, -1), *range(601, 701)]
    with numbers.database.transaction(ASKED) as tx:
        for _ in range(700):
            numbers.next(tx, hints, pool)
        for number in order:
            numbers.release(tx, hints, number)
        numbers.wish(tx, hints, 550)
        numbers.release(tx, hints, 550)
        expected = [n for n in order if n != 550] + [550]
        assert [numbers.next(tx, hints, pool) for _ in range(700)] == expected


def test_numbers_released_in_an_unused_pool_wait_for_the_others(numbers):
    hints = Hints()
    with numbers.database.transaction(ASKED) as tx:
        for number in (4, 2):
            numbers.wish(tx, hints, number)
            numbers.release(tx, hints, number)
        given = [numbers.next(tx, hints, ((1, 5),)) for _ in range(6)]
    assert given == [1, 3, 5, 4, 2, None]


def test_a_wished_number_waits_although_a_longer_row_still_hints_at_it(numbers):
    hints = Hints()
    pool = ((1, 1000),)
    with numbers.database.transaction(ASKED) as tx:
        numbers.next(tx, hints, pool)
        for number in range(300, 700):
            numbers.wish(tx, hints, number)
            numbers.release(tx, hints, number)
        first = [numbers.next(tx, hints, pool) for _ in range(599)]
    assert not set(first) & set(range(300, 700))


def test_ranges_are_asked_for_each_time(numbers):
    mine, other = Hints(), Hints()
    with numbers.database.transaction(ASKED) as tx:
        assert numbers.next(tx, mine, ((1, 100),)) == 1
        assert numbers.next(tx, other, ((1, 100),)) > 1
        assert numbers.next(tx, mine, ((500, 501),)) in {500, 501}
        assert numbers.next(tx, other, ((500, 501),)) in {500, 501}
        assert numbers.next(tx, mine, ((500, 501),)) is None


def test_hints_of_the_pools_not_used_for_longest_are_dropped(database):
    hints = Hints(pools=2)
    all_numbers = [Numbers(database, f"dropped {next(NAMES)}") for _ in range(3)]
    for numbers in all_numbers:
        cost_of_next(numbers, hints)
    assert cost_of_next(all_numbers[0], hints) > 1
    assert cost_of_next(all_numbers[2], hints) == 1

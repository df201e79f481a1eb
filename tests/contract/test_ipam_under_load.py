"""Many claims at once, from several processes, on every database."""

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select

from deuteron.db.engine import Database
from deuteron.db.tables import ip_allocations
from tests.rows import a_network, a_subnet

pytestmark = pytest.mark.slow


def claim_all(
    url: str, network_id: str, subnets: list[dict[str, Any]], *, processes: int, each: int
) -> list[tuple[str, int]]:
    """(address, times begun again) of every port."""
    command = [sys.executable, "-m", "tests.claimers", url]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for i, worker in enumerate(workers):
        macs = [f"fa:16:3e:00:{i:02x}:{j:02x}" for j in range(each)]
        assert worker.stdin is not None
        order = {"network_id": network_id, "subnets": subnets, "macs": macs}
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * processes
    return [tuple(json.loads(line)) for answer in answers for line in answer.splitlines()]


@pytest.mark.parametrize(
    ("cidr", "processes", "each"),
    [
        pytest.param("10.0.0.0/24", 5, 50, id="250 ports, 253 addresses"),
        pytest.param("10.0.0.0/28", 4, 3, id="12 ports, 13 addresses"),
    ],
)
def test_every_claim_gets_an_address_of_its_own(
    database_url: str, database: Database, cidr: str, processes: int, each: int
) -> None:
    network_id = a_network(database)
    subnets = [a_subnet(database, network_id, cidr)]
    got = claim_all(database_url, network_id, subnets, processes=processes, each=each)
    addresses = {address for address, _ in got}
    assert len(got) == len(addresses) == processes * each
    with database.read() as reader:
        assert set(reader.execute(select(ip_allocations.c.ip_address)).scalars()) == addresses

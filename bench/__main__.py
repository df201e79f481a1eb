"""``python -m bench``: measures the service of this checkout, on SQLite and a private MariaDB.

    counts   in this process: SQL statements of each operation
    starts   of fresh servers, by the clock
    load     two workers; CPU time per request, and memory
    agents   what an L3 agent asks for that starts, if there is a broker

With ``--server`` it measures one that runs already, whoever made it: load and agents only.

The load comes from one client that waits for each answer: what is measured is the cost of a
request, not how many fit into a second.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import agents, budget, processes, report
from bench.client import Client, Failed
from bench.load import HOST, PARTS, Cost, Load
from bench.report import Results
from bench.statements import counts
from tests import cpu
from tests.instances import mariadb, rabbitmq
from tests.instances.mariadb import MariaDB
from tests.instances.rabbitmq import RabbitMQ
from tests.instances.service import Options, Service, as_ini

KINDS = ("SQLite", "MariaDB")
AGENTS = "agents"
ML2: Mapping[str, object] = {
    "mechanism_drivers": "openvswitch,linuxbridge,l2population",
    "project_network_types": "vxlan",
}
# As the reference was measured.
UNLIMITED: Mapping[str, object] = {
    f"quota_{noun}": -1 for noun in ("network", "subnet", "port", "router", "floatingip")
}
LEGEND = """
SQL     statements of one request, or of a whole bulk; BEGIN and COMMIT are not counted
CPU ms  of the server's processes, per request, the median of the repeats; with SQLite's own
wall    ms from request to answer, with one client
machine how slow it is at plain Python; ceilings are for one of usual speed, which is 1
alike   not more than where there is less        !  more than that"""
FEW_VNIS, ALL_VNIS = "1:1000", "1:16777215"


def main() -> int:
    """Measures, prints the table, writes JSON if asked."""
    arguments = _arguments()
    measured: dict[str, Results] = {}
    slowness = [cpu.slowness()]
    if arguments.server:
        measured[arguments.server] = _measure_running(arguments)
        arguments.database = []
    for kind in KINDS if arguments.database is None else arguments.database:
        if kind == "MariaDB" and mariadb.programs() is None:
            _say("MariaDB is not installed: left out")
            continue
        measured[kind] = _measure(kind, arguments)
    slowness.append(cpu.slowness())
    budgets = budget.read()
    print(report.table(budgets, measured))
    print(f"\nmachine {slowness[0]:.1f} before, {slowness[1]:.1f} after")
    print(LEGEND)
    if arguments.json:
        text = json.dumps(report.document(budgets, measured, slowness), indent=1)
        arguments.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


def _measure(kind: str, arguments: argparse.Namespace) -> Results:
    with _databases(kind) as urls:
        _say(f"{kind}: counting statements")
        with tempfile.TemporaryDirectory(prefix="deuteron-bench-") as folder:
            url = urls.get("counts", f"sqlite:///{folder}/counts.sqlite")
            path = Path(folder, "bench.conf")
            path.write_text(as_ini(_options(url)), encoding="utf-8")
            results = Results(statements=counts(path))
        if kind == "SQLite":
            _say(f"{kind}: starting servers")
            _measure_starts(results, arguments.starts)
        _measure_load(kind, urls.get("load"), results, arguments)
        if rabbitmq.programs() is None:
            _say(f"{kind}: RabbitMQ is not installed: agents are left out")
        elif AGENTS in arguments.part:
            _measure_agents(kind, urls.get("agents"), results, arguments)
    return results


def _measure_running(arguments: argparse.Namespace) -> Results:
    pids = [one for pid in arguments.pids for one in processes.family(pid)]
    client = Client(arguments.server)
    try:
        costs = _load(arguments.server, client, pids, arguments)
        if AGENTS in arguments.part and arguments.transport:
            costs |= _agents(arguments.server, client, arguments.transport, pids, arguments)
    except Failed as failure:
        sys.exit(str(failure))
    client.close()
    return Results(costs=costs)


def _load(
    server: str, client: Client, pids: list[int], arguments: argparse.Namespace
) -> dict[str, Cost]:
    load = Load(
        client=client,
        pids=pids,
        count=arguments.count,
        repeat=arguments.repeat,
        parts=arguments.part,
        host=arguments.host or HOST,
        reports=arguments.host is None,
    )
    return load.run(lambda words: _say(f"{server}: {words}"))


def _agents(
    server: str,
    client: Client,
    transport_url: str,
    pids: list[int],
    arguments: argparse.Namespace,
) -> dict[str, Cost]:
    _say(f"{server}: making routers for an agent")
    return agents.measured(client, transport_url, pids, repeat=arguments.repeat)


def _measure_starts(results: Results, times: int) -> None:
    for name, vnis in (
        ("start, new folder, to the first answer", None),
        (f"start with vni_ranges = {FEW_VNIS}", FEW_VNIS),
        (f"start with vni_ranges = {ALL_VNIS}", ALL_VNIS),
    ):
        results.seconds[name] = []
        for _ in range(times):
            service = Service(_options(None, vnis=vnis))
            try:
                results.seconds[name].append(service.start())
            finally:
                service.remove()


def _measure_load(
    kind: str, url: str | None, results: Results, arguments: argparse.Namespace
) -> None:
    with _served(_options(url)) as (client, pids):
        _note_memory(results, pids, "idle")
        results.costs = _load(kind, client, pids, arguments)
        _note_memory(results, pids, "after all this")


def _measure_agents(
    kind: str, url: str | None, results: Results, arguments: argparse.Namespace
) -> None:
    broker = RabbitMQ()
    try:
        broker.start()
        options = {**_options(url), "DEFAULT": {"transport_url": broker.url}}
        with _served(options) as (client, pids):
            results.costs |= _agents(kind, client, broker.url, pids, arguments)
    finally:
        broker.remove()


@contextmanager
def _served(options: Options) -> Iterator[tuple[Client, list[int]]]:
    """A client of a server of our own, and the server's processes."""
    with Service(options, workers=2).running() as service:
        client = Client(service.url)
        try:
            yield client, processes.family(service.pid)
        except Failed as failure:
            sys.exit(f"{failure}\n{service.log}")
        finally:
            client.close()


def _note_memory(results: Results, pids: list[int], when: str) -> None:
    name = f"memory, 2 workers, {when}"
    results.megabytes[name] = processes.resident_megabytes(pids)
    results.proportional[name] = processes.proportional_megabytes(pids)


@contextmanager
def _databases(kind: str) -> Iterator[dict[str, str]]:
    """URLs of empty databases; none for SQLite, which is a file in the server's folder."""
    if kind == "SQLite":
        yield {}
        return
    server = MariaDB()
    try:
        server.start()
        yield {name: server.create(name) for name in ("counts", "load", "agents")}
    finally:
        server.remove()


def _options(url: str | None, *, vnis: str | None = None) -> Options:
    return {
        "ml2": ML2,
        "quotas": UNLIMITED,
        **({"database": {"connection": url}} if url else {}),
        **({"ml2_type_vxlan": {"vni_ranges": vnis}} if vnis else {}),
    }


def _say(words: str) -> None:
    print(f"... {words}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures the service of this checkout; a table, and JSON."
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, too")
    parser.add_argument(
        "--database", action="append", choices=KINDS, help="only this kind; may be repeated"
    )
    parser.add_argument(
        "--count", type=int, default=200, help="requests of a kind and repeat (default: 200)"
    )
    parser.add_argument("--repeat", type=int, default=5, help="repeats (default: 5)")
    parser.add_argument(
        "--part",
        action="append",
        choices=(*PARTS, AGENTS),
        help="only this part of load and agents; may be repeated",
    )
    parser.add_argument("--starts", type=int, default=5, help="starts of a kind (default: 5)")
    running = parser.add_argument_group("a server that runs already, without authentication")
    running.add_argument("--server", metavar="URL", help="of its API, without a path")
    running.add_argument(
        "--pids",
        type=lambda text: [int(one) for one in text.split(",")],
        default=[],
        metavar="PID,...",
        help="its oldest processes",
    )
    running.add_argument(
        "--host",
        help="where an Open vSwitch agent is alive (default: one is reported by HTTP)",
    )
    running.add_argument("--transport", metavar="URL", help="of its broker, to ask as an agent")
    arguments = parser.parse_args()
    arguments.part = arguments.part or [*PARTS, AGENTS]
    return arguments


if __name__ == "__main__":
    sys.exit(main())

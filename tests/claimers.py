"""A process whose threads claim addresses all at once, as an API worker under load does.

python -m tests.claimers URL < {"subnets": [...], "network_id": ..., "macs": [...]}

It prints the addresses it got and how often it had to begin again, as JSON, one line each.
"""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deuteron.core import ipam
from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.errors import TryAgain
from tests.rows import ASKED, insert_ports


def claim(database: Database, hints: Hints, order: dict[str, Any], mac: str) -> tuple[str, int]:
    for attempt in range(10):
        try:
            with database.transaction(ASKED) as tx:
                (port_id,) = insert_ports(tx, order["network_id"], [mac])
                request = ipam.AddressRequest(
                    port_id=port_id,
                    network_id=order["network_id"],
                    mac_address=mac,
                    device_owner="",
                    subnets=order["subnets"],
                )
                ((given,),) = ipam.assign(tx, hints, [request]).values()
                return given["ip_address"], attempt
        except TryAgain:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise TimeoutError(f"gave up for {mac}")


def main(url: str) -> None:
    database, hints = Database(url, pool_size=8, max_overflow=0), Hints()
    print("ready", flush=True)
    order = json.loads(sys.stdin.readline())
    with ThreadPoolExecutor(len(order["macs"])) as threads:
        futures = [threads.submit(claim, database, hints, order, mac) for mac in order["macs"]]
        for future in futures:
            print(json.dumps(future.result()))
    database.dispose()


if __name__ == "__main__":
    main(sys.argv[1])

"""A process whose threads make subnets of one pool all at once, as an API worker under load does.

python -m tests.allocators URL FOLDER < {"pool": id, "networks": [id, ...], "prefixlen": 28}

It prints the CIDRs it got, or the names of errors, as JSON, one line each.
"""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deuteron.core import subnets
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.errors import NetworkError, TryAgain
from tests.deployments import ADMIN, a_deployment


def allocate(d: Deployment, order: dict[str, Any], network_id: str) -> str:
    body = {
        "project_id": "p",
        "network_id": network_id,
        "name": "",
        "ip_version": 4,
        "enable_dhcp": True,
        "subnetpool_id": order["pool"],
        "prefixlen": order["prefixlen"],
    }
    for attempt in range(20):
        try:
            return str(subnets.create(d, ADMIN, [body])[0]["cidr"])
        except TryAgain:
            time.sleep(random.uniform(0, min(0.5, 0.02 * 2**attempt)))
        except NetworkError as refused:
            return refused.type
    return "gave up"


def main(url: str, folder: str) -> None:
    database = Database(url, pool_size=8, max_overflow=0)
    deployment = a_deployment(database, Path(folder), mechanisms=())
    print("ready", flush=True)
    order = json.loads(sys.stdin.readline())
    with ThreadPoolExecutor(8) as threads:
        for cidr in threads.map(lambda one: allocate(deployment, order, one), order["networks"]):
            print(json.dumps(cidr))
    database.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

"""How many SQL statements each operation costs, counted in this process.

The application is the real one on a real database; what the database is sent is counted at the
driver. A count is the same on every run, unlike a time.
"""

from pathlib import Path
from typing import Any

from bench.load import BULK, HOST, MANY
from deuteron import config
from deuteron.app.deployment import build
from deuteron.app.wsgi import application_of
from deuteron.db.engine import Database
from tests.api.client import Api
from tests.statements import counted

FEW = 10


def counts(configuration: Path) -> dict[str, int]:
    """Name of the operation -> statements of one request, after a first one has warmed up.

    Args:
        configuration: a file that names a database without rows.
    """
    deployment = build(config.load([str(configuration)]))
    try:
        api = Api(application_of(deployment))
        api.ovs_agent(HOST)
        database = deployment.database
        return {
            **_of_creates(api, database),
            **_of_the_rest(api, database),
            **_of_routing(api, database),
        }
    finally:
        deployment.database.dispose()


def _of_creates(api: Api, database: Database) -> dict[str, int]:
    home = _home(api)
    subnet = {"ip_version": 4, "cidr": "10.0.0.0/20"}
    empty = [api.create("network")["id"] for _ in range(2)]
    bound = {"network_id": home, "binding:host_id": HOST}
    bulk = {"ports": [{"network_id": home} for _ in range(BULK)]}
    found = {}
    for _ in range(2):
        with counted(database) as statements:
            api.create("network")
        found["create network"] = len(statements)
        network_id = empty.pop()
        with counted(database) as statements:
            api.create("subnet", network_id=network_id, **subnet)
        found["create subnet"] = len(statements)
        with counted(database) as statements:
            api.create("port", network_id=home)
        found["create port"] = len(statements)
        with counted(database) as statements:
            port = api.create("port", **bound)
        assert port["binding:vif_type"] == "ovs"
        found["create port with a host, bound"] = len(statements)
        with counted(database) as statements:
            api.call("POST", "/ports", bulk)
        found[f"create {BULK} ports at once, per port"] = len(statements)
    return found


def _of_the_rest(api: Api, database: Database) -> dict[str, int]:
    home = _home(api)
    found: dict[str, int] = {}

    def count(name: str, method: str, path: str, body: Any = None) -> None:
        with counted(database) as statements:
            answer = api.call(method, path, body)
        assert answer.status < 300, answer
        found[name] = len(statements)

    for turn in range(2):
        port = api.create("port", network_id=home)["id"]
        count("show port", "GET", f"/ports/{port}")
        name = {"port": {"name": f"turn-{turn}"}}
        count("update port, name", "PUT", f"/ports/{port}", name)
        host = {"port": {"binding:host_id": HOST}}
        count("update port, host", "PUT", f"/ports/{port}", host)
        count("delete port", "DELETE", f"/ports/{port}")
        count(f"list {MANY:,} ports, full", "GET", "/ports")
        count(f"list {MANY:,} ports, fields=id", "GET", "/ports?fields=id")
        count(f"list {MANY:,} ports, limit=100", "GET", "/ports?limit=100")
    return found


def _of_routing(api: Api, database: Database) -> dict[str, int]:
    found: dict[str, int] = {}
    for _ in range(2):
        home = _home(api)
        with counted(database) as statements:
            router = api.create("router")["id"]
        found["create router"] = len(statements)
        subnet = api.call("GET", f"/subnets?network_id={home}").body["subnets"][0]["id"]
        path = f"/routers/{router}/add_router_interface"
        with counted(database) as statements:
            answer = api.call("PUT", path, {"subnet_id": subnet})
        assert answer.status < 300, answer
        found["add router interface"] = len(statements)
    return found


def _home(api: Api) -> str:
    network: str = api.create("network")["id"]
    api.create("subnet", network_id=network, ip_version=4, cidr="10.0.0.0/20")
    return network

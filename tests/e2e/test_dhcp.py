"""The stock DHCP and metadata agents serve machines."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agents import METADATA_PORT, METADATA_SECRET
from tests.e2e.hosts import Host
from tests.e2e.machines import until
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

_METADATA = "169.254.169.254"


@contextmanager
def _stand_in_for_nova(host: Host) -> Iterator[None]:
    """Answers on a host with the headers that it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(dict(self.headers)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            pass

    address = ("127.0.0.1", METADATA_PORT)
    with ThreadingHTTPServer(address, Handler, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = host.namespace.listen(*address)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


def test_machines_are_given_what_their_subnet_says(served: Site, tmp_path: Path) -> None:
    network = served.network(
        "vxlan",
        subnet={
            "enable_dhcp": True,
            "dns_nameservers": ["10.50.0.53"],
            "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.50.0.9"}],
        },
    )
    machines = [served.machine(network, name, static=False) for name in ("ovs2", "lb2")]
    served.wait_until_active(machines)
    for machine in machines:
        lease = machine.lease(tmp_path / machine.host.name)
        assert lease["ip"] == machine.address
        assert lease["mask"] == "24"
        assert lease["dns"] == "10.50.0.53"
        assert lease["mtu"] == str(network["mtu"])
        words = lease["staticroutes"].split()
        routes = dict(zip(words[::2], words[1::2], strict=True))
        assert routes["10.9.0.0/16"] == "10.50.0.9"
        assert routes["0.0.0.0/0"] == network["subnet"]["gateway_ip"]
        assert f"{_METADATA}/32" in routes
    until(lambda: machines[0].pings(machines[1].address), "the two reach each other")


def test_metadata_tells_nova_who_asks(served: Site, tmp_path: Path) -> None:
    network = served.network("vxlan", subnet={"enable_dhcp": True})
    machine = served.machine(network, "ovs2", static=False)
    served.wait_until_active([machine])
    assert machine.lease(tmp_path / "lease")
    with _stand_in_for_nova(served.hosts["ovs1"]):
        told: dict[str, str] = {}

        def answered() -> bool:
            url = f"http://{_METADATA}/latest/meta-data"
            done = machine.namespace.run("curl", "-fsS", "--max-time", "5", url, check=False)
            told.update(json.loads(done.stdout or "{}"))
            return bool(told)

        until(answered, "the metadata agent answers")
    told = {name.lower(): value for name, value in told.items()}
    server = machine.port["device_id"]
    assert told["x-instance-id"] == server
    assert told["x-tenant-id"] == machine.port["project_id"]
    assert told["x-forwarded-for"] == machine.address
    signed = hmac.new(METADATA_SECRET.encode(), server.encode(), hashlib.sha256).hexdigest()
    assert told["x-instance-id-signature"] == signed

"""Metadata: what machines ask, and what Nova is told of who asks."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.agents import METADATA_PORT, METADATA_SECRET
from tests.e2e.hosts import Host
from tests.e2e.machines import Machine, until

ADDRESS = "169.254.169.254"


@contextmanager
def stand_in_for_nova(host: Host) -> Iterator[None]:
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


def require_known(machine: Machine) -> None:
    """Asks for metadata, until there is an answer, and checks that Nova was told who asked."""
    told: dict[str, str] = {}

    def answered() -> bool:
        url = f"http://{ADDRESS}/latest/meta-data"
        done = machine.namespace.run("curl", "-fsS", "--max-time", "5", url, check=False)
        told.update(json.loads(done.stdout or "{}"))
        return bool(told)

    until(answered, "the metadata agent answers")
    named = {name.lower(): value for name, value in told.items()}
    server = machine.port["device_id"]
    signed = hmac.new(METADATA_SECRET.encode(), server.encode(), hashlib.sha256).hexdigest()
    expected = {
        "x-instance-id": server,
        "x-tenant-id": machine.port["project_id"],
        "x-forwarded-for": machine.address,
        "x-instance-id-signature": signed,
    }
    # A proxy that listens for both families shows IPv4 addresses so (RFC 4291, 2.5.5.2).
    named["x-forwarded-for"] = named["x-forwarded-for"].removeprefix("::ffff:")
    assert named | expected == named, named

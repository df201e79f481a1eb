"""A private Galera cluster: two MariaDB servers, each of which may be written to."""

import contextlib
import socket
import uuid
from pathlib import Path

from tests.instances import mariadb
from tests.instances.mariadb import MariaDB

_LIBRARIES = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera/libgalera_smm.so")
# What a node listens on beside its clients: the group, incremental and whole transfers of state.
_PORTS = 3


def provider() -> str | None:
    """The library that makes a server a node, None if it or a server is not installed."""
    found = [library for library in _LIBRARIES if Path(library).exists()]
    return found[0] if found and mariadb.programs() else None


class Galera:
    """Two nodes of one cluster.

    Whoever reads on a node waits for what others have committed before (``wsrep_sync_wait``), as
    servers do that stand behind one address.
    """

    def __init__(self) -> None:
        name = f"deuteron-{uuid.uuid4().hex[:8]}"
        first, second = _ports(), _ports()
        self.first = MariaDB(_options(name, first, "gcomm://"))
        # It gets all that there is from the first one.
        self.second = MariaDB(_options(name, second, f"gcomm://127.0.0.1:{first[0]}"), filled=False)

    def start(self) -> None:
        """Start one node after the other; done when the second has what the first has."""
        self.first.start()
        self.second.start()
        assert self.second.run("SHOW STATUS LIKE 'wsrep_cluster_size'") == [
            ("wsrep_cluster_size", "2")
        ]

    def remove(self) -> None:
        """End both, and leave nothing."""
        for node in (self.second, self.first):
            node.remove()


def _options(name: str, ports: tuple[int, ...], cluster: str) -> list[str]:
    group, incremental, whole = ports
    library = provider()
    assert library is not None
    provider_options = (
        f"base_port={group};gmcast.listen_addr=tcp://127.0.0.1:{group};"
        f"ist.recv_addr=127.0.0.1:{incremental};gcache.size=16M;pc.recovery=false"
    )
    return [
        "--wsrep-on=ON",
        f"--wsrep-provider={library}",
        f"--wsrep-cluster-name={name}",
        f"--wsrep-cluster-address={cluster}",
        f"--wsrep-node-address=127.0.0.1:{group}",
        "--wsrep-sst-method=rsync",
        f"--wsrep-sst-receive-address=127.0.0.1:{whole}",
        f"--wsrep-provider-options={provider_options}",
        "--wsrep-sync-wait=1",
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
    ]


def _ports() -> tuple[int, ...]:
    """Free ports of a node, all of them different."""
    with contextlib.ExitStack() as held:
        return tuple(_bound(held) for _ in range(_PORTS))


def _bound(held: contextlib.ExitStack) -> int:
    probe = held.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    return port

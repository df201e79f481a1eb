"""Emulated virtual machines: a namespace with one card, plugged into a host as Nova does."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.hosts import Host
from tests.e2e.namespaces import Namespace, run
from tests.e2e.networking import Resource

# The seconds within which happens what is waited for, on a machine that has much else to do, too.
PATIENCE = 120
# The seconds within which machines connect to each other; who waits for it tries again.
_CONNECTING = 0.5
# RFC 1350: a request to read, and the first and last block of the file.
_TFTP_READ = b"\x00\x01file\x00octet\x00"
_TFTP_DATA = b"\x00\x03\x00\x01text"
_LEASE = """#!/bin/sh
[ "$1" = bound ] || exit 0
env > {lease}
ip address add "$ip/$mask" dev "$interface"
for one in $router; do ip route add default via "$one"; done
set -- $staticroutes
while [ $# -ge 2 ]; do ip route replace "$1" via "$2"; shift 2; done
"""


@dataclass(kw_only=True)
class Machine:
    """A machine with one port.

    Args:
        host: where it runs.
        port: as the API shows it.
        prefix: length of its subnet's prefix.
        mtu: of its network.
        ipv6: whether it asks routers for IPv6 addresses, and takes them.
    """

    host: Host
    port: Resource
    prefix: int = 24
    mtu: int = 1400
    ipv6: bool = False
    namespace: Namespace = field(default_factory=Namespace)
    _servers: list[socket.socket] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Its first IPv4 address."""
        return self._addresses(ipv6=False)[0]

    @property
    def address6(self) -> str:
        """Its first IPv6 address."""
        return self._addresses(ipv6=True)[0]

    def _addresses(self, *, ipv6: bool) -> list[str]:
        every: list[str] = [fixed["ip_address"] for fixed in self.port["fixed_ips"]]
        return [one for one in every if (":" in one) is ipv6]

    @property
    def tap(self) -> str:
        """The link on its host, named as Nova names it."""
        return "tap" + self.port["id"][:11]

    def plug(self, *, static: bool = True) -> None:
        """Connects it to its host.

        Args:
            static: whether it is given its address at once; it has to ask for it otherwise.
        """
        run(
            *("ip", "link", "add", self.tap, "netns", self.host.namespace.path, "type", "veth"),
            *("peer", "name", "eth0", "netns", self.namespace.path),
        )
        address = f"ip address add {self.address}/{self.prefix} dev eth0" if static else ""
        self.namespace.shell(
            f"sysctl -qw net.ipv6.conf.all.disable_ipv6={int(not self.ipv6)}\n"
            # Nobody hears what it asks before it is wired, so it asks each second until it is told.
            "sysctl -qw net.ipv6.conf.eth0.router_solicitations=-1\n"
            "sysctl -qw net.ipv6.conf.eth0.router_solicitation_interval=1\n"
            "sysctl -qw net.ipv6.conf.eth0.router_solicitation_max_interval=1\n"
            # A way that a router has told of may end while the router has another one.
            "sysctl -qw net.ipv4.conf.all.accept_redirects=0\n"
            "sysctl -qw net.ipv4.conf.eth0.accept_redirects=0\n"
            f"ethtool -K eth0 tx off >/dev/null\n"
            f"ip link set lo up\n"
            f"ip link set eth0 address {self.port['mac_address']} mtu {self.mtu} up\n"
            f"{address}"
        )
        # On Linux bridges it is Nova, not the agent, that puts a machine's tap into the bridge.
        bridge = "brq" + self.port["network_id"][:11]
        self.host.shell(
            f"ip link set {self.tap} mtu {self.mtu} up\n"
            + (
                f"ovs-vsctl add-port br-int {self.tap} -- set interface {self.tap}"
                f" external_ids:iface-id={self.port['id']} external_ids:iface-status=active"
                f" 'external_ids:attached-mac=\"{self.port['mac_address']}\"'"
                if self.host.open_vswitch
                else f"ip link show {bridge} >/dev/null 2>&1"
                f" || ip link add {bridge} type bridge forward_delay 0 mcast_snooping 0\n"
                f"ip link set {bridge} up\n"
                f"ip link set {self.tap} master {bridge}"
            )
        )

    def unplug(self) -> None:
        """Takes it from its host and ends it."""
        for server in self._servers:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        if self.host.open_vswitch:
            self.host.run("ovs-vsctl", "--if-exists", "del-port", "br-int", self.tap)
        self.host.run("ip", "link", "delete", self.tap, check=False)
        self.namespace.close()

    def pings(self, address: str) -> bool:
        """Whether an answer comes within a second to one of several pings."""
        ping = ("ping", "-c1", "-w1", "-i0.2", address)
        return self.namespace.run(*ping, check=False).returncode == 0

    def echo(self, port: int) -> None:
        """Answers on a TCP port with what it is sent, until it is unplugged."""
        server = self.namespace.listen("::" if self.ipv6 else "", port)
        self._servers.append(server)
        threading.Thread(target=_echo, args=(server,), daemon=True).start()

    def tell(self, port: int) -> None:
        """Answers on a TCP port with the address of who asks, until it is unplugged."""
        server = self.namespace.listen("", port)
        self._servers.append(server)
        threading.Thread(target=_tell, args=(server,), daemon=True).start()

    def answer_tftp(self, port: int) -> None:
        """Answers what is asked on an UDP port from another one, until it is unplugged."""
        server = self.namespace.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        server.bind(("", port))
        self._servers.append(server)
        answering = self.namespace.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._servers.append(answering)
        threading.Thread(target=_answer_tftp, args=(server, answering), daemon=True).start()

    def asks_by_tftp(self, address: str, port: int) -> bool:
        """Whether it is answered, from whatever port, where it asks for a file."""
        with self.namespace.inside(
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ) as asking:
            asking.settimeout(1)
            asking.sendto(_TFTP_READ, (address, port))
            try:
                return asking.recv(100) == _TFTP_DATA
            except TimeoutError:
                return False

    def asks(self, address: str, port: int) -> str:
        """The address by which it is seen where it connects to; empty if it is not answered."""
        try:
            with self.connect(address, port) as connection:
                connection.settimeout(2)
                return connection.recv(100).decode()
        except OSError:
            return ""

    def connect(
        self, address: str, port: int, *, source: str = "", seconds: float = _CONNECTING
    ) -> socket.socket:
        """A TCP connection from it; raises OSError if there is none within so many seconds."""
        return self.namespace.inside(
            lambda: socket.create_connection(
                (address, port),
                timeout=seconds,
                source_address=(source, 0) if source else None,
            )
        )

    def reaches(self, address: str, port: int, *, source: str = "", size: int = 50_000) -> bool:
        """Whether that much comes back from an echo."""
        try:
            with self.connect(address, port, source=source) as connection:
                connection.settimeout(2)
                return echoes(connection, size=size)
        except OSError:
            return False

    def lease(self, folder: Path) -> dict[str, str]:
        """Asks for an address by DHCP and takes what it is given.

        Args:
            folder: for its files.

        Returns:
            what the server said, in the names of udhcpc.
        """
        folder.mkdir()
        lease, script = folder / "lease", folder / "script"
        script.write_text(_LEASE.format(lease=lease))
        script.chmod(0o755)
        self.namespace.run(
            *("udhcpc", "-f", "-q", "-n", "-i", "eth0", "-t", "8", "-T", "1"),
            *("-O", "121", "-O", "26", "-s", str(script), "-p", str(folder / "pid")),
            check=False,
        )
        if not lease.exists():
            return {}
        lines = (line.partition("=") for line in lease.read_text().splitlines())
        return {name: value for name, _, value in lines}


def echoes(connection: socket.socket, *, size: int = 1000) -> bool:
    """Whether what is sent comes back before the connection's timeout."""
    sent = bytes(size)
    try:
        connection.sendall(sent)
        while size:
            got = len(connection.recv(65536))
            if not got:
                return False
            size -= got
    except OSError:
        return False
    return True


def until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE) -> float:
    """Waits until something holds; the seconds that it took.

    Args:
        holds: asked again and again.
        what: should hold, for the error.
        seconds: to wait at most.
    """
    begin = time.monotonic()
    while not holds():
        if time.monotonic() > begin + seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return time.monotonic() - begin


def _echo(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _tell(server: socket.socket) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.sendall(address[0].encode())


def _answer_tftp(server: socket.socket, answering: socket.socket) -> None:
    with suppress(OSError):
        while True:
            asked, address = server.recvfrom(100)
            if not asked:
                return
            answering.sendto(_TFTP_DATA, address)


def _answer(connection: socket.socket) -> None:
    connection.settimeout(60)
    with connection, suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)

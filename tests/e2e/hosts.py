"""Emulated hosts: each has its own network, processes, /run and Open vSwitch.

    switches          one namespace, a bridge per underlay
      | eth0 | eth1 | eth2
    host              tunnels on eth0; physnet1 on eth1; physnet2 on eth2
      br-phy (eth0)   holds the tunnel address where Open vSwitch ends tunnels in user space
      br-phys1, -2    provider bridges

The first process of a host holds its namespaces and reads a pipe. When the tests end, the pipe
closes, the process ends, and the kernel ends all others of the host: agents, what these have
started, and switches.

Three habits of the user space datapath shape this: its ports see packets before a sender's network
card has filled in checksums (so senders do it: ``tx off``), tunnels leave by an address on a bridge
of its own, and the kernel must not answer ARP for that address on the card.

Hosts have no IPv6: a switch with it takes ten times as long for each port, of which some have
hundreds. Agents who ask whether there is IPv6 are told that there is, as what routes it has a
namespace of its own.
"""

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import vlans
from tests.e2e.namespaces import Namespace, first_child, run
from tests.instances.process import die_with_parent

UNDERLAYS = 3
_MTU = 1600
_STARTING = 30

_FIRST = """
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /run/openvswitch
mount -t sysfs sysfs /sys
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
echo 0 >/run/disable_ipv6
mount --bind /run/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6
echo ready
cat
exit  # so that the shell stays, which reaps what others leave
"""

# Between a link and a card, for each VLAN; see `vlans`.
_TAGGING = """
cd /run/bpf
ip link set {sub} up
ip link set {end} up
tc qdisc add dev {end} clsact
tc qdisc replace dev {card} clsact
tc filter replace dev {end} ingress pref 1 handle 1 bpf da object-pinned push{number}
tc filter replace dev {card} ingress pref {number} handle 1 bpf da object-pinned pop{number}
rm push{number} pop{number}
"""

_OPEN_VSWITCH = """
cd /run/openvswitch
ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server conf.db --remote=punix:/run/openvswitch/db.sock --remote=ptcp:6640:127.0.0.1 \
    --pidfile --unixctl=/run/openvswitch/ovsdb-server.ctl -vconsole:off \
    --log-file={folder}/ovsdb-server.log --detach
ovs-vsctl --no-wait init -- set Open_vSwitch . external_ids:hostname={name}
ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile \
    --unixctl=/run/openvswitch/ovs-vswitchd.ctl -vconsole:off \
    --log-file={folder}/ovs-vswitchd.log --detach
ovs-vsctl add-br br-phy \
    -- set bridge br-phy datapath_type=netdev other-config:hwaddr=02:aa:00:00:00:{number:02x} \
    -- add-port br-phy eth0 -- set interface br-phy mtu_request={mtu} \
    -- add-br br-phys1 -- set bridge br-phys1 datapath_type=netdev \
    -- add-port br-phys1 eth1 \
    -- add-br br-phys2 -- set bridge br-phys2 datapath_type=netdev \
    -- add-port br-phys2 eth2
ip address add {address}/24 dev br-phy
ip link set br-phy up
"""

_FLOWS = """
for bridge in br-int br-tun; do
    echo "$bridge"
    ovs-ofctl -O OpenFlow13 show $bridge | grep addr:
    ovs-ofctl -O OpenFlow13 --no-stats dump-flows $bridge
    ovs-appctl -t /run/openvswitch/ovs-vswitchd.ctl fdb/show $bridge
done
"""
_ENTRIES = "ip -details link show type vxlan; bridge fdb show; ip neighbour"


class Switches:
    """The underlays: one bridge each."""

    def __init__(self) -> None:
        self.namespace = Namespace()
        for number in range(UNDERLAYS):
            self.namespace.shell(
                f"ip link add sw{number} type bridge mcast_snooping 0\n"
                f"ip link set sw{number} mtu {_MTU} up"
            )

    def close(self) -> None:
        """Removes them."""
        self.namespace.close()


@dataclass(kw_only=True)
class Host:
    """One host.

    Args:
        name: as agents report it.
        number: of its addresses.
        folder: for its files and logs.
        open_vswitch: whether it has one; it has Linux bridges otherwise.
    """

    name: str
    number: int
    folder: Path
    open_vswitch: bool
    pid: int = field(init=False)
    namespace: Namespace = field(init=False)
    _first: subprocess.Popen[str] = field(init=False)

    @property
    def address(self) -> str:
        """Where its tunnels end."""
        return f"10.99.0.{self.number}"

    def start(self, switches: Switches) -> None:
        """Starts it with its links and switch."""
        self.folder.mkdir(parents=True)
        self._first = subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"),
                *("--kill-child", "--", "bash", "-euc", _FIRST),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock is held when it is called
        )
        assert self._first.stdout is not None
        if self._first.stdout.readline() != "ready\n":
            raise RuntimeError(f"the host {self.name} does not start")
        pid = first_child(self._first.pid)
        assert pid is not None
        self.pid = pid
        self.namespace = Namespace(f"/proc/{pid}/ns/net")
        for number in range(UNDERLAYS):
            self._connect(switches, number)
        if self.open_vswitch:
            self.shell(
                _OPEN_VSWITCH.format(
                    folder=self.folder,
                    name=self.name,
                    number=self.number,
                    mtu=_MTU,
                    address=self.address,
                )
            )
        else:
            self.shell(f"ip address add {self.address}/24 dev eth0")

    def _connect(self, switches: Switches, number: int) -> None:
        port = f"p{self.number}-{number}"
        run(
            *("ip", "link", "add", f"eth{number}", "netns", self.namespace.path),
            *("mtu", str(_MTU), "type", "veth"),
            *("peer", "name", port, "netns", switches.namespace.path),
        )
        switches.namespace.shell(
            f"ethtool -K {port} tx off >/dev/null\n"
            f"ip link set {port} master sw{number} mtu {_MTU} up"
        )
        self.shell(
            f"ethtool -K eth{number} tx off >/dev/null\n"
            f"sysctl -qw net.ipv4.conf.eth{number}.arp_ignore=1\n"
            f"ip link set eth{number} up"
        )

    def vlan(self, card: str, number: int) -> None:
        """Makes a card's sub-interface for a VLAN; a Linux bridge agent takes one that is there."""
        sub, end = f"{card}.{number}", f"vlan{number}"
        if self.run("ip", "link", "show", sub, check=False).returncode == 0:
            return
        by_kernel = ("ip", "link", "add", "link", card, "name", sub, "type", "vlan", "id")
        if self.run(*by_kernel, str(number), check=False).returncode == 0:
            return
        self.run("ip", "link", "add", sub, "mtu", str(_MTU), "type", "veth", "peer", "name", end)
        self.shell("mkdir -p /run/bpf; mountpoint -q /run/bpf || mount -t bpf bpf /run/bpf")
        folder = Path(f"/proc/{self.pid}/root/run/bpf")
        vlans.push(number, self._index(card), folder / f"push{number}")
        vlans.pop(number, self._index(end), folder / f"pop{number}")
        self.shell(_TAGGING.format(sub=sub, end=end, card=card, number=number))

    def _index(self, link: str) -> int:
        return self.namespace.inside(lambda: socket.if_nametoindex(link))

    def entering(self, *command: str) -> list[str]:
        """A command that runs another one on the host, as one of its processes."""
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--pid", "--", *command]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command on it."""
        return run(*self.entering(*command), check=check)

    def forwarding(self) -> str:
        """Where it sends the packets of networks, for people."""
        script = _FLOWS if self.open_vswitch else _ENTRIES
        return self.run("sh", "-c", script, check=False).stdout

    def shell(self, script: str) -> str:
        """Runs a shell script on it that ends at the first failure; its output."""
        return self.run("sh", "-euc", script).stdout

    def stop(self) -> None:
        """Ends it with everything that runs on it."""
        if not hasattr(self, "_first"):
            return
        if hasattr(self, "namespace"):
            self.namespace.close()
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        self._first.stdin.close()
        try:
            self._first.wait(_STARTING)
        except subprocess.TimeoutExpired:
            self._first.kill()
            self._first.wait()
        self._first.stdout.close()


def gone(pid: int, *, seconds: float = 30) -> bool:
    """Waits until a process has ended; a zombie has."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False

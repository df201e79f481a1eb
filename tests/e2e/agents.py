"""Stock agents: unmodified programs of Neutron with a configuration for an emulated host."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.hosts import Host, gone
from tests.e2e.namespaces import first_child
from tests.instances.process import die_with_parent
from tests.instances.service import Options, as_ini

# Where `make` installs them, one folder per release.
_FOLDER = Path(__file__).parents[2] / ".agents"
_PROGRAMS = {
    "openvswitch": ("29", "neutron-openvswitch-agent"),
    "linuxbridge": ("25", "neutron-linuxbridge-agent"),
    "dhcp": ("29", "neutron-dhcp-agent"),
    "l3": ("29", "neutron-l3-agent"),
    "metadata": ("29", "neutron-metadata-agent"),
    # That of 29 never begins to count: what it does at its start replaces that, as of 29.0.0.
    "metering": ("25", "neutron-metering-agent"),
}
# Later L3 agents do not plug into Linux bridges; what works with them there is of the same release.
_LAST_WITH_LINUX_BRIDGES = "25"
_OF_ROUTERS = {"l3", "metadata"}
# What a host needs for them, by the name of Debian's package.
_COMMANDS = {
    "ovs-vswitchd": "openvswitch-switch",
    "dnsmasq": "dnsmasq-base",
    "haproxy": "haproxy",
    "udhcpc": "udhcpc",
    "ipset": "ipset",
    "iptables": "iptables",
    "ebtables": "ebtables",
    "arping": "iputils-arping",
    "bridge": "iproute2",
    "conntrack": "conntrack",
    "curl": "curl",
    "ethtool": "ethtool",
    "ping": "iputils-ping",
    "keepalived": "keepalived",
    "nsenter": "util-linux",
    "radvd": "radvd",
    "sysctl": "procps",
}
# Where agents are told how much their helpers do at once: as much as there are processors, unless
# they are told otherwise; and what an L3 agent announces takes seconds in each of them.
_HELPERS = (
    "privsep",
    "privsep_namespace",
    "privsep_link",
    "privsep_ovs_vsctl",
    "privsep_conntrack",
)
_AT_ONCE = 16
METADATA_PORT = 8775
METADATA_SECRET = "shared with Nova"


def missing() -> str:
    """What keeps agents from running here; empty if nothing does."""
    may = ["unshare", "--net", "--mount", "--pid", "--fork", "true"]
    if os.geteuid() != 0 or subprocess.run(may, check=False, capture_output=True).returncode:
        return "root that may make network namespaces"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    lacking = sorted(
        {package for one, package in _COMMANDS.items() if not shutil.which(one, path=path)}
    )
    if lacking:
        return f"{', '.join(lacking)} (apt-get install)"
    venvs = sorted({one for one, _ in _PROGRAMS.values() if not (_FOLDER / one / "bin").exists()})
    return ", ".join(f"{_FOLDER.name}/{one} (make e2e)" for one in venvs)


@dataclass(kw_only=True)
class Agent:
    """One agent on one host. Use `start`, `stop` and `kill` at will.

    Args:
        kind: openvswitch, linuxbridge, dhcp, l3, metadata or metering.
        host: where it runs.
        transport_url: of the broker, as the host sees it.
        physical_networks: what its host has, name -> bridge or card.
        mode: of an L3 agent: legacy, dvr or dvr_snat.
    """

    kind: str
    host: Host
    transport_url: str
    physical_networks: dict[str, str] = field(default_factory=dict)
    mode: str = "legacy"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def program(self) -> str:
        """Its program, which it reports as its ``binary``."""
        return _PROGRAMS[self.kind][1]

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self.host.folder / f"{self.kind}.log"

    @property
    def _release(self) -> str:
        if self.kind in _OF_ROUTERS and not self.host.open_vswitch:
            return _LAST_WITH_LINUX_BRIDGES
        return _PROGRAMS[self.kind][0]

    def start(self) -> None:
        """Starts it; what it reports to the server tells when it is ready."""
        binaries = _FOLDER / self._release / "bin"
        configuration = self.host.folder / f"{self.kind}.conf"
        configuration.write_text(as_ini(self._options()), encoding="utf-8")
        temporary = self.host.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.host.entering(
                    *("env", f"PATH={binaries}:{os.environ['PATH']}:/usr/sbin:/sbin"),
                    *("OVS_RUNDIR=/run/openvswitch", f"TMPDIR={temporary}"),
                    *(str(binaries / self.program), "--config-file", str(configuration)),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock is held when it is called
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it; the processes that it has started for others stay, as on any host."""
        if self._process is None:
            return
        pid = first_child(self._process.pid)
        if pid is not None:
            os.kill(pid, number)
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        self._process = None

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self.stop(signal.SIGKILL)

    def _options(self) -> Options:
        state = self.host.folder / "state"
        switch = "openvswitch" if self.host.open_vswitch else "linuxbridge"
        options: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "host": self.host.name,
                "state_path": state,
                "transport_url": self.transport_url,
                "use_stderr": True,
                "interface_driver": switch,
                # A reply that is lost with a process that is killed is waited for that long.
                "rpc_response_timeout": 10,
            },
            # Everything is root already: commands run as they are, helpers of oslo.privsep too.
            "agent": {"root_helper": "env", "root_helper_daemon": "", "polling_interval": 1},
            **{helper: {"thread_pool_size": _AT_ONCE} for helper in _HELPERS},
            "oslo_concurrency": {"lock_path": state / "lock"},
            "ovs": {"datapath_type": "netdev", "ovsdb_connection": "tcp:127.0.0.1:6640"},
        }
        networks = ",".join(f"{name}:{where}" for name, where in self.physical_networks.items())
        if self.kind == "openvswitch":
            options["ovs"] |= {"local_ip": self.host.address, "bridge_mappings": networks}
            options["agent"] |= {
                "tunnel_types": "vxlan,gre,geneve",
                "l2_population": True,
                "arp_responder": True,
                "enable_distributed_routing": True,
            }
            options["securitygroup"] = {"firewall_driver": "openvswitch"}
        elif self.kind == "linuxbridge":
            options["linux_bridge"] = {"physical_interface_mappings": networks}
            options["vxlan"] = {
                "enable_vxlan": True,
                "local_ip": self.host.address,
                "l2_population": True,
                "udp_dstport": 4789,  # as Open vSwitch; the kernel's own is another
            }
            options["securitygroup"] = {"firewall_driver": "iptables"}
            options["experimental"] = {"linuxbridge": True}
        elif self.kind == "dhcp":
            options["DEFAULT"] |= {"enable_isolated_metadata": True}
        elif self.kind == "l3":
            extensions = ["port_forwarding", "ndp_proxy"]
            if self.mode != "dvr":  # in which it fails with all routers, as of 29.0.0
                extensions.append("conntrack_helper")
            options["DEFAULT"] |= {"agent_mode": self.mode, "ha_vrrp_advert_int": 1}
            # A zone of its own, by which routers choose it.
            options["agent"] |= {
                "availability_zone": self.host.name,
                "extensions": ",".join(extensions),
            }
        elif self.kind == "metadata":
            options["DEFAULT"] |= {
                "nova_metadata_host": "127.0.0.1",
                "nova_metadata_port": METADATA_PORT,
                "metadata_proxy_shared_secret": METADATA_SECRET,
                "metadata_workers": 1,
            }
        elif self.kind == "metering":
            options["DEFAULT"] |= {
                "driver": "iptables",
                "measure_interval": 1,
                "report_interval": 1,
            }
            options["oslo_messaging_notifications"] = {"driver": "messagingv2"}
        return options

"""What the journal keeps of a port beside its id: what others are told when the port is long gone.

    {"network_id": ..., "status": "ACTIVE", ..., "was": {"status": "DOWN"}}

The port as it is after the change (before it, if it was deleted), and under ``was`` what of that
and of `MEMBERSHIP` the change has changed; under ``changed`` the names of what of `ADDRESSED` and
`WIRED` it has changed. A port that was deleted also has what is of `MEMBERSHIP`.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.db.transaction import Transaction

NOTED = (
    "network_id",
    "mac_address",
    "device_id",
    "device_owner",
    "status",
    "binding:host_id",
    "binding:vnic_type",
)

# What the DHCP server of a port's network has to know, beside its MAC address.
ADDRESSED = ("fixed_ips", "extra_dhcp_opts", "dns_name", "dns_domain")

# What the layer 2 agent of a port's host has to know, beside that.
WIRED = (
    "admin_state_up",
    "allowed_address_pairs",
    "port_security_enabled",
    "qos_policy_id",
    "security_groups",
)

# What others have to undo of a port that is gone or different.
MEMBERSHIP = ("fixed_ips", "security_groups")

# Events beside those of the API's verbs: the port was bound by drivers, lost a binding, another of
# its bindings became the active one.
BIND = "bind"
UNBIND = "unbind"
ACTIVATE = "activate"
# An agent has changed its status; has plugged it on a host to which it will move; has forgotten
# where the other ports of its network are.
STATUS = "status"
PLUGGED = "plugged"
REFRESH = "refresh"


def note(
    tx: Transaction,
    event: str,
    port: Mapping[str, Any],
    original: Mapping[str, Any] | None = None,
) -> None:
    """Note that something happened to a port.

    Args:
        tx: the transaction of the change.
        event: ``update``, ``delete`` or one of the events above.
        port: API dict after the change; before it, if it is a delete. What is noted, with id and
            project_id, is enough.
        original: API dict before a change.
    """
    details = {name: port[name] for name in NOTED}
    if event == "delete":
        details.update((name, port[name]) for name in MEMBERSHIP)
    if original is not None:
        was = {
            name: original[name]
            for name in (*NOTED, *MEMBERSHIP)
            if original.get(name) != port.get(name)
        }
        if was:
            details["was"] = was
        changed = [name for name in (*ADDRESSED, *WIRED) if original.get(name) != port.get(name)]
        if changed:
            details["changed"] = changed
    tx.journal("port", port["id"], event, port["project_id"], details)

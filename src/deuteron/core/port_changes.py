"""What an update makes of a port: its addresses, its MAC address, whether it is bound anew."""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core import (
    distributed,
    foreign_attributes,
    ipam,
    macs,
    port_addresses,
    security_groups,
    standard,
)
from deuteron.core.deployment import Deployment
from deuteron.db import ports as rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import PortBound, PortInUse, UnsupportedPortDeviceOwner
from deuteron.ml2.extension_drivers import Noun

Port = dict[str, Any]

_UNPLUGGED = ("unbound", "binding_failed")
_VNIC_TYPE = "binding:vnic_type"
# Owners of ports of the network itself, as routers and DHCP agents have them.
_OF_THE_NETWORK = "network:"
_BINDING = ("binding:host_id", "binding:vnic_type", "binding:profile")
_COLUMNS = frozenset(rows.TABLE_COLUMNS)


def require_wired_as_before(original: Port, changes: Mapping[str, Any]) -> None:
    """Refuse another vnic_type of a port that a driver was asked to bind.

    Raises:
        PortInUse: see above.
    """
    wished = changes.get(_VNIC_TYPE, original[_VNIC_TYPE]) or _unset(_VNIC_TYPE)
    if wished != original[_VNIC_TYPE] and original["binding:vif_type"] != "unbound":
        raise PortInUse(
            port_id=original["id"],
            net_id=original["network_id"],
            device_id=original["device_id"],
        )


def changed(
    d: Deployment,
    tx: Transaction,
    original: Port,
    changes: Mapping[str, Any],
    *,
    subnets: Sequence[Mapping[str, Any]] | None = None,
) -> Port:
    """The port as it will be; addresses are claimed, its row is not yet written.

    Args:
        d: the deployment.
        tx: the transaction.
        original: API dict with what extensions show.
        changes: validated attributes.
        subnets: those of the port's network, if they were read already.
    """
    port = {**original, **{name: changes[name] for name in _COLUMNS if name in changes}}
    for name in _BINDING:
        if name in changes:
            port[name] = changes[name] if changes[name] is not None else _unset(name)
    port["mac_address"] = _changed_mac(d, tx, original, changes, port)
    everywhere = distributed.is_distributed(port)
    if everywhere:
        port["binding:host_id"] = ""
    rebound = is_rebound(original, port)
    if rebound:
        port["binding:vif_type"] = distributed.VIF_TYPE if everywhere else "unbound"
        port["binding:vif_details"] = {}
        port["status"] = "DOWN"
    d.ports.on_update(tx, changes, port, original)
    groups = security_groups.for_update(tx, changes, port, original)
    if groups is not None:
        port["security_groups"] = groups
    port["fixed_ips"] = _changed_addresses(d, tx, original, changes, port, subnets)
    if port["fixed_ips"] != original["fixed_ips"]:
        d.ports.readdressed(tx, port, original)
    d.ports.derive([port])
    foreign_attributes.change(d, tx, Noun.PORT, changes, port)
    if port != original:
        port.update(standard.bumped(original, d.clock()))
        if rebound and port["binding:host_id"]:
            port["revision_number"] += 1  # for the host, see `_new`
    return port


def is_rebound(original: Port, port: Port) -> bool:
    """Whether the present binding is no longer what is asked for."""
    return (
        any(port[name] != original[name] for name in ("binding:host_id", "binding:vnic_type"))
        or _own_profile(port) != _own_profile(original)
        or distributed.is_distributed(port) != distributed.is_distributed(original)
    )


def _own_profile(port: Port) -> dict[str, Any]:
    """The binding profile without what is only shown there: trust is an attribute of its own."""
    profile: dict[str, Any] = port["binding:profile"]
    if port["trusted"] is None:
        return profile
    return {name: value for name, value in profile.items() if name != "trusted"}


def _unset(name: str) -> Any:
    return {} if name == "binding:profile" else "normal" if name == "binding:vnic_type" else ""


def _changed_mac(
    d: Deployment,
    tx: Transaction,
    original: Port,
    changes: Mapping[str, Any],
    port: Port,
) -> str:
    """The MAC address after an update; null asks for a new one (port-mac-address-regenerate)."""
    mac = original["mac_address"]
    if "mac_address" in changes:
        mac = changes["mac_address"] or macs.generate(d.settings.base_mac)
        if mac != original["mac_address"] and original["binding:vif_type"] not in _UNPLUGGED:
            raise PortBound(
                port_id=original["id"],
                vif_type=original["binding:vif_type"],
                old_mac=original["mac_address"],
                new_mac=mac,
            )
        owner = port["device_owner"] or original["device_owner"]
        if mac != original["mac_address"] and owner.startswith(_OF_THE_NETWORK):
            raise UnsupportedPortDeviceOwner(
                op="another MAC address", port_id=original["id"], device_owner=owner
            )
    device_mac = macs.of_device(port)
    if device_mac and any(port[name] != original[name] for name in _BINDING):
        mac = device_mac
    elif (
        port["binding:vnic_type"] == macs.DIRECT_PHYSICAL
        and original["device_id"]
        and not port["device_id"]
        and not port["device_owner"]
    ):  # released: the device's address must be free for the next port on it
        mac = macs.generate(d.settings.base_mac)
    if mac != original["mac_address"]:
        macs.require_free(tx, [(original["network_id"], mac)])
    return str(mac)


def _changed_addresses(
    d: Deployment,
    tx: Transaction,
    original: Port,
    changes: Mapping[str, Any],
    port: Port,
    subnets: Sequence[Mapping[str, Any]] | None,
) -> list[dict[str, str]]:
    """The addresses after an update, claimed and released."""
    current = original["fixed_ips"]
    moved = port["binding:host_id"] != original["binding:host_id"]
    renamed = port["mac_address"] != original["mac_address"]
    if not ("fixed_ips" in changes or renamed or moved):
        return list(current)
    if subnets is None:
        subnets = subnet_rows.of_networks(tx, [port["network_id"]])
    if "fixed_ips" in changes or renamed:
        request = port_addresses.wish(tx, port, subnets, changes.get("fixed_ips", current))
        return ipam.reassign(tx, d.hints, request, current=current, old_mac=original["mac_address"])
    request = port_addresses.wish(tx, port, subnets, None)
    if request.host_segments is None:
        return list(current)
    if current:
        ipam.require_reachable(request, current)
    if current or original["ip_allocation"] != ipam.DEFERRED or original["binding:host_id"]:
        return list(current)
    return ipam.assign(tx, d.hints, [request]).get(port["id"], [])

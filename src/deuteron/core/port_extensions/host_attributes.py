"""What a port asks of the host and the device that it will be plugged into, kept for those who act.

    propagate_uplink_status   whether the guest sees the state of the uplink (SR-IOV)
    numa_affinity_policy      where the compute service may place the guest's memory and CPUs
    device_profile            what the accelerator service is asked for
    hints                     what a back end may tune
    hardware_offload_type     also a capability in ``binding:profile``, which drivers read
    trusted                   shown in ``binding:profile`` too, where compute services look for it
    data_plane_status         what somebody found out about the path to the port; never set by us

They are columns, so that a request that names none of them costs nothing.
Source: API reference, "Ports"; null, empty and combined values as observed of Neutron.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import PortBoundNUMAAffinityPolicy

_PROFILE = "binding:profile"
_UNPLUGGED = ("unbound", "binding_failed")


def offloaded(profile: Mapping[str, Any], offload_type: str) -> dict[str, Any]:
    """A binding profile with a type of hardware offload among its capabilities.

    Args:
        profile: as it was given; a value that is no list of capabilities gives way.
        offload_type: such as ``switchdev``.
    """
    given = profile.get("capabilities")
    capabilities = list(given) if isinstance(given, list) else []
    if offload_type not in capabilities:
        capabilities.append(offload_type)
    return {**profile, "capabilities": capabilities}


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], _network: Mapping[str, Any]
) -> None:
    offload_type, trusted = body.get("hardware_offload_type"), body.get("trusted")
    row["propagate_uplink_status"] = body.get("propagate_uplink_status", True)
    row["numa_affinity_policy"] = body.get("numa_affinity_policy")
    row["device_profile"] = body.get("device_profile") or None
    row["hints"] = body.get("hints") or None
    row["hardware_offload_type"] = offload_type
    row["trusted"] = trusted
    row["data_plane_status"] = None
    if offload_type is not None:
        row[_PROFILE] = offloaded(row[_PROFILE], offload_type)
    if trusted is not None:
        row[_PROFILE] = {**row[_PROFILE], "trusted": trusted}


def _on_update(
    _tx: Transaction,
    changes: Mapping[str, Any],
    row: dict[str, Any],
    original: Mapping[str, Any],
) -> None:
    if "numa_affinity_policy" in changes and original["binding:vif_type"] not in _UNPLUGGED:
        raise PortBoundNUMAAffinityPolicy(
            port_id=original["id"],
            host_id=original["binding:host_id"],
            numa_affinity_policy=changes["numa_affinity_policy"],
        )
    if "hints" in changes:
        row["hints"] = changes["hints"] or None
    if row["trusted"] is not None:
        row[_PROFILE] = {**row[_PROFILE], "trusted": row["trusted"]}


HOST_ATTRIBUTES = ResourceExtension(
    aliases=(
        "data-plane-status",
        "port-device-profile",
        "port-hardware-offload-type",
        "port-hint-ovs-tx-steering",
        "port-hints",
        "port-numa-affinity-policy",
        "port-numa-affinity-policy-socket",
        "port-trusted-vif",
        "uplink-status-propagation",
        "uplink-status-propagation-updatable",
    ),
    columns=(
        "data_plane_status",
        "device_profile",
        "hardware_offload_type",
        "hints",
        "numa_affinity_policy",
        "propagate_uplink_status",
        "trusted",
    ),
    on_create=_on_create,
    on_update=_on_update,
)

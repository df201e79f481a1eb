"""VXLAN: networks told apart by the 24 bit VNI (RFC 7348)."""

from functools import partial

from deuteron.config.values import MAX_VNI
from deuteron.ml2.types import mtu
from deuteron.ml2.types.tunnels import Tunnel, TunnelTypeDriver

VxlanTypeDriver = partial(
    TunnelTypeDriver,
    Tunnel(
        network_type="vxlan",
        section="ml2_type_vxlan",
        option="vni_ranges",
        kind="VNIs",
        highest=MAX_VNI,
        overhead=mtu.VXLAN,
    ),
)

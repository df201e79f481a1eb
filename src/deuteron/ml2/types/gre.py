"""GRE: networks told apart by the 32 bit key (RFC 2890)."""

from functools import partial

from deuteron.config.values import MAX_GRE_KEY
from deuteron.ml2.types import mtu
from deuteron.ml2.types.tunnels import Tunnel, TunnelTypeDriver

GreTypeDriver = partial(
    TunnelTypeDriver,
    Tunnel(
        network_type="gre",
        section="ml2_type_gre",
        option="tunnel_id_ranges",
        kind="GRE keys",
        highest=MAX_GRE_KEY,
        overhead=mtu.GRE,
    ),
)

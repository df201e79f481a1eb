"""Geneve: networks told apart by the 24 bit VNI, with a header of variable length (RFC 8926)."""

from functools import partial

from deuteron.config.values import MAX_VNI
from deuteron.ml2.types.tunnels import Tunnel, TunnelTypeDriver

GeneveTypeDriver = partial(
    TunnelTypeDriver,
    Tunnel(
        network_type="geneve",
        section="ml2_type_geneve",
        option="vni_ranges",
        kind="VNIs",
        highest=MAX_VNI,
        overhead_option="max_header_size",
    ),
)

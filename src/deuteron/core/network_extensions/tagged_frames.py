"""Networks that carry the VLAN tags of their guests: ``vlan_transparent`` and ``qinq``.

Whether that works is for the mechanism drivers to say, of each such network: a network is made if
one of them can and none cannot. Most have no opinion. Source: API reference, "VLAN transparency"
and "QinQ"; `neutron_lib.plugins.ml2.api.MechanismDriver.check_vlan_transparency`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import BadRequest, VlanQinqDriverError, VlanTransparencyDriverError
from deuteron.ml2.contexts import NetworkContext
from deuteron.ml2.dispatch import Mechanisms

TRANSPARENT = "vlan_transparent"
QINQ = "qinq"


def require_drivers(
    mechanisms: Mechanisms, network: Mapping[str, Any], context: Callable[[], NetworkContext]
) -> None:
    """See to it that the drivers carry the tags that a new network is to carry.

    Args:
        mechanisms: the drivers.
        network: API dict.
        context: makes what the drivers are shown; called only if they are asked.

    Raises:
        VlanTransparencyDriverError, VlanQinqDriverError: they do not.
    """
    if network[TRANSPARENT]:
        shown = context()
        if not mechanisms.agree(lambda driver: driver.check_vlan_transparency(shown)):
            raise VlanTransparencyDriverError
    if network[QINQ]:
        shown = context()
        if not mechanisms.agree(lambda driver: driver.check_vlan_qinq(shown)):
            raise VlanQinqDriverError


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], _nothing: Mapping[str, Any]
) -> None:
    row[TRANSPARENT] = bool(body.get(TRANSPARENT))
    row[QINQ] = bool(body.get(QINQ))
    if row[TRANSPARENT] and row[QINQ]:
        raise BadRequest(resource="network", msg=f"{TRANSPARENT} and {QINQ} exclude each other")


TAGGED_FRAMES = ResourceExtension(
    aliases=("vlan-transparent", "qinq"), columns=(TRANSPARENT, QINQ), on_create=_on_create
)

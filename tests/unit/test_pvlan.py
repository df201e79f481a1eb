"""Which type and community a port in a private VLAN may have."""

from typing import Any

import pytest

from deuteron import errors
from deuteron.services.pvlan.extensions import placed

PRIVATE = {"id": "n", "pvlan": True, "port_security_enabled": True}
USUAL = {**PRIVATE, "pvlan": False}


def a_port(**attributes: Any) -> dict[str, Any]:
    return {"id": "p", "device_owner": "", "port_security_enabled": True, **attributes}


@pytest.mark.parametrize(
    ("network", "kind", "community", "expected"),
    [
        (PRIVATE, None, None, ("promiscuous", None)),
        (PRIVATE, "isolated", None, ("isolated", None)),
        (PRIVATE, "community", "c", ("community", "c")),
        (USUAL, None, None, (None, None)),
        (PRIVATE, "community", None, errors.PVLANCommunityNameRequired),
        (PRIVATE, "isolated", "c", errors.PVLANCannotSetCommunityName),
        (PRIVATE, None, "c", errors.PVLANCannotSetCommunityName),
        (USUAL, "isolated", None, errors.PVLANNotEnabledOnNetwork),
        (USUAL, None, "c", errors.PVLANNotEnabledOnNetwork),
    ],
)
def test_types_and_communities(network, kind, community, expected):
    if isinstance(expected, tuple):
        assert placed(a_port(), network, kind, community) == expected
        return
    with pytest.raises(expected):
        placed(a_port(), network, kind, community)


def test_ports_of_users_need_port_security():
    bare = {**PRIVATE, "port_security_enabled": False}
    for port, network in ((a_port(port_security_enabled=False), PRIVATE), (a_port(), bare)):
        with pytest.raises(errors.PVLANPortSecurityDisabled):
            placed(port, network, None, None)
    dhcp = a_port(device_owner="network:dhcp", port_security_enabled=False)
    assert placed(dhcp, PRIVATE, None, None) == ("promiscuous", None)

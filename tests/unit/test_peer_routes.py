"""Routes between the subnets of a routed network."""

from deuteron.core import peer_routes


def a_subnet(cidr, segment, gateway="10.0.0.1", routes=(), version=4):
    return {
        "id": cidr,
        "cidr": cidr,
        "segment_id": segment,
        "gateway_ip": gateway,
        "ip_version": version,
        "host_routes": [{"destination": one, "nexthop": hop} for one, hop in routes],
    }


def pairs(routes):
    return [(route["destination"], route["nexthop"]) for route in routes]


B = a_subnet("10.0.1.0/24", "b")
B2 = a_subnet("10.0.2.0/24", "b")


def test_a_route_leads_to_every_subnet_of_another_segment():
    a = a_subnet("10.0.0.0/24", "a")
    same = a_subnet("10.0.3.0/24", "a")
    other_version = a_subnet("fd00::/64", "b", version=6)
    routes = peer_routes.with_peers(a, [a, same, B, B2, other_version])
    assert pairs(routes) == [("10.0.1.0/24", "10.0.0.1"), ("10.0.2.0/24", "10.0.0.1")]
    assert peer_routes.with_peers({**a, "host_routes": routes}, [a, B, B2]) == routes


def test_a_wider_route_of_the_caller_stands_for_those_that_it_covers():
    a = a_subnet("10.0.0.0/24", "a", routes=[("10.0.0.0/23", "10.0.0.9")])
    routes = pairs(peer_routes.with_peers(a, [a, B, B2]))
    assert routes == [("10.0.0.0/23", "10.0.0.9"), ("10.0.2.0/24", "10.0.0.1")]


def test_routes_follow_the_gateway():
    routes = [("10.0.1.0/24", "10.0.0.1"), ("192.0.2.0/24", "10.0.0.1")]
    moved = a_subnet("10.0.0.0/24", "a", gateway="10.0.0.254", routes=routes)
    assert pairs(peer_routes.with_peers(moved, [moved, B], old_gateway="10.0.0.1")) == [
        ("192.0.2.0/24", "10.0.0.1"),
        ("10.0.1.0/24", "10.0.0.254"),
    ]
    gone = {**moved, "gateway_ip": None}
    assert pairs(peer_routes.with_peers(gone, [gone, B], old_gateway="10.0.0.1")) == [
        ("192.0.2.0/24", "10.0.0.1")
    ]


def test_the_route_to_a_deleted_subnet_goes():
    routes = [("10.0.1.0/24", "10.0.0.1"), ("10.0.1.0/24", "10.0.0.9")]
    a = a_subnet("10.0.0.0/24", "a", routes=routes)
    assert pairs(peer_routes.without(a, B)) == [("10.0.1.0/24", "10.0.0.9")]

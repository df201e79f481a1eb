"""Routers on each database: what a race leaves, and that a refusal leaves nothing."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from deuteron import errors
from deuteron.core import networks, ports, subnets
from deuteron.db.engine import Database
from deuteron.db.router_tables import router_ports, routers
from deuteron.db.tables import ports as port_table
from deuteron.query import Query
from deuteron.services.l3 import interfaces
from deuteron.services.l3 import routers as verbs
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import results


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def elsewhere(site, database_url):
    """The same deployment in another process."""
    opened = Database(database_url)
    yield replace(site.d, database=opened)
    opened.dispose()


def a_router(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "r", "admin_state_up": True, **values}
    return verbs.create(site.d, ADMIN, [body])[0]


def a_subnet(site: Site, cidr: str, **network: Any) -> dict[str, Any]:
    made = site.network(**network)
    return site.subnet(made, cidr=cidr)


def count(site: Site, table: Any) -> int:
    with site.d.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_one_of_many_puts_a_router_on_a_subnet(site, elsewhere):
    router = a_router(site)
    subnet = a_subnet(site, "10.0.0.0/24")
    document = {"subnet_id": subnet["id"]}
    calls = [
        lambda d=d: interfaces.add(d, ADMIN, router["id"], document)
        for d in (site.d, elsewhere) * 10
    ]

    ends = results(*calls)

    won = [one for one in ends if isinstance(one, dict)]
    assert len(won) == 1, ends
    assert all(isinstance(one, errors.BadRequest) for one in ends if one not in won), ends
    assert count(site, router_ports) == count(site, port_table) == 1


def test_one_of_many_routers_gets_the_gateway_address_of_a_subnet(site, elsewhere):
    subnet = a_subnet(site, "10.0.0.0/24")
    document = {"subnet_id": subnet["id"]}
    made = [a_router(site) for _ in range(6)]
    calls = [
        lambda d=d, router=router: interfaces.add(d, ADMIN, router["id"], document)
        for d, router in zip((site.d, elsewhere) * 3, made, strict=True)
    ]

    ends = results(*calls)

    assert len([one for one in ends if isinstance(one, dict)]) == 1, ends
    assert count(site, router_ports) == count(site, port_table) == 1


def test_overlapping_subnets_never_get_to_one_router_together(site, elsewhere):
    router = a_router(site)
    wide, narrow = a_subnet(site, "10.0.0.0/16"), a_subnet(site, "10.0.9.0/24")
    calls = [
        lambda d=d, one=one: interfaces.add(d, ADMIN, router["id"], {"subnet_id": one["id"]})
        for d, one in ((site.d, wide), (elsewhere, narrow))
    ]

    ends = results(*calls)

    assert len([one for one in ends if isinstance(one, dict)]) == 1, ends
    assert len([one for one in ends if isinstance(one, errors.BadRequest)]) == 1, ends


def test_a_router_that_cannot_have_its_gateway_is_not_made(site):
    inside = a_subnet(site, "10.0.0.0/24")
    info = {"network_id": inside["network_id"]}
    with pytest.raises(errors.BadRequest):
        a_router(site, external_gateway_info=info)
    assert count(site, routers) == 0


def test_a_gateway_moves_whole_or_not_at_all(site):
    first = a_subnet(site, "203.0.113.0/24", **{"router:external": True})
    second = a_subnet(site, "198.51.100.0/24", **{"router:external": True})
    router = a_router(site, external_gateway_info={"network_id": first["network_id"]})
    wrong = {
        "network_id": second["network_id"],
        "external_fixed_ips": [{"ip_address": "192.0.2.1"}],
    }
    with pytest.raises(errors.InvalidIpForNetwork):
        verbs.update(site.d, ADMIN, router["id"], {"external_gateway_info": wrong})
    shown = verbs.get(site.d, ADMIN, router["id"])
    assert shown["external_gateway_info"] == router["external_gateway_info"]

    moved = {"network_id": second["network_id"]}
    verbs.update(site.d, ADMIN, router["id"], {"external_gateway_info": moved})
    (port,) = ports.list_(site.d, ADMIN, Query(filters={"device_id": (router["id"],)}))
    assert port["network_id"] == second["network_id"]
    verbs.delete(site.d, ADMIN, router["id"])
    assert count(site, port_table) == count(site, router_ports) == 0


def test_lists_of_many_routers_are_whole(site):
    outside = a_subnet(site, "203.0.112.0/21", **{"router:external": True})
    gate = {"network_id": outside["network_id"]}
    bodies = [
        {"project_id": "p", "name": f"r{at}", "admin_state_up": True, "external_gateway_info": gate}
        for at in range(5)
    ]
    verbs.create(site.d, ADMIN, bodies)
    with_gateways = verbs.list_(site.d, ADMIN, Query())
    assert {one["name"] for one in with_gateways} == {f"r{at}" for at in range(5)}
    addresses = [one["external_gateway_info"]["external_fixed_ips"] for one in with_gateways]
    assert all(len(one) == 1 for one in addresses)
    assert networks.get(site.d, ADMIN, outside["network_id"])["router:external"]
    assert subnets.get(site.d, ADMIN, outside["id"])["gateway_ip"]

"""A deployment tells Nova: what a real one would get, in order, whatever happens in between."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api

from deuteron.app import followers
from deuteron.app.background import Following
from deuteron.core import bindings, ports, provisioning
from deuteron.db import provisioning as provisioning_rows
from deuteron.db.engine import Database
from deuteron.db.provisioning import PortState
from tests.deployments import ADMIN, Site, a_deployment
from tests.instances.keystone import Keystone
from tests.instances.nova import Nova
from tests.instances.process import free_port

SERVER = "7b1d7d2e-6a0f-4e6f-9a35-9df7a1d8b6d1"
LOGIN = "auth_type = none\nendpoint = {url}"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Wiring(api.MechanismDriver):
    """Binds every port and says that it is wired already."""

    def initialize(self) -> None:
        pass

    def bind_port(self, context: Any) -> None:
        segment = context.segments_to_bind[0]
        context.set_binding(segment[api.ID], "tap", {}, status=context.current["name"] or "ACTIVE")


@pytest.fixture
def nova() -> Iterator[Nova]:
    with Nova() as running:
        yield running


@contextmanager
def a_site(
    database: Database, folder: Path, login: str, *, options: str = "", wiring: bool = True
) -> Iterator[Site]:
    """A deployment that follows its journal for others.

    Args:
        database: of the deployment.
        folder: for its configuration.
        login: lines of ``[nova]``.
        options: lines of ``[DEFAULT]``, and further sections.
        wiring: ports are bound and wired by a driver of the test, else bound for agents.
    """
    deployment = a_deployment(
        database,
        folder,
        drivers=[("wiring", Wiring())] if wiring else [],
        mechanisms=() if wiring else ("openvswitch",),
        configuration=f"[DEFAULT]\nsend_events_interval = 1\n{options}\n[nova]\n{login}\n"
        "timeout = 2\n",
    )
    following = Following(database, followers.enabled(deployment.settings))
    following.start()
    time.sleep(0.2)  # it begins with what happens from now on
    try:
        yield Site(deployment)
    finally:
        following.stop()


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() < begin + seconds, "it did not happen"
        time.sleep(0.01)


def a_life(site: Site, **values: Any) -> list[dict[str, Any]]:
    """What a port goes through, and the events that Nova gets of it."""
    network = site.network()
    site.subnet(network)
    port = site.port(network, **{"device_id": SERVER, **values})
    site.update(port, **{"binding:host_id": "host-1"})
    address = [{"subnet_id": port["fixed_ips"][0]["subnet_id"], "ip_address": "10.0.0.77"}]
    site.update(port, fixed_ips=address)
    site.update(port, **{"binding:host_id": "host-2"})
    bindings.delete(site.d, ADMIN, port["id"], "host-2")
    ports.delete(site.d, ADMIN, port["id"])
    of = {"server_uuid": SERVER, "tag": port["id"]}
    changed = {"name": "network-changed", **of}
    plugged = {"name": "network-vif-plugged", "status": "completed", **of}
    unplugged = {"name": "network-vif-unplugged", "status": "completed", **of}
    return [
        changed,  # the host
        plugged,
        changed,  # the address
        unplugged,
        changed,  # the other host
        plugged,
        unplugged,  # its binding was deleted
        {"name": "network-vif-deleted", **of},
    ]


def test_the_life_of_a_port_is_told_in_order(database, tmp_path, nova):
    with a_site(database, tmp_path, LOGIN.format(url=nova.url)) as site:
        expected = a_life(site)
        a_life(site, device_id="not a server of nova")
        until(lambda: len(nova.events) >= len(expected))
        time.sleep(1.2)
        assert nova.events == expected
        assert len(nova.requests) <= 3, "they go in batches"
        assert nova.requests[0].headers["content-type"] == "application/json"


@on_sqlite
def test_a_binding_in_error_is_told_as_failed(database, tmp_path, nova):
    with a_site(database, tmp_path, LOGIN.format(url=nova.url)) as site:
        network = site.network()
        site.subnet(network)
        site.port(network, "host-1", device_id=SERVER, name="ERROR")
        until(lambda: nova.events)
        assert [(one["name"], one["status"]) for one in nova.events] == [
            ("network-vif-plugged", "failed")
        ]


@on_sqlite
def test_an_absent_nova_misses_nothing(database, tmp_path, nova):
    with a_site(database, tmp_path, LOGIN.format(url=nova.url)) as site:
        expected = a_life(site)
        until(lambda: len(nova.events) >= len(expected))
        nova.stop()
        expected += a_life(site)
        time.sleep(2)
        nova.says = lambda _events: (503, {"error": "not yet"})
        nova.start()
        until(lambda: [one for one in nova.requests if one.status == 503])
        nova.says = lambda _events: None
        until(lambda: len(nova.events) >= len(expected))
        assert nova.events == expected


@on_sqlite
def test_what_happens_while_nobody_runs_is_told_later(database, tmp_path, nova):
    login = LOGIN.format(url=nova.url)
    with a_site(database, tmp_path, login) as site:
        expected = a_life(site)
        until(lambda: len(nova.events) >= len(expected))
    expected += a_life(site)
    with a_site(database, tmp_path, login):
        until(lambda: len(nova.events) >= len(expected))
        assert nova.events == expected


@on_sqlite
def test_a_site_chooses_what_is_told(database, tmp_path, nova):
    options = "notify_nova_on_port_data_changes = false"
    with a_site(database, tmp_path, LOGIN.format(url=nova.url), options=options) as site:
        wanted = [one for one in a_life(site) if "plugged" in one["name"]]
        until(lambda: len(nova.events) >= len(wanted))
        assert nova.events == wanted


@on_sqlite
def test_nothing_follows_where_nova_is_not_configured(database, tmp_path):
    neither = "\n".join(
        f"notify_nova_on_port_{kind}_changes = false" for kind in ("status", "data")
    )
    login = LOGIN.format(url="http://nova")
    for lines in ("", "[nova]\nregion_name = here", f"[DEFAULT]\n{neither}\n[nova]\n{login}"):
        settings = a_deployment(database, tmp_path, configuration=lines).settings
        assert followers.enabled(settings) == ()


@on_sqlite
@pytest.mark.parametrize("version", ["", "/v1"])
def test_ironic_is_told_of_the_ports_of_machines(database, tmp_path, version):
    with Nova("/v1/events") as ironic:
        ironic.says = lambda _events: (204, None)
        endpoint = ironic.url.removesuffix("/v1") + version
        section = f"[ironic]\nenable_notifications = true\nauth_type = none\nendpoint = {endpoint}"
        with a_site(database, tmp_path, "", options=section) as site:
            network = site.network()
            site.subnet(network)
            values = {"device_id": SERVER, "binding:vnic_type": "baremetal"}
            site.port(network, "host-1", **{**values, "binding:vnic_type": "normal"})
            port = site.port(network, "host-1", **values)
            ports.delete(site.d, ADMIN, port["id"])
            until(lambda: len(ironic.events) >= 2)
        common = {
            "port_id": port["id"],
            "mac_address": port["mac_address"],
            "binding:host_id": "host-1",
            **values,
        }
        assert ironic.events == [
            {"event": "network.bind_port", "status": "ACTIVE", **common},
            {"event": "network.delete_port", "status": "DELETED", **common},
        ]
        assert ironic.requests[0].headers["x-openstack-ironic-api-version"] == "1.54"


@on_sqlite
def test_what_agents_report_is_told(database, tmp_path, nova):
    with a_site(database, tmp_path, LOGIN.format(url=nova.url), wiring=False) as site:
        for host in ("host-1", "host-2"):
            site.report(host)
        port = site.port(site.network(), "host-1", device_id=SERVER)

        def found() -> list[PortState]:
            with database.read() as conn:
                return provisioning_rows.states(conn, [port["id"]])

        provisioning.wired(site.d, ADMIN, found(), host="host-1")
        provisioning.wired(site.d, ADMIN, found(), host="host-2")  # it will move there
        provisioning.unwired(site.d, ADMIN, found(), host="host-1")
        until(lambda: len(nova.events) >= 3)
        assert nova.names == ["network-vif-plugged"] * 2 + ["network-vif-unplugged"]


@on_sqlite
def test_nova_is_found_in_the_catalog_of_keystone(
    database, tmp_path, nova, keystone: Keystone
) -> None:
    admin = keystone.token("admin")
    service = {"service": {"type": "compute", "name": "nova"}}
    service_id = keystone.call("POST", "/services", service, admin)["service"]["id"]
    nowhere = f"http://127.0.0.1:{free_port()}/v2.1"
    for interface, url in (("public", nowhere), ("internal", nova.url)):
        endpoint = {"service_id": service_id, "interface": interface, "url": url}
        keystone.call("POST", "/endpoints", {"endpoint": endpoint}, admin)
    login = (
        f"auth_type = password\nauth_url = {keystone.url}\nusername = neutron\n"
        "password = neutron\nproject_name = service\nuser_domain_id = default\n"
        "project_domain_id = default\nendpoint_type = internal"
    )
    with a_site(database, tmp_path, login) as site:
        expected = a_life(site)
        until(lambda: len(nova.events) >= len(expected))
        assert nova.events == expected
        assert nova.requests[0].headers["x-auth-token"]

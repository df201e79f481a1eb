"""Networks through the whole application."""

from tests.api.client import Api


def test_a_network_gets_a_segment_of_the_first_project_type(api: Api) -> None:
    network = api.create("network", name="blue")
    assert network["provider:network_type"] == "vxlan"
    assert network["provider:segmentation_id"] >= 1
    assert network["provider:physical_network"] is None
    assert network["mtu"] == 1450
    assert network["status"] == "ACTIVE"
    assert network["revision_number"] == 1
    assert network["tenant_id"] == network["project_id"]
    assert network.pop("is_default") is False  # told of what is new only: the network is internal
    assert api.show("network", network["id"]) == network


def test_several_segments_show_as_segments(api: Api) -> None:
    segments = [
        {
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 100,
        },
        {
            "provider:network_type": "vxlan",
            "provider:physical_network": None,
            "provider:segmentation_id": 5000,
        },
    ]
    network = api.create("network", name="two", segments=segments)
    assert network["segments"] == segments
    assert "provider:network_type" not in network
    assert network["mtu"] == 1450, "the smaller of both"
    assert len(api.list("segment", f"network_id={network['id']}")) == 2
    [found] = api.list("network", "provider:segmentation_id=100")
    assert found["id"] == network["id"]


def test_a_segment_in_use_is_refused_and_free_after_the_delete(api: Api) -> None:
    wish = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 100,
    }
    network = api.create("network", **wish)
    assert api.refuse("network", **wish) == (409, "VlanIdInUse")
    api.delete("network", network["id"])
    api.create("network", **wish)


def test_provider_and_segments_together_are_refused(api: Api) -> None:
    refused = api.refuse(
        "network",
        segments=[{"provider:network_type": "vxlan"}],
        **{"provider:network_type": "vxlan"},
    )
    assert refused == (400, "SegmentsSetInConjunctionWithProviders")


def test_vlan_outside_of_what_a_tag_can_hold_is_refused(api: Api) -> None:
    refused = api.refuse(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 5000,
        },
    )
    assert refused == (400, "InvalidInput")


def test_an_exhausted_type_answers_no_network_available(make_api) -> None:
    api = make_api(ml2_type_vxlan={"vni_ranges": "7:8"})
    numbers = {api.create("network")["provider:segmentation_id"] for _ in range(2)}
    assert numbers == {7, 8}
    assert api.refuse("network") == (503, "NoNetworkAvailable")


def test_a_wanted_mtu_is_kept_up_to_what_the_segments_carry(api: Api) -> None:
    network = api.create("network", mtu=1400)
    assert network["mtu"] == 1400
    assert api.update("network", network["id"], mtu=1450)["mtu"] == 1450
    assert api.refuse_update("network", network["id"], mtu=1451) == (400, "InvalidInput")
    assert api.refuse("network", mtu=9000) == (400, "InvalidInput")


def test_an_update_bumps_the_revision_only_if_something_changes(api: Api) -> None:
    network = api.create("network", name="a")
    changed = api.update("network", network["id"], name="b", shared=True)
    assert (changed["name"], changed["shared"]) == ("b", True)
    assert changed["revision_number"] == network["revision_number"] + 1
    same = api.update("network", network["id"], name="b")
    assert same["revision_number"] == changed["revision_number"]


def test_if_match_names_the_revision(api: Api) -> None:
    network = api.create("network")
    path, body = f"/networks/{network['id']}", {"network": {"name": "x"}}
    wrong = api.call("PUT", path, body, headers={"If-Match": "revision_number=7"})
    assert wrong.refused == (412, "RevisionNumberConstraintFailed")
    right = api.call("PUT", path, body, headers={"If-Match": "revision_number=1"})
    assert right.status == 200
    stale = api.call("DELETE", path, headers={"If-Match": "revision_number=1"})
    assert stale.refused == (412, "RevisionNumberConstraintFailed")


def test_a_vlan_network_is_renumbered_and_others_are_not(api: Api) -> None:
    vlan = api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 100,
        },
    )
    changed = api.update("network", vlan["id"], **{"provider:segmentation_id": 101})
    assert changed["provider:segmentation_id"] == 101
    again = {**{k: v for k, v in vlan.items() if k.startswith("provider:")}}
    api.create("network", **again)
    assert api.refuse_update("network", vlan["id"], **{"provider:segmentation_id": 100}) == (
        409,
        "VlanIdInUse",
    )
    vxlan = api.create("network")
    refused = api.refuse_update("network", vxlan["id"], **{"provider:segmentation_id": 77})
    assert refused == (400, "InvalidInput")


def test_a_vlan_is_renumbered_under_ports_only_if_their_drivers_can_follow(api: Api) -> None:
    vlan = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 100,
    }
    network = api.create("network", **vlan)
    api.ovs_agent("host-1")
    api.linuxbridge_agent("host-2")
    api.create("port", network_id=network["id"], **{"binding:host_id": "host-1"})
    changed = api.update("network", network["id"], **{"provider:segmentation_id": 101})
    assert changed["provider:segmentation_id"] == 101
    api.create("port", network_id=network["id"], **{"binding:host_id": "host-2"})
    refused = api.refuse_update("network", network["id"], **{"provider:segmentation_id": 102})
    assert refused == (400, "InvalidInput")


def test_an_empty_list_of_segments_changes_nothing(api: Api) -> None:
    network = api.show("network", api.create("network")["id"])
    assert api.update("network", network["id"], segments=[]) == network


def test_a_network_with_ports_stays_and_one_with_subnets_goes(api: Api) -> None:
    network = api.create("network")
    subnet = api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    assert api.show("network", network["id"])["subnets"] == [subnet["id"]]
    port = api.create("port", network_id=network["id"])
    assert api.refuse_delete("network", network["id"]) == (409, "NetworkInUse")
    api.delete("port", port["id"])
    api.delete("network", network["id"])
    assert api.call("GET", f"/subnets/{subnet['id']}").refused == (404, "SubnetNotFound")
    assert api.refuse_delete("network", network["id"]) == (404, "NetworkNotFound")


def test_ports_that_agents_made_go_with_the_network(api: Api) -> None:
    network = api.create("network")
    port = api.create("port", network_id=network["id"], device_owner="network:dhcp")
    api.delete("network", network["id"])
    assert api.call("GET", f"/ports/{port['id']}").refused == (404, "PortNotFound")


def test_a_bulk_is_made_whole_or_not_at_all(api: Api) -> None:
    good = api.call("POST", "/networks", {"networks": [{"name": "a"}, {"name": "b"}]})
    assert good.status == 201
    assert [network["name"] for network in good.body["networks"]] == ["a", "b"]
    bad = api.call("POST", "/networks", {"networks": [{"name": "c"}, {"mtu": 9999}]})
    assert bad.refused == (400, "InvalidInput")
    assert {network["name"] for network in api.list("network")} == {"a", "b"}


def test_l2_adjacency_ends_with_the_first_subnet_of_a_segment(api: Api) -> None:
    network = api.create("network")
    assert network["l2_adjacency"] is True
    [segment] = api.list("segment", f"network_id={network['id']}")
    api.create(
        "subnet",
        network_id=network["id"],
        cidr="10.0.0.0/24",
        ip_version=4,
        segment_id=segment["id"],
    )
    assert api.show("network", network["id"])["l2_adjacency"] is False

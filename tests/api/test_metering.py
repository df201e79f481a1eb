"""Metering labels and their rules through the application.

Statuses, error types and keys are those of Neutron, as observed, but where it answers 500.
"""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi

LABEL = "metering_label"
RULE = "metering_label_rule"
NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"


def of(label: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The attributes of a rule."""
    return {"metering_label_id": label["id"], "direction": "ingress", **values}


def test_its_extensions_are_there(api: Api, make_api: MakeApi) -> None:
    aliases = {"metering", "metering_source_and_destination_fields"}
    assert {one["alias"] for one in api.list("extension")} >= aliases
    without = make_api(DEFAULT={"service_plugins": "qos"})
    assert not {one["alias"] for one in without.list("extension")} & aliases
    assert without.call("GET", "/metering/metering-labels").status == 404


def test_the_life_of_a_label(api: Api) -> None:
    label = api.create(LABEL)
    assert label == {
        "id": label["id"],
        "name": "",
        "description": "",
        "shared": False,
        "project_id": "tests",
        "tenant_id": "tests",
    }
    shared = api.create(LABEL, name="s", description="d", shared="true", project_id="p")
    assert (shared["shared"], shared["project_id"]) == (True, "p")
    assert api.show(LABEL, label["id"]) == label
    assert api.list(LABEL, "shared=true") == [shared]
    assert api.list(LABEL, "sort_key=name&sort_dir=desc&fields=id") == [
        {"id": shared["id"]},
        {"id": label["id"]},
    ]
    for path in ("metering/metering_labels", "metering-labels", "metering_labels"):
        assert api.call("GET", f"/{path}/{label['id']}").body == {LABEL: label}
    assert api.call("PUT", f"/metering/metering-labels/{label['id']}", {LABEL: {}}).status == 405
    api.delete(LABEL, label["id"])
    gone = (404, "MeteringLabelNotFound")
    assert api.refuse_delete(LABEL, label["id"]) == gone
    assert api.call("GET", f"/metering/metering-labels/{label['id']}").refused == gone


def test_labels_are_made_all_or_none(api: Api) -> None:
    many = [{"name": "a"}, {"name": "b", "shared": "perhaps"}]
    path = "/metering/metering-labels"
    assert api.call("POST", path, {"metering_labels": many}).refused == (400, "InvalidInput")
    assert api.list(LABEL) == []
    many[1]["shared"] = "no"
    made = api.call("POST", path, {"metering_labels": many}).body["metering_labels"]
    assert [one["name"] for one in made] == ["a", "b"]


def test_the_life_of_a_rule(api: Api) -> None:
    label = api.create(LABEL)
    rule = api.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/24"))
    assert rule == {
        "id": rule["id"],
        "metering_label_id": label["id"],
        "direction": "ingress",
        "excluded": False,
        "remote_ip_prefix": "10.0.0.0/24",
        "source_ip_prefix": None,
        "destination_ip_prefix": None,
    }
    other = api.create(
        RULE, **of(label, source_ip_prefix="10.0.0.7/16", destination_ip_prefix="10.1.0.1")
    )
    assert other["destination_ip_prefix"] == "10.1.0.1/32"
    assert api.show(RULE, rule["id"]) == rule
    assert api.list(RULE, "source_ip_prefix=10.0.0.7/16") == [other]
    assert api.list(RULE, f"metering_label_id={label['id']}&excluded=true") == []
    refused = api.call("GET", "/metering/metering-label-rules?project_id=tests")
    assert refused.status == 400
    api.delete(RULE, rule["id"])
    gone = (404, "MeteringLabelRuleNotFound")
    assert api.refuse_delete(RULE, rule["id"]) == gone
    assert api.call("GET", f"/metering/metering-label-rules/{rule['id']}").refused == gone
    api.delete(LABEL, label["id"])
    assert api.list(RULE) == []


def test_rules_of_a_label_do_not_overlap(api: Api) -> None:
    label, other = api.create(LABEL), api.create(LABEL)
    api.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/24"))
    overlaps = (409, "MeteringLabelRuleOverlaps")
    assert api.refuse(RULE, **of(label, remote_ip_prefix="10.0.0.128/25")) == overlaps
    assert api.refuse(RULE, **of(label, remote_ip_prefix="10.0.0.0/8")) == overlaps
    api.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/8", excluded=True))
    api.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/8", direction="egress"))
    api.create(RULE, **of(other, remote_ip_prefix="10.0.0.0/8"))
    for _ in range(2):
        api.create(RULE, **of(label, source_ip_prefix="10.0.0.0/8"))
    many = [of(label, remote_ip_prefix=prefix) for prefix in ("192.0.2.0/24", "192.0.2.1")]
    path = "/metering/metering-label-rules"
    assert api.call("POST", path, {"metering_label_rules": many}).refused == overlaps
    assert len(api.list(RULE)) == 6


def test_rules_that_make_no_sense_are_refused(api: Api) -> None:
    label = api.create(LABEL)
    prefix = {"remote_ip_prefix": "10.0.0.0/24"}
    assert api.refuse(RULE, **of(label)) == (400, "Invalid")
    assert api.refuse(RULE, **of(label, source_ip_prefix="x")) == (400, "Invalid")
    assert api.refuse(RULE, **of(label, source_ip_prefix=True)) == (400, "Invalid")
    assert api.refuse(RULE, **of(label, source_ip_prefix="10.0.0.1", **prefix)) == (400, "Invalid")
    assert api.refuse(RULE, metering_label_id=label["id"], **prefix) == (400, "HTTPBadRequest")
    assert api.refuse(RULE, **of(label, **{**prefix, "direction": "any"}))[0] == 400
    assert api.refuse(RULE, **of({"id": "no-uuid"}, **prefix)) == (400, "HTTPBadRequest")
    assert api.refuse(RULE, **of(label, **prefix, x=1)) == (400, "HTTPBadRequest")
    assert api.refuse(RULE, **of({"id": NOWHERE}, **prefix)) == (404, "MeteringLabelNotFound")


@pytest.mark.parametrize("shared", [False, True])
def test_labels_of_another_project_are_not_there(api: Api, *, shared: bool) -> None:
    label = api.create(LABEL, project_id="other", shared=shared)
    rule = api.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/24"))
    manager = api.as_project("mine", roles="manager,member,reader")
    own = manager.create(LABEL, name="own")
    manager.create(RULE, **of(own, remote_ip_prefix="10.0.0.0/24"))
    assert [one["id"] for one in manager.list(LABEL)] == [own["id"]]
    assert [one["metering_label_id"] for one in manager.list(RULE)] == [own["id"]]
    assert len(api.list(RULE)) == 2
    more = of(label, remote_ip_prefix="10.1.0.0/24", excluded=True)
    assert manager.refuse(RULE, **more) == (404, "MeteringLabelNotFound")
    # as observed: who may not read what it could find is told as much
    missing = "HTTPNotFound" if shared else "MeteringLabelNotFound"
    assert manager.refuse_delete(LABEL, label["id"]) == (404, missing)
    assert manager.refuse_delete(RULE, rule["id"])[0] == 404
    assert manager.call("GET", f"/metering/metering-label-rules/{rule['id']}").status == 404


def test_members_read_and_managers_write(api: Api) -> None:
    manager = api.as_project("mine", roles="manager,member,reader")
    label = manager.create(LABEL, shared=True)
    rule = manager.create(RULE, **of(label, remote_ip_prefix="10.0.0.0/24"))
    for roles in ("member,reader", "reader"):
        reader = api.as_project("mine", roles=roles)
        assert reader.show(LABEL, label["id"]) == label
        assert reader.list(RULE) == [rule]
        assert reader.list(RULE, "fields=direction") == [{"direction": "ingress"}]
        refused = (403, "PolicyNotAuthorized")
        assert reader.refuse(LABEL, name="x") == refused
        more = of(label, remote_ip_prefix="10.1.0.0/24")
        assert reader.refuse(RULE, **more) == refused
        assert reader.refuse_delete(RULE, rule["id"]) == refused
        assert reader.refuse_delete(LABEL, label["id"]) == refused
    manager.delete(RULE, rule["id"])
    manager.delete(LABEL, label["id"])

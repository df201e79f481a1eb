"""Who may do what: personas against operations, over the whole application."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deuteron.errors import ConfigError
from tests.api.client import Answer, Api
from tests.api.conftest import MakeSite

# Each of its hundreds of cases asks a whole application.
pytestmark = pytest.mark.slow

MINE, OTHERS = "mine", "others"
# Who asks, in the order of the columns below: project and roles.
PERSONAS = {
    "admin": ("cloud", "admin"),
    "manager": (MINE, "manager"),
    "member": (MINE, "member"),
    "reader": (MINE, "reader"),
    "service": ("services", "service"),
    "stranger": (OTHERS, "member"),
    "roleless": (MINE, "nothing"),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """Things of the project MINE, and a shared network of somebody else."""

    network: str
    shared: str
    subnet: str
    port: str
    compute_port: str
    port_on_shared: str
    group: str
    rule: str
    segment: str


@pytest.fixture
def world(api: Api) -> World:
    api.ovs_agent("host-1")
    network = api.create("network", project_id=MINE, name="n")
    subnet = api.create(
        "subnet", project_id=MINE, network_id=network["id"], cidr="10.0.0.0/24", ip_version=4
    )
    shared = api.create("network", project_id="cloud", shared=True, name="s")

    def port(where: Any, owner: str = "") -> str:
        return str(
            api.create("port", project_id=MINE, network_id=where["id"], device_owner=owner)["id"]
        )

    group = api.create("security_group", project_id=MINE, name="g")
    return World(
        network=network["id"],
        shared=shared["id"],
        subnet=subnet["id"],
        port=port(network),
        compute_port=port(network, "compute:nova"),
        port_on_shared=port(shared),
        group=group["id"],
        rule=group["security_group_rules"][0]["id"],
        segment=api.list("segment", f"network_id={network['id']}")[0]["id"],
    )


@pytest.fixture
def as_persona(api: Api) -> Callable[[str], Api]:
    def of(name: str) -> Api:
        project, roles = PERSONAS[name]
        return api.as_project(project, roles=roles)

    return of


Operation = Callable[[Api, World], Answer]


def get(path: str) -> Operation:
    return lambda api, world: api.call("GET", path.format(w=world))


def delete(path: str) -> Operation:
    return lambda api, world: api.call("DELETE", path.format(w=world))


def put(path: str, **changes: Any) -> Operation:
    noun = path.split("/")[1].rstrip("s").replace("-", "_")
    return lambda api, world: api.call("PUT", path.format(w=world), {noun: changes})


def post(noun: str, on: str = "", **attributes: Any) -> Operation:
    def operation(api: Api, world: World) -> Answer:
        body = dict(attributes)
        if on:
            key = "security_group_id" if on == "group" else "network_id"
            body[key] = getattr(world, on)
        path = {"security_group": "security-groups", "security_group_rule": "security-group-rules"}
        return api.call("POST", f"/{path.get(noun, f'{noun}s')}", {noun: body})

    return operation


FIXED = [{"ip_address": "10.0.0.77"}]
PAIR = [{"ip_address": "10.0.0.9"}]

# operation -> statuses of admin, manager, member, reader, service, stranger, roleless
MATRIX: dict[str, tuple[Operation, tuple[int, ...]]] = {
    "see a network": (get("/networks/{w.network}"), (200, 200, 200, 200, 200, 404, 404)),
    "see a shared network": (get("/networks/{w.shared}"), (200, 200, 200, 200, 200, 200, 200)),
    "see a subnet": (get("/subnets/{w.subnet}"), (200, 200, 200, 200, 200, 404, 404)),
    "see a port": (get("/ports/{w.port}"), (200, 200, 200, 200, 200, 404, 404)),
    "see a group": (get("/security-groups/{w.group}"), (200, 200, 200, 200, 404, 404, 404)),
    "see a rule": (get("/security-group-rules/{w.rule}"), (200, 200, 200, 200, 404, 404, 404)),
    "see a segment": (get("/segments/{w.segment}"), (200, 404, 404, 404, 404, 404, 404)),
    "see bindings": (get("/ports/{w.compute_port}/bindings"), (200,) * 7),
    "see tags": (get("/ports/{w.port}/tags"), (200, 200, 200, 200, 403, 404, 404)),
    "explain": (get("/ports/{w.port}/binding-explanation"), (200, 403, 403, 403, 200, 403, 403)),
    "make a network": (post("network"), (201, 201, 201, 403, 403, 201, 403)),
    "make a shared network": (post("network", shared=True), (201, 403, 403, 403, 403, 403, 403)),
    "make a network for others": (
        post("network", project_id=OTHERS), (201, 400, 400, 400, 403, 201, 400)),
    "choose a segment": (
        post("network", **{"provider:network_type": "vxlan"}), (201, 403, 403, 403, 403, 403, 403)),
    "make an external network": (
        post("network", **{"router:external": True}), (201, 403, 403, 403, 403, 403, 403)),
    "say that it is not shared": (
        post("network", shared=False), (201, 201, 201, 403, 403, 201, 403)),
    "rename a network": (
        put("/networks/{w.network}", name="x"), (200, 200, 200, 403, 403, 404, 404)),
    "rename a shared network": (
        put("/networks/{w.shared}", name="x"), (200, 403, 403, 403, 403, 403, 403)),
    "share a network": (
        put("/networks/{w.network}", shared=True), (200, 403, 403, 403, 403, 404, 404)),
    "delete a shared network": (
        delete("/networks/{w.shared}"), (409, 403, 403, 403, 403, 403, 403)),
    "make a subnet": (
        post("subnet", "network", cidr="10.1.0.0/24", ip_version=4),
        (201, 201, 201, 403, 403, 404, 403)),
    "make a subnet on a shared network": (
        post("subnet", "shared", cidr="10.1.0.0/24", ip_version=4),
        (201, 403, 403, 403, 403, 403, 403)),
    "rename a subnet": (put("/subnets/{w.subnet}", name="x"), (200, 200, 200, 403, 403, 404, 404)),
    "make a port": (post("port", "network"), (201, 201, 201, 403, 201, 404, 403)),
    "make a port on a shared network": (post("port", "shared"), (201,) * 7),
    "choose an address": (
        post("port", "network", fixed_ips=FIXED), (201, 201, 201, 403, 201, 404, 403)),
    "choose a MAC address on a shared network": (
        post("port", "shared", mac_address="fa:16:3e:00:00:01"),
        (201, 403, 403, 403, 201, 403, 403)),
    "choose a host": (
        post("port", "network", **{"binding:host_id": "host-1"}),
        (201, 403, 403, 403, 201, 404, 403)),
    "choose a vnic_type": (
        post("port", "network", **{"binding:vnic_type": "direct"}),
        (201, 201, 201, 403, 201, 404, 403)),
    "say that a port has the usual vnic_type": (
        post("port", "shared", **{"binding:vnic_type": "normal"}),
        (201, 201, 201, 201, 201, 201, 201)),
    "give a profile": (
        post("port", "network", **{"binding:profile": {"a": 1}}),
        (403, 403, 403, 403, 201, 404, 403)),
    "make a port of the network": (
        post("port", "shared", device_owner="network:dhcp"), (201, 403, 403, 403, 201, 403, 403)),
    "give address pairs": (
        post("port", "shared", allowed_address_pairs=PAIR), (201, 403, 403, 403, 201, 403, 403)),
    "rename a port": (put("/ports/{w.port}", name="x"), (200, 200, 200, 403, 200, 404, 404)),
    "move an address": (
        put("/ports/{w.port}", fixed_ips=FIXED), (200, 200, 200, 403, 200, 404, 404)),
    "change a MAC address": (
        put("/ports/{w.port}", mac_address="fa:16:3e:00:00:02"),
        (200, 200, 403, 403, 200, 404, 404)),
    "bind a port": (
        put("/ports/{w.port}", **{"binding:host_id": "host-1"}),
        (200, 403, 403, 403, 200, 404, 404)),
    "delete a port": (delete("/ports/{w.port}"), (204, 204, 204, 403, 204, 404, 404)),
    "delete a port of a server": (
        delete("/ports/{w.compute_port}"), (204, 403, 403, 403, 204, 404, 404)),
    "tag a port": (
        lambda api, world: api.call("PUT", f"/ports/{world.port}/tags/red"),
        (201, 201, 201, 403, 403, 404, 404)),
    "make a group": (post("security_group", name="x"), (201, 201, 201, 403, 403, 201, 403)),
    "add a rule": (
        post("security_group_rule", "group", direction="ingress", protocol="tcp"),
        (201, 201, 201, 403, 403, 404, 403)),
    "rename a group": (
        put("/security-groups/{w.group}", name="x"), (200, 200, 200, 403, 404, 404, 404)),
    "delete a rule": (
        delete("/security-group-rules/{w.rule}"), (204, 204, 204, 403, 404, 404, 404)),
    "make a segment": (
        post("segment", "network", network_type="vxlan"), (201, 403, 403, 403, 403, 404, 403)),
    "bind on a second host": (
        lambda api, world: api.call(
            "POST", f"/ports/{world.compute_port}/bindings", {"binding": {"host": "host-1"}}),
        (403, 403, 403, 403, 201, 404, 403)),
}  # fmt: skip


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("operation", MATRIX)
def test_who_may(
    operation: str, persona: str, as_persona: Callable[[str], Api], world: World
) -> None:
    act, statuses = MATRIX[operation]
    answer = act(as_persona(persona), world)
    assert answer.status == dict(zip(PERSONAS, statuses, strict=True))[persona], answer


# --- attributes -----------------------------------------------------------------------------------


def test_what_a_caller_may_not_see_is_absent(
    as_persona: Callable[[str], Api], world: World
) -> None:
    hidden = {"binding:host_id", "binding:profile", "binding:vif_details", "binding:vif_type"}
    for name, sees in (("admin", True), ("service", True), ("member", False), ("reader", False)):
        api = as_persona(name)
        shown = api.show("port", world.port)
        listed = next(row for row in api.list("port") if row["id"] == world.port)
        assert shown == listed
        assert hidden <= shown.keys() if sees else not hidden & shown.keys(), name
        assert shown["binding:vnic_type"] == "normal"
    network = as_persona("member").show("network", world.network)
    assert not [name for name in network if name.startswith("provider:")]
    assert "segment_id" not in as_persona("member").show("subnet", world.subnet)


def test_what_is_hidden_cannot_be_asked_for_by_name(
    as_persona: Callable[[str], Api], world: World
) -> None:
    member = as_persona("member")
    query = "fields=id&fields=binding:host_id&fields=name"
    row = next(row for row in member.list("port", query) if row["id"] == world.port)
    assert row == {"id": world.port, "name": ""}
    shown = member.call("GET", f"/ports/{world.port}?fields=binding:profile").body["port"]
    assert shown == {}


def test_answers_of_changes_hide_as_others(as_persona: Callable[[str], Api], world: World) -> None:
    member = as_persona("member")
    made = member.create("port", network_id=world.network)
    changed = member.update("port", made["id"], name="x")
    assert made.keys() == changed.keys() == member.show("port", made["id"]).keys()


def test_lists_hold_what_may_be_seen(as_persona: Callable[[str], Api], world: World) -> None:
    def ids(name: str, noun: str, query: str = "") -> set[str]:
        return {row["id"] for row in as_persona(name).list(noun, query)}

    assert world.port in ids("member", "port", "fields=id")
    assert ids("stranger", "port") == set()
    assert ids("stranger", "network") == {world.shared}
    assert ids("roleless", "network") == {world.shared}
    assert ids("roleless", "port") == set()
    assert ids("member", "segment") == ids("member", "agent") == set()
    assert world.segment in ids("admin", "segment")
    answer = as_persona("member").call("GET", "/segments?nonsense=1")
    assert answer.status == 400  # as for those who see segments


def test_the_owner_of_a_network_sees_the_ports_of_others_on_it(
    api: Api, as_persona: Callable[[str], Api], world: World
) -> None:
    theirs = api.create("port", network_id=world.network, project_id=OTHERS)
    assert theirs["id"] in {row["id"] for row in as_persona("member").list("port", "fields=id")}
    assert as_persona("member").show("port", theirs["id"])["project_id"] == OTHERS
    assert as_persona("stranger").show("port", theirs["id"])["id"] == theirs["id"]
    assert as_persona("member").refuse_update("port", theirs["id"], name="x")[0] == 403


# --- a site's own rules ---------------------------------------------------------------------------


@pytest.fixture
def with_rules(new_site: MakeSite, tmp_path: Path) -> Callable[[str], Api]:
    """The application of a site with these rules of its own."""

    def of(text: str) -> Api:
        rules = tmp_path / "rules.yaml"
        rules.write_text(text)
        site = new_site(oslo_policy={"policy_file": rules})
        return Api(site.application, {"X-Project-Id": "tests"})

    return of


def test_a_site_may_take_and_give(with_rules: Callable[[str], Api]) -> None:
    api = with_rules(
        "create_network: role:architect\n"
        "create_network:shared: rule:create_network\n"
        "get_network:provider:network_type: '@'\n"
        "get_port: role:auditor\n"
    )
    assert api.as_project("p").refuse("network") == (403, "PolicyNotAuthorized")
    architect = api.as_project("p", roles="architect,reader")
    network = architect.create("network", shared=True)
    assert network["provider:network_type"] == "vxlan"
    assert "provider:segmentation_id" not in network
    api.create("port", network_id=network["id"], project_id="p")
    assert architect.list("port") == architect.list("port", "fields=id") == []
    assert len(api.as_project("p", roles="auditor").list("port")) == 1


def test_a_site_may_name_its_administrators(with_rules: Callable[[str], Api]) -> None:
    api = with_rules("context_is_admin: role:boss\ncontext_with_global_access: role:auditor\n")
    network = api.create("network")
    shown = api.as_project("p", roles="boss").show("network", network["id"])
    assert shown == api.show("network", network["id"])
    assert (
        api.as_project("p", roles="admin").call("GET", f"/networks/{network['id']}").status == 404
    )
    auditor = api.as_project("p", roles="auditor")
    assert auditor.call("GET", f"/networks/{network['id']}").status == 404  # no rule lets it


def test_a_rule_may_look_at_the_value(with_rules: Callable[[str], Api]) -> None:
    api = with_rules("create_network: role:member and field:networks:name=~^good-")
    assert api.as_project("p").refuse("network", name="bad") == (403, "PolicyNotAuthorized")
    assert api.as_project("p").create("network", name="good-1")["name"] == "good-1"


def test_a_faulty_file_ends_the_start(with_rules: Callable[[str], Api]) -> None:
    with pytest.raises(ConfigError, match="get_network: there is no rule nowhere"):
        with_rules("get_network: rule:nowhere")


def test_without_roles_nothing_is_refused(api: Api) -> None:
    network = api.create("network", shared=True, **{"provider:network_type": "vxlan"})
    port = api.create("port", network_id=network["id"], **{"binding:profile": {"a": 1}})
    assert port["binding:profile"] == {"a": 1}

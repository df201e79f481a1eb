"""Connection tracking helpers of routers, on each database, and what agents hear of them."""

from typing import Any

import pytest

from deuteron import errors
from deuteron.core import agents
from deuteron.core.forwarding import Informed
from deuteron.db.journal import JournalReader
from deuteron.query import EVERYTHING
from deuteron.rpc import resources, told_l2
from deuteron.rpc.endpoint import Call
from deuteron.services.conntrack_helper import helpers
from deuteron.services.l3 import routers
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]
TFTP = {"protocol": "udp", "port": 69, "helper": "tftp"}


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def router(site: Site) -> str:
    body = {"project_id": "p", "name": "r", "admin_state_up": True}
    return str(routers.create(site.d, ADMIN, [body])[0]["id"])


def test_one_of_many_equal_ones_is_made(site: Site, router: str) -> None:
    jobs = [lambda: helpers.create(site.d, ADMIN, router, [TFTP])] * 8
    said = [type(error) for error in at_once(*jobs)]
    assert said == [errors.BadRequest] * 7
    assert len(helpers.list_(site.d, ADMIN, router, EVERYTHING)) == 1


def test_agents_pull_helpers_and_are_told_of_them(site: Site, router: str) -> None:
    state = {"agent_type": "L3 agent", "binary": "a", "host": "h", "topic": "t"}
    agents.report(site.d, ADMIN, {**state, "configurations": {}})
    reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
    reader.read()

    def told() -> list[tuple[str, str, Any]]:
        batch = reader.read()
        assert batch is not None
        messages = told_l2.messages(site.d, ADMIN, batch.entries, Informed())
        reader.done(batch)
        return [
            (message.topic, message.arguments["event_type"], one["versioned_object.data"])
            for message in messages
            for one in message.arguments["resource_list"]
        ]

    topic = "neutron-vo-ConntrackHelper-1.0"
    (made,) = helpers.create(site.d, ADMIN, router, [TFTP])
    assert told() == [(topic, "created", made)]
    assert routers.get(site.d, ADMIN, router)["conntrack_helpers"] == [TFTP]
    asked = {"resource_type": "ConntrackHelper", "version": "1.0"}
    pulled = resources.bulk_pull(site.d, CALL, **asked, filter_kwargs={"router_id": router})
    assert [one["versioned_object.data"] for one in pulled] == [made]
    assert resources.bulk_pull(site.d, CALL, **asked, filter_kwargs={"router_id": "no"}) == []
    changed = helpers.update(site.d, ADMIN, router, made["id"], {"port": 70})
    assert told() == [(topic, "updated", {**made, "port": 70})]
    helpers.delete(site.d, ADMIN, router, made["id"])
    # agents ask whose it was
    assert told() == [(topic, "deleted", changed)]

"""A metering agent on a real broker: what it asks, and what it hears, whatever becomes of both."""

from typing import Any

import pytest

from deuteron.services.metering import labels, rules
from tests.caller import Caller
from tests.contract.test_rpc_metering import LABELS, a_label, a_router, report, told_label
from tests.deployments import ADMIN, Site
from tests.instances.rabbitmq import RabbitMQ

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_what_an_agent_asks_and_hears(brokered: Site, broker: RabbitMQ) -> None:
    report(brokered, "h1", "L3 agent")
    report(brokered, "h1", "Metering agent")
    router = a_router(brokered, "h1")
    label = a_label(brokered)
    agent = Caller(broker.url)
    with agent.listening("metering_agent") as heard:

        def told(method: str) -> dict[str, Any]:
            """The arguments of the next message of this method."""
            while True:
                message = heard.get(timeout=60)
                if message["method"] == method:
                    return dict(message["args"])

        body = {
            "metering_label_id": label["id"],
            "direction": "egress",
            "excluded": False,
            "source_ip_prefix": "10.0.0.0/24",
        }
        (rule,) = rules.create(brokered.d, ADMIN, [body])
        del rule["project_id"]
        while True:  # the label was told alone first, unless both came at once
            (shown,) = told("update_metering_label_rules")["routers"]
            if shown[LABELS][0]["rules"]:
                break
        assert (shown["id"], shown[LABELS]) == (router, [told_label(label, rule)])
        asked = agent.call("q-metering-plugin", "get_sync_data_metering", version="1.0", host="h1")
        assert asked == [shown]

        broker.stop(kill=True)
        labels.delete(brokered.d, ADMIN, label["id"])
        broker.start()
        (gone,) = told("remove_metering_label")["routers"]
        assert (gone["id"], gone[LABELS]) == (router, [told_label(label, rule)])
    agent.close()

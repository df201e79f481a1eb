"""Who follows the journal for agents."""

from typing import Any, cast

from deuteron.app.followers import OF_AGENTS
from deuteron.rpc.followers import followers
from tests.deployments import ADMIN


class _Settings:
    dhcp_agent_notification = True
    service_plugins = None


class _Deployment:
    settings = _Settings()


def test_the_metrics_know_all_that_tell_agents() -> None:
    made = followers(cast("Any", _Deployment()), cast("Any", None), lambda: ADMIN)
    assert tuple(one.name for one in made) == OF_AGENTS

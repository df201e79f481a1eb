"""What the HTTP layer costs, in CPU time of this process."""

import pytest
from falcon.testing import TestClient, create_environ

from deuteron import metrics
from tests import cpu
from tests.unit.api.test_resources import make

pytestmark = pytest.mark.slow


def test_a_show_through_the_whole_stack(client: TestClient) -> None:
    network = make(client, name="blue")
    environ = create_environ(f"/v2.0/networks/{network['id']}")
    answered = []

    def show() -> None:
        client.app(dict(environ), lambda status, *_more: answered.append(status))

    assert cpu.spent(show, 1000) < 100e-6
    assert set(answered) == {"200 OK"}


def test_measuring_a_request() -> None:
    timer = metrics.REQUESTS.labels("GET", "/cost", "200")
    assert cpu.spent(lambda: timer.observe(0.003), 10000) < 5e-6

"""Request ids, log lines, health and metrics."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from falcon.testing import TestClient

from deuteron import logs
from deuteron.api import Known
from deuteron.errors import DatabaseUnavailable
from deuteron.metrics import REGISTRY, FollowerLag, RangeUse
from tests.unit.api.shelf import Shelf
from tests.unit.api.test_resources import make

GLOBAL_ID = "req-4f7d1ab5-3f5c-4f0c-8c80-7dd0d9bd4b1f"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[str]]]:
    """The log of the process, as it is configured when it serves."""
    root, ours = logging.getLogger(), logging.getLogger("deuteron")
    before = (root.handlers[:], root.level, ours.level)
    stream = io.StringIO()
    logs.configure(debug=True, stream=stream)
    yield lambda: stream.getvalue().splitlines()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_every_request_has_an_id_of_its_own(client: TestClient) -> None:
    ids = {
        client.simulate_get(path).headers["x-openstack-request-id"]
        for path in ("/", "/v2.0/networks", "/v2.0/networks/nope", "/nowhere", "/v2.0/nowhere")
    }
    assert len(ids) == 5
    assert all(len(one) == len(GLOBAL_ID) and one.startswith("req-") for one in ids)


def test_the_log_names_the_request_and_the_callers_one(
    client: TestClient, lines: Callable[[], list[str]]
) -> None:
    result = client.simulate_get(
        "/v2.0/networks/nope", headers={"X-Openstack-Request-Id": GLOBAL_ID}
    )
    own = result.headers["x-openstack-request-id"]
    assert own != GLOBAL_ID
    refused, done = lines()
    assert f" INFO {own}/{GLOBAL_ID} deuteron.api.faults GET /v2.0/networks/nope" in refused
    assert f" DEBUG {own}/{GLOBAL_ID} deuteron.api.observe GET /v2.0/networks/nope: 404" in done


def test_an_inbound_id_of_another_form_is_ignored(
    client: TestClient, lines: Callable[[], list[str]]
) -> None:
    headers = {"X-Openstack-Request-Id": "req-junk"}
    result = client.simulate_get("/v2.0/networks", headers=headers)
    own = result.headers["x-openstack-request-id"]
    assert f" {own} " in lines()[0]
    assert "junk" not in lines()[0]


def test_a_log_line_is_one_line(lines: Callable[[], list[str]]) -> None:
    logging.getLogger("deuteron.x").warning("two\nlines %s", "and\ra return")
    [line] = lines()
    assert line.endswith(" WARNING - deuteron.x two\\nlines and\\ra return")


def test_a_line_of_a_library_below_info_is_left_out(lines: Callable[[], list[str]]) -> None:
    logging.getLogger("somebody").debug("chatter")
    assert lines() == []


def test_healthy(client: TestClient) -> None:
    result = client.simulate_get("/healthcheck")
    assert (result.status_code, result.json["healthy"]) == (200, True)


def test_unhealthy_without_its_database(client: TestClient, deployment: Any) -> None:
    deployment.database.well = False
    result = client.simulate_get("/healthcheck")
    assert (result.status_code, result.json["healthy"]) == (503, False)
    assert "unplugged" in result.json["database"]


def _count(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("deuteron_http_request_seconds_count", labels) or 0


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    cases = [
        ("GET", "/v2.0/networks", "200"),
        ("GET", "/v2.0/networks/{id}", "404"),
        ("GET", "none", "404"),
        ("POST", "/v2.0/networks", "201"),
        ("PATCH", "/v2.0/networks", "405"),
    ]
    before = [_count(*case) for case in cases]
    client.simulate_get("/v2.0/networks")
    for path in ("/v2.0/networks/a", "/v2.0/networks/b", "/nowhere"):
        client.simulate_get(path)
    make(client)
    client.simulate_patch("/v2.0/networks")
    after = [_count(*case) for case in cases]
    assert [a - b for a, b in zip(after, before, strict=True)] == [1, 2, 1, 1, 1]


def test_metrics_are_shown(client: TestClient) -> None:
    client.simulate_get("/v2.0/networks")
    result = client.simulate_get("/metrics")
    assert result.headers["content-type"].startswith("text/plain")
    assert 'deuteron_http_request_seconds_bucket{le="0.001",method="GET"' in result.text
    assert "process_resident_memory_bytes" in result.text


USE = RangeUse(network_type="vlan", physical_network="p1", minimum=10, maximum=19, used=3)
LABELS = '{maximum="19",minimum="10",network_type="vlan",physical_network="p1"}'


def test_metrics_show_the_use_of_segment_ranges(client_of: Callable[..., TestClient]) -> None:
    text = client_of(known=Known(ranges=lambda _deployment: [USE])).simulate_get("/metrics").text
    assert f"deuteron_segment_range_used{LABELS} 3.0" in text
    assert f"deuteron_segment_range_size{LABELS} 10.0" in text


def test_metrics_show_how_far_followers_are_behind(client_of: Callable[..., TestClient]) -> None:
    lag = FollowerLag(name="nova", entries=3, seconds=1.5)
    text = client_of(known=Known(lags=lambda _deployment: [lag])).simulate_get("/metrics").text
    assert 'deuteron_follower_lag_entries{follower="nova"} 3.0' in text
    assert 'deuteron_follower_lag_seconds{follower="nova"} 1.5' in text


def test_metrics_do_without_the_database(client_of: Callable[..., TestClient]) -> None:
    def unwell(_deployment: Any) -> list[RangeUse]:
        raise DatabaseUnavailable(reason="it is unplugged")

    result = client_of(known=Known(ranges=unwell)).simulate_get("/metrics")
    assert result.status_code == 200
    assert "deuteron_http_request_seconds" in result.text


def test_worker_processes_count_together(tmp_path: Any) -> None:
    observe = (
        "from deuteron import metrics; metrics.observe_driver_hook('ovs', 'bind_port', 0.01);"
        "print(metrics.exposition().decode())"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        shown = subprocess.run(
            [sys.executable, "-c", observe], env=environment, capture_output=True, check=True
        )
    assert b'seconds_count{driver="ovs",hook="bind_port"} 2.0' in shown.stdout


def test_a_request_leaves_no_id_behind(client: TestClient, shelf: Shelf) -> None:
    seen = []
    shelf.trouble = [KeyError()]
    client.simulate_get("/v2.0/networks")
    seen.append(logs.REQUEST.get())
    assert seen == ["-"]

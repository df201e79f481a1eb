"""What the service counts and times, for Prometheus.

The metric objects are here so that every layer may use them; `/metrics` shows them. With
``PROMETHEUS_MULTIPROC_DIR`` set (before the first import, by `deuteron.app`) the worker processes
write into files there and any of them answers for all.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

# Seconds. A show is below a millisecond, a list of everything below a second.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REGISTRY = CollectorRegistry()

REQUESTS = Histogram(
    "deuteron_http_request_seconds",
    "Requests by method, route and status, and how long they took.",
    ("method", "route", "status"),
    buckets=_BUCKETS,
    registry=REGISTRY,
)
BINDS = Counter(
    "deuteron_binds",
    "Attempts to bind a port, by outcome and, where it failed, by the reason of each refusal.",
    ("outcome", "reason"),
    registry=REGISTRY,
)
DRIVER_HOOKS = Histogram(
    "deuteron_driver_hook_seconds",
    "How long hooks of mechanism drivers took.",
    ("driver", "hook"),
    buckets=_BUCKETS,
    registry=REGISTRY,
)


def observe_driver_hook(driver: str, hook: str, seconds: float) -> None:
    """Count one call of a driver's hook.

    Args:
        driver: its configured name.
        hook: the method.
        seconds: how long it took.
    """
    _timer(driver, hook).observe(seconds)


@cache
def _timer(driver: str, hook: str) -> Histogram:
    # Among the dearest things that bind many ports, if it is looked up for each.
    return DRIVER_HOOKS.labels(driver, hook)


if MULTIPROCESS not in os.environ:
    ProcessCollector(registry=REGISTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeUse:
    """How much of a segment range is taken.

    Args:
        network_type: vlan, vxlan, ...
        physical_network: '' for tunnels.
        minimum: first id of the range.
        maximum: last id of the range.
        used: how many of its ids networks have.
    """

    network_type: str
    physical_network: str
    minimum: int
    maximum: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerLag:
    """How far a follower of the journal is behind.

    Args:
        name: of the follower.
        entries: numbers of the journal that it has not been given yet.
        seconds: since the first of them was written.
    """

    name: str
    entries: int
    seconds: float


class _Lags(Collector):
    """Shows what was found at this moment; the database knows it for all processes."""

    def __init__(self, lags: Iterable[FollowerLag]) -> None:
        self._lags = lags

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The samples of now."""
        entries = GaugeMetricFamily(
            "deuteron_follower_lag_entries",
            "Entries of the journal that a follower has not been given yet.",
            None,
            ("follower",),
        )
        seconds = GaugeMetricFamily(
            "deuteron_follower_lag_seconds",
            "Seconds since the first entry was written that a follower has not been given yet.",
            None,
            ("follower",),
        )
        for lag in self._lags:
            entries.add_metric((lag.name,), lag.entries)
            seconds.add_metric((lag.name,), lag.seconds)
        yield entries
        yield seconds


class _Ranges(Collector):
    """Shows what was found at this moment; the database knows it for all processes."""

    def __init__(self, ranges: Iterable[RangeUse]) -> None:
        self._ranges = ranges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The samples of now."""
        labels = ("network_type", "physical_network", "minimum", "maximum")
        used = GaugeMetricFamily(
            "deuteron_segment_range_used",
            "Ids of a segment range that networks have.",
            None,
            labels,
        )
        size = GaugeMetricFamily(
            "deuteron_segment_range_size", "Ids that a segment range has.", None, labels
        )
        for use in self._ranges:
            of = (use.network_type, use.physical_network, str(use.minimum), str(use.maximum))
            used.add_metric(of, use.used)
            size.add_metric(of, use.maximum - use.minimum + 1)
        yield used
        yield size


def exposition(ranges: Iterable[RangeUse] = (), lags: Sequence[FollowerLag] = ()) -> bytes:
    """All metrics of all processes in Prometheus' text format.

    Args:
        ranges: the use of the segment ranges at this moment.
        lags: of the followers at this moment.
    """
    everything = CollectorRegistry()
    if MULTIPROCESS in os.environ:
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    else:
        everything.register(REGISTRY)
    everything.register(_Ranges(ranges))
    if lags:
        everything.register(_Lags(lags))
    return generate_latest(everything)

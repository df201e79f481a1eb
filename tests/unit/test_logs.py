"""How the log looks."""

import io
import logging
from collections.abc import Iterator

import pytest

from deuteron import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged as by a server."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("name", "traceback"),
    [
        ("oslo_messaging._drivers.amqpdriver", False),
        ("oslo.messaging._drivers.impl_rabbit", False),
        ("deuteron.rpc.dispatcher", True),
    ],
)
def test_only_our_own_faults_have_tracebacks(
    stream: io.StringIO, name: str, traceback: bool
) -> None:
    try:
        raise ValueError("no\nJSON")
    except ValueError:
        logging.getLogger(name).exception("%s is\nskipped", "it")
    told = stream.getvalue().splitlines()
    assert "it is\\nskipped" in told[0]
    assert (len(told) > 1) is traceback
    assert ("ValueError('no\\nJSON')" in told[0]) is not traceback

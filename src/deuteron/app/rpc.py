"""The processes that speak with agents, and the command that runs nothing else.

deuteron serve, deuteron rpc      lean: no drivers, no database, no messaging library
  |-- rpc       answers what agents ask
  `-- reports   takes what agents report, so that whatever floods it harms nothing else
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from deuteron import logs
from deuteron.app import lean, state_folder
from deuteron.app.children import Child, Children
from deuteron.config import Settings
from deuteron.errors import NetworkError, StartError

LOG = logging.getLogger(__name__)

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds that calls in hand have to end after a signal.
_GRACE = 10.0
_ALLOCATIONS_PER_COLLECTION = 100_000
_REPORTS = "q-reports-plugin"


def run(settings: Settings) -> int:
    """Speak with agents until a signal ends it.

    Args:
        settings: what was configured.

    Returns:
        0 after SIGINT, SIGTERM or SIGHUP.

    Raises:
        StartError: no broker is configured, or the state folder or its lock cannot be had.
    """
    if settings.transport_url is None:
        raise StartError(
            msg="no broker is configured; set [DEFAULT] transport_url to "
            "rabbit://USER:PASSWORD@HOST:PORT/VHOST"
        )
    logs.configure(debug=settings.debug, stream=log_stream(settings.log_file))
    state_folder.prepare(settings.state_path)
    with state_folder.locked(settings.database.connection):
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        working = Children(children(settings))
        working.start()
        signal.sigwait(_ENDING)
        working.stop()
    return 0


def children(settings: Settings) -> list[Child]:
    """The processes that a configuration asks for; none without a broker.

    Args:
        settings: what was configured.
    """
    if settings.transport_url is None:
        return []
    reporting = settings.rpc_state_report_workers
    reports = [
        Child(name=f"reports-{number + 1}", run=partial(_work, settings, only={_REPORTS}))
        for number in range(reporting)
    ]
    without = {_REPORTS} if reporting else set()
    answers = [
        Child(name=f"rpc-{number + 1}", run=partial(_work, settings, without=without))
        for number in range(settings.rpc_workers)
    ]
    return [*answers, *reports]


def log_stream(path: str | None) -> Any:
    """Where to log: a file opened for appending, or standard error.

    Args:
        path: of the file, None for standard error.
    """
    if path is None:
        return sys.stderr
    try:
        return Path(path).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        LOG.warning("[DEFAULT] log_file = %s cannot be written: %s", path, error.strerror)
        return sys.stderr


def _work(
    settings: Settings,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> None:
    """In a process of its own: answer topics until SIGTERM, or until the parent is gone."""
    parent = os.getppid()
    # Ctrl-C is for the parent, which ends this process.
    os.setpgid(0, 0)
    logs.configure(debug=settings.debug, stream=log_stream(settings.log_file))
    # Nothing that an import makes is garbage, and nothing of it ever will be.
    gc.disable()
    begun = threading.Event()
    ended = threading.Event()
    for number in _ENDING:
        signal.signal(number, lambda _number, _frame: ended.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        service, following = _service(settings, only=only, without=without)
    except NetworkError as error:
        LOG.error("Agents are not answered: %s", error.message)
        sys.exit(1)
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION)
    gc.enable()

    def begin() -> None:
        service.begin()  # waits for the broker
        begun.set()
        LOG.info("Agents are answered")

    threading.Thread(target=begin, name="begin", daemon=True).start()
    following.start()
    while not ended.wait(1):
        if os.getppid() != parent:
            break
    following.stop()
    if begun.is_set():
        ending = threading.Thread(target=service.end, name="end", daemon=True)
        ending.start()
        ending.join(_GRACE)
    logging.shutdown()
    os._exit(0)  # threads of the library may wait for the broker for ever


def _service(
    settings: Settings, *, only: Collection[str] | None, without: Collection[str]
) -> tuple[Any, Any]:
    """What answers agents, and what tells them; a process for reports only tells nothing."""
    lean.import_neutron_lib()
    # Heavy, so only in the processes that need them.
    from deuteron.app.background import Following, own_context
    from deuteron.app.deployment import build
    from deuteron.rpc.followers import followers
    from deuteron.rpc.outgoing import BrokerOutgoing
    from deuteron.rpc.service import Service, connect
    from deuteron.rpc.topics import topics

    all_topics = topics()
    chosen = [
        topic for topic in all_topics if (only is None or topic in only) and topic not in without
    ]
    deployment, transport = build(settings), connect(settings)
    outgoing = BrokerOutgoing(transport)
    told = followers(deployment, outgoing, own_context) if only is None else ()
    return (
        Service(deployment, transport, all_topics, only=chosen),
        Following(deployment.database, told),
    )

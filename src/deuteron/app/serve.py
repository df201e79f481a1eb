"""The server: one lean parent process that listens to signals, and workers that answer requests.

    deuteron serve
      |-- state folder, lock, address      faults end here, with one line
      |-- clouds.yaml                      what clients need to know
      |-- Granian
      |     |-- worker 1   imports the application, prepares the database, serves
      |     `-- worker N   likewise; one that dies is replaced
      `-- rpc, reports     speak with agents, if there is a broker; likewise

The parent never imports the application: neutron-lib and SQLAlchemy would cost their time and
memory once more. A fault that only a worker can meet (a driver that does not load, a database that
is newer than the code) travels back through a pipe and ends the parent, so that it is told once.
"""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian import Granian, _signals
from granian._granian import WorkerSignal
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from deuteron import __version__, logs
from deuteron.app import lean, memory, rpc, state_folder
from deuteron.app.children import Children
from deuteron.config import Settings
from deuteron.errors import NetworkError, StartError

Application = Callable[..., Any]
Load = Callable[[Settings], Application]

LOG = logging.getLogger(__name__)

# Seconds that requests in hand have to end after a signal; a client that never ends is cut off.
_GRACE = 30
# Seconds from an application that is loaded to a worker that listens to everything; it is far less.
_MOMENT = 0.5
# A fault is written to a pipe in one piece (less than PIPE_BUF), and an end mark after it.
_LONGEST_FAULT = 4000
_END = "\0"
# A request leaves no cycles, and a list of 10,000 ports makes 100,000 objects at once: with the
# usual threshold a fifth of its time is spent looking for garbage among them.
_ALLOCATIONS_PER_COLLECTION = 100_000
_CALLERS = {
    "noauth": "without authentication",
    "http_basic": "with passwords",
    "keystone": "with tokens of Keystone",
}
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    """What parent and workers tell each other, over three pipes.

    Args:
        parent: process id of the parent.
        life: reading and writing end; nothing is written, but only the parent keeps it open.
        faults: reading and writing end; workers write why they cannot start.
        turn: reading and writing end; whoever reads its one byte greets the user.
    """

    parent: int
    life: tuple[int, int]
    faults: tuple[int, int]
    turn: tuple[int, int]


def run(settings: Settings, *, load: Load | None = None) -> int:
    """Serves until a signal ends it.

    Args:
        settings: what was configured.
        load: makes the application in a worker; None for the real one.

    Returns:
        0 after SIGINT, SIGTERM or SIGHUP.

    Raises:
        StartError: the state folder, the lock or the address cannot be had, or a worker cannot
            start.
    """
    memory.share_one_heap()  # before anything is forked or has a thread
    logs.configure(debug=settings.debug, stream=rpc.log_stream(settings.log_file))
    state_folder.prepare(settings.state_path)
    with state_folder.locked(settings.database.connection):
        address, port = _free_address(settings.bind_host, settings.bind_port)
        endpoint = _endpoint(address, port)
        clouds = state_folder.write_clouds(
            settings.state_path, endpoint, strategy=settings.auth_strategy
        )
        channel = _Channel(parent=os.getpid(), life=os.pipe(), faults=os.pipe(), turn=os.pipe())
        os.write(channel.turn[1], b"!")
        greeting = _greeting(settings, endpoint, clouds)

        def target() -> Application:
            return _in_worker(settings, load or _load, channel, (address, port), greeting)

        # A forked worker begins with the parent's handlers, which would swallow a signal there.
        # With signals blocked, they wait in a new worker until it can be ended, and here until a
        # thread looks for them, so that nothing made from now on is left behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        beside = Children(rpc.children(settings))
        beside.start()
        try:
            with _shared_metrics(settings):
                ended_well = _serve(settings, (address, port), target)
        finally:
            beside.stop()
        fault = _read(channel.faults[0])
    if fault:
        # Several workers may have met the same fault: the first one's words are enough.
        raise StartError(msg=fault.partition(_END)[0])
    if not ended_well:
        raise StartError(msg="a worker died as often as it was started; the log says why")
    return 0


def _serve(settings: Settings, address: tuple[str, int], load: Callable[[], Application]) -> bool:
    """Runs Granian until a signal ends it; False if workers kept dying."""
    # Forked, not spawned: a worker starts from what the parent has read already.
    multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        target="deuteron",
        address=address[0],
        port=address[1],
        interface=Interfaces.WSGI,
        workers=settings.api_workers,
        blocking_threads=settings.deuteron.api_threads,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        # Its log joins ours.
        log_dictconfig={
            "handlers": {},
            "loggers": {
                "_granian": {"handlers": [], "propagate": True},
                "granian.access": {"handlers": [], "propagate": True},
            },
        },
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
        process_name="deuteron",
    )

    def target() -> Application:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        return load()

    def end_on_signal() -> None:
        signal.sigwait(_ENDING)
        server.signal_handler_interrupt()  # type: ignore[no-untyped-call]
        signal.sigwait(_ENDING)  # who asks twice does not want to wait for requests in hand
        for worker in server.wrks:
            worker.kill()  # type: ignore[no-untyped-call]

    threading.Thread(target=end_on_signal, daemon=True).start()
    try:
        server.serve(target_loader=target, wrap_loader=False)
    except SystemExit as end:
        return not end.code
    return True


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[None]:
    """Lets any worker answer ``/metrics`` for all of them: each writes its numbers to a folder."""
    if settings.api_workers == 1:
        yield
        return
    with state_folder.of_this_process(settings.state_path / "metrics") as folder:
        os.environ[_METRICS] = str(folder)
        try:
            yield
        finally:
            del os.environ[_METRICS]


def _in_worker(
    settings: Settings,
    load: Load,
    channel: _Channel,
    address: tuple[str, int],
    greeting: str,
) -> Application:
    """The application, in a worker's process; a fault is told to the parent instead of raised."""
    # Ctrl-C is for the parent, which lets workers finish what they have in hand.
    os.setpgid(0, 0)
    os.close(channel.life[1])
    threading.Thread(target=_end_with_parent, args=(channel.life[0],), daemon=True).start()
    logs.configure(debug=settings.debug, stream=rpc.log_stream(settings.log_file))
    # Nothing that an import makes is garbage, and nothing of it ever will be.
    gc.disable()
    try:
        application = load(settings)
    except NetworkError as error:
        fault = error.message
    except (Exception, SystemExit) as error:
        LOG.debug("The worker cannot start", exc_info=error)
        fault = (
            f"the worker cannot start: {type(error).__name__}: {error} "
            "(set debug = true in [DEFAULT] for the traceback)"
        )
    else:
        gc.freeze()
        gc.set_threshold(_ALLOCATIONS_PER_COLLECTION)
        gc.enable()
        _signals.set_sync_signals = _listen_to_signals
        if _read(channel.turn[0]):
            threading.Thread(target=_greet, args=(address, greeting), daemon=True).start()
        return application
    os.write(channel.faults[1], fault.encode()[:_LONGEST_FAULT] + _END.encode())
    os.kill(channel.parent, signal.SIGTERM)
    while True:
        signal.pause()  # the parent ends this process


def _listen_to_signals() -> WorkerSignal:
    """Replaces Granian's function of the worker that turns signals into the event that ends it.

    Granian's misses a signal that comes before the event has listeners, and hangs at a second one
    (systemd sends one to every process of a service, and the parent sends another). Here the event
    is set once, and not before there are listeners.
    """
    event = WorkerSignal()
    told = threading.Event()
    listening = time.monotonic() + _MOMENT

    def set_event() -> None:
        told.wait()
        time.sleep(max(0, listening - time.monotonic()))
        event.set()

    for number in _ENDING:
        signal.signal(number, lambda _number, _frame: told.set())
    threading.Thread(target=set_event, daemon=True).start()
    return event


def _load(settings: Settings) -> Application:
    lean.import_neutron_lib()
    from deuteron.app import wsgi  # heavy, so only where it is used

    application: Application = wsgi.load(settings)
    return application


def _end_with_parent(life: int) -> None:
    """Ends this process when its parent is gone, however that came."""
    os.read(life, 1)  # returns when nobody can write any more
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def _read(descriptor: int) -> str:
    """What is in a pipe now, '' if nothing is."""
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, _LONGEST_FAULT).decode(errors="replace")
    except BlockingIOError:
        return ""


def _greet(address: tuple[str, int], greeting: str) -> None:
    """Prints what to try as soon as trying it works."""
    for _ in range(1000):
        with suppress(OSError), socket.create_connection(address, timeout=1):
            break
        time.sleep(0.01)
    with suppress(OSError):
        print(greeting, flush=True)  # noqa: T201 - this is for the person who typed the command


def _free_address(host: str, port: int) -> tuple[str, int]:
    """The address in numbers, with a port chosen if it was 0.

    Workers share the port, so that a second server would not be noticed by the kernel: it is
    looked for here, by a socket that does not share.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        family, sockaddr = found[0], found[4]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(sockaddr)
            name = probe.getsockname()
    except OSError as error:
        raise StartError(
            msg=f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "stop what uses it or choose another --host or --port"
        ) from None
    return str(name[0]), int(name[1])


def _endpoint(address: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _greeting(settings: Settings, endpoint: str, clouds: Path | None) -> str:
    workers = f"{settings.api_workers} worker{'s' if settings.api_workers > 1 else ''}"
    kind = settings.database.connection.partition(":")[0].partition("+")[0]
    known = _CALLERS[settings.auth_strategy]
    begin = f"""Deuteron {__version__} serves the OpenStack Networking API on {endpoint}
  {workers}, {kind}, {known}; state folder {settings.state_path}
  Ctrl-C ends it."""
    if clouds is None:
        return f"{begin}\n"
    return f"""{begin} Try in another terminal:

    curl {endpoint}/v2.0/networks

    export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD=deuteron
    openstack network create blue
    openstack subnet create --network blue --subnet-range 192.0.2.0/24 blue
    openstack port create --network blue one
"""

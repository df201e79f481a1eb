"""A private RabbitMQ server, and what looks at it from outside."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import amqp

from tests.instances.process import Folder, free_port, wait_until

# Debian's commands in the path change to an account of theirs; these do not.
_PROGRAMS = "/usr/lib/rabbitmq/bin"


def programs() -> tuple[str, str] | None:
    """The server and Erlang's port mapper, None if they are not installed."""
    server = shutil.which("rabbitmq-server", path=_PROGRAMS)
    epmd = shutil.which("epmd")
    return (server, epmd) if server and epmd else None


class RabbitMQ:
    """A broker that listens on a port of its own. Use `start` and `stop` at will."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._server, self._epmd_program = found
        self._folder = Folder("rabbitmq", "rabbitmq")
        self.port = free_port()
        path = self._folder.path
        (path / "plugins").write_text("[].\n")
        (path / "rabbitmq.conf").write_text("")
        self._environment = {
            "HOME": str(path),
            "PATH": os.environ["PATH"],
            "RABBITMQ_NODENAME": f"deuteron-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(path / "mnesia"),
            "RABBITMQ_LOG_BASE": str(path / "logs"),
            "RABBITMQ_CONFIG_FILE": str(path / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(path / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As ``transport_url`` has it."""
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it and wait until it takes messages."""
        port = self._environment["ERL_EPMD_PORT"]
        self._epmd = self._folder.start(
            [self._epmd_program, "-address", "127.0.0.1", "-port", port], self._environment
        )
        self._process = self._folder.start([self._server], self._environment)
        wait_until(lambda: self.connect().close(), self._process, self._folder)

    def connect(self) -> amqp.Connection:
        """A connection of the tests' own."""
        connection = amqp.Connection(f"127.0.0.1:{self.port}", "guest", "guest", connect_timeout=5)
        connection.connect()
        return connection

    def waiting(self, queue: str) -> int:
        """How many messages a queue holds that nobody has taken."""
        connection = self.connect()
        try:
            return int(connection.channel().queue_declare(queue, passive=True).message_count)
        finally:
            connection.close()

    def listened(self, queue: str) -> bool:
        """Whether somebody takes the messages of a queue."""
        connection = self.connect()
        try:
            return bool(connection.channel().queue_declare(queue, passive=True).consumer_count)
        except amqp.NotFound:
            return False
        finally:
            connection.close()

    def take(self, queue: str) -> list[str]:
        """The messages that a queue holds, which it loses."""
        connection = self.connect()
        try:
            channel = connection.channel()
            taken = iter(lambda: channel.basic_get(queue, no_ack=True), None)
            return [str(message.body) for message in taken]
        except amqp.NotFound:
            return []
        finally:
            connection.close()

    def publish(self, exchange: str, key: str, body: str) -> None:
        """Send a message as it is."""
        connection = self.connect()
        try:
            message = amqp.Message(body, content_type="application/json", content_encoding="utf-8")
            connection.channel().basic_publish(message, exchange=exchange, routing_key=key)
        finally:
            connection.close()

    def stop(self, *, kill: bool = False) -> None:
        """End it; with all that it held, as its queues are not durable."""
        for process in (self._process, self._epmd):
            if process is not None:
                number = signal.SIGKILL if kill else signal.SIGTERM
                os.killpg(process.pid, number)
                process.wait(60)
        self._process = self._epmd = None

    def remove(self) -> None:
        """End it and remove its folder."""
        self.stop(kill=True)
        self._folder.remove()

    @property
    def log(self) -> str:
        """What it printed."""
        return Path(self._folder.path / "log").read_text(errors="replace")

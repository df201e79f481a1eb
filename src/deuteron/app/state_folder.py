"""The state folder: the database of a single machine, its lock, and clouds.yaml for clients."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deuteron.errors import StartError

_CLOUDS = """\
# Written at every start. Use it with:
#   export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD=deuteron
clouds:
  deuteron:
    auth_type: none
    auth:
      endpoint: {endpoint}
    network_endpoint_override: {endpoint}
"""


def prepare(folder: Path) -> None:
    """Makes the folder, for its owner only.

    Args:
        folder: absolute.

    Raises:
        StartError: it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            msg=f"the state folder {folder} cannot be made: {error.strerror}; "
            "choose another by --state-dir or [DEFAULT] state_path"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(
            msg=f"the state folder {folder} cannot be written; "
            "choose another by --state-dir or [DEFAULT] state_path"
        )


@contextmanager
def locked(connection: str) -> Iterator[None]:
    """Keeps other servers from the database file; other kinds of databases may be shared.

    The lock is held by the process and its children, and is gone with them however they end.

    Args:
        connection: URL of the database.

    Raises:
        StartError: another server has the lock, or the file cannot be made.
    """
    path = sqlite_path(connection)
    if path is None:
        yield
        return
    lock_path = path.with_name(f"{path.name}.lock")
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            msg=f"the lock {lock_path} cannot be made: {error.strerror}; "
            "correct [database] connection or choose another --state-dir"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            raise StartError(
                msg=f"{path} is in use by another server (process {holder}); "
                "stop it, or choose another --state-dir"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


@contextmanager
def of_this_process(folder: Path) -> Iterator[Path]:
    """A folder for as long as this process lives; what killed ones left behind is removed.

    Args:
        folder: in which it is made, with the number of the process as its name.

    Raises:
        StartError: it cannot be made.
    """
    own = folder / str(os.getpid())
    try:
        folder.mkdir(exist_ok=True)
        for other in folder.iterdir():
            if not Path("/proc", other.name).exists() or other == own:
                shutil.rmtree(other, ignore_errors=True)
        own.mkdir()
    except OSError as error:
        raise StartError(msg=f"{own} cannot be made: {error.strerror}") from None
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def sqlite_path(connection: str) -> Path | None:
    """The file of an SQLite database, None for other kinds.

    Args:
        connection: URL of the database.
    """
    scheme, _, rest = connection.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return None
    return Path(rest.partition("?")[0].removeprefix("/")).resolve()


def require_database(connection: str) -> None:
    """Insists on a database file that exists, since opening a missing one would make it.

    Args:
        connection: URL of the database.

    Raises:
        StartError: there is no such file.
    """
    path = sqlite_path(connection)
    if path is not None and not path.exists():
        raise StartError(
            msg=f"there is no database {path}: run `deuteron db upgrade`, "
            "or correct --state-dir or [database] connection"
        )


def write_clouds(folder: Path, endpoint: str, *, strategy: str = "noauth") -> Path | None:
    """Writes what the ``openstack`` client and SDK need to know of the server.

    Args:
        folder: the state folder.
        endpoint: URL of the server, without a path.
        strategy: ``auth_strategy``; where callers have to say who they are, they know better than
            a file of ours what their client needs.

    Returns:
        The file, None if there is none for this strategy.

    Raises:
        StartError: it cannot be written.
    """
    if strategy != "noauth":
        return None
    path = folder / "clouds.yaml"
    new = folder / f".clouds.yaml.{os.getpid()}"
    try:
        new.write_text(_CLOUDS.format(path=path, endpoint=endpoint), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise StartError(msg=f"{path} cannot be written: {error.strerror}") from None
    return path

"""Users with passwords: ``auth_strategy = http_basic``, for a site without an identity service.

The file is Apache's, with bcrypt hashes alone (``htpasswd -B``):

    alice:$2y$10$...

Who gives the right password is trusted as on a server without authentication: an administrator,
unless the headers ``X-Roles`` and ``X-Project-Id`` say as what the request is to be judged
(`auth.from_headers`). bcrypt is slow on purpose, so a password that was right is believed for a
minute without it; a changed file is read anew at once.
"""

import base64
import binascii
import hmac
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import falcon

from deuteron.api import auth
from deuteron.context import RequestContext
from deuteron.errors import ConfigError, Unauthorized

LOG = logging.getLogger(__name__)

CHALLENGE = 'Basic realm="deuteron"'
# Seconds for which a password that was right is believed.
BELIEVED = 60

_HASH = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_OPTION = "[DEFAULT] http_basic_auth_user_file"
_MOST_BELIEVED = 1000
# An unknown user costs as much time as a known one with a wrong password.
_NOBODYS_HASH = bcrypt.hashpw(b"nobody", bcrypt.gensalt(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Users:
    """What a file says.

    Args:
        mtime: when it changed last, in nanoseconds.
        hashes: user -> bcrypt hash.
    """

    mtime: int
    hashes: dict[str, bytes]


class Passwords:
    """The strategy: ``authenticate(request) -> RequestContext``.

    Args:
        path: of the file.
        clock: seconds that only go forward.

    Raises:
        ConfigError: the file cannot be read, or has lines that mean nothing.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._users = read(path)
        self._believed: dict[bytes, float] = {}
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()

    def __call__(self, request: falcon.Request) -> RequestContext:
        """Who asks, by the header ``Authorization``.

        Raises:
            Unauthorized: no user and password, or none that fit.
        """
        user, password = _credentials(request.env.get("HTTP_AUTHORIZATION"))
        if not self._fits(user, password):
            LOG.warning("Wrong user or password of %r from %s", user, request.remote_addr)
            raise Unauthorized(challenge=CHALLENGE, reason="The user or the password is wrong.")
        return auth.from_headers(request, user_id=user)

    def _fits(self, user: str, password: bytes) -> bool:
        known = self._present().hashes.get(user)
        seen = hmac.digest(self._key, user.encode() + b"\0" + password + (known or b""), "sha256")
        now = self._clock()
        if self._believed.get(seen, 0) > now:
            return True
        if len(password) > 72:  # more than bcrypt looks at
            return False
        if not bcrypt.checkpw(password, known or _NOBODYS_HASH) or known is None:
            return False
        with self._lock:
            if len(self._believed) >= _MOST_BELIEVED:
                self._believed.clear()
            self._believed[seen] = now + BELIEVED
        return True

    def _present(self) -> _Users:
        """The users of the file as it is; a faulty one does not replace what was good."""
        try:
            if Path(self._path).stat().st_mtime_ns != self._users.mtime:
                self._users = read(self._path)
        except (OSError, ConfigError) as error:
            LOG.error("The users are those of the last good file: %s", error)
        return self._users


def read(path: str) -> _Users:
    """The users of a file.

    Args:
        path: of a file in Apache's format.

    Raises:
        ConfigError: with a line for each fault.
    """
    file = Path(path)
    try:
        mtime = file.stat().st_mtime_ns
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            msg=f"{_OPTION} = {path}: cannot be read: {reason}; "
            f"make it with htpasswd -cB {path} USER"
        ) from None
    hashes: dict[str, bytes] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        user, colon, digest = line.strip().partition(":")
        if not colon or not user:
            faults.append(f"{path}:{number}: this is no USER:HASH")
        elif not _HASH.fullmatch(digest):
            faults.append(f"{path}:{number}: {user} has no bcrypt hash; make one with htpasswd -B")
        elif user in hashes:
            faults.append(f"{path}:{number}: {user} stands there twice; remove one line")
        else:
            hashes[user] = digest.encode()
    if not hashes and not faults:
        faults.append(f"{path}: there is no user; add one with htpasswd -B {path} USER")
    if faults:
        raise ConfigError(msg="\n".join(faults))
    return _Users(mtime=mtime, hashes=hashes)


def _credentials(header: str | None) -> tuple[str, bytes]:
    """User and password of a header (RFC 7617).

    Raises:
        Unauthorized: there are none.
    """
    if header is None:
        raise Unauthorized(challenge=CHALLENGE, reason="Say who you are: user and password.")
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        if not colon:
            raise ValueError
        return user.decode(), password
    except (ValueError, binascii.Error):
        raise Unauthorized(
            challenge=CHALLENGE, reason="The header Authorization has no user and password."
        ) from None

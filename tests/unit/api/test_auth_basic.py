"""Users of a file with bcrypt hashes."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import falcon
import pytest
from falcon.testing import create_req

from deuteron.api.auth import REQUEST_ID
from deuteron.api.auth_basic import BELIEVED, Passwords
from deuteron.context import RequestContext
from deuteron.errors import ConfigError, Unauthorized

Ask = Callable[..., RequestContext]


def line(user: str, password: str, *, cost: int = 4) -> str:
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()}\n"


def asking(user: str, password: str, **headers: str) -> falcon.Request:
    said = base64.b64encode(f"{user}:{password}".encode()).decode()
    return with_header(f"Basic {said}", **headers)


def with_header(authorization: str | None, **headers: str) -> falcon.Request:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if authorization is not None:
        given["Authorization"] = authorization
    request = create_req(headers=given)
    request.env[REQUEST_ID] = "req-1"
    return request


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "htpasswd"
    path.write_text(f"# people\n\n{line('alice', 'wonder:land')}{line('bob', 'builder')}")
    return path


@pytest.fixture
def passwords(file: Path, clock: Clock) -> Passwords:
    return Passwords(str(file), clock)


def test_who_knows_the_password_is_an_administrator(passwords: Passwords) -> None:
    ctx = passwords(asking("alice", "wonder:land"))
    assert (ctx.user_id, ctx.is_admin, ctx.request_id) == ("alice", True, "req-1")


def test_headers_say_as_what_the_request_is_judged(passwords: Passwords) -> None:
    ctx = passwords(asking("bob", "builder", X_Roles="member", X_Project_Id="p"))
    assert (ctx.project_id, ctx.is_admin, ctx.unrestricted) == ("p", False, False)
    assert ctx.roles == {"member", "reader"}


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice", "builder"),
        ("alice", ""),
        ("alice", "wonder:land "),
        ("carol", "wonder:land"),
        ("carol", "nobody"),
        ("", "nobody"),
        ("alice", "x" * 5000),
        ("bob", "builder\0"),
        ("# people", ""),
    ],
)
def test_others_are_refused(passwords: Passwords, user: str, password: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        passwords(asking(user, password))
    assert caught.value.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic !!!", "Basic YWxpY2U=", "Bearer abc", "Basic //8="]
)
def test_a_header_that_names_nobody_is_refused(passwords: Passwords, header: Any) -> None:
    with pytest.raises(Unauthorized):
        passwords(with_header(header))


def test_a_right_password_is_believed_for_a_while(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "htpasswd"
    path.write_text(line("alice", "secret", cost=9))
    passwords = Passwords(str(path), clock)
    first = seconds(passwords, asking("alice", "secret"))
    assert seconds(passwords, asking("alice", "secret")) < first / 5
    with pytest.raises(Unauthorized):
        passwords(asking("alice", "secreT"))
    clock.now += BELIEVED + 1
    assert seconds(passwords, asking("alice", "secret")) > first / 3


def seconds(passwords: Passwords, request: falcon.Request) -> float:
    begin = time.process_time()
    passwords(request)
    return time.process_time() - begin


def test_a_changed_file_counts_at_once(passwords: Passwords, file: Path) -> None:
    passwords(asking("alice", "wonder:land"))
    file.write_text(line("alice", "changed"))
    with pytest.raises(Unauthorized):
        passwords(asking("alice", "wonder:land"))
    assert passwords(asking("alice", "changed")).user_id == "alice"
    with pytest.raises(Unauthorized):
        passwords(asking("bob", "builder"))


def test_a_file_that_became_faulty_changes_nothing(passwords: Passwords, file: Path) -> None:
    file.write_text("alice:plain\n")
    assert passwords(asking("alice", "wonder:land")).user_id == "alice"
    file.unlink()
    assert passwords(asking("bob", "builder")).user_id == "bob"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alice\n", ":1: this is no USER:HASH"),
        (":$2y$04$x\n", ":1: this is no USER:HASH"),
        ("\nalice:secret\n", ":2: alice has no bcrypt hash; make one with htpasswd -B"),
        ("alice:$apr1$abc$def\n", ":1: alice has no bcrypt hash"),
        (line("a", "x") + line("a", "y"), ":2: a stands there twice; remove one line"),
        ("# nobody\n", ": there is no user; add one with htpasswd -B"),
    ],
)
def test_a_bad_line_is_told_at_start(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "htpasswd"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Passwords(str(path))
    assert caught.value.message.startswith(f"{path}{words}")


def test_a_missing_file_is_told_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\[DEFAULT\] http_basic_auth_user_file = .*No such"):
        Passwords(str(tmp_path / "none"))


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text("a\nb:c\n" + line("good", "x"))
    with pytest.raises(ConfigError) as caught:
        Passwords(str(path))
    assert len(caught.value.message.splitlines()) == 2

"""A private Keystone on SQLite, with the projects, users and roles of tests.

    project   users with their roles there
    service   neutron (service), nova (service)
    admin     admin (admin), and admin for the system
    blue      blue-manager, blue-member, blue-reader
    green     green-member

Passwords are the names.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.instances.process import Folder, free_port, wait_until

_CONFIGURATION = """
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///{folder}/keystone.sqlite
[token]
provider = fernet
expiration = {expiration}
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = false
[oslo_policy]
policy_dirs = {folder}/policy.d
"""
# Keystone would take the words of the command line for its own.
_SERVE = """
import os, socketserver, sys
from wsgiref import simple_server
os.environ["OS_KEYSTONE_CONFIG_FILES"], port = sys.argv[1], int(sys.argv[2])
del sys.argv[1:]
from keystone.wsgi.api import application
class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
class Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *_words): pass
simple_server.make_server("127.0.0.1", port, application, Server, Quiet).serve_forever()
"""
_USERS = {
    "neutron": ("service", "service"),
    "nova": ("service", "service"),
    "blue-manager": ("blue", "manager"),
    "blue-member": ("blue", "member"),
    "blue-reader": ("blue", "reader"),
    "green-member": ("green", "member"),
}


class Keystone:
    """A server on a port of its own. Use `start` and `stop` at will."""

    def __init__(self) -> None:
        self._folder = Folder("keystone", "nobody")
        self._folder.user = None  # it runs as who runs the tests
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v3"
        self.projects: dict[str, str] = {}
        self._configure(expiration=3600)
        for command in ("db_sync", "fernet_setup", "credential_setup"):
            account = ("--keystone-user", "root", "--keystone-group", "root")
            asks = command != "db_sync" and os.geteuid() == 0
            self._manage(command, *(account if asks else ()))
        places = [f"--bootstrap-{kind}-url={self.url}" for kind in ("public", "internal", "admin")]
        self._manage("bootstrap", "--bootstrap-password=admin", *places)

    def _configure(self, *, expiration: int) -> None:
        (self._folder.path / "keystone.conf").write_text(
            _CONFIGURATION.format(folder=self._folder.path, expiration=expiration)
        )

    def _manage(self, *words: str) -> None:
        configuration = f"--config-file={self._folder.path}/keystone.conf"
        program = Path(sys.executable).with_name("keystone-manage")
        self._folder.run([str(program), configuration, *words])

    def start(self, *, expiration: int = 3600) -> None:
        """Start it.

        Args:
            expiration: seconds that tokens live.
        """
        self._configure(expiration=expiration)
        self._process = self._folder.start(
            [sys.executable, "-c", _SERVE, f"{self._folder.path}/keystone.conf", str(self.port)]
        )
        wait_until(lambda: self.call("GET", ""), self._process, self._folder)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        self.stop()
        self._folder.remove()

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """One request to the API; the parsed answer, with the token of a new one."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Auth-Token": token},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
            issued = answer.headers.get("X-Subject-Token")
        return issued or (json.loads(content) if content else None)

    def token(self, user: str, scope: Mapping[str, Any] | None = None) -> str:
        """A new token of a user, for its project unless a scope is given."""
        project = _USERS.get(user, (user, ""))[0]
        wanted = scope or {"project": {"name": project, "domain": {"id": "default"}}}
        who = {"name": user, "domain": {"id": "default"}, "password": user}
        identity = {"methods": ["password"], "password": {"user": who}}
        issued = self.call(
            "POST", "/auth/tokens", {"auth": {"identity": identity, "scope": wanted}}
        )
        return str(issued)

    def fill(self) -> None:
        """Make the projects and users."""
        admin = self.token("admin")
        listed = self.call("GET", "/roles", token=admin)["roles"]
        roles = {role["name"]: role["id"] for role in listed}
        if "service" not in roles:
            made = self.call("POST", "/roles", {"role": {"name": "service"}}, admin)
            roles["service"] = made["role"]["id"]
        for name in ("service", "blue", "green"):
            project = {"name": name, "domain_id": "default"}
            made = self.call("POST", "/projects", {"project": project}, admin)
            self.projects[name] = made["project"]["id"]
        for name, (project, role) in _USERS.items():
            user = {"name": name, "password": name, "domain_id": "default"}
            made = self.call("POST", "/users", {"user": user}, admin)["user"]["id"]
            self.call(
                "PUT",
                f"/projects/{self.projects[project]}/users/{made}/roles/{roles[role]}",
                token=admin,
            )

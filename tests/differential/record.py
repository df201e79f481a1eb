"""Records the answers of the reference, Neutron, to the requests of `requests/`.

    python -m tests.differential.record [URL] [AREA...]

URL is that of its API without authentication, where a request without headers is an
administrator's: http://127.0.0.1:29697 by default. What is made is deleted again. Files in which
others than administrators ask, or L3 agents are asked for, need Keystone:
``--keystone URL --network URL``; projects and users are made there, with the password of
``--password`` for all of them.

The reference has every service plugin that it brings, and otherwise the options and the agents of
`tests.differential.site`, which also says what else it needs for some files.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from typing import Any

from tests.differential.scenario import Request, Run, areas, requests_of, write
from tests.differential.site import MULTIHOMED, MULTIHOMING, ROUTED

_SECONDS = 120


def call(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, Any]:
    """Status, headers and parsed body of an answer."""
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", **(headers or {})}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            status, said, raw = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, said, raw = error.code, error.headers, error.read()
    try:
        return status, said, json.loads(raw) if raw else None
    except ValueError:
        return status, said, raw.decode(errors="replace")


class Identity:
    """Projects, users and tokens of a Keystone, made as they are needed."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._tokens: dict[tuple[str, str] | None, str] = {}
        self.projects: dict[str, str] = {}
        self._tokens[None] = self._token("admin", "admin")

    def _token(self, user: str, project: str) -> str:
        domain = {"id": "default"}
        who = {"name": user, "domain": domain, "password": self._password}
        scope = {"project": {"name": project, "domain": domain}}
        identity = {"methods": ["password"], "password": {"user": who}}
        body = json.dumps({"auth": {"identity": identity, "scope": scope}}).encode()
        status, headers, content = call("POST", f"{self._url}/auth/tokens", body)
        if status != 201:
            raise SystemExit(f"Keystone refuses {user}: {content}")
        return str(headers["X-Subject-Token"])

    def _ensured(self, noun: str, **fields: Any) -> str:
        headers = {"X-Auth-Token": self._tokens[None]}
        path = f"{self._url}/{noun}s"
        found = call("GET", f"{path}?name={fields['name']}", headers=headers)[2][f"{noun}s"]
        if not found:
            body = json.dumps({noun: fields}).encode()
            found = [call("POST", path, body, headers)[2][noun]]
        return str(found[0]["id"])

    def token(self, asker: tuple[str, str] | None) -> str:
        """The token of a member of a project, who is made if there is none."""
        if asker not in self._tokens:
            assert asker is not None
            project, role = asker
            project_id = self.project(project)
            name = f"{project}-{role}"
            user_id = self._ensured("user", name=name, password=self._password)
            role_id = self._ensured("role", name=role)
            call(
                "PUT",
                f"{self._url}/projects/{project_id}/users/{user_id}/roles/{role_id}",
                headers={"X-Auth-Token": self._tokens[None]},
            )
            self._tokens[asker] = self._token(name, project)
        return self._tokens[asker]

    def project(self, name: str) -> str:
        """The id of a project, which is made if there is none."""
        self.projects[name] = self._ensured("project", name=name)
        return self.projects[name]


def record(area: str, network: str, identity: Identity | None) -> int:
    """Send the requests of a file and keep the answers; returns how many there are."""
    requests = requests_of(area)

    def send(request: Request, path: str, body: bytes | None) -> tuple[int, Any]:
        headers = dict([request.header]) if request.header else {}
        if identity:
            headers["X-Auth-Token"] = identity.token(request.asker)
        method = request.method
        status, _, content = call(method, f"{network}/v2.0{path}", body, headers)
        return status, content

    run = Run(send=send)
    for project in {request.asker[0] for request in requests if request.asker}:
        assert identity is not None
        run.known[project] = identity.project(project)
    kept = []
    try:
        for request in requests:
            answer = run.ask(request)
            kept.append((request.title, answer))
            told = answer.names if answer.names is not None else ""
            print(f"{area}: {answer.status} {answer.error or ''} {told} <- {request.title}")
    finally:
        run.tidy()
    write(area, kept)
    return len(kept)


def has_several_gateways(network: str, identity: Identity | None) -> bool:
    """Whether the routers of a reference may have several gateways."""
    headers = {"X-Auth-Token": identity.token(None)} if identity else {}
    paths = (f"{network}/v2.0/extensions/{alias}" for alias in MULTIHOMING)
    return all(call("GET", path, headers=headers)[0] == 200 for path in paths)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:29697")
    parser.add_argument("area", nargs="*", help="only these files")
    parser.add_argument("--keystone", help="the URL of Keystone's API v3")
    parser.add_argument("--network", help="the URL of the reference that asks this Keystone")
    parser.add_argument("--password", default="secret")
    asked = parser.parse_args()
    identity = Identity(asked.keystone, asked.password) if asked.keystone else None
    for area in asked.area or areas():
        others = area in ROUTED or any(request.asker for request in requests_of(area))
        if others and identity is None:
            print(f"{area}: left as it is, needs --keystone", file=sys.stderr)
            continue
        network = asked.network if others else asked.url
        if area in MULTIHOMED and not has_several_gateways(network, identity):
            print(f"{area}: left as it is, needs {', '.join(MULTIHOMING)}", file=sys.stderr)
            continue
        count = record(area, network, identity if others else None)
        print(f"{area}: {count} requests", file=sys.stderr)


if __name__ == "__main__":
    main()

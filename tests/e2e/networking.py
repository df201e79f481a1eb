"""The Networking API as the tests of packets use it."""

import json
import urllib.error
import urllib.request
from typing import Any

Resource = dict[str, Any]

_SINGULAR = {
    "address-scopes": "address_scope",
    "floatingips": "floatingip",
    "metering/metering-label-rules": "metering_label_rule",
    "metering/metering-labels": "metering_label",
    "ndp_proxies": "ndp_proxy",
    "networks": "network",
    "ports": "port",
    "routers": "router",
    "security-group-rules": "security_group_rule",
    "security-groups": "security_group",
    "subnetpools": "subnetpool",
    "subnets": "subnet",
}


class Networking:
    """A client that remembers what it has made.

    Args:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        # The requests that undo what was made.
        self._undoing: list[tuple[str, str, Any]] = []

    def request(self, method: str, path: str, body: Any = None, *, timeout: float = 60) -> Any:
        """The answer's document, None if it has none."""
        request = urllib.request.Request(
            f"{self._url}/v2.0/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            told = f"{method} {path}: {error.code} {error.read().decode()}"
            raise RuntimeError(told) from None
        return json.loads(text) if text else None

    def create(self, collection: str, **values: Any) -> Resource:
        """Makes a resource."""
        singular = _SINGULAR[collection]
        body = {singular: {"project_id": "tests", **values}}
        made: Resource = self.request("POST", collection, body)[singular]
        self._undoing.append(("DELETE", f"{collection}/{made['id']}", None))
        return made

    def connect(self, router: str, subnet: str) -> Resource:
        """Gives a router an interface on a subnet."""
        body = {"subnet_id": subnet}
        interface: Resource = self.request("PUT", f"routers/{router}/add_router_interface", body)
        self._undoing.append(("PUT", f"routers/{router}/remove_router_interface", body))
        return interface

    def update(self, collection: str, key: str, **values: Any) -> Resource:
        """Changes a resource."""
        singular = _SINGULAR[collection]
        changed: Resource = self.request("PUT", f"{collection}/{key}", {singular: values})[singular]
        return changed

    def get(self, collection: str, key: str) -> Resource:
        """A resource."""
        found: Resource = self.request("GET", f"{collection}/{key}")[_SINGULAR[collection]]
        return found

    def list(self, collection: str, query: str = "") -> list[Resource]:
        """The resources that a query selects."""
        answer = self.request("GET", f"{collection}?{query}")
        found: list[Resource] = answer[collection.replace("-", "_")]
        return found

    def delete(self, collection: str, key: str) -> None:
        """Removes a resource."""
        path = f"{collection}/{key}"
        self.request("DELETE", path)
        self._undoing = [one for one in self._undoing if one[1] != path]

    @property
    def made(self) -> int:
        """How much there is to undo."""
        return len(self._undoing)

    def undo(self, *, down_to: int = 0) -> None:
        """Removes what was made, the newest first.

        Args:
            down_to: how much is left; what was ``made`` when that was made.
        """
        while self.made > down_to:
            self.request(*self._undoing.pop())

"""A client of the API in this process, for tests: short words for what every test does."""

from dataclasses import dataclass
from typing import Any

from falcon.testing import TestClient

PLURAL = {
    "address_group": "address-groups",
    "address_scope": "address-scopes",
    "default_security_group_rule": "default-security-group-rules",
    "security_groups_default_statefulness": "security-groups-default-statefulness",
    "security_group": "security-groups",
    "security_group_rule": "security-group-rules",
    "metering_label": "metering/metering-labels",
    "metering_label_rule": "metering/metering-label-rules",
    "ndp_proxy": "ndp_proxies",
    "network_segment_range": "network_segment_ranges",
    "rbac_policy": "rbac-policies",
}


def path_of(noun: str) -> str:
    return PLURAL.get(noun, f"{noun}s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, body and headers of one answer."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> str | None:
        """The error type, None of a success."""
        if self.status < 400 or not self.body:
            return None
        return str(self.body["NeutronError"]["type"])

    @property
    def refused(self) -> tuple[int, str | None]:
        """Status and error type, to compare at once."""
        return self.status, self.error


class Api:
    """Requests to one application.

    Args:
        app: the WSGI application.
        headers: sent with every request.
    """

    def __init__(self, app: Any, headers: dict[str, str] | None = None) -> None:
        self._client = TestClient(app)
        self._headers = headers or {}

    def as_project(self, project_id: str, *, roles: str = "member") -> "Api":
        """The same application as somebody else."""
        other = Api.__new__(Api)
        other._client = self._client
        other._headers = {"X-Project-Id": project_id, "X-Roles": roles, "X-User-Id": "tester"}
        return other

    def with_headers(self, headers: dict[str, str]) -> "Api":
        """The same application, with these headers in each request and no others."""
        other = Api.__new__(Api)
        other._client = self._client
        other._headers = headers
        return other

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; `path` begins after ``/v2.0``."""
        result = self._client.simulate_request(
            method,
            f"/v2.0{path}" if not path.startswith("//") else path[1:],
            json=body if raw is None else None,
            body=raw,
            headers={**self._headers, **(headers or {})},
        )
        try:
            content = result.json if result.content else None
        except ValueError:
            content = result.text
        return Answer(status=result.status_code, body=content, headers=dict(result.headers))

    def get_raw(self, path: str) -> bytes:
        """The body of a GET, not parsed, for those who measure; fails the test if refused."""
        result = self._client.simulate_get(f"/v2.0{path}", headers=self._headers)
        assert result.status_code == 200, result
        return result.content

    def create(self, noun: str, **attributes: Any) -> dict[str, Any]:
        """A new resource; fails the test if it is refused."""
        answer = self.call("POST", f"/{path_of(noun)}", {noun: attributes})
        assert answer.status == 201, answer
        return dict(answer.body[noun])

    def refuse(self, noun: str, **attributes: Any) -> tuple[int, str | None]:
        """Status and error type of a create that must be refused."""
        answer = self.call("POST", f"/{path_of(noun)}", {noun: attributes})
        assert answer.status >= 400, answer
        return answer.refused

    def show(self, noun: str, resource_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/{path_of(noun)}/{resource_id}")
        assert answer.status == 200, answer
        return dict(answer.body[noun])

    def list(self, noun: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.call("GET", f"/{path_of(noun)}{'?' + query if query else ''}")
        assert answer.status == 200, answer
        key = path_of(noun).rpartition("/")[2].replace("-", "_")
        return list(answer.body[key])

    def update(self, noun: str, resource_id: str, **changes: Any) -> dict[str, Any]:
        answer = self.call("PUT", f"/{path_of(noun)}/{resource_id}", {noun: changes})
        assert answer.status == 200, answer
        return dict(answer.body[noun])

    def refuse_update(self, noun: str, resource_id: str, **changes: Any) -> tuple[int, str | None]:
        answer = self.call("PUT", f"/{path_of(noun)}/{resource_id}", {noun: changes})
        assert answer.status >= 400, answer
        return answer.refused

    def delete(self, noun: str, resource_id: str) -> None:
        answer = self.call("DELETE", f"/{path_of(noun)}/{resource_id}")
        assert answer.status == 204, answer

    def refuse_delete(self, noun: str, resource_id: str) -> tuple[int, str | None]:
        answer = self.call("DELETE", f"/{path_of(noun)}/{resource_id}")
        assert answer.status >= 400, answer
        return answer.refused

    def agent(
        self,
        host: str,
        *,
        agent_type: str = "Open vSwitch agent",
        binary: str = "neutron-openvswitch-agent",
        start_flag: bool = True,
        **configurations: Any,
    ) -> None:
        """An agent reports."""
        answer = self.call(
            "PUT",
            "/agents",
            {
                "agent": {
                    "agent_type": agent_type,
                    "binary": binary,
                    "host": host,
                    "topic": "N/A",
                    "configurations": configurations,
                    "start_flag": start_flag,
                }
            },
        )
        assert answer.status in (200, 201), answer

    def ovs_agent(self, host: str, *, start_flag: bool = True, **configurations: Any) -> None:
        """An Open vSwitch agent with tunnels reports."""
        self.agent(
            host,
            start_flag=start_flag,
            **{
                "bridge_mappings": {"physnet1": "br-ex"},
                "tunnel_types": ["vxlan", "gre", "geneve"],
                "tunneling_ip": "10.0.0.1",
                "integration_bridge": "br-int",
                "datapath_type": "system",
                **configurations,
            },
        )

    def linuxbridge_agent(self, host: str, **configurations: Any) -> None:
        """A Linux bridge agent reports."""
        self.agent(
            host,
            agent_type="Linux bridge agent",
            binary="neutron-linuxbridge-agent",
            **{
                "interface_mappings": {"physnet1": "eth1"},
                "bridge_mappings": {},
                "tunnel_types": ["vxlan"],
                "tunneling_ip": "10.0.0.2",
                **configurations,
            },
        )

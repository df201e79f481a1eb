"""What QoS adds to networks and ports: the policy they have, and what that asks of hosts.

    network   qos_policy_id           its own, or its project's default when it is made
    port      qos_policy_id           its own
              qos_network_policy_id   its network's, which holds if it has none of its own
              resource_request        what the policy that holds asks of the host

Source: API reference, "Quality of Service"; checks as observed of Neutron.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db import segments as segment_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    PolicyRemoveAuthorizationError,
    QosPolicyNotFound,
    QosRuleNotSupported,
    QosRuleNotSupportedByNetwork,
)
from deuteron.services.qos import rows
from deuteron.services.qos.resource_request import resource_request
from deuteron.services.qos.rule_types import TRACKED_BY_PLACEMENT, Driver, is_enforced

OWN = "qos_policy_id"
OF_NETWORK = "qos_network_policy_id"
REQUEST = "resource_request"

Row = dict[str, Any]
Rules = Sequence[Mapping[str, Any]]
# What a port must have to tell what it asks of its host.
_NEEDED = ("id", OWN, OF_NETWORK, "network_id", "binding:vnic_type")
_OF_SERVERS = "compute:"


def of_ports(drivers: Sequence[Driver]) -> ResourceExtension:
    """What QoS adds to ports.

    Args:
        drivers: that are loaded.
    """

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: Row, network: Mapping[str, Any]
    ) -> None:
        row[OWN] = body.get(OWN)
        row[OF_NETWORK] = network.get(OWN)
        row[REQUEST] = None

    def on_create_all(tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
        ports = [port for _, port in made if _effective(port)]
        if not ports:
            return
        _require_visible(tx, {port[OWN] for port in ports if port[OWN]})
        rules = rows.rules_of(tx, {_effective(port) for port in ports})
        for port in ports:
            _require_enforced(drivers, port, rules.get(_effective(port), ()))
        _ask(tx, ports, rules)

    def on_update(
        tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
    ) -> None:
        if OWN in changes and changes[OWN] != original[OWN]:
            row[OWN] = changes[OWN]
            _require_removable(tx, original[OWN])
            if row[OWN]:
                _require_visible(tx, [row[OWN]])
                rules = rows.rules_of(tx, [row[OWN]])
                _require_enforced(drivers, row, rules.get(row[OWN], ()))
            _require_unallocated(tx, row, original)
        elif row["binding:vnic_type"] == original["binding:vnic_type"]:
            return
        load(tx, [row])

    return ResourceExtension(
        aliases=("qos", "qos-port-network-policy", "port-resource-request"),
        columns=(OWN,),
        on_create=on_create,
        on_create_all=on_create_all,
        on_update=on_update,
        load=load,
        shown=(REQUEST,),
    )


def load(conn: Connectable, ports: Sequence[Row]) -> None:
    """Add what ports ask of their hosts: two statements if any has a policy, else none.

    Args:
        conn: where to read.
        ports: API dicts; those that were read in part stay as they are.
    """
    if not ports or not all(name in ports[0] for name in _NEEDED):
        return
    asking = []
    for port in ports:
        port[REQUEST] = None
        if _effective(port):
            asking.append(port)
    if asking:
        _ask(conn, asking, rows.rules_of(conn, {_effective(port) for port in asking}))


def _ask(conn: Connectable, ports: Iterable[Row], rules: Mapping[str, Rules]) -> None:
    """Fill in what ports ask of their hosts by the rules of their policies."""
    asking = [
        port
        for port in ports
        if any(rule["type"] in TRACKED_BY_PLACEMENT for rule in rules.get(_effective(port), ()))
    ]
    if not asking:
        return
    segments = segment_rows.of_networks(conn, list({port["network_id"] for port in asking}))
    for port in asking:
        port[REQUEST] = resource_request(
            port_id=port["id"],
            vnic_type=port["binding:vnic_type"],
            rules=rules[_effective(port)],
            physical_networks=[
                segment.physical_network for segment in segments.get(port["network_id"], ())
            ],
        )


def _effective(port: Mapping[str, Any]) -> str:
    """The policy that holds for a port; '' if none."""
    return port[OWN] or port[OF_NETWORK] or ""


def _require_visible(tx: Transaction, policy_ids: Iterable[str]) -> dict[str, Any]:
    """The rules of policies that the caller may use.

    Raises:
        QosPolicyNotFound: one is not there for the caller.
    """
    wanted = sorted(set(policy_ids))
    if not wanted:
        return {}
    found = rows.visible(tx, wanted, tx.context.scope)
    for policy_id in wanted:
        if policy_id not in found:
            raise QosPolicyNotFound(policy_id=policy_id)
    return found


def _require_removable(tx: Transaction, policy_id: str | None) -> None:
    """Refuse to take away a policy that somebody else gave.

    Raises:
        PolicyRemoveAuthorizationError: the caller does not see the policy.
    """
    scope = tx.context.scope
    if policy_id and scope is not None and policy_id not in rows.visible(tx, [policy_id], scope):
        raise PolicyRemoveAuthorizationError(reason=f"QoS policy {policy_id}", policy_id=policy_id)


def _require_enforced(drivers: Iterable[Driver], port: Mapping[str, Any], rules: Rules) -> None:
    for rule in rules:
        if not is_enforced(
            drivers,
            rule["type"],
            vif_type=port["binding:vif_type"],
            vnic_type=port["binding:vnic_type"],
        ):
            raise QosRuleNotSupported(rule_type=rule["type"], port_id=port["id"])


def _require_unallocated(tx: Transaction, port: Row, original: Mapping[str, Any]) -> None:
    """Refuse another policy for a server whose host was chosen by what the present one guarantees.

    What was allocated for it in Placement would no longer be what it has.

    Raises:
        NotImplementedError: see above.
    """
    if not original["device_owner"].startswith(_OF_SERVERS):
        return
    if not original["binding:profile"].get("allocation"):
        return
    policies = {_effective(port), _effective(original)} - {""}
    for rules in rows.rules_of(tx, policies).values():
        if any(rule["type"] in TRACKED_BY_PLACEMENT for rule in rules):
            raise NotImplementedError(
                "The host of the server was chosen by what its QoS policy guarantees: "
                "the policy cannot change while the server is there"
            )


def of_networks(drivers: Sequence[Driver]) -> ResourceExtension:
    """What QoS adds to networks.

    Args:
        drivers: that are loaded.
    """

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: Row, _nothing: Mapping[str, Any]
    ) -> None:
        row[OWN] = body.get(OWN)

    def on_create_all(tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
        networks = [network for _, network in made]
        visible = _require_visible(tx, {network[OWN] for network in networks if network[OWN]})
        without = [network for network in networks if not network[OWN]]
        defaults = rows.defaults(tx, {one["project_id"] for one in without}) if without else {}
        for network in without:
            network[OWN] = defaults.get(network["project_id"])
        if defaults:
            visible = {**rows.rules_of(tx, defaults.values()), **visible}
        for network in networks:
            _require_enforced_somewhere(drivers, network, visible.get(network[OWN] or "", ()))

    def on_update(
        tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
    ) -> None:
        if OWN not in changes or changes[OWN] == original[OWN]:
            return
        row[OWN] = changes[OWN]
        _require_removable(tx, original[OWN])
        if not row[OWN]:
            return
        rules = _require_visible(tx, [row[OWN]])[row[OWN]]
        _require_enforced_somewhere(drivers, row, rules)
        if not rules:
            return
        for port_id, vif_type, vnic_type, _ in rows.kinds_on_network(tx, row["id"]):
            port = {
                "id": port_id,
                "binding:vif_type": vif_type,
                "binding:vnic_type": vnic_type,
            }
            _require_enforced(drivers, port, rules)

    return ResourceExtension(
        aliases=("qos", "qos-default"),
        columns=(OWN,),
        on_create=on_create,
        on_create_all=on_create_all,
        on_update=on_update,
    )


def _require_enforced_somewhere(
    drivers: Iterable[Driver], network: Mapping[str, Any], rules: Rules
) -> None:
    enforced = {name for driver in drivers for name in driver.rule_types}
    for rule in rules:
        if rule["type"] not in enforced:
            raise QosRuleNotSupportedByNetwork(rule_type=rule["type"], network_id=network["id"])

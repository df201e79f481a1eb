"""Every verb of every noun has a rule of its own."""

import pytest

from deuteron import config
from deuteron.api import nouns
from deuteron.api.policies import DEFAULTS
from deuteron.api.policy_kinds import suffix
from deuteron.app import plugins
from deuteron.surface import Resource

# Verbs for which Neutron has no rule either: the default one judges them, administrator or owner.
WITHOUT = {
    "update_port_binding",
    "update_security_group_rule",
    "update_default_security_group_rule",
}
NOUNS = {
    resource.name: resource
    for resource in (
        *nouns.resources(),
        *(
            resource
            for plugin in plugins.enabled(config.read([]).settings)
            for resource in plugin.resources
        ),
    )
}


@pytest.mark.parametrize("name", NOUNS)
def test_a_noun_has_rules(name: str) -> None:
    assert asked(NOUNS[name]) <= DEFAULTS.keys() | WITHOUT


def asked(resource: Resource) -> set[str]:
    """The rules that are asked about a noun."""
    verbs = {
        "get": resource.get or resource.list_,
        "create": resource.create,
        "update": resource.update,
        "delete": resource.delete,
    }
    rules = {f"{verb}_{suffix(resource)}" for verb, act in verbs.items() if act is not None}
    if resource.tagged:
        rules |= {f"{verb}_{resource.name}:tags" for verb in ("get", "create", "update", "delete")}
    return rules | set(resource.actions) | set(resource.edits)

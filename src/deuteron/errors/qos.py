"""Errors of QoS policies and their rules."""

from deuteron.errors.base import Conflict, InUse, NotAuthorized, NotFound


class QosPolicyNotFound(NotFound):
    """No QoS policy of this id."""

    template = "QoS policy {policy_id} could not be found."


class QosRuleNotFound(NotFound):
    """No rule of this id and type in the policy."""

    template = "QoS rule {rule_id} of policy {policy_id} could not be found."


class QosPolicyInUse(InUse):
    """Ports or networks have the policy."""

    template = "QoS policy {policy_id} is used by {object_type} {object_id}."


class QoSPolicyDefaultAlreadyExists(Conflict):
    """A project has one default policy."""

    template = "Project {project_id} has a default QoS policy already."


class QoSRulesConflict(Conflict):
    """A policy has one rule of each type and direction."""

    template = "QoS policy {policy_id} has a {new_rule_type} rule like this already: {rule_id}."


class QoSRuleParameterConflict(Conflict):
    """A rule contradicts another of the same policy."""

    template = (
        "A rule with the value {rule_value} cannot be in QoS policy {policy_id} together with its "
        "{existing_rule} rule, which has the value {existing_value}."
    )


class QosRuleNotSupported(Conflict):
    """No driver that can serve the port enforces the rule."""

    template = "No mechanism driver enforces a {rule_type} rule like this on port {port_id}."


class QosRuleNotSupportedByNetwork(Conflict):
    """No driver enforces the rule at all."""

    template = "No mechanism driver enforces a {rule_type} rule like this on network {network_id}."


class QosRuleTypeNotFound(NotFound):
    """There is no such type of rules."""

    template = "There is no QoS rule type {type}."


class PolicyRemoveAuthorizationError(NotAuthorized):
    """The present policy is somebody else's, who gave it."""

    template = "QoS policy {policy_id} was given by others, so it cannot be taken away."

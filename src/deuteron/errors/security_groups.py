"""Errors of security groups and their rules."""

from deuteron.errors.base import Conflict, InUse, InvalidInput, NotFound


class SecurityGroupRuleInvalidProtocol(InvalidInput):
    """Neither a protocol's name nor its number."""

    template = (
        "Protocol {protocol} is not supported: use a number of 0 to 255, 'any', or one of {values}."
    )


class SecurityGroupRuleInvalidEtherType(InvalidInput):
    """Neither IPv4 nor IPv6."""

    template = "Ethertype {ethertype} is not supported: use one of {values}."


class SecurityGroupInvalidPortValue(InvalidInput):
    """Not a port number."""

    template = "Invalid value for port {port}: use 0 to 65535."


class SecurityGroupDefaultAlreadyExists(InUse):
    """The name of a project's default group is reserved."""

    template = "The name 'default' belongs to the default security group that exists already."


class SecurityGroupNotFound(NotFound):
    """No security group of this id, or not one that the project may use."""

    template = "There is no security group {id}."


class SecurityGroupRuleNotFound(NotFound):
    """No security group rule of this id."""

    template = "There is no security group rule {id}."


class SecurityGroupInUse(InUse):
    """Ports are members of the group."""

    template = "Security group {id} is used by ports."


class SecurityGroupCannotRemoveDefault(InUse):
    """Only an administrator may delete a project's default group."""

    template = "The default security group can be removed by an administrator only."


class SecurityGroupCannotUpdateDefault(InUse):
    """A project's default group keeps its name."""

    template = "The default security group cannot be renamed."


class SecurityGroupConflict(Conflict):
    """The groups cannot be used together."""

    template = "The security groups conflict: {reason}."


class SecurityGroupInvalidPortRange(InvalidInput):
    """Half a range of ports, or one that ends before it begins."""

    template = (
        "A range of ports needs port_range_min and port_range_max, and "
        "port_range_min must be <= port_range_max."
    )


class SecurityGroupInvalidProtocolForPort(InvalidInput):
    """The protocol has no ports."""

    template = "Protocol {protocol} has no ports; these have: {valid_port_protocols}."


class SecurityGroupInvalidIcmpValue(InvalidInput):
    """An ICMP type or code is one octet."""

    template = "Invalid value for ICMP {field} ({attr}) {value}: use 0 to 255."


class SecurityGroupMissingIcmpType(InvalidInput):
    """A code means nothing without its type."""

    template = "ICMP type (port-range-min) is missing: code {value} (port-range-max) needs it."


class SecurityGroupEthertypeConflictWithProtocol(InvalidInput):
    """A protocol of IPv6 in a rule for IPv4."""

    template = "Protocol {protocol} does not exist in {ethertype}."


class SecurityGroupProtocolRequiredWithPorts(InvalidInput):
    """Ports belong to a protocol."""

    template = "A range of ports needs a protocol."


class SecurityGroupMultipleRemoteEntites(InvalidInput):
    """A rule has one remote side at most."""

    template = "Give one of remote_ip_prefix, remote_group_id and remote_address_group_id."


class SecurityGroupRuleParameterConflict(InvalidInput):
    """The prefix is of the other IP version."""

    template = "Conflicting value ethertype {ethertype} for the prefix {cidr}."


class SecurityGroupNotSingleGroupRules(InvalidInput):
    """One request can add rules to one group."""

    template = "The rules of one request must be of one security group."


class SecurityGroupRulesNotSingleProject(InvalidInput):
    """One request can add rules of one project."""

    template = "The rules of one request must be of one project."


class DuplicateSecurityGroupRuleInPost(InUse):
    """The request has one rule twice."""

    template = "The request has the same rule twice."


class SecurityGroupRuleExists(InUse):
    """The group has such a rule."""

    template = "The security group has this rule already, with id {rule_id}."


class DefaultSecurityGroupRuleNotFound(NotFound):
    """The template has no rule of this id."""

    template = "There is no default security group rule {id}."


class DefaultSecurityGroupRuleExists(InUse):
    """The template has such a rule for the same kind of groups."""

    template = "The default security group rule {rule_id} says this already."


class SecurityGroupDefaultStatefulnessNotFound(NotFound):
    """No setting of this id."""

    template = "There is no default statefulness of security groups {id}."


class SecurityGroupDefaultStatefulnessAlreadyExists(Conflict):
    """One setting per project, and one for all."""

    template = "The default statefulness of security groups is set already for {whom}."

"""Errors of metering labels and their rules."""

from deuteron.errors.base import BadRequest, Conflict, NotFound


class MeteringLabelNotFound(NotFound):
    """No metering label of this id."""

    template = "Metering label '{label_id}' does not exist."


class MeteringLabelRuleNotFound(NotFound):
    """No metering label rule of this id."""

    template = "Metering label rule '{rule_id}' does not exist."


class MeteringLabelRuleOverlaps(Conflict):
    """The label counts, or excludes, some of these addresses already."""

    template = (
        "Metering label rule with remote_ip_prefix '{remote_ip_prefix}' overlaps rule {rule_id}."
    )


class Invalid(BadRequest):
    """Prefixes that are none, that do not go together, or that are all missing."""

    template = "{msg}."

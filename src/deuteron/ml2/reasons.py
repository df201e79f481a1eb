"""Why a port could not be bound: the codes that a binding explanation uses.

Drivers of other distributions may use these in `PortContext.decline`, or codes of their own.
docs/binding-reasons.md says what to do about each.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes, from the most general one to the one nearest to success.

    When several drivers and segments were tried, the latest of their reasons in this order is the
    one worth reading first: a physical network without a bridge says more than the absence of an
    agent that the host was never meant to have.
    """

    NO_SEGMENTS = "no_segments"
    NO_DRIVERS = "no_drivers"
    DECLINED = "declined"
    DRIVER_LOOP = "driver_loop"
    TOO_MANY_LEVELS = "too_many_levels"
    NO_ADDRESS = "no_address"
    ADDRESS_ON_OTHER_SEGMENT = "address_on_other_segment"
    VNIC_TYPE_UNSUPPORTED = "vnic_type_unsupported"
    NO_AGENT = "no_agent"
    SWITCHDEV_MISSING = "switchdev_missing"
    SMARTNIC_MISSING = "smartnic_missing"
    AGENT_DEAD = "agent_dead"
    NETWORK_TYPE_UNSUPPORTED = "network_type_unsupported"
    TUNNEL_TYPE_MISSING = "tunnel_type_missing"
    PHYSICAL_NETWORK_UNMAPPED = "physical_network_unmapped"
    LOWER_LEVEL_FAILED = "lower_level_failed"
    NOT_RESPONSIBLE = "not_responsible"
    DRIVER_ERROR = "driver_error"
    NO_DYNAMIC_SEGMENT = "no_dynamic_segment"


def nearest(codes: list[str]) -> str:
    """The code that was nearest to success, to tell one reason where there were many.

    Args:
        codes: reason codes; a driver's own count as `Reason.DECLINED` with words of its own.

    Returns:
        one of them, '' if there are none.
    """
    order = list(Reason)
    known = order.index(Reason.DECLINED)

    def place(code: str) -> int:
        return order.index(Reason(code)) if code in order else known

    return max(codes, key=place, default="")

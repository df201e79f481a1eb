"""The options of the mechanism drivers.

Drivers are made without arguments and read the global configuration in `initialize`: that is how
the interface of drivers has it, and in-tree drivers keep to it.
"""

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the configuration and the options of it that drivers read."""

    name: str
    options: tuple[Any, ...]


SECURITYGROUP = Section(
    name="securitygroup", options=(cfg.BoolOpt("enable_security_group", default=True),)
)
OVS_DRIVER = Section(
    name="ovs_driver",
    options=(
        cfg.ListOpt("vnic_type_prohibit_list", default=[]),
        cfg.BoolOpt("ovs_create_tap", default=True),
    ),
)


def read(section: Section) -> Any:
    """The values of a section; attributes have the names of the options.

    Args:
        section: its options are registered if nobody did so before.
    """
    group = getattr(cfg.CONF, section.name, None)
    known = group if group is not None else {}
    for option in section.options:
        if option.name not in known:
            cfg.CONF.register_opt(option, group=section.name)
    return getattr(cfg.CONF, section.name)

"""Errors of address groups."""

from deuteron.errors.base import BadRequest, InUse, NotFound


class AddressGroupNotFound(NotFound):
    """No address group of this id, or not one that the project may use."""

    template = "There is no address group {address_group_id}."


class AddressGroupInUse(InUse):
    """Rules of security groups name the group."""

    template = "Address group {address_group_id} is used by rules of security groups."


class AddressesNotFound(NotFound):
    """What is to be removed is not there."""

    template = "Address group {address_group_id} does not have {addresses}."


class AddressesAlreadyExist(BadRequest):
    """What is to be added is there."""

    template = "Address group {address_group_id} has {addresses} already."


class AddrFormatError(BadRequest):
    """Neither an address nor a prefix."""

    template = "'{address}' is neither an IP address nor a prefix."

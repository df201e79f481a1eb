"""RBAC policies (alias ``rbac-policies``).

Source: API reference, "RBAC Policies"; conversions and error types as observed of Neutron. Which
object types there are, and how each is shared, the core knows.
"""

import uuid
from typing import Any

from neutron_lib.db import constants as sizes

from deuteron.errors import InvalidInput

_EVERYBODY = "*"


def target(value: Any, _argument: None) -> None:
    """Refuse what is neither a project's id (a UUID, with dashes or not) nor ``*``.

    A rule rather than a conversion, so that a filter may have any value.

    Raises:
        InvalidInput: neither.
    """
    if value == _EVERYBODY:
        return
    try:
        if not isinstance(value, str):
            raise TypeError
        uuid.UUID(value)
    except (TypeError, ValueError):
        raise InvalidInput(
            error_message=f"'{value}' is neither the id of a project nor '{_EVERYBODY}'"
        ) from None


def object_type(value: Any) -> str:
    """The type of an object, in lower case and without blanks around it.

    Raises:
        InvalidInput: not a text.
    """
    if not isinstance(value, str):
        raise InvalidInput(error_message=f"'{value}' is not a type of objects that can be shared")
    return value.strip().lower()


_FIXED: dict[str, Any] = {
    "allow_post": True,
    "allow_put": False,
    "is_visible": True,
    "is_filter": True,
}

POLICIES: dict[str, dict[str, Any]] = {
    "rbac_policies": {
        "id": {
            **_FIXED,
            "allow_post": False,
            "validate": {"type:uuid": None},
            "primary_key": True,
        },
        "object_type": {**_FIXED, "convert_to": object_type, "enforce_policy": True},
        "object_id": {**_FIXED, "validate": {"type:uuid": None}, "enforce_policy": True},
        "target_tenant": {
            **_FIXED,
            "allow_put": True,
            "validate": {target: None},
            "enforce_policy": True,
        },
        "tenant_id": {
            **_FIXED,
            "validate": {"type:string": sizes.PROJECT_ID_FIELD_SIZE},
            "required_by_policy": True,
        },
        "action": {
            **_FIXED,
            "validate": {"type:string": sizes.DESCRIPTION_FIELD_SIZE},
            "enforce_policy": True,
        },
    },
}

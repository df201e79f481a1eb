"""The question of ``POST /v2.0/binding-explanations``: would a port like this be bound there?"""

from typing import Any

from neutron_lib.api.definitions import portbindings

QUESTION: dict[str, Any] = {
    "network_id": {"allow_post": True, "allow_put": False, "validate": {"type:uuid": None}},
    "host": {
        "allow_post": True,
        "allow_put": False,
        "validate": {"type:not_empty_string": 255},
    },
    "vnic_type": {
        "allow_post": True,
        "allow_put": False,
        "default": portbindings.VNIC_NORMAL,
        "validate": {"type:values": portbindings.VNIC_TYPES},
    },
    "profile": {
        "allow_post": True,
        "allow_put": False,
        "default": {},
        "validate": {"type:dict": None},
    },
}

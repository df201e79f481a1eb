"""What every resource with standard attributes shows: description, times, revision number, tags.

Source: API reference, "Standard attributes"; which resource has which, observed of Neutron.
"""

from typing import Any

# (observed: description may be null in no request, though segments made with a network show null)
DESCRIPTION: dict[str, Any] = {
    "description": {
        "allow_post": True,
        "allow_put": True,
        "default": "",
        "is_filter": True,
        "is_visible": True,
        "validate": {"type:string": 255},
    },
}

TIMESTAMPS: dict[str, Any] = {
    "created_at": {"allow_post": False, "allow_put": False, "is_visible": True},
    "updated_at": {"allow_post": False, "allow_put": False, "is_visible": True},
}

REVISIONS: dict[str, Any] = {
    "revision_number": {
        "allow_post": False,
        "allow_put": False,
        "is_filter": True,
        "is_visible": True,
    },
}

TAGS: dict[str, Any] = {
    "tags": {"allow_post": False, "allow_put": False, "is_filter": True, "is_visible": True},
    "tags-any": {"allow_post": False, "allow_put": False, "is_filter": True, "is_visible": False},
    "not-tags": {"allow_post": False, "allow_put": False, "is_filter": True, "is_visible": False},
    "not-tags-any": {
        "allow_post": False,
        "allow_put": False,
        "is_filter": True,
        "is_visible": False,
    },
}

# Ports alone may be created with their tags.
PORT_TAGS: dict[str, Any] = {
    **TAGS,
    "tags": {
        "allow_post": True,
        "allow_put": False,
        "default": [],
        "is_filter": True,
        "is_visible": True,
        "validate": {"type:list_of_unique_strings": 255},
    },
}

TAGGED = (
    "networks",
    "subnets",
    "subnetpools",
    "ports",
    "security_groups",
    "network_segment_ranges",
    "policies",
    "floatingips",
    "routers",
    "trunks",
)
DESCRIBED = (*TAGGED, "address_groups", "ndp_proxies", "security_group_rules", "segments")

"""Rules of security groups and address groups."""

from collections.abc import Mapping

from deuteron.api.policies.words import (
    ADMIN,
    ADMIN_OR_GROUP_MEMBER,
    ADMIN_OR_GROUP_READER,
    ADMIN_OR_MANAGER,
    ADMIN_OR_MEMBER,
    ADMIN_OR_READER,
    ADMIN_OR_SERVICE,
    READER,
)

SECURITY: Mapping[str, str] = {
    "shared_address_groups": "field:address_groups:shared=True",
    "create_address_group": ADMIN_OR_MEMBER,
    "get_address_group": f"{ADMIN_OR_READER} or rule:shared_address_groups",
    "update_address_group": ADMIN_OR_MEMBER,
    "delete_address_group": ADMIN_OR_MEMBER,
    "add_addresses": ADMIN_OR_MEMBER,
    "remove_addresses": ADMIN_OR_MEMBER,
    "create_default_security_group_rule": ADMIN,
    "get_default_security_group_rule": "role:reader",
    "delete_default_security_group_rule": ADMIN,
    "admin_or_sg_owner": "rule:context_is_admin or project_id:%(security_group:project_id)s",
    "admin_owner_or_sg_owner": "rule:owner or rule:admin_or_sg_owner",
    "shared_security_group": "field:security_groups:shared=True",
    "rule_default_sg": "field:security_group_rules:belongs_to_default_sg=True",
    "create_default_security_group": f"{ADMIN_OR_SERVICE} or {READER}",
    "create_security_group": ADMIN_OR_MEMBER,
    "create_security_group:tags": ADMIN_OR_MEMBER,
    "get_security_group": f"{ADMIN_OR_READER} or rule:shared_security_group",
    "get_security_group:tags": f"{ADMIN_OR_READER} or rule:shared_security_group",
    "update_security_group": ADMIN_OR_MEMBER,
    "update_security_group:tags": ADMIN_OR_MEMBER,
    "delete_security_group": ADMIN_OR_MEMBER,
    "delete_security_group:tags": ADMIN_OR_MEMBER,
    "create_security_group_rule": ADMIN_OR_GROUP_MEMBER,
    "get_security_group_rule": ADMIN_OR_GROUP_READER,
    "delete_security_group_rule": ADMIN_OR_GROUP_MEMBER,
    "create_security_groups_default_statefulness": ADMIN_OR_MANAGER,
    "get_security_groups_default_statefulness": ADMIN_OR_READER,
    "update_security_groups_default_statefulness": ADMIN_OR_MANAGER,
    "delete_security_groups_default_statefulness": ADMIN_OR_MANAGER,
}

"""What the rules are made of: who may, in the language of oslo.policy.

The personas are those of OpenStack (admin, manager, member, reader, service); the check strings are
Neutron's, so that a site's own rules can be compared with them.
"""

ADMIN = "rule:admin_only"
ADMIN_OR_GROUP_MEMBER = "(rule:admin_only) or (role:member and rule:sg_owner)"
ADMIN_OR_GROUP_READER = "(rule:admin_only) or (role:reader and rule:sg_owner)"
ADMIN_OR_MANAGER = "(rule:admin_only) or (role:manager and project_id:%(project_id)s)"
ADMIN_OR_MEMBER = "(rule:admin_only) or (role:member and project_id:%(project_id)s)"
ADMIN_OR_NETWORK_MEMBER = "(rule:admin_only) or (role:member and rule:network_owner)"
ADMIN_OR_NETWORK_READER = "(rule:admin_only) or (role:reader and rule:network_owner)"
ADMIN_OR_PARENT_MANAGER = "(rule:admin_only) or (role:manager and rule:ext_parent_owner)"
ADMIN_OR_PARENT_MEMBER = "(rule:admin_only) or (role:member and rule:ext_parent_owner)"
ADMIN_OR_PARENT_READER = "(rule:admin_only) or (role:reader and rule:ext_parent_owner)"
ADMIN_OR_READER = "(rule:admin_only) or (role:reader and project_id:%(project_id)s)"
ADMIN_OR_SERVICE = "(rule:admin_only) or (rule:service_api)"
MEMBER = "role:member and project_id:%(project_id)s"
NETWORK_MANAGER = "role:manager and rule:network_owner"
NETWORK_MEMBER = "role:member and rule:network_owner"
NETWORK_READER = "role:reader and rule:network_owner"
READER = "role:reader and project_id:%(project_id)s"
SERVICE = "rule:service_api"

"""Rules of what Neutron does not have."""

from collections.abc import Mapping

from deuteron.api.policies.words import ADMIN_OR_SERVICE

OWN: Mapping[str, str] = {
    "get_binding_explanation": ADMIN_OR_SERVICE,
    "create_binding_explanation": ADMIN_OR_SERVICE,
}

"""Errors of highly available routers."""

from deuteron.errors.base import Conflict


class DuplicatedHANetwork(Conflict):
    """A project has one network for its highly available routers."""

    template = "Project {project_id} has a network for its highly available routers already."


class NoVRIDAvailable(Conflict):
    """All VRRP groups of a project's HA network are taken."""

    template = (
        "Router {router_id} cannot be highly available: the 254 VRRP groups of its project are "
        "taken."
    )

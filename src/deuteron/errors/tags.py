"""Errors of tags."""

from deuteron.errors.base import NotFound


class TagNotFound(NotFound):
    """The resource has no such tag."""

    template = "There is no tag {tag}."


class TagResourceNotFound(NotFound):
    """The resource whose tags are asked for does not exist."""

    template = "There is no resource {resource_id} in {resource}."

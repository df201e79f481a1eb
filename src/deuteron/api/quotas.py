"""Quotas of projects (aliases ``quotas``, ``quota_details``, ``quota-check-limit``).

    GET     /v2.0/quotas                  projects with limits of their own
    GET     /v2.0/quotas/{id}             limits of a project
            /v2.0/quotas/{id}/default     those of projects without limits of their own
            /v2.0/quotas/{id}/details     limits, and what is in use
    PUT     /v2.0/quotas/{id}             {"quota": {"network": 10, "force": false}}
    DELETE  /v2.0/quotas/{id}             the limits of all others again
    GET     /v2.0/quotas/project, tenant  who the caller is

A project knows its own limits; ``get_quota`` says who knows those of others. A limit below what is
in use is refused unless ``force`` is true; ``check_limit`` asked for that when it was not so yet.
"""

from deuteron.api import attributes
from deuteron.api.attributes import PROJECT, TENANT
from deuteron.api.call import Answer, Call
from deuteron.api.definitions.quotas import limits_of
from deuteron.api.resources import body
from deuteron.core import quotas
from deuteron.errors import HTTPNotImplemented, QuotaMissingTenant

NAME = "quota"


def list_(call: Call) -> Answer:
    """Projects with limits of their own."""
    call.policy.require(call.deployment, call.context, "get_quota")
    return Answer(200, {"quotas": quotas.list_(call.deployment, call.context)})


def create(_call: Call) -> Answer:
    """Nothing is made: every project has a quota."""
    raise HTTPNotImplemented(msg="POST requests are not supported on this resource.")


def show(call: Call, project_id: str) -> Answer:
    """The limits of a project."""
    _require_known(call, project_id)
    return Answer(200, {NAME: quotas.get(call.deployment, project_id)})


def show_default(call: Call, project_id: str) -> Answer:
    """The limits of projects without limits of their own."""
    _require_known(call, project_id)
    return Answer(200, {NAME: quotas.defaults(call.deployment)})


def show_details(call: Call, project_id: str) -> Answer:
    """The limits of a project, and what is in use."""
    _require_known(call, project_id)
    return Answer(200, {NAME: quotas.details(call.deployment, project_id)})


def _require_known(call: Call, project_id: str) -> None:
    if project_id != call.context.project_id:
        call.policy.require(call.deployment, call.context, "get_quota", {PROJECT: project_id})


def update(call: Call, project_id: str) -> Answer:
    """Give a project limits of its own."""
    d, ctx = call.deployment, call.context
    call.policy.require(d, ctx, "update_quota", {PROJECT: project_id})
    given = dict(body(NAME, call.document()))
    given.pop("check_limit", None)
    force = given.pop("force", None) is True
    limits = attributes.compiled(limits_of(quotas.resources(d))).update(given, ctx)
    return Answer(200, {NAME: quotas.update(d, ctx, project_id, limits, below_use=force)})


def delete(call: Call, project_id: str) -> Answer:
    """Take the limits of its own from a project."""
    call.policy.require(call.deployment, call.context, "delete_quota", {PROJECT: project_id})
    quotas.delete(call.deployment, call.context, project_id)
    return Answer(204)


def show_project(call: Call) -> Answer:
    """The caller's project."""
    return _own(call, "project", PROJECT)


def show_tenant(call: Call) -> Answer:
    """The caller's project by its old name."""
    return _own(call, "tenant", TENANT)


def _own(call: Call, name: str, key: str) -> Answer:
    if not call.context.project_id:
        raise QuotaMissingTenant
    return Answer(200, {name: {key: call.context.project_id}})

"""What a body may say: attribute maps compiled into checks, at start and once.

An attribute map is data: attribute name -> facts (``allow_post``, ``allow_put``, ``default``,
``convert_to``, ``validate``, ``is_visible``, ``is_filter``, ``is_sort_key``), in the form of
neutron_lib.api.definitions. A request costs what its body names: defaults are converted
beforehand and copied at once.

    body -> project folded -> names known? -> required there? -> each value converted, checked
                                                                   -> dict for the core

An attribute that the body does not name and that has no default is absent from the result.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neutron_lib import constants
from neutron_lib import exceptions as lib_errors
from neutron_lib.api import validators
from oslo_config import cfg

from deuteron.context import RequestContext
from deuteron.errors import HTTPBadRequest, NetworkError
from deuteron.surface import AttributeMap

Facts = Mapping[str, Any]
Body = dict[str, Any]
Rule = Callable[..., str | None]

PROJECT = "project_id"
TENANT = "tenant_id"

_UNSPECIFIED = constants.ATTR_NOT_SPECIFIED

# What a converter or validator raises on purpose, or for a reason that is not the caller's;
# anything else means that the value has a shape it was not made for.
_REFUSALS = (NetworkError, lib_errors.NeutronException, cfg.Error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a resource.

    Args:
        name: its name on the wire.
        on_create: may be given when the resource is made.
        on_update: may be changed later.
        convert: makes the value canonical; raises InvalidInput.
        rules: (rule, argument) pairs; a rule returns the reason of a refusal, or None.
        default_replaces_none: a null is taken as "not given".
    """

    name: str
    on_create: bool
    on_update: bool
    convert: Callable[[Any], Any] | None
    rules: tuple[tuple[Rule, Any], ...]
    default_replaces_none: bool

    def checked(self, value: Any) -> Any:
        """The value as the core gets it.

        Raises:
            HTTPBadRequest: a rule refuses it, or its shape is beyond the rules.
            InvalidInput: it cannot be converted (neutron-lib's error).
        """
        try:
            if self.convert is not None:
                value = self.convert(value)
            for rule, argument in self.rules:
                reason = rule(value, argument)
                if reason:
                    break
            else:
                return value
        except _REFUSALS:
            raise
        except Exception as error:
            reason = f"{value!r} cannot be used ({type(error).__name__})"
        raise HTTPBadRequest(msg=f"Invalid input for {self.name}. Reason: {reason}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The attributes of one resource, compiled.

    Args:
        known: all of them, by name.
        required: names without which nothing is created.
        defaults: what a new resource has where the body is silent, converted.
        mutable: names in `defaults` whose values must be copied for each resource.
        owned: the resource belongs to a project.
        shows_tenant: answers name the project as ``tenant_id`` too.
        visible: names that answers may have.
        facts: the map it was made of, for filters and sort keys.
    """

    known: Mapping[str, Attribute]
    required: tuple[str, ...]
    defaults: Mapping[str, Any]
    mutable: tuple[str, ...]
    owned: bool
    shows_tenant: bool
    visible: frozenset[str]
    facts: AttributeMap

    def create(self, body: Any, context: RequestContext) -> Body:
        """The body of a new resource: checked, converted, with defaults and project.

        Args:
            body: what the request has under the resource's name.
            context: who asks; the project is the caller's unless the body names one.

        Raises:
            HTTPBadRequest: unknown, read-only, missing or wrong attributes, or somebody else's
                project.
        """
        given = self._folded(body, context)
        known = self.known
        for name in given:
            if not known[name].on_create:
                raise HTTPBadRequest(msg=f"Attribute '{name}' not allowed in POST")
        for name in self.required:
            if name not in given:
                raise HTTPBadRequest(
                    msg=f"Failed to parse request. Required attribute '{name}' not specified"
                )
        made = dict(self.defaults)
        for name in self.mutable:
            made[name] = copy.deepcopy(made[name])
        for name, value in given.items():
            attribute = known[name]
            if value is not None or not attribute.default_replaces_none:
                made[name] = attribute.checked(value)
        if self.owned and PROJECT not in made:
            made[PROJECT] = context.project_id
        return made

    def update(self, body: Any, context: RequestContext) -> Body:
        """The changes of a resource: checked and converted.

        Args:
            body: what the request has under the resource's name.
            context: who asks.

        Raises:
            HTTPBadRequest: unknown, read-only or wrong attributes.
        """
        given = self._folded(body, context)
        known = self.known
        for name in given:
            if not known[name].on_update:
                raise HTTPBadRequest(msg=f"Attribute '{name}' is read-only")
        return {name: known[name].checked(value) for name, value in given.items()}

    def _folded(self, body: Any, context: RequestContext) -> Body:
        """The body with one name for the project, all names known."""
        if TENANT in body:
            project = body[TENANT]
            if body.get(PROJECT, project) != project:
                raise HTTPBadRequest(msg="'project_id' and 'tenant_id' do not match")
            body = {name: value for name, value in body.items() if name != TENANT}
            body[PROJECT] = project
        unknown = body.keys() - self.known.keys()
        if unknown:
            raise HTTPBadRequest(msg=f"Unrecognized attribute(s) '{', '.join(sorted(unknown))}'")
        free = context.is_admin or context.names_projects
        if PROJECT in body and not free and body[PROJECT] != context.project_id:
            raise HTTPBadRequest(msg="Only an administrator may name another project in project_id")
        return dict(body)


def merged(maps: Mapping[str, AttributeMap], more: Mapping[str, AttributeMap]) -> dict[str, Any]:
    """Resources with what an extension adds: a later fact about an attribute replaces an earlier.

    Args:
        maps: collection -> attribute map.
        more: what the extension says, in the same form.
    """
    result: dict[str, Any] = {name: dict(attributes) for name, attributes in maps.items()}
    for collection, attributes in more.items():
        result.setdefault(collection, {}).update(attributes)
    return result


def compiled(facts: AttributeMap) -> Attributes:
    """Compile one attribute map.

    Args:
        facts: attribute name -> facts, in neutron-lib's form. ``validate`` may also hold
            callables in place of ``type:`` names.
    """
    shows_tenant = bool(facts.get(TENANT, {}).get("is_visible"))
    facts = dict(facts)
    owner = facts.pop(TENANT, None)
    if owner is not None:
        facts[PROJECT] = owner
    known = {name: _attribute(name, spec) for name, spec in facts.items()}
    defaults = {
        name: _converted_default(spec)
        for name, spec in facts.items()
        if spec["allow_post"] and spec.get("default", _UNSPECIFIED) is not _UNSPECIFIED
    }
    return Attributes(
        known=known,
        required=tuple(
            name
            for name, spec in facts.items()
            if spec["allow_post"] and "default" not in spec and name != PROJECT
        ),
        defaults=defaults,
        mutable=tuple(name for name, value in defaults.items() if isinstance(value, list | dict)),
        owned=PROJECT in facts,
        shows_tenant=shows_tenant,
        visible=frozenset(name for name, spec in facts.items() if spec.get("is_visible")),
        facts=facts,
    )


def _attribute(name: str, spec: Facts) -> Attribute:
    return Attribute(
        name=name,
        on_create=bool(spec["allow_post"]),
        on_update=bool(spec["allow_put"]),
        convert=spec.get("convert_to"),
        rules=tuple(_rule(rule, argument) for rule, argument in spec.get("validate", {}).items()),
        default_replaces_none=bool(spec.get("default_overrides_none")),
    )


def _converted_default(spec: Facts) -> Any:
    convert = spec.get("convert_to")
    return convert(spec["default"]) if convert else spec["default"]


def _rule(rule: str | Rule, argument: Any) -> tuple[Rule, Any]:
    """The function behind ``type:...``; a rule that is one already is kept.

    Raises:
        KeyError: neutron-lib knows no such rule.
    """
    if callable(rule):
        return rule, argument
    function = validators.get_validator(rule)
    if function is None:
        raise KeyError(rule)
    return function, argument

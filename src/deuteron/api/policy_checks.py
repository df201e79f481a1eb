"""Check strings of oslo.policy, cut down to what is still open about one kind of caller.

    "rule:admin_only or role:member and project_id:%(project_id)s"
        for an administrator      True
        for a member              Open: the target's project is the caller's
        for a stranger            False

What depends on the caller's roles alone is decided once per kind of caller. What remains is a
closure that looks at the target. The language is oslo.policy's, with the two checks that Neutron
adds to it: who owns the target or its parent (``project_id:%(network:project_id)s``), and what a
field of it is (``field:networks:shared=True``).
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from oslo_policy import policy as oslo

from deuteron.api.policy_parents import KEYS
from deuteron.context import RequestContext

Target = Mapping[str, Any]


class Parents(Protocol):
    """What is known of the things that a target belongs to."""

    def owner(self, kind: str, parent_id: str) -> str | None:
        """The project of a parent.

        Args:
            kind: ``network``, ``security_group``, ``policy`` ...
            parent_id: its id.
        """

    def of_network(self, network_id: str, field: str) -> Any:
        """A field of a network as the caller sees it.

        Args:
            network_id: its id.
            field: ``shared`` or ``router:external``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What callers of one kind have in common.

    Args:
        roles: in lower case.
        service_roles: those of the service that asks on somebody's behalf, in lower case.
        system_scope: ``all`` if the token is for the whole system, '' else.
        is_admin: as the context says, for checks of that name.
    """

    roles: frozenset[str]
    service_roles: frozenset[str] = frozenset()
    system_scope: str = ""
    is_admin: bool = False


Test = Callable[[Target, RequestContext, Parents], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A check that has to look at the target.

    Args:
        test: looks.
        reads: names of the target's fields that it may look at.
        cost: a rank; what asks for parents comes after what does not.
    """

    test: Test
    reads: frozenset[str]
    cost: int = 1


Outcome = bool | Open

# What oslo.policy makes of a check whose kind it does not know.
_GENERIC = type(oslo.RuleDefault("any", "kind:match").check)

EXT_PARENT = "ext_parent"

_PROJECT = "project_id"
_LOOKUP = 10
_REMOTE = 100
_VARIABLE = re.compile(r"%\(([^)]*)\)s")
_ONE_VARIABLE = re.compile(r"^%\(([^)]*)\)s$")
_OF_NETWORKS = frozenset(("shared", "router:external"))
_TRUTHS = {"true": True, "false": False}

# What a check may ask of the caller: name -> value, beside roles and other lists.
_OF_CALLER: Mapping[str, Callable[[RequestContext], str]] = {
    "user_id": lambda ctx: ctx.user_id,
    "user": lambda ctx: ctx.user_id,
    "project_id": lambda ctx: ctx.project_id,
    "tenant_id": lambda ctx: ctx.project_id,
    "tenant": lambda ctx: ctx.project_id,
    "user_domain_id": lambda ctx: ctx.user_domain_id,
    "user_domain": lambda ctx: ctx.user_domain_id,
    "project_domain_id": lambda ctx: ctx.project_domain_id,
    "project_domain": lambda ctx: ctx.project_domain_id,
}


class Rules:
    """All rules for one kind of caller, each cut down when it is first asked for.

    Args:
        checks: rule name -> parsed check.
        caller: what is known of those who ask.
        default: name of the rule that stands for those that do not exist.
        own: whether targets are known to be the caller's own project's.
        remote: what a check of another kind (``http:``) is called with as its enforcer.
    """

    def __init__(
        self,
        checks: Mapping[str, Any],
        caller: Caller,
        *,
        default: str,
        own: bool,
        remote: Any = None,
    ) -> None:
        self._checks = checks
        self._caller = caller
        self._default = default
        self._own = own
        self._remote = remote
        self._known: dict[str, Outcome] = {}

    def outcome(self, name: str) -> Outcome:
        """What a rule says of this caller.

        Args:
            name: of a rule, whether it exists or not.
        """
        known = self._known.get(name)
        if known is None:
            check = self._checks.get(name)
            if check is None:
                check = self._checks.get(self._default)
            known = self._known[name] = False if check is None else self._reduced(check)
        return known

    def _reduced(self, check: Any) -> Outcome:
        if isinstance(check, oslo.AndCheck | oslo.OrCheck):
            return _joined(
                [self._reduced(part) for part in check.rules], isinstance(check, oslo.OrCheck)
            )
        if isinstance(check, oslo.NotCheck):
            return _not(self._reduced(check.rule))
        text = str(check)
        if text in ("@", "!"):
            return text == "@"
        return self._single(check)

    def _single(self, check: Any) -> Outcome:
        kind, match = str(check.kind), str(check.match)
        if kind == "rule":
            return self.outcome(match)
        if kind in (_PROJECT, "tenant_id"):
            return self._owner(match)
        if kind == "field":
            return _field(match)
        if kind in ("role", "roles", "service_roles"):
            service = kind == "service_roles"
            mine = self._caller.service_roles if service else self._caller.roles
            return _of_list(mine, match.lower())
        if kind == "is_admin":
            return match == str(self._caller.is_admin)
        if kind == "system_scope":
            return match == self._caller.system_scope
        if not isinstance(check, _GENERIC):
            return _foreign(check, self._remote)
        return _of_value(kind, match)

    def _owner(self, match: str) -> Outcome:
        variable = _ONE_VARIABLE.match(match)
        if variable is None:
            return Open(test=lambda _t, ctx, _p: ctx.project_id == match, reads=frozenset())
        field = variable[1].replace("tenant_id", _PROJECT)
        if field == _PROJECT:
            return True if self._own else Open(test=_is_own, reads=frozenset((_PROJECT,)))
        parent, _, _ = field.partition(":") if ":" in field else field.rpartition("_project_id")
        if parent == EXT_PARENT:
            return Open(test=_is_own_parent, reads=frozenset(), cost=_LOOKUP)
        key = KEYS.get(parent)
        if key is None:
            return Open(
                test=lambda target, ctx, _p: ctx.project_id == str(target.get(field)),
                reads=frozenset((field,)),
            )
        return _own_parent(parent, key)


def _joined(parts: Iterable[Outcome], any_of_them: bool) -> Outcome:
    """Several checks as one: any of them, or all; the cheap ones are asked first."""
    rest: list[Open] = []
    for part in parts:
        if isinstance(part, Open):
            rest.append(part)
        elif part is any_of_them:
            return any_of_them
    if not rest:
        return not any_of_them
    if len(rest) == 1:
        return rest[0]
    rest.sort(key=lambda part: part.cost)
    tests = tuple(part.test for part in rest)

    def some(target: Target, ctx: RequestContext, parents: Parents) -> bool:
        for test in tests:
            if test(target, ctx, parents) is any_of_them:
                return any_of_them
        return not any_of_them

    return Open(
        test=some,
        reads=frozenset().union(*(part.reads for part in rest)),
        cost=max(part.cost for part in rest),
    )


def _not(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Open):
        return not outcome
    test = outcome.test
    return Open(
        test=lambda target, ctx, parents: not test(target, ctx, parents),
        reads=outcome.reads,
        cost=outcome.cost,
    )


def _is_own(target: Target, ctx: RequestContext, _parents: Parents) -> bool:
    return target.get(_PROJECT) == ctx.project_id != ""


def _own_parent(parent: str, key: str) -> Open:
    def test(target: Target, ctx: RequestContext, parents: Parents) -> bool:
        parent_id = target.get(key)
        if not parent_id or not ctx.project_id:
            return False
        return parents.owner(parent, str(parent_id)) == ctx.project_id

    return Open(test=test, reads=frozenset((key,)), cost=_LOOKUP)


def _is_own_parent(target: Target, ctx: RequestContext, parents: Parents) -> bool:
    """The target stands below another thing: ``ext_parent`` is that thing's name and id."""
    parent = target.get(EXT_PARENT)
    if parent is None or not ctx.project_id:
        return False
    return parents.owner(*parent) == ctx.project_id


def _field(match: str) -> Outcome:
    """``RESOURCE:FIELD=VALUE``, or ``=~`` and a regular expression."""
    resource, _, rest = match.partition(":")
    field, _, wanted = rest.rpartition("=")
    of_network = resource in ("networks", "subnets") and field in _OF_NETWORKS
    pattern = re.compile(wanted[1:]) if wanted.startswith("~") else None
    truth = _TRUTHS.get(wanted.lower())

    def test(target: Target, _ctx: RequestContext, parents: Parents) -> bool:
        value = target.get(field)
        if value is None and of_network and field not in target and target.get("network_id"):
            value = parents.of_network(str(target["network_id"]), field)
        if value is None:
            return False
        if pattern is not None:
            return bool(pattern.match(str(value)))
        return value is truth if isinstance(value, bool) else str(value) == wanted

    reads = {field, "network_id"} if of_network else {field}
    return Open(test=test, reads=frozenset(reads), cost=_LOOKUP + 1 if of_network else 1)


def _of_list(mine: frozenset[str], wanted: str) -> Outcome:
    """Whether the caller has a role; its name may be that of a field's value."""
    if not _VARIABLE.search(wanted):
        return wanted in mine
    return _filled(wanted, lambda text, _ctx: text.lower() in mine)


def _of_value(kind: str, match: str) -> Outcome:
    """``user_id:%(user_id)s``, ``'text':%(field)s``, ``True:%(field)s``."""
    try:
        literal = str(ast.literal_eval(kind))
    except (ValueError, SyntaxError):
        of_caller = _OF_CALLER.get(kind)
        if of_caller is None:
            return False
        return _filled(match, lambda text, ctx: text == of_caller(ctx))
    return _filled(match, lambda text, _ctx: text == literal)


def _filled(match: str, compare: Callable[[str, RequestContext], bool]) -> Open:
    """Compares a text in which fields of the target stand; one that it lacks fits nothing."""

    def test(target: Target, ctx: RequestContext, _parents: Parents) -> bool:
        try:
            return compare(match % target, ctx)
        except (KeyError, ValueError, TypeError):
            return False

    return Open(test=test, reads=frozenset(_VARIABLE.findall(match)), cost=2)


def _foreign(check: Any, remote: Any) -> Open:
    """A check of another distribution (``http:``): it is told all that is known."""

    def test(target: Target, ctx: RequestContext, _parents: Parents) -> bool:
        credentials = {name: of(ctx) for name, of in _OF_CALLER.items()}
        told = {**credentials, "roles": sorted(ctx.roles), "is_admin": ctx.is_admin}
        return bool(check(dict(target), told, remote))

    return Open(test=test, reads=frozenset(), cost=_REMOTE)

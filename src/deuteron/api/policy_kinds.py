"""What kinds of callers there are, and what each may do with each noun, gathered once.

    roles, scope --> Kind --> powers           of the caller itself
                       `----> Accesses         per noun: what is left to ask per row or attribute

A kind is a set of roles; what its rules say without looking at a target is decided when the first
such caller comes, and kept. A request then finds all of it by two look-ups.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deuteron.api.policies import DEFAULTS
from deuteron.api.policy_checks import Caller, Open, Outcome, Rules
from deuteron.api.policy_files import SiteRules, parsed, reached
from deuteron.context import RequestContext
from deuteron.surface import Resource

if TYPE_CHECKING:
    from deuteron.api.resources import Noun

_PROJECT = "project_id"
_NO_DEFAULT = object()
# Nouns of which the scope of a read finds what the default of ``get_<noun>`` lets a reader see:
# there is nothing left to look for in each row.
_SCOPED = frozenset(("network", "subnet", "port"))
# Kinds of callers are sets of roles; there are few, unless somebody makes them up.
_MOST_KINDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """One attribute that not everybody may give.

    Args:
        name: of the attribute.
        rule: that is asked.
        outcome: what it says of this kind of caller.
        default: what the attribute is where nobody gives it; that asks for no power.
        keys: of an object that have rules of their own; of the objects of a list, all have.
    """

    name: str
    rule: str
    outcome: Outcome
    default: Any
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one kind of caller may do with one noun.

    Args:
        get, create, update, delete: what the rules say.
        on_create, on_update: attributes that not every such caller may give.
        hidden: attributes that such callers do not see.
        hidden_perhaps: attribute -> who sees it.
        scoped: what the core finds for such callers is what they may see.
    """

    get: Outcome
    create: Outcome
    update: Outcome
    delete: Outcome
    on_create: tuple[Power, ...]
    on_update: tuple[Power, ...]
    hidden: frozenset[str]
    hidden_perhaps: tuple[tuple[str, Open], ...]
    scoped: bool

    def reads(self, fields: Iterable[str]) -> frozenset[str]:
        """The fields that rules look at where these are to be shown."""
        asked: list[Outcome] = [test for name, test in self.hidden_perhaps if name in fields]
        if not self.scoped:
            asked.append(self.get)
        parts = [outcome.reads for outcome in asked if isinstance(outcome, Open)]
        return frozenset((_PROJECT,)).union(*parts) if parts else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accesses:
    """What one kind of caller may do with one noun, and what that means for an answer.

    Args:
        others: with any.
        own: with what is its own project's.
        hidden: attributes that it never sees.
        hidden_of_others: attributes that it sees of its own project's only.
        hidden_perhaps: (attribute, who sees it, whether it is seen of the own project's).
    """

    others: Access
    own: Access
    hidden: tuple[str, ...]
    hidden_of_others: tuple[str, ...]
    hidden_perhaps: tuple[tuple[str, Open, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What the rules about callers say of one, as of `RequestContext`."""

    is_admin: bool = False
    is_service: bool = False
    has_global_access: bool = False
    names_projects: bool = False


NO_POWERS = Powers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of caller: its rules, and what was gathered of them.

    Args:
        rules: for any target.
        own: for targets of the caller's own project.
        nouns: (suffix of the rules, whether there is an own project) -> what was gathered.
        powers: of each of them; None if that depends on the caller.
    """

    rules: Rules
    own: Rules
    nouns: dict[tuple[str, bool], Accesses]
    powers: Powers | None


class Kinds:
    """The kinds of callers that a site's rules know.

    Args:
        site: what the site's files say.
    """

    def __init__(self, site: SiteRules) -> None:
        self._site = site
        self._checks = site.checks or parsed(DEFAULTS)
        self._kinds: dict[Any, Kind] = {}

    def is_rule(self, name: str) -> bool:
        """Whether there is a rule of this name."""
        return name in self._checks

    def of(self, ctx: RequestContext) -> Kind:
        """The kind that a caller is of."""
        key = (ctx.roles, ctx.service_roles, ctx.system_scope, ctx.is_admin)
        kind = self._kinds.get(key)
        if kind is None:
            caller = Caller(
                roles=ctx.roles,
                service_roles=ctx.service_roles,
                system_scope=ctx.system_scope,
                is_admin=ctx.is_admin,
            )
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            rules = self._rules(caller, own=False)
            kind = self._kinds[key] = Kind(
                rules=rules,
                own=self._rules(caller, own=True),
                nouns={},
                powers=None if _depends(rules) else powers(rules, ctx),
            )
        return kind

    def _rules(self, caller: Caller, *, own: bool) -> Rules:
        site = self._site
        return Rules(self._checks, caller, default=site.default, own=own, remote=site.remote)

    def accesses(self, noun: "Noun", ctx: RequestContext) -> Accesses:
        """What a caller may do with a noun."""
        kind = self.of(ctx)
        key = (suffix(noun.resource), ctx.project_id != "")
        accesses = kind.nouns.get(key)
        if accesses is None:
            others = self._gathered(noun, kind, own=False)
            own = self._gathered(noun, kind, own=True) if ctx.project_id else others
            accesses = kind.nouns[key] = _together(others, own)
        return accesses

    def _gathered(self, noun: "Noun", kind: Kind, *, own: bool) -> Access:
        rules = kind.own if own else kind.rules
        named = suffix(noun.resource)
        hidden, perhaps = [], []
        for name in sorted(noun.attributes.visible):
            rule = f"get_{noun.resource.name}:{name}"
            outcome = rules.outcome(rule) if rule in self._checks else True
            if outcome is False:
                hidden.append(name)
            elif isinstance(outcome, Open):
                perhaps.append((name, outcome))
        return Access(
            get=rules.outcome(f"get_{named}"),
            create=rules.outcome(f"create_{named}"),
            update=rules.outcome(f"update_{named}"),
            delete=rules.outcome(f"delete_{named}"),
            on_create=tuple(self._attributes(noun, rules, f"create_{named}")),
            on_update=tuple(self._attributes(noun, rules, f"update_{named}")),
            hidden=frozenset(hidden),
            hidden_perhaps=tuple(perhaps),
            scoped=named in _SCOPED
            and kind.own.outcome(f"get_{named}") is True
            and not reached(f"get_{named}", self._checks) & self._site.texts.keys(),
        )

    def _attributes(self, noun: "Noun", rules: Rules, verb: str) -> Iterable[Power]:
        """The attributes that not every caller of this kind may give."""
        for name, facts in noun.attributes.facts.items():
            if not facts.get("enforce_policy"):
                continue
            rule = f"{verb}:{name}"
            outcome = rules.outcome(rule)
            below = [one for one in self._checks if one.startswith(f"{rule}:")]
            open_below = [one for one in (*below, f"{rule}:") if rules.outcome(one) is not True]
            if outcome is not True or open_below:
                yield Power(
                    name=name,
                    rule=rule,
                    outcome=outcome,
                    default=noun.attributes.defaults.get(name, _NO_DEFAULT),
                    keys=_keys(facts),
                )


def suffix(resource: Resource) -> str:
    """What follows ``create_`` in the names of a noun's rules."""
    return f"{resource.parent}_{resource.name}" if resource.parent else resource.name


def _together(others: Access, own: Access) -> Accesses:
    judged_of_own = {name for name, _ in own.hidden_perhaps} | own.hidden
    return Accesses(
        others=others,
        own=own,
        hidden=tuple(sorted(others.hidden & own.hidden)),
        hidden_of_others=tuple(sorted(others.hidden - own.hidden)),
        hidden_perhaps=tuple(
            (name, test, name not in judged_of_own) for name, test in others.hidden_perhaps
        ),
    )


_ABOUT_CALLERS = (
    "context_is_admin",
    "service_api",
    "context_is_advsvc",
    "context_with_global_access",
    "context_can_set_project_id",
)


def _depends(rules: Rules) -> bool:
    """Whether what callers may do at all depends on more than their kind."""
    return any(isinstance(rules.outcome(rule), Open) for rule in _ABOUT_CALLERS)


def powers(rules: Rules, ctx: RequestContext) -> Powers:
    """What the rules about callers say of one.

    Args:
        rules: for any target.
        ctx: with roles and scope.
    """
    admin, api, advanced, wide, names = (_holds(rules, rule, ctx) for rule in _ABOUT_CALLERS)
    service = api or advanced
    if not (admin or service or wide or names):
        return NO_POWERS
    return Powers(
        is_admin=admin,
        is_service=service,
        has_global_access=service or wide,
        names_projects=admin or service or names,
    )


def _holds(rules: Rules, rule: str, ctx: RequestContext) -> bool:
    outcome = rules.outcome(rule)
    if not isinstance(outcome, Open):
        return outcome
    about = {"user_id": ctx.user_id, _PROJECT: ctx.project_id}
    return outcome.test(about, ctx, _Nobody())


class _Nobody:
    """No parents: what rules about callers themselves are told."""

    def owner(self, _kind: str, _parent_id: str) -> str | None:
        """Nobody's."""
        return None

    def of_network(self, _network_id: str, _field: str) -> Any:
        """Nothing."""
        return None


def _keys(facts: Mapping[str, Any]) -> frozenset[str]:
    """The keys of an object that are described one by one, and so have rules of their own."""
    for rule, described in facts.get("validate", {}).items():
        if str(rule).startswith("type:dict") and isinstance(described, dict):
            return frozenset(described)
    return frozenset()

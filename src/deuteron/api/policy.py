"""May the caller do this? After the scoped read, which says whether it is there at all.

    create   create_<noun>, and create_<noun>:<attribute> for each that is given      403
    update   update_<noun>, and update_<noun>:<attribute> for each that changes       403 or 404
    delete   delete_<noun>                                                            403 or 404
    action   <action>                                                                 403 or 404
    show     get_<noun>                                                               404
    list     get_<noun>                                                               left out
    answers  get_<noun>:<attribute>                                                   left out

404 where the caller may not even see the thing. `Rules` decide once per kind of caller (a set of
roles) all that does not look at the target, and `Access` gathers it per noun: who may do everything
is asked nothing per row or attribute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deuteron.api.policies import DEFAULTS
from deuteron.api.policy_checks import EXT_PARENT, Caller, Open, Outcome, Rules
from deuteron.api.policy_files import SiteRules, parsed, reached
from deuteron.api.policy_parents import KEYS, OfRequest, Owners
from deuteron.context import RequestContext
from deuteron.errors import HTTPNotFound, InvalidScope, PolicyNotAuthorized
from deuteron.query import Query
from deuteron.surface import Resource, Row

if TYPE_CHECKING:
    from deuteron.api.resources import Noun
    from deuteron.core.deployment import Deployment

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
class _Kind:
    """One kind of caller: its rules, and what was gathered of them.

    Args:
        rules: for any target.
        own: for targets of the caller's own project.
        nouns: (suffix of the rules, own) -> what was gathered.
    """

    rules: Rules
    own: Rules
    nouns: dict[tuple[str, bool], Access]


class Policy:
    """The rules of a site.

    Args:
        site: what the site's files say.
        resources: the nouns.
    """

    def __init__(self, site: SiteRules, resources: Iterable[Resource]) -> None:
        self._site = site
        self._checks = site.checks or parsed(DEFAULTS)
        self._owners = Owners(resources)
        self._kinds: dict[Any, _Kind] = {}

    def with_powers(self, ctx: RequestContext) -> RequestContext:
        """The caller with what the rules about callers say: administrator, service, ...

        Args:
            ctx: with roles and scope; one that is unrestricted has its powers already.
        """
        if ctx.unrestricted:
            return ctx
        is_admin = self._holds("context_is_admin", ctx)
        is_service = self._holds("service_api", ctx) or self._holds("context_is_advsvc", ctx)
        sees = is_service or self._holds("context_with_global_access", ctx)
        names = is_admin or is_service or self._holds("context_can_set_project_id", ctx)
        if not (is_admin or sees or names):
            return ctx
        return replace(
            ctx,
            is_admin=is_admin,
            is_service=is_service,
            has_global_access=sees,
            names_projects=names,
        )

    def _holds(self, rule: str, ctx: RequestContext) -> bool:
        outcome = self._kind(ctx).rules.outcome(rule)
        if not isinstance(outcome, Open):
            return outcome
        about = {"user_id": ctx.user_id, _PROJECT: ctx.project_id}
        return outcome.test(about, ctx, _Nobody())

    # --- what handlers ask ------------------------------------------------------------------------

    def may_create(
        self, noun: "Noun", d: "Deployment", ctx: RequestContext, ids: tuple[str, ...], body: Row
    ) -> None:
        """May this be made?

        Args:
            noun: of what.
            d: where parents are looked up.
            ctx: who asks.
            ids: of the path: the parent's, or none.
            body: converted, with defaults.

        Raises:
            PolicyNotAuthorized: no.
            NotFound: its network, group or other parent is not there for the caller.
        """
        if ctx.unrestricted:
            return
        rule = f"create_{suffix(noun.resource)}"
        self._require_project_scope(rule, ctx)
        access = self._access(noun, ctx, own=body.get(_PROJECT) == ctx.project_id)
        if access.create is True and not access.on_create:
            return
        target = _with_parent(noun.resource, body, ids)
        parents = self._parents(d, ctx, [target])
        try:
            _require(access.create, rule, target, ctx, parents)
            for power in access.on_create:
                if power.name in body and body[power.name] != power.default:
                    self._require_power(power, body[power.name], target, ctx, parents)
        except PolicyNotAuthorized:
            parents.require(_parents_of(target))
            raise

    def may_change(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        changes: Row,
    ) -> None:
        """May this be changed so?

        Args:
            noun: of what.
            d: where it is looked up, if a rule must look at it.
            ctx: who asks.
            ids: of the path.
            changes: converted.

        Raises:
            PolicyNotAuthorized: no, though it may be seen.
            NotFound: it is not there for the caller.
        """
        if ctx.unrestricted:
            return
        access = self._access(noun, ctx, own=False)
        powers = [power for power in access.on_update if power.name in changes]
        if access.update is True and not powers and not _is_wide(ctx):
            return
        row = self._row(noun, d, ctx, ids)
        target = _with_parent(noun.resource, {**row, **changes}, ids)
        parents = self._parents(d, ctx, [target])
        rule = f"update_{suffix(noun.resource)}"
        self._require_project_scope(rule, ctx)
        _require(access.update, rule, target, ctx, parents)
        for power in powers:
            self._require_power(power, changes[power.name], target, ctx, parents)

    def may_delete(
        self, noun: "Noun", d: "Deployment", ctx: RequestContext, ids: tuple[str, ...]
    ) -> None:
        """May this be deleted? Arguments and errors as of `may_change`."""
        if ctx.unrestricted:
            return
        access = self._access(noun, ctx, own=False)
        self._require_on(noun, d, ctx, ids, f"delete_{suffix(noun.resource)}", access.delete)

    def may_act(
        self, noun: "Noun", d: "Deployment", ctx: RequestContext, ids: tuple[str, ...], rule: str
    ) -> None:
        """May this be done to it?

        Args:
            noun: of what.
            d: where it is looked up, if a rule must look at it.
            ctx: who asks.
            ids: of the path.
            rule: its name; ``update_<noun>`` stands for one that does not exist.

        Raises:
            PolicyNotAuthorized: no, though it may be seen.
            NotFound: it is not there for the caller.
        """
        if ctx.unrestricted:
            return
        if rule not in self._checks:
            rule = f"update_{suffix(noun.resource)}"
        self._require_on(noun, d, ctx, ids, rule, self._kind(ctx).rules.outcome(rule))

    def require(
        self, d: "Deployment", ctx: RequestContext, rule: str, target: Row | None = None
    ) -> None:
        """See to it that a rule holds, for handlers that are no verb of a noun.

        Args:
            d: where parents are looked up.
            ctx: who asks.
            rule: its name.
            target: what it is about; None for something of the caller's own project.

        Raises:
            PolicyNotAuthorized: it does not.
        """
        if ctx.unrestricted:
            return
        self._require_project_scope(rule, ctx)
        about = {_PROJECT: ctx.project_id} if target is None else target
        outcome = self._kind(ctx).rules.outcome(rule)
        _require(outcome, rule, about, ctx, self._parents(d, ctx, [about]))

    def query(self, noun: "Noun", ctx: RequestContext, query: Query) -> Query | None:
        """What the core is to be asked for a list: with the fields that rules look at.

        Args:
            noun: of what.
            ctx: who asks.
            query: as the caller put it.

        Returns:
            the query, None if the caller sees nothing of this kind.
        """
        if ctx.unrestricted:
            return query
        access = self._access(noun, ctx, own=False)
        if access.get is False or _is_wide(ctx):
            return None
        if query.fields is None:
            return query
        reads = access.reads(query.fields)
        needed = reads.intersection(noun.attributes.known).difference(query.fields)
        return replace(query, fields=(*query.fields, *sorted(needed))) if needed else query

    def seen(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        rows: list[Row],
    ) -> list[Row]:
        """The rows that the caller may see, without the attributes that it may not.

        Args:
            noun: of what.
            d: where parents are looked up.
            ctx: who asks.
            ids: of the path: the parent's, or none.
            rows: of the core; those that are left are changed in place.
        """
        if ctx.unrestricted:
            return rows
        if _is_wide(ctx):
            return []
        others = self._access(noun, ctx, own=False)
        if others.get is not True and not others.scoped:
            of_own = self._access(noun, ctx, own=True).get
            parents = self._parents(d, ctx, rows)
            project = ctx.project_id
            rows = [
                row
                for row in rows
                if (of_own is True and row.get(_PROJECT) == project)
                or _allows(others.get, noun.resource, row, ids, ctx, parents)
            ]
        return self.without_hidden(noun, d, ctx, ids, rows)

    def without_hidden(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        rows: list[Row],
    ) -> list[Row]:
        """The rows without the attributes that the caller may not see. Arguments as of `seen`."""
        if ctx.unrestricted:
            return rows
        if not rows:
            return rows
        others, own = self._access(noun, ctx, own=False), self._access(noun, ctx, own=True)
        some = rows[0]  # the rows of one answer have the same names
        for name in others.hidden:
            if name in some:
                seen_of_own = name not in own.hidden
                for row in rows:
                    if not (seen_of_own and row.get(_PROJECT) == ctx.project_id):
                        row.pop(name, None)
        for name, test in others.hidden_perhaps:
            if name in some:
                seen_of_own = name not in own.hidden and name not in dict(own.hidden_perhaps)
                parents = self._parents(d, ctx, rows)
                for row in rows:
                    if not (
                        (seen_of_own and row.get(_PROJECT) == ctx.project_id)
                        or _allows(test, noun.resource, row, ids, ctx, parents)
                    ):
                        row.pop(name, None)
        return rows

    def require_seen(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        row: Row,
    ) -> Row:
        """One row, as `seen`.

        Raises:
            HTTPNotFound: the caller may not see it.
        """
        rows = self.seen(noun, d, ctx, ids, [row])
        if not rows:
            raise HTTPNotFound
        return rows[0]

    def require_readable(self, noun: "Noun", ctx: RequestContext) -> None:
        """See to it that there is anything of this kind that the caller may see.

        Raises:
            HTTPNotFound: there is not; nothing tells what exists from what does not.
        """
        if not ctx.unrestricted and self._access(noun, ctx, own=False).get is False:
            raise HTTPNotFound

    # --- how the answers come about ---------------------------------------------------------------

    def _require_on(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        rule: str,
        outcome: Outcome,
    ) -> None:
        """See to it that a rule holds for what exists already."""
        if outcome is True and not _is_wide(ctx):
            return
        row = self._row(noun, d, ctx, ids)
        target = _with_parent(noun.resource, row, ids)
        self._require_project_scope(rule, ctx)
        _require(outcome, rule, target, ctx, self._parents(d, ctx, [target]))

    def _row(self, noun: "Noun", d: "Deployment", ctx: RequestContext, ids: tuple[str, ...]) -> Row:
        """What is there, for a rule to look at; `HTTPNotFound` if the caller may not see it."""
        self.require_readable(noun, ctx)
        assert noun.resource.get is not None
        row = noun.resource.get(d, ctx, *ids)
        if not self.seen(noun, d, ctx, ids, [dict(row)]):
            raise HTTPNotFound
        return row

    def _require_power(
        self, power: Power, value: Any, target: Row, ctx: RequestContext, parents: OfRequest
    ) -> None:
        """See to it that an attribute may be given, and the parts that it has."""
        _require(power.outcome, power.rule, target, ctx, parents)
        parts: Iterable[str] = ()
        if isinstance(value, dict):
            parts = power.keys.intersection(value)
        elif isinstance(value, list):
            parts = {key for item in value if isinstance(item, dict) for key in item}
        for key in sorted(parts):
            rule = f"{power.rule}:{key}"
            _require(self._kind(ctx).rules.outcome(rule), rule, target, ctx, parents)

    def _require_project_scope(self, rule: str, ctx: RequestContext) -> None:
        if _is_wide(ctx):
            raise InvalidScope(rule=rule)

    def _parents(self, d: "Deployment", ctx: RequestContext, targets: Sequence[Row]) -> OfRequest:
        return OfRequest(self._owners, d, ctx, targets)

    def _kind(self, ctx: RequestContext) -> _Kind:
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
            kind = self._kinds[key] = _Kind(
                rules=self._rules(caller, own=False), own=self._rules(caller, own=True), nouns={}
            )
        return kind

    def _rules(self, caller: Caller, *, own: bool) -> Rules:
        site = self._site
        return Rules(self._checks, caller, default=site.default, own=own, remote=site.remote)

    def _access(self, noun: "Noun", ctx: RequestContext, *, own: bool) -> Access:
        kind = self._kind(ctx)
        own = own and ctx.project_id != ""
        key = (suffix(noun.resource), own)
        access = kind.nouns.get(key)
        if access is None:
            access = kind.nouns[key] = self._gathered(noun, kind, own=own)
        return access

    def _gathered(self, noun: "Noun", kind: _Kind, *, own: bool) -> Access:
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
            on_create=tuple(self._powers(noun, rules, f"create_{named}")),
            on_update=tuple(self._powers(noun, rules, f"update_{named}")),
            hidden=frozenset(hidden),
            hidden_perhaps=tuple(perhaps),
            scoped=named in _SCOPED
            and kind.own.outcome(f"get_{named}") is True
            and not reached(f"get_{named}", self._checks) & self._site.texts.keys(),
        )

    def _powers(self, noun: "Noun", rules: Rules, verb: str) -> Iterable[Power]:
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


class _Nobody:
    """No parents: what rules about callers themselves are told."""

    def owner(self, _kind: str, _parent_id: str) -> str | None:
        """Nobody's."""
        return None

    def of_network(self, _network_id: str, _field: str) -> Any:
        """Nothing."""
        return None


def suffix(resource: Resource) -> str:
    """What follows ``create_`` in the names of a noun's rules."""
    return f"{resource.parent}_{resource.name}" if resource.parent else resource.name


def _keys(facts: Mapping[str, Any]) -> frozenset[str]:
    """The keys of an object that are described one by one, and so have rules of their own."""
    for rule, described in facts.get("validate", {}).items():
        if str(rule).startswith("type:dict") and isinstance(described, dict):
            return frozenset(described)
    return frozenset()


def _is_wide(ctx: RequestContext) -> bool:
    """Whether the caller's token is for a domain or the system: no rule is for these."""
    return bool(ctx.system_scope or ctx.domain_id)


def _require(
    outcome: Outcome, rule: str, target: Row, ctx: RequestContext, parents: OfRequest
) -> None:
    allowed = outcome.test(target, ctx, parents) if isinstance(outcome, Open) else outcome
    if not allowed:
        raise PolicyNotAuthorized(rule=rule)


def _allows(
    outcome: Outcome,
    resource: Resource,
    row: Row,
    ids: tuple[str, ...],
    ctx: RequestContext,
    parents: OfRequest,
) -> bool:
    if not isinstance(outcome, Open):
        return outcome
    return outcome.test(_with_parent(resource, row, ids), ctx, parents)


def _with_parent(resource: Resource, row: Row, ids: tuple[str, ...]) -> Row:
    """What a rule looks at: the row, and what it stands below in the path."""
    if not resource.parent or not ids:
        return row
    return {**row, EXT_PARENT: (resource.parent, ids[0])}


def _parents_of(target: Row) -> list[tuple[str, str]]:
    """(kind, id) of all that a target belongs to."""
    named = [(kind, target[key]) for kind, key in KEYS.items() if target.get(key)]
    return [*named, target[EXT_PARENT]] if EXT_PARENT in target else named

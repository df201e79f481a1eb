"""May the caller do this? After the scoped read, which says whether it is there at all.

    create   create_<noun>, and create_<noun>:<attribute> for each that is given      403
    update   update_<noun>, and update_<noun>:<attribute> for each that changes       403 or 404
    delete   delete_<noun>                                                            403 or 404
    action   <action>; of an edit also <action>:<attribute> and <action>:<attribute>:<key>,
             where there are such rules                                               403 or 404
    show     get_<noun>                                                               404
    list     get_<noun>                                                               left out
    answers  get_<noun>:<attribute>                                                   left out

404 where the caller may not even see the thing. What does not look at the target is decided once
per kind of caller (policy_kinds.py): who may do everything is asked nothing per row or attribute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deuteron.api import policy_kinds
from deuteron.api.policy_checks import EXT_PARENT, Open, Outcome
from deuteron.api.policy_files import SiteRules
from deuteron.api.policy_kinds import Accesses, Kinds, Power, suffix
from deuteron.api.policy_parents import KEYS, OfRequest, Owners
from deuteron.context import RequestContext
from deuteron.errors import HTTPNotFound, InvalidScope, PolicyNotAuthorized
from deuteron.query import Query
from deuteron.surface import Resource, Row

if TYPE_CHECKING:
    from deuteron.api.resources import Noun
    from deuteron.core.deployment import Deployment

_PROJECT = "project_id"


class Policy:
    """The rules of a site.

    Args:
        site: what the site's files say.
        resources: the nouns.
    """

    def __init__(self, site: SiteRules, resources: Iterable[Resource]) -> None:
        self._kinds = Kinds(site)
        self._owners = Owners(resources)

    def with_powers(self, ctx: RequestContext) -> RequestContext:
        """The caller with what the rules about callers say: administrator, service, ...

        Args:
            ctx: with roles and scope; one that is unrestricted has its powers already.
        """
        if ctx.unrestricted:
            return ctx
        kind = self._kinds.of(ctx)
        powers = policy_kinds.powers(kind.rules, ctx) if kind.powers is None else kind.powers
        if powers is policy_kinds.NO_POWERS:
            return ctx
        return replace(
            ctx,
            is_admin=powers.is_admin,
            is_service=powers.is_service,
            has_global_access=powers.has_global_access,
            names_projects=powers.names_projects,
        )

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
        accesses = self._kinds.accesses(noun, ctx)
        access = accesses.own if body.get(_PROJECT) == ctx.project_id else accesses.others
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
        access = self._kinds.accesses(noun, ctx).others
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
        access = self._kinds.accesses(noun, ctx).others
        self._require_on(noun, d, ctx, ids, {f"delete_{suffix(noun.resource)}": access.delete})

    def may_act(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        rule: str,
        said: Any = None,
    ) -> None:
        """May this be done to it?

        Args:
            noun: of what.
            d: where it is looked up, if a rule must look at it.
            ctx: who asks.
            ids: of the path.
            rule: its name; ``update_<noun>`` stands for one that does not exist.
            said: the attributes in the document, unchecked: some have rules of their own.

        Raises:
            PolicyNotAuthorized: no, though it may be seen.
            NotFound: it is not there for the caller.
        """
        if ctx.unrestricted:
            return
        own = rule if self._kinds.is_rule(rule) else f"update_{suffix(noun.resource)}"
        rules = [own, *filter(self._kinds.is_rule, _parts(rule, said))]
        outcomes = self._kinds.of(ctx).rules
        self._require_on(noun, d, ctx, ids, {one: outcomes.outcome(one) for one in rules})

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
        outcome = self._kinds.of(ctx).rules.outcome(rule)
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
        access = self._kinds.accesses(noun, ctx).others
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
        accesses = self._kinds.accesses(noun, ctx)
        others = accesses.others.get
        if others is not True and not accesses.others.scoped:
            of_own = accesses.own.get
            parents = self._parents(d, ctx, rows)
            project = ctx.project_id
            rows = [
                row
                for row in rows
                if (of_own is True and row.get(_PROJECT) == project)
                or _allows(others, noun.resource, row, ids, ctx, parents)
            ]
        return self._without(accesses, noun, d, ctx, ids, rows)

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
        return self._without(self._kinds.accesses(noun, ctx), noun, d, ctx, ids, rows)

    def _without(
        self,
        accesses: Accesses,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        rows: list[Row],
    ) -> list[Row]:
        _drop(accesses.hidden, rows)
        if accesses.hidden_of_others:
            others = [row for row in rows if row.get(_PROJECT) != ctx.project_id]
            _drop(accesses.hidden_of_others, others)
        for name, test, seen_of_own in accesses.hidden_perhaps:
            if not rows or name not in rows[0]:
                continue
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
        if not ctx.unrestricted and self._kinds.accesses(noun, ctx).others.get is False:
            raise HTTPNotFound

    # --- how the answers come about ---------------------------------------------------------------

    def _require_on(
        self,
        noun: "Noun",
        d: "Deployment",
        ctx: RequestContext,
        ids: tuple[str, ...],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        """See to it that rules hold for what exists already."""
        if all(outcome is True for outcome in outcomes.values()) and not _is_wide(ctx):
            return
        row = self._row(noun, d, ctx, ids)
        target = _with_parent(noun.resource, row, ids)
        parents = self._parents(d, ctx, [target])
        for rule, outcome in outcomes.items():
            self._require_project_scope(rule, ctx)
            _require(outcome, rule, target, ctx, parents)

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
            _require(self._kinds.of(ctx).rules.outcome(rule), rule, target, ctx, parents)

    def _require_project_scope(self, rule: str, ctx: RequestContext) -> None:
        if _is_wide(ctx):
            raise InvalidScope(rule=rule)

    def _parents(self, d: "Deployment", ctx: RequestContext, targets: Sequence[Row]) -> OfRequest:
        return OfRequest(self._owners, d, ctx, targets)


def _parts(rule: str, said: Any) -> list[str]:
    """The rules that there may be for what a document says of attributes."""
    found = []
    for name, value in said.items() if isinstance(said, dict) else ():
        items = value if isinstance(value, list) else [value]
        keys = {key for item in items if isinstance(item, dict) for key in item}
        found += [f"{rule}:{name}", *(f"{rule}:{name}:{key}" for key in sorted(keys))]
    return found


def _drop(names: Iterable[str], rows: Sequence[Row]) -> None:
    """Take attributes out of rows, which all have the same names: those of one answer."""
    for name in names:
        if rows and name in rows[0]:
            for row in rows:
                row.pop(name, None)


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

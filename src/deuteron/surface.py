"""What a noun or an extension shows of itself to the API, as data.

`deuteron.api` makes paths, validators and answers of it. It stands apart so that a service plugin
can be whole in its folder, its API included, without knowing HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

AttributeMap = Mapping[str, Mapping[str, Any]]
"""Attribute name -> facts (``allow_post``, ``default``, ``validate`` ...), neutron-lib's form."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Things of another noun that belong to one of this noun: ``.../{id}/<name>``.

    Args:
        collection: of the other noun, the key of the answer.
        list_: (deployment, context, id) -> rows; ``GET``.
        rule: of the policy, for the list.
        add: (deployment, context, id, id of the other), ``POST`` of an object with that id under
            `key`; None where it is not allowed.
        add_rule: of the policy.
        remove: (deployment, context, id, id of the other), ``DELETE .../{id}/<name>/{of_it}``.
        remove_rule: of the policy.
        key: what the id of the other is called.
        shows: what rows have here beside the attributes of the other noun.
    """

    collection: str
    list_: Callable[..., list[Row]]
    rule: str
    add: Callable[..., None] | None = None
    add_rule: str = ""
    remove: Callable[..., None] | None = None
    remove_rule: str = ""
    key: str = ""
    shows: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A noun of the API and who acts on it. A verb that is None is not allowed (405).

    Args:
        name: singular, the key of one in a body.
        collection: plural, the key of many.
        other_name: what else clients call one in bodies and look for in answers; '' for nothing.
        paths: below ``/v2.0/``; the first is the canonical one.
        key: the attribute that stands in the path of one.
        parent: singular of the thing below which it stands in the path; its policy rules are
            named ``create_<parent>_<name>``, and may ask whose the parent is.
        list_: (deployment, context, query) -> rows.
        get: (deployment, context, id) -> row.
        create: (deployment, context, bodies) -> rows, all or none.
        update: (deployment, context, id, changes, if_revision=) -> row.
        delete: (deployment, context, id, if_revision=).
        actions: name -> (deployment, context, id, document) -> document; ``PUT .../{id}/name``.
        edits: name -> (deployment, context, id, document) -> row; ``PUT .../{id}/name``, answered
            as an update is.
        views: name -> (deployment, context, id) -> document; ``GET .../{id}/name``.
        questions: name -> (deployment, context, id) -> row; ``GET .../{id}?fields=name``, asked
            in the place of `get`.
        related: name -> what belongs to one; below ``.../{id}/``.
        bulk: many may be created by one request.
        paged: a list can be asked for in pages; else an answer is always whole.
        tagged: it has tags.
        parts: attributes that list other resources whole, named like their collection.
        attributes: its attribute map, None if core and extensions say it.
    """

    name: str
    collection: str
    paths: tuple[str, ...]
    other_name: str = ""
    key: str = "id"
    parent: str = ""
    list_: Callable[..., list[Row]] | None = None
    get: Callable[..., Row] | None = None
    create: Callable[..., list[Row]] | None = None
    update: Callable[..., Row] | None = None
    delete: Callable[..., None] | None = None
    actions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    edits: Mapping[str, Callable[..., Row]] = field(default_factory=dict)
    views: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    questions: Mapping[str, Callable[..., Row]] = field(default_factory=dict)
    related: Mapping[str, Related] = field(default_factory=dict)
    bulk: bool = True
    paged: bool = True
    tagged: bool = False
    parts: tuple[str, ...] = ()
    attributes: AttributeMap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One extension.

    Args:
        alias: how clients ask for it.
        name: its title.
        description: one sentence.
        updated: ISO time of its last change.
        attributes: collection -> attribute map of what it adds or replaces.
        requires: aliases without which it has no meaning.
    """

    alias: str
    name: str
    description: str
    updated: str
    attributes: Mapping[str, AttributeMap] = field(default_factory=dict)
    requires: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "name": self.name,
            "alias": self.alias,
            "description": self.description,
            "updated": self.updated,
            "links": [],
        }


def defined_by(
    definition: ModuleType, attributes: Mapping[str, AttributeMap] | None = None
) -> Extension:
    """An extension as a module defines it, in the form of neutron_lib.api.definitions.

    Args:
        definition: the module.
        attributes: attribute maps in the place of its own, None to keep these.
    """
    return Extension(
        alias=definition.ALIAS,
        name=definition.NAME,
        description=definition.DESCRIPTION,
        updated=definition.UPDATED_TIMESTAMP,
        attributes=definition.RESOURCE_ATTRIBUTE_MAP if attributes is None else attributes,
        requires=tuple(definition.REQUIRED_EXTENSIONS),
    )

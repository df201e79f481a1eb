"""What a service plugin is: nouns, extensions, and what these add to networks, subnets and ports.

    services/<name>/__init__.py   plugin(settings), which makes a record of everything below
                    api.py        its nouns and extensions, as data
                    <verbs>.py    its rules: one module per noun, like `deuteron.core`
                    rows.py       its queries

A plugin is whole in its folder, but for its tables: all tables are one history of migrations, so
they stand in `deuteron.db.service_tables`. `deuteron.app.plugins` lists the plugins that there are
and enables those that a site configures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deuteron.core.extension import ResourceExtension
from deuteron.db.rbac_policies import Shareable
from deuteron.surface import Extension, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlugin:
    """One service plugin.

    Args:
        name: as ``service_plugins`` has it; the class paths that mean it too are in
            `deuteron.config.plugins`.
        service_type: what flavors call its service (neutron_lib.plugins.constants).
        extensions: what ``/v2.0/extensions`` shows of it, each of them complete.
        resources: its nouns.
        shareable: object type of RBAC policies -> how such objects are shared.
        limited: those of its nouns that have a quota, singular; `deuteron.db.quotas` counts them.
        networks, subnets, ports: attributes that it adds to these, after those of the core.
    """

    name: str
    service_type: str
    extensions: tuple[Extension, ...]
    resources: tuple[Resource, ...] = ()
    shareable: Mapping[str, Shareable] = field(default_factory=dict)
    limited: tuple[str, ...] = ()
    networks: tuple[ResourceExtension, ...] = ()
    subnets: tuple[ResourceExtension, ...] = ()
    ports: tuple[ResourceExtension, ...] = ()

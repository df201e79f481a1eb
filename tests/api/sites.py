"""Deployments for tests of the API, built once for each set of options and then used again.

Building one costs far more than most tests do. Each test gets it on a database as it was when the
deployment was built, and with nothing remembered of an earlier test; the drivers find the options
of their own deployment in oslo.config's global ones.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deuteron import config
from deuteron.app.deployment import build
from deuteron.app.wsgi import application_of
from deuteron.core.deployment import Deployment

Sections = Mapping[str, Mapping[str, Any]]

OF_EVERY_SITE: Sections = {
    "ml2_type_flat": {"flat_networks": "*"},
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:1:1000,physnet2"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One deployment, its application, its configuration file and its database.

    Args:
        database: its SQLite file; what is on a server is not renewed.
    """

    deployment: Deployment
    application: Any
    configuration: Path
    database: Path

    def renew(self) -> None:
        """As it was when it was built."""
        config.load([str(self.configuration)])
        self.deployment.hints.forget()
        self.deployment.database.dispose()
        shutil.copyfile(_as_built(self.database), self.database)
        for ending in ("-wal", "-shm"):
            Path(f"{self.database}{ending}").unlink(missing_ok=True)


def build_site(folder: Path, sections: Sections) -> Site:
    """A deployment from options by section; on SQLite unless a connection is given."""
    database = folder / "deuteron.sqlite"
    options: dict[str, dict[str, Any]] = {"database": {"connection": f"sqlite:///{database}"}}
    for name, values in (*OF_EVERY_SITE.items(), *sections.items()):
        options.setdefault(name, {}).update(values)
    path = folder / "neutron.conf"
    path.write_text(
        "".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
            for name, values in options.items()
        )
    )
    deployment = build(config.load([str(path)]))
    deployment.database.dispose()
    if database.exists():
        shutil.copyfile(database, _as_built(database))
    return Site(
        deployment=deployment,
        application=application_of(deployment),
        configuration=path,
        database=database,
    )


def _as_built(database: Path) -> Path:
    return database.with_suffix(".new")


class Sites:
    """Those that were built so far.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[tuple[Any, ...], Site] = {}

    def take(self, sections: Sections, number: int) -> Site:
        """One that is as new.

        Args:
            sections: its options.
            number: of those with the same options, which a test uses at the same time.
        """
        key = (number, *sorted((name, *sorted(of.items())) for name, of in sections.items()))
        site = self._built.get(key)
        if site is None:
            folder = self._folder / str(len(self._built))
            folder.mkdir()
            site = self._built[key] = build_site(folder, sections)
        else:
            site.renew()
        return site

    def close(self) -> None:
        """Let go of the databases."""
        for site in self._built.values():
            site.deployment.database.dispose()

"""Writes the next revision: what leads from the history's tables to those of `METADATA`.

Format it with `make format`, and read it: a renamed column looks like one dropped and one added.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import api, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import String, create_engine

from deuteron.db.schema import MIGRATIONS, REVISIONS, migrate
from deuteron.db.tables import METADATA, Json

_TEMPLATE = '''"""{title}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "{revision}"
down_revision = {down_revision}


def _text(length: int) -> sa.String:
    """A text that compares and sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """{title}."""
{body}
'''


def _plain(kind: str, item: Any, _context: api.AutogenContext) -> str | Literal[False]:
    """A revision outlives the classes of today, so it names the types that they stand for."""
    if kind == "type" and isinstance(item, Json):
        return "sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')"
    if kind == "type" and type(item) is String:
        return f"_text({item.length})"
    return False


def write_revision(title: str, revisions: tuple[str, ...]) -> Path:
    """Write a revision that follows these.

    Args:
        title: what it does, one line.
        revisions: the history so far.

    Returns:
        The new file.
    """
    options = {
        "version_table": "deuteron_version",
        "target_metadata": METADATA,
        "render_item": _plain,
        "include_object": lambda _item, name, *_more: name != "deuteron_version",
    }
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/db.sqlite")
        with engine.connect() as connection:
            if revisions:
                migrate(connection)
            context = MigrationContext.configure(connection, opts=options)
            script = produce_migrations(context, METADATA)
        engine.dispose()
    assert script.upgrade_ops is not None
    body = render_python_code(script.upgrade_ops, render_item=_plain, migration_context=context)
    revision = f"{len(revisions) + 1:04}"
    words = "_".join(re.findall(r"[a-z0-9]+", title.lower()))
    path = MIGRATIONS / "versions" / f"{revision}_{words}.py"
    path.write_text(
        _TEMPLATE.format(
            title=title.rstrip("."),
            revision=revision,
            down_revision=f'"{revisions[-1]}"' if revisions else None,
            body="\n".join(line for line in f"    {body}".splitlines() if "# ###" not in line),
        )
    )
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{write_revision(sys.argv[1], REVISIONS)}\n")

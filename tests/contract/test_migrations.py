"""The history of the tables ends where METADATA is, on every database."""

import shutil
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from deuteron.db import schema
from deuteron.db.engine import Database
from deuteron.errors import StartError


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.dispose()


def described(connection: Connection) -> set[str]:
    """Everything that the database says about its tables, one line per column, key and index."""
    match connection.dialect.name:
        case "sqlite":
            texts = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql > ''"))
            return {
                f"{sql.splitlines()[0]} {line.strip().strip(',')}"
                for (sql,) in texts
                for line in sql.splitlines()
            }
        case "mysql":
            tables = [name for (name,) in connection.execute(text("SHOW TABLES"))]
            return {
                f"{table} {line.strip().strip(',')}"
                for table in tables
                for line in connection.execute(text(f"SHOW CREATE TABLE `{table}`"))
                .one()[1]
                .splitlines()
            }
        case _:
            queries = (
                (
                    "SELECT table_name, column_name, data_type, character_maximum_length,"
                    " is_nullable, column_default, collation_name FROM information_schema.columns"
                    " WHERE table_schema = 'public'"
                ),
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
                (
                    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
                    " FROM pg_constraint"
                ),
            )
            return {str(row) for query in queries for row in connection.execute(text(query))}


def of_ours(lines: set[str]) -> set[str]:
    return {line for line in lines if schema.VERSION_TABLE not in line}


def test_the_history_and_the_metadata_make_the_same_tables(empty, empty_url):
    with empty.maintenance() as connection:
        connection.exec_driver_sql("BEGIN")
        schema.migrate(connection)
        connection.exec_driver_sql("COMMIT")
    schema.check(empty)
    with empty.maintenance() as connection:
        migrated = of_ours(described(connection))
        schema.METADATA.drop_all(connection)
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = 'unfinished'"))
    schema.prepare(empty, may_upgrade=False)
    with empty.maintenance() as connection:
        created = of_ours(described(connection))
    hint = "write a revision: python -m deuteron.db.migrations 'Title'"
    assert created - migrated == set(), f"only in tables.py; {hint}"
    assert migrated - created == set(), f"only in the history; {hint}"


def test_the_code_knows_the_whole_history():
    script = ScriptDirectory(str(schema.MIGRATIONS))
    walked = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(walked)) == schema.REVISIONS


LATER = """
from alembic import op

revision = "later"
down_revision = "{head}"


def upgrade():
    op.execute("CREATE TABLE added (id INTEGER)")
"""


@pytest.fixture
def newer_code(tmp_path, monkeypatch):
    """Makes this the code of a later version with one more revision; call it to do so."""

    def install() -> None:
        migrations = tmp_path / "migrations"
        shutil.copytree(schema.MIGRATIONS / "versions", migrations / "versions")
        (migrations / "versions" / "later.py").write_text(LATER.format(head=schema.HEAD))
        monkeypatch.setattr(schema, "MIGRATIONS", migrations)
        monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "later"))
        monkeypatch.setattr(schema, "HEAD", "later")

    return install


def test_an_older_database_is_upgraded_when_that_is_allowed(empty, newer_code):
    schema.prepare(empty, may_upgrade=True)
    newer_code()
    with pytest.raises(StartError, match="make a backup, then run `deuteron db upgrade`"):
        schema.prepare(empty, may_upgrade=False)
    with pytest.raises(StartError, match="make a backup, then run `deuteron db upgrade`"):
        schema.check(empty)
    schema.prepare(empty, may_upgrade=True)
    schema.check(empty)
    with empty.read() as reader:
        assert reader.execute(text("SELECT * FROM added")).all() == []


def test_an_upgrade_says_what_it_did(empty, newer_code):
    assert "Created the tables" in schema.upgrade(empty)
    before = schema.HEAD
    newer_code()
    assert schema.upgrade(empty) == f"Upgraded the database from revision {before} to later."
    assert "already" in schema.upgrade(empty)

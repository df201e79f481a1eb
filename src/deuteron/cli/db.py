"""``deuteron db``: creates the tables, brings them up to date, tells what is there."""

import argparse

from deuteron.app import state_folder
from deuteron.cli import arguments as shared


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the verbs of the command.

    Args:
        parser: of the command.
    """
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, run, summary in (
        ("upgrade", _upgrade, "create the tables, or bring them up to date"),
        ("check", _check, "say whether the tables are what this version needs, change nothing"),
        ("version", _version, "print the revision of the tables"),
    ):
        verb = verbs.add_parser(name, help=summary, description=summary)
        shared.declare(verb)
        verb.set_defaults(run=run)


def _upgrade(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    from deuteron.app.deployment import open_database  # SQLAlchemy: only once it is needed
    from deuteron.db import schema

    state_folder.prepare(settings.state_path)
    with state_folder.locked(settings.database.connection):
        print(schema.upgrade(open_database(settings)))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    state_folder.require_database(settings.database.connection)
    from deuteron.app.deployment import open_database
    from deuteron.db import schema

    schema.check(open_database(settings))
    print("the database is what this version needs")
    return 0


def _version(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    state_folder.require_database(settings.database.connection)
    from deuteron.app.deployment import open_database
    from deuteron.db import schema

    print(schema.version(open_database(settings)) or "no tables")
    return 0

"""``deuteron config check``: judges the configuration without starting anything."""

import argparse
import sys

from deuteron.cli import arguments as shared
from deuteron.config import read


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the verbs of the command.

    Args:
        parser: of the command.
    """
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = verbs.add_parser("check", help="print every fault and warning, change nothing")
    shared.declare(check)
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    reading = read(
        arguments.config_file, arguments.config_dir, command_line=shared.given(arguments)
    )
    settings = reading.settings
    print(f"read: {', '.join(settings.config_files) or 'no file, all defaults'}")
    for warning in settings.warnings:
        print(f"warning: {warning}")
    if reading.without_effect:
        print(f"without effect on this server: {', '.join(reading.without_effect)}")
    for fault in reading.faults:
        print(f"deuteron: {fault}", file=sys.stderr)
    if reading.faults:
        return 2
    print("the configuration is good")
    return 0

"""``deuteron rpc``: speaks with agents, where the API runs elsewhere."""

import argparse

from deuteron.cli import arguments as shared


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command.

    Args:
        parser: of the command.
    """
    shared.declare(parser)
    parser.add_argument("--debug", action="store_true", help="log more ([DEFAULT] debug)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    from deuteron.app import rpc

    return rpc.run(settings)

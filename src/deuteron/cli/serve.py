"""``deuteron serve``: the server."""

import argparse

from deuteron.cli import arguments as shared


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command.

    Args:
        parser: of the command.
    """
    shared.declare(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="listen on it ([DEFAULT] bind_host)")
    parser.add_argument("--port", metavar="PORT", help="listen on it ([DEFAULT] bind_port)")
    parser.add_argument(
        "--workers", metavar="N", help="processes that answer ([DEFAULT] api_workers)"
    )
    parser.add_argument("--debug", action="store_true", help="log more ([DEFAULT] debug)")
    parser.add_argument(
        "--insecure-listen-without-authentication",
        action="store_true",
        help="listen beyond loopback although whoever reaches the address is the administrator",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    from deuteron.app import serve  # Granian, which faults of the configuration need not wait for

    return serve.run(settings)

"""``deuteron COMMAND``: finds the command, turns errors into a line and an exit code.

The modules of commands are imported when their command is called: ``deuteron serve`` stays light.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from deuteron import __version__
from deuteron.errors import NetworkError, StartError

_COMMANDS = {
    "serve": "answer the OpenStack Networking API",
    "rpc": "speak with agents only",
    "db": "create, upgrade and check the database",
    "config": "check the configuration files",
    "policy": "print the rules that say who may do what",
    "port": "explain the binding of a port",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the words after ``deuteron``, None for those of this process.

    Returns:
        The exit code: 0 if all went well, 1 if not, 2 if words or configuration are at fault.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="deuteron",
        description="A Modular Layer 2 network service that speaks the OpenStack Networking API.",
    )
    parser.add_argument("--version", action="version", version=f"deuteron {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    called = next((word for word in words if not word.startswith("-")), None)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == called:
            module = importlib.import_module(f"deuteron.cli.{name}")
            module.declare(command)
    arguments = parser.parse_args(words)
    try:
        code = arguments.run(arguments)
    except StartError as error:
        _complain(error.message)
        return error.exit_code
    except NetworkError as error:
        _complain(error.message)
        return 1
    except KeyboardInterrupt:
        return 130
    assert isinstance(code, int)
    return code


def _complain(message: str) -> None:
    for line in message.splitlines():
        print(f"deuteron: {line}", file=sys.stderr)

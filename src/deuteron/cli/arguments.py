"""Options that several commands share: which configuration to read."""

import argparse
import sys

from deuteron.config import Settings, load


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the options.

    Args:
        parser: of the command.
    """
    parser.add_argument(
        "--config-file",
        action="append",
        metavar="FILE",
        help="a configuration file; may be repeated, a later one wins (default: those of Neutron "
        "in /etc/neutron, as far as they exist)",
    )
    parser.add_argument(
        "--config-dir",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder whose *.conf files are read after the files; may be repeated",
    )
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        help="the folder of the SQLite database and clouds.yaml ([DEFAULT] state_path)",
    )


def given(arguments: argparse.Namespace) -> dict[tuple[str, str], str]:
    """The options of the configuration that the command line sets, by section and name.

    Args:
        arguments: as parsed.
    """
    values = {
        ("DEFAULT", "state_path"): getattr(arguments, "state_dir", None),
        ("DEFAULT", "bind_host"): getattr(arguments, "host", None),
        ("DEFAULT", "bind_port"): getattr(arguments, "port", None),
        ("DEFAULT", "api_workers"): getattr(arguments, "workers", None),
        ("DEFAULT", "debug"): "true" if getattr(arguments, "debug", False) else None,
        ("deuteron", "insecure_listen_without_authentication"): (
            "true" if getattr(arguments, "insecure_listen_without_authentication", False) else None
        ),
    }
    return {key: value for key, value in values.items() if value is not None}


def settings(arguments: argparse.Namespace) -> Settings:
    """Reads the configuration and prints its warnings to standard error.

    Args:
        arguments: as parsed.

    Raises:
        ConfigError: with a line for each fault.
    """
    result = load(arguments.config_file, arguments.config_dir, command_line=given(arguments))
    for warning in result.warnings:
        print(f"deuteron: warning: {warning}", file=sys.stderr)
    return result

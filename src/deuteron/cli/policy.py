"""``deuteron policy list``: who may do what, as the defaults and the site's files say together."""

import argparse
import fnmatch

from deuteron.cli import arguments as shared


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the verbs of the command.

    Args:
        parser: of the command.
    """
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    summary = "print rules, in the form of policy.yaml; what the site changed has its default above"
    listing = verbs.add_parser("list", help=summary, description=summary)
    shared.declare(listing)
    listing.add_argument(
        "patterns", nargs="*", metavar="NAME", help="only these; * stands for anything"
    )
    listing.add_argument(
        "--changed", action="store_true", help="only those that the site's files change"
    )
    listing.set_defaults(run=_list)


def _list(arguments: argparse.Namespace) -> int:
    settings = shared.settings(arguments)
    from deuteron.api.policies import DEFAULTS  # oslo.policy, which faults need not wait for
    from deuteron.app import authentication

    site = authentication.rules(settings)
    for name in site.files:
        print(f"# from {name}")
    for name in sorted({**DEFAULTS, **site.texts}):
        default, text = DEFAULTS.get(name), site.texts.get(name)
        changed = text is not None and text != default
        if (arguments.changed and not changed) or not _asked(name, arguments.patterns):
            continue
        if changed and default is not None:
            print(f'# default: "{name}": "{default}"')
        print(f'"{name}": "{default if text is None else text}"')
    return 0


def _asked(name: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

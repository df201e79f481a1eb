"""``deuteron port explain``: why a port is bound as it is, or not at all."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from deuteron.cli import arguments as shared
from deuteron.core.explanation_text import as_text
from deuteron.errors import StartError

_TIMEOUT = 30


def declare(parser: argparse.ArgumentParser) -> None:
    """Declares the verbs of the command.

    Args:
        parser: of the command.
    """
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    explain = verbs.add_parser(
        "explain", help="print what each driver said of each segment when the port was bound"
    )
    explain.add_argument("port_id", metavar="ID", help="of the port")
    explain.add_argument(
        "--url",
        default=os.environ.get("DEUTERON_URL"),
        help="of the server, as http://127.0.0.1:9696 (default: $DEUTERON_URL, or where the "
        "configuration lets it listen)",
    )
    explain.add_argument("--port", metavar="PORT", help="of the server on this machine")
    explain.add_argument("--json", action="store_true", help="print the server's answer as it is")
    shared.declare(explain)
    explain.set_defaults(run=_explain)


def _explain(arguments: argparse.Namespace) -> int:
    url = arguments.url or _configured_url(arguments)
    answer = _get(f"{url.rstrip('/')}/v2.0/ports/{quote(arguments.port_id)}/binding-explanation")
    explanation = answer["binding_explanation"]
    if arguments.json:
        json.dump(explanation, sys.stdout, indent=2)
        print()
    else:
        print(as_text(explanation))
    return 0


def _configured_url(arguments: argparse.Namespace) -> str:
    settings = shared.settings(arguments)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.bind_host, settings.bind_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.bind_port}"


def _get(url: str) -> Any:
    if not url.startswith(("http://", "https://")):
        raise StartError(msg=f"{url} is no address of a server; use --url http://HOST:PORT")
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise StartError(msg=_refusal(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise StartError(
            msg=f"no answer from {url}: {reason}; start the server or use --url"
        ) from None


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["NeutronError"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code} {error.reason}"

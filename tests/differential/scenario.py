"""Requests as data, and what is kept of their answers: shared by the recorder and the test.

A file of `requests/` is a list of requests that are sent in order. A line is one request; it goes
on in lines that begin with a blank and no method. ``#`` begins a comment::

    net:      POST /networks {"network": {"name": "alpha"}}
              GET /networks/$net?fields=id
    taken:    POST /subnets {"subnet": {"network_id": "$net", "ip_version": 4,
                "cidr": "10.0.0.0/24"}}
    as blue member
              GET /networks/$net

- ``net:`` is a label. ``$net`` is the id of what it was answered with, ``$net.subnets.0`` something
  else of it. Only requests with a label can be named as a known difference.
- ``as PROJECT ROLE`` says who asks from there on; without it, it is an administrator.
  ``$blue`` is the project's id then.
- ``{header: value}`` before the method is a header of the request.
- ``=> PATH...`` after it names values that are to be the same as well, as ``status`` or
  ``fixed_ips.ip_address``: of lists, the values of all elements, in the order of text.

What is kept of an answer: the status, the error's type, the set of keys (of lists, those of all
elements), for lists that are asked for with a query the names in it (sorted, unless the query
sorts), and the values that the request names: ids by the label of what has them.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUESTS = HERE / "requests"
ANSWERS = HERE / "answers"
SHAPES = ANSWERS / "shapes.json"

_LINE = re.compile(
    r"(?:(?P<label>[a-z][a-z0-9-]*):\s+)?(?:\{(?P<header>[\w-]+): (?P<value>[^}]*)\}\s+)?"
    r"(?P<method>GET|POST|PUT|DELETE|PATCH)\s+(?P<path>\S+)(?:\s+(?P<body>.*))?"
)
_VALUES = re.compile(r"\s+=>\s+([a-z][\w.:/ -]*)$")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"\$([a-z][a-z0-9-]*)((?:\.\w+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, with the names of earlier answers not yet replaced.

    Args:
        label: by which later requests and the table of differences know it, or None.
        asker: project and role, None for an administrator.
        path: from after ``/v2.0``.
        body: JSON, or None.
        values: the paths of the values that are kept.
    """

    label: str | None
    asker: tuple[str, str] | None
    header: tuple[str, str] | None
    method: str
    path: str
    body: str | None
    values: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The request in one line; another body makes another title."""
        words = [self.method, self.path]
        if self.label:
            words.insert(0, f"{self.label}:")
        if self.asker:
            words.append(f"as {self.asker[0]} {self.asker[1]}")
        if self.body is not None:
            words.append(_digest(self.body))
        if self.values:
            words.append(f"=> {' '.join(self.values)}")
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is kept of an answer.

    Args:
        status: of HTTP.
        error: the type, None of a success.
        keys: as ``network.subnets[].id``, sorted.
        names: of a list that was asked for with a query; None of everything else.
        values: those that the request names, in that order, each as JSON.
    """

    status: int
    error: str | None = None
    keys: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None
    values: tuple[str, ...] = ()


Send = Callable[[Request, str, bytes | None], tuple[int, Any]]
"""Sends a request with this path and body; returns the status and the parsed body."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A server on whose side the names of a file are known.

    Args:
        send: sends one request.
        known: label -> body of its answer.
        made: paths of what was created, in that order.
    """

    send: Send
    known: dict[str, Any] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    def ask(self, request: Request) -> Answer:
        """Send a request and keep what is kept of its answer.

        Raises:
            LookupError: it names something that no earlier answer has.
        """
        path = self._filled(request.path)
        body = None if request.body is None else self._filled(request.body).encode()
        status, content = self.send(request, path, body)
        if request.label:
            self.known[request.label] = content
        if request.method == "POST" and status == 201:
            collection = path.split("?")[0].rstrip("/")
            self.made += [f"{collection}/{one['id']}" for one in _things(content) if "id" in one]
        return _kept(request, status, content, self._labels())

    def tidy(self) -> None:
        """Delete what was made, the last first; what is gone already is no matter."""
        for path in reversed(self.made):
            self.send(DELETE, path, None)
        self.made.clear()

    def _labels(self) -> dict[str, str]:
        """Id -> the first label of what has it."""
        found: dict[str, str] = {}
        for label, content in self.known.items():
            one = (
                content if isinstance(content, str) else next(iter(_things(content)), {}).get("id")
            )
            if isinstance(one, str):
                found.setdefault(one, f"${label}")
        return found

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda match: self._value(match[1], match[2]), text)

    def _value(self, label: str, rest: str) -> str:
        found = self.known[label]
        if isinstance(found, str):
            return found
        thing = _things(found)[0]
        if not rest:
            return str(thing["id"])
        value: Any = thing
        for step in rest[1:].split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        return str(value)


DELETE = Request(label=None, asker=None, header=None, method="DELETE", path="", body=None)


def areas() -> list[str]:
    """The names of the files of requests."""
    return sorted(path.stem for path in REQUESTS.glob("*.txt"))


def requests_of(area: str) -> list[Request]:
    """The requests of a file, in order.

    Raises:
        ValueError: a line cannot be understood.
    """
    asker = None
    found = []
    for line in _joined((REQUESTS / f"{area}.txt").read_text().splitlines()):
        if line.startswith("as "):
            words = line.split()[1:]
            asker = None if words == ["admin"] else (words[0], words[1])
            continue
        asked = _VALUES.search(line)
        match = _LINE.fullmatch(line[: asked.start()] if asked else line)
        if match is None:
            raise ValueError(f"{area}: {line}")
        header = (match["header"], match["value"]) if match["header"] else None
        found.append(
            Request(
                label=match["label"],
                asker=asker,
                header=header,
                method=match["method"],
                path=match["path"],
                body=match["body"],
                values=tuple(asked[1].split()) if asked else (),
            )
        )
    return found


def _joined(lines: list[str]) -> Iterator[str]:
    whole = ""
    for line in lines:
        text = line.split(" # ")[0].rstrip()
        if not text or text.startswith("#"):
            continue
        if line.startswith(" ") and whole and not _LINE.match(text.strip()):
            whole += " " + text.strip()
            continue
        if whole:
            yield whole
        whole = text.strip()
    if whole:
        yield whole


def _things(content: Any) -> list[dict[str, Any]]:
    """What an answer is about: one thing, or several."""
    if not isinstance(content, dict):
        return []
    inner = _inner(content)
    if isinstance(inner, list):
        return [one for one in inner if isinstance(one, dict)]
    return [inner if isinstance(inner, dict) else content]


def _inner(content: dict[str, Any]) -> Any:
    """What stands under the name of the noun; the links of a page stand beside it."""
    return next((value for name, value in content.items() if not name.endswith("_links")), None)


def _kept(request: Request, status: int, content: Any, labels: Mapping[str, str]) -> Answer:
    if status >= 400:
        fault = content.get("NeutronError") if isinstance(content, dict) else None
        error = fault.get("type") if isinstance(fault, dict) else "-"
        return Answer(status=status, error=error)
    names = None
    path, _, query = request.path.partition("?")
    if request.method == "GET" and query and not path.startswith("/extensions"):
        listed = _inner(content) if isinstance(content, dict) else None
        if isinstance(listed, list):
            found = [str(one["name"]) for one in listed if "name" in one]
            names = tuple(found if "sort_key" in query else sorted(found))
    things = _things(content)
    return Answer(
        status=status,
        keys=tuple(sorted(path[1:] for path in _keys(content) if path)),
        names=names,
        values=tuple(_value_at(things, value.split("."), labels) for value in request.values),
    )


def _value_at(things: Any, steps: list[str], labels: Mapping[str, str]) -> str:
    """What stands at a path, of all things, as text that is the same on both sides."""
    found = [things]
    for step in ["", *steps]:
        inner = [one.get(step) if isinstance(one, dict) else one for one in found]
        found = [one for value in inner for one in (value if isinstance(value, list) else [value])]
    told = sorted(json.dumps(_named(one, labels), sort_keys=True) for one in found)
    return ", ".join(told)


def _named(value: Any, labels: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _named(one, labels) for key, one in value.items()}
    if isinstance(value, list):
        return [_named(one, labels) for one in value]
    if isinstance(value, str):
        return _UUID.sub("<id>", labels.get(value, value))
    return value


def _keys(content: Any) -> set[str]:
    """The paths of the leaves: those of a list are those of all its elements."""
    if isinstance(content, list):
        found = {f"[]{path}" for one in content for path in _keys(one) if path}
    elif isinstance(content, dict):
        found = {f".{key}{path}" for key, value in content.items() for path in _keys(value)}
    else:
        found = set()
    # An empty list in one element is no key beside a full one in another.
    inner = {path[: i + 1] for path in found for i in range(len(path) - 1) if path[i + 1] in ".["}
    return found - inner or {""}


def _digest(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def write(area: str, answers: Mapping[str, Answer] | list[tuple[str, Answer]]) -> None:
    """Keep the answers of a file of requests.

    Args:
        answers: title of the request, answer.
    """
    shapes: dict[str, list[str]] = json.loads(SHAPES.read_text()) if SHAPES.exists() else {}
    lines = []
    for title, answer in answers:
        line: dict[str, Any] = {"request": title, "status": answer.status}
        if answer.error is not None:
            line["error"] = answer.error
        if answer.keys:
            top = re.split(r"[.\[]", answer.keys[0])[0]
            shape = f"{top}-{_digest(' '.join(answer.keys))}"
            shapes[shape] = list(answer.keys)
            line["keys"] = shape
        if answer.names is not None:
            line["names"] = list(answer.names)
        if answer.values:
            line["values"] = list(answer.values)
        lines.append(json.dumps(line))
    (ANSWERS / f"{area}.jsonl").write_text("\n".join(lines) + "\n")
    used = {
        json.loads(line).get("keys")
        for path in ANSWERS.glob("*.jsonl")
        for line in path.read_text().splitlines()
    }
    SHAPES.write_text(
        "{\n"
        + ",\n".join(
            f"{json.dumps(name)}: {json.dumps(keys)}"
            for name, keys in sorted(shapes.items())
            if name in used
        )
        + "\n}\n"
    )


def recorded(area: str) -> list[tuple[str, Answer]]:
    """The answers that were kept of a file of requests: title of the request, answer."""
    shapes: dict[str, list[str]] = json.loads(SHAPES.read_text())
    return [
        (
            line["request"],
            Answer(
                status=line["status"],
                error=line.get("error"),
                keys=tuple(shapes[line["keys"]]) if "keys" in line else (),
                names=tuple(line["names"]) if "names" in line else None,
                values=tuple(line.get("values", ())),
            ),
        )
        for line in map(json.loads, (ANSWERS / f"{area}.jsonl").read_text().splitlines())
    ]

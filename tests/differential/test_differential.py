"""The same requests get the same answers as from Neutron: `scenario` says how they are compared.

`record` recorded the answers; `differences` is where we differ on purpose.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deuteron import config
from deuteron.app.deployment import build
from deuteron.app.wsgi import application_of
from tests.api.client import Api
from tests.differential.difference import Difference
from tests.differential.differences import (
    ABSENT,
    DIFFERENCES,
    INSIDE,
    MORE,
    OURS,
    Extensions,
)
from tests.differential.scenario import Answer, Request, Run, areas, recorded, requests_of
from tests.differential.site import (
    HOSTS,
    MULTIHOMED,
    MULTIHOMING,
    OPTIONS,
    ROUTED,
    agent,
    l3_agent,
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One application for all files, with the agents of the reference."""
    folder: Path = tmp_path_factory.mktemp("differential")
    options = {"database": {"connection": f"sqlite:///{folder}/deuteron.sqlite"}, **OPTIONS}
    path = folder / "neutron.conf"
    path.write_text(
        "".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
            for name, values in options.items()
        )
    )
    deployment = build(config.load([str(path)]))
    one = Api(application_of(deployment))
    for host in HOSTS:
        assert one.call("PUT", "/agents", {"agent": agent(host)}).status == 201
    yield one
    deployment.database.dispose()


def id_of(project: str) -> str:
    """As Keystone makes them."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, project).hex


def sender(api: Api) -> Any:
    def send(request: Request, path: str, body: bytes | None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        if request.header:
            headers.update([request.header])
        if request.asker:
            project, role = request.asker
            headers |= {"X-Project-Id": id_of(project), "X-Roles": role, "X-User-Id": project}
        answer = api.with_headers(headers).call(request.method, path, raw=body or b"")
        return answer.status, answer.body

    return send


def without(keys: Iterable[str], extensions: Extensions) -> set[str]:
    """Keys, without those of some extensions."""
    gone = {
        (noun, key)
        for added in extensions.values()
        for noun, names in added.items()
        for key in names
    }

    def left(key: str) -> bool:
        top, *rest = key.replace("[]", "").split(".")
        nouns = (top, top.removesuffix("s"))
        return not rest or not any((noun, rest[0]) in gone for noun in nouns)

    return set(filter(left, keys))


def without_absent(keys: Iterable[str], area: str) -> set[str]:
    """Keys of the reference, without those that we are not to have."""
    asked = {f"router.{alias.replace('-', '_')}" for alias in MULTIHOMING}
    inside = INSIDE.keys() - (asked if area in MULTIHOMED else set())
    return {key for key in without(keys, ABSENT) if _of_one(key) not in inside}


def without_ours(keys: Iterable[str], area: str) -> set[str]:
    """Our keys, without those that the reference does not have."""
    there = MULTIHOMING if area in MULTIHOMED else ()
    ours = {alias: added for alias, added in OURS.items() if alias not in there}
    return {key for key in without(keys, ours) if _of_one(key) not in MORE}


def _of_one(key: str) -> str:
    """A key of a list, as it is of one."""
    return re.sub(r"^(\w+?)s\[\]", r"\1", key)


def expected(area: str, answer: Answer, difference: Difference | None) -> Answer:
    """What we are to answer."""
    keys = without_absent(answer.keys, area)
    if difference is None:
        return replace(answer, keys=tuple(sorted(keys)))
    status, error = difference.status or answer.status, difference.error or answer.error
    if status >= 400:
        return Answer(status=status, error=error)
    if difference.like:
        keys = without_absent(_answer_to(difference.like).keys, area)
    return Answer(
        status=status,
        keys=tuple(sorted((keys | set(difference.more)) - set(difference.fewer))),
        names=answer.names if difference.names is None else difference.names,
        values=answer.values if difference.values is None else difference.values,
    )


def _answer_to(request: str) -> Answer:
    area, label = request.split("/")
    return next(answer for title, answer in recorded(area) if title.startswith(f"{label}: "))


@contextmanager
def routed(api: Api, area: str) -> Iterator[None]:
    """L3 agents, while an area is asked that needs them."""
    made = HOSTS if area in ROUTED else ()
    for host in made:
        assert api.call("PUT", "/agents", {"agent": l3_agent(host)}).status == 201
    yield
    for host in made:
        asked = f"/agents?host={host}&agent_type=L3%20agent"
        for one in api.call("GET", asked).body["agents"]:
            assert api.call("DELETE", f"/agents/{one['id']}").status == 204


@pytest.mark.parametrize("area", areas())
def test_the_answers_are_those_of_the_reference(api: Api, area: str) -> None:
    requests, answers = requests_of(area), recorded(area)
    assert [request.title for request in requests] == [title for title, _ in answers], (
        "the requests have changed: record them anew"
    )
    run = Run(send=sender(api))
    run.known.update({one.asker[0]: id_of(one.asker[0]) for one in requests if one.asker})
    known = {request: one for one in DIFFERENCES for request in one.requests}
    wrong = []
    with routed(api, area):
        for request, (title, answer) in zip(requests, answers, strict=True):
            wanted = expected(area, answer, known.get(f"{area}/{request.label}"))
            try:
                got = run.ask(request)
            except LookupError as error:
                wrong.append(f"{title} {request.body}\n    cannot be asked: no {error}")
                continue
            got = replace(got, keys=tuple(sorted(without_ours(got.keys, area))))
            if got != wanted:
                wrong.append(f"{title} {request.body or ''}\n{told(wanted, got)}")
        run.tidy()
    assert not wrong, f"{len(wrong)} of {len(answers)}:\n" + "\n".join(wrong)


def told(wanted: Answer, got: Answer) -> str:
    """Two answers that are not the same, side by side."""
    lines = []
    if (wanted.status, wanted.error) != (got.status, got.error):
        lines.append(f"    {wanted.status} {wanted.error} is {got.status} {got.error}")
    else:
        lacking, extra = set(wanted.keys) - set(got.keys), set(got.keys) - set(wanted.keys)
        lines += [f"    lacks {', '.join(sorted(lacking))}"] if lacking else []
        lines += [f"    also has {', '.join(sorted(extra))}"] if extra else []
        if wanted.names != got.names:
            lines.append(f"    names {wanted.names} are {got.names}")
        if wanted.values != got.values:
            lines.append(f"    values {wanted.values} are {got.values}")
    return "\n".join(lines)


def test_differences_name_requests() -> None:
    titles = {
        f"{area}/{request.label}"
        for area in areas()
        for request in requests_of(area)
        if request.label
    }
    named = [request for difference in DIFFERENCES for request in difference.requests]
    assert not set(named) - titles
    assert len(named) == len(set(named))


def test_absent_extensions_are_absent(api: Api) -> None:
    there = {one["alias"] for one in api.call("GET", "/extensions").body["extensions"]}
    assert not there & ABSENT.keys()

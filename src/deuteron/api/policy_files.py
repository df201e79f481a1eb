"""A site's own rules: ``policy.yaml`` and the files of ``policy.d``, read once and judged whole.

A later file wins, and any of them over the defaults. What cannot be meant is told at start, a line
for each fault: text that is no YAML or JSON, a check that cannot be understood, a rule that refers
to one that does not exist, rules that refer to themselves. (oslo.policy would take each of these as
"nobody", with a message in the log.)
"""

import difflib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oslo_policy import policy as oslo

from deuteron.api.policies import DEFAULTS, RENAMED
from deuteron.errors import ConfigError

_ELSEWHERE = Path("/etc/neutron")
_USUAL_FILE = "policy.yaml"
_OLD_USUAL_FILE = "policy.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRules:
    """What a site says.

    Args:
        files: those that were read, in this order.
        texts: rule name -> check string, also under present names.
        checks: all rules, the defaults and these, parsed; empty for the defaults alone.
        warnings: sentences about names that nothing uses.
        default: the rule that stands for those that do not exist.
        remote: what checks of other kinds (``http:``) are called with as their enforcer.
    """

    files: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    default: str = "default"
    remote: Any = None


def read(
    config_files: Sequence[str],
    policy_file: str | None,
    folders: Sequence[str],
    *,
    default: str = "default",
    remote: Any = None,
) -> SiteRules:
    """Find, read and judge the files.

    Args:
        config_files: the configuration's; relative names are looked for beside them.
        policy_file: name or path as configured; None for ``policy.yaml``, if it is there.
        folders: names or paths of folders of further files, as far as they exist.
        default: the rule that stands for those that do not exist.
        remote: what checks of other kinds are called with.

    Raises:
        ConfigError: with a line for each fault.
    """
    beside = [*dict.fromkeys(Path(name).absolute().parent for name in config_files), _ELSEWHERE]
    paths = _paths(beside, policy_file, folders)
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    faults: list[str] = []
    for path in paths:
        for name, text in _contents(path, faults).items():
            texts[name] = text
            origins[name] = str(path)
    of_site = parsed(texts)
    checks = {**parsed(DEFAULTS), **of_site}
    for name, text in texts.items():
        problem = _problem(name, text, checks)
        if problem:
            faults.append(f"{origins[name]}: {name}: {problem}")
    if faults:
        raise ConfigError(msg="\n".join(faults))
    present = {**{RENAMED[old]: old for old in RENAMED if old in texts}, **{n: n for n in texts}}
    return SiteRules(
        files=tuple(str(path) for path in paths),
        texts={name: texts[written] for name, written in present.items()},
        checks={**checks, **{name: of_site[written] for name, written in present.items()}},
        warnings=tuple(_unused(texts, origins, checks)),
        default=default,
        remote=remote,
    )


def parsed(texts: Mapping[str, str]) -> dict[str, Any]:
    """Rule name -> check of oslo.policy. What it cannot understand becomes "nobody", ``!``."""
    with _quiet():
        checks = {text: oslo.RuleDefault("any", text).check for text in set(texts.values())}
    return {name: checks[text] for name, text in texts.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's tracebacks about checks that it cannot understand: we tell them."""
    logger = logging.getLogger("oslo_policy._parser")

    def nothing(_record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)


def reached(name: str, checks: Mapping[str, Any]) -> frozenset[str]:
    """A rule and all that it refers to, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            parts = _parts(checks[one]) if one in checks else ()
            waiting += [part.match for part in parts if _refers(part)]
    return frozenset(found)


def _paths(
    beside: Iterable[Path], policy_file: str | None, folders: Iterable[str]
) -> tuple[Path, ...]:
    """The files that are there; one that was named must be."""
    found = []
    if policy_file is None:
        usual = (_found(beside, name) for name in (_USUAL_FILE, _OLD_USUAL_FILE))
        found = [path for path in usual if path is not None][:1]
    else:
        path = _found(beside, policy_file)
        if path is None or not path.is_file():
            raise ConfigError(
                msg=f"[oslo_policy] policy_file = {policy_file}: there is no such file; "
                "correct the name, or remove the line to keep the defaults"
            )
        found = [path]
    for name in folders:
        folder = _found(beside, name)
        if folder is not None and folder.is_dir():
            found += sorted(path for path in folder.iterdir() if _counts(path))
    return tuple(found)


def _counts(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _found(beside: Iterable[Path], name: str) -> Path | None:
    path = Path(name).expanduser()
    candidates = [path] if path.is_absolute() else [folder / path for folder in beside]
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _contents(path: Path, faults: list[str]) -> dict[str, str]:
    """Rule name -> check string of one file; what is no such thing becomes a fault."""
    try:
        content: Any = oslo.parse_file_contents(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        faults.append(f"{path}: cannot be read: {reason}")
        return {}
    except ValueError as error:
        faults.append(f"{path}: neither YAML nor JSON: {' '.join(str(error).split())}")
        return {}
    if not isinstance(content, dict):
        faults.append(f'{path}: there are no rules; write "NAME": "CHECK" on each line')
        return {}
    rules = {}
    for name, text in content.items():
        if isinstance(name, str) and isinstance(text, str):
            rules[name] = text
        elif isinstance(name, str) and isinstance(text, list):
            rules[name] = _of_lists(text)
        else:
            faults.append(f"{path}: {name}: the check is no text; put it into quotes")
    return rules


def _of_lists(alternatives: list[Any]) -> str:
    """The form of old files: a list of alternatives, each a list of what must hold together."""
    if not alternatives:
        return "@"
    groups = [group if isinstance(group, list) else [group] for group in alternatives]
    return " or ".join(f"({' and '.join(str(part) for part in group)})" for group in groups)


def _problem(name: str, text: str, checks: Mapping[str, Any]) -> str | None:
    if sum(1 for part in _parts(checks[name]) if str(part) == "!") != text.split().count("!"):
        return (
            f"{text!r} cannot be understood; write checks as role:NAME, rule:NAME or "
            "project_id:%(project_id)s, joined by and, or, not and brackets"
        )
    for part in _parts(checks[name]):
        if _refers(part) and part.match not in checks:
            near = difflib.get_close_matches(part.match, checks, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            return f"there is no rule {part.match}{meant}"
    circle = _circle(name, checks, ())
    if circle:
        return f"it refers to itself: {' -> '.join(circle)}"
    return None


def _parts(check: Any) -> Iterator[Any]:
    """The single checks of which one is made."""
    for part in getattr(check, "rules", ()):
        yield from _parts(part)
    if isinstance(check, oslo.NotCheck):
        yield from _parts(check.rule)
    elif not hasattr(check, "rules"):
        yield check


def _refers(part: Any) -> bool:
    return isinstance(part, oslo.RuleCheck)


def _circle(name: str, checks: Mapping[str, Any], above: tuple[str, ...]) -> tuple[str, ...]:
    """The way from a rule back to itself, () if there is none."""
    if name in above:
        return (*above[above.index(name) :], name)
    if name not in checks:
        return ()
    for part in _parts(checks[name]):
        if _refers(part):
            circle = _circle(part.match, checks, (*above, name))
            if circle:
                return circle
    return ()


def _unused(
    texts: Mapping[str, str], origins: Mapping[str, str], checks: Mapping[str, Any]
) -> Iterator[str]:
    """A warning for each rule of the site that neither the service nor another rule asks for."""
    referred = {part.match for check in checks.values() for part in _parts(check) if _refers(part)}
    for name in texts:
        if name not in DEFAULTS and name not in RENAMED and name not in referred:
            near = difflib.get_close_matches(name, DEFAULTS, n=1)
            meant = f": did you mean {near[0]}?" if near else ""
            yield f"{origins[name]}: nothing asks for the rule {name}{meant}"

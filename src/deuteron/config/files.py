"""Configuration files with their line numbers.

The format is oslo.config's: sections in brackets, ``name = value`` or ``name: value``, lines that
begin with a blank continue the value, ``#`` and ``;`` begin a comment line. oslo.config itself
stops at the first bad line and forgets where a value stood; here every bad line is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_LIST_DIRECTORIES = ("~/.neutron", "~", "/etc/neutron", "/etc")
_PLUGIN_FILES = ("/etc/neutron/plugin.ini", "/etc/neutron/plugins/ml2/ml2_conf.ini")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was written.

    Args:
        source: a path, ``command line`` or the name of an environment variable.
        line: counted from 1, 0 where there are no lines.
    """

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value as it was written.

    Args:
        place: where.
        section: as known, `DEFAULT` or in lower case.
        name: of the option.
        value: the text, lines of a long one joined by newlines.
        written: the section and name as written, where they were old ones.
        rank: the order of the sources; a higher one wins.
    """

    place: Place
    section: str
    name: str
    value: str
    rank: int
    written: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that must be put right before the server can start.

    Args:
        place: where it was written, None if it was not written anywhere.
        subject: ``[section] option = value``, '' if the whole file is meant.
        problem: what is wrong and what to do.
    """

    place: Place | None
    subject: str
    problem: str

    def __str__(self) -> str:
        parts = (str(self.place) if self.place else "", self.subject, self.problem)
        return ": ".join(part for part in parts if part)


def normal_section(section: str) -> str:
    """The section's name as oslo.config compares it: case counts in ``DEFAULT`` only."""
    return section if section == "DEFAULT" else section.lower()


def default_files() -> tuple[str, ...]:
    """The files Neutron's server would read on this machine, as far as they exist.

    That is the first ``neutron.conf`` in ``~/.neutron``, ``~``, ``/etc/neutron`` and ``/etc``, its
    folder ``neutron.conf.d``, and the plugin's file: ``/etc/neutron/plugin.ini``, else ML2's.
    """
    folders = [Path(folder).expanduser() for folder in _LIST_DIRECTORIES]
    files = [folder / "neutron.conf" for folder in folders if (folder / "neutron.conf").is_file()]
    plugins = [Path(path) for path in _PLUGIN_FILES if Path(path).is_file()]
    drop_ins = [folder / "neutron.conf.d" for folder in folders]
    return tuple(
        str(path)
        for path in (
            *files[:1],
            *plugins[:1],
            *(path for folder in drop_ins if folder.is_dir() for path in _in_directory(folder)),
        )
    )


def in_directories(directories: Sequence[str]) -> tuple[tuple[str, ...], list[Fault]]:
    """The ``*.conf`` files of folders, sorted by name within each.

    Args:
        directories: paths as given by ``--config-dir``.

    Returns:
        The paths, and a fault for each folder that cannot be read.
    """
    paths: list[str] = []
    faults = []
    for directory in directories:
        folder = Path(directory).expanduser()
        if folder.is_dir():
            paths += [str(path) for path in _in_directory(folder)]
        else:
            faults.append(
                Fault(
                    place=Place(source=directory),
                    subject="",
                    problem="there is no such folder; correct --config-dir",
                )
            )
    return tuple(paths), faults


def _in_directory(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.conf") if path.is_file())


def read(paths: Sequence[str]) -> tuple[list[Entry], list[Fault]]:
    """Reads files; a later one wins over an earlier one.

    Args:
        paths: files that must exist.

    Returns:
        Every value in the order in which it was read, and a fault for each line or file that could
        not be read.
    """
    entries: list[Entry] = []
    faults: list[Fault] = []
    for rank, path in enumerate(paths):
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            faults.append(
                Fault(
                    place=Place(source=path),
                    subject="",
                    problem=f"cannot be read: {reason}; correct --config-file or the file",
                )
            )
            continue
        for found in _parse(path, text, rank):
            if isinstance(found, Entry):
                entries.append(found)
            else:
                faults.append(found)
    return entries, faults


def _parse(path: str, text: str, rank: int) -> Iterator[Entry | Fault]:
    section: str | None = None
    entry: Entry | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        place = Place(source=path, line=number)
        content = line.rstrip()
        if content[:1] in {" ", "\t"} and entry:
            entry = replace(entry, value=f"{entry.value}\n{content.strip()}")
            continue
        if entry:
            yield entry
            entry = None
        if not content or content[0] in "#;":
            continue
        if content[0] == "[" and content[-1] == "]" and len(content) > 2:
            section = content[1:-1]
            continue
        name, value = _name_and_value(content)
        problem = _problem(content, section, name)
        if problem or section is None:
            yield Fault(place=place, subject=content.strip(), problem=problem)
        else:
            entry = Entry(
                place=place, section=normal_section(section), name=name, value=value, rank=rank
            )
    if entry:
        yield entry


def _name_and_value(line: str) -> tuple[str, str]:
    position = min((i for i in (line.find("="), line.find(":")) if i >= 0), default=-1)
    name, value = line[: max(position, 0)].strip(), line[position + 1 :].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name, value


def _problem(line: str, section: str | None, name: str) -> str:
    if line[0] == "[":
        return "the name of a section stands in brackets; write [name]"
    if line[0] in " \t":
        return "this line continues nothing; begin the name of an option in the first column"
    if not name:
        return "this is not an option; write name = value"
    if section is None:
        return "the option stands before any section; write [DEFAULT] or its section above it"
    return ""

"""One value per option, out of everything that was written.

The command line wins over the environment (``OS_ML2__PATH_MTU=9000``, oslo.config's form), that
over the files, a later file over an earlier one, a later line over an earlier one, and in one
file the present name over an old one.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from oslo_config import cfg, types

from deuteron.config import known, options, values
from deuteron.config.files import Entry, Fault, Place, normal_section

T = TypeVar("T")

_ABOVE_FILES = 1_000_000
Key = tuple[str, str]


def from_environment(environment: Mapping[str, str]) -> list[Entry]:
    """Entries for the options that the environment sets.

    Args:
        environment: names to values.
    """
    names = {
        f"OS_{section.upper()}__{name.upper()}": (section, name)
        for section, name in options.all_options()
    }
    return [
        Entry(
            place=Place(source=variable),
            section=key[0],
            name=key[1],
            value=environment[variable],
            rank=_ABOVE_FILES,
        )
        for variable, key in names.items()
        if variable in environment
    ]


def from_command_line(given: Mapping[Key, str]) -> list[Entry]:
    """Entries for the options that the command line sets.

    Args:
        given: texts by section and name.
    """
    return [
        Entry(
            place=Place(source="command line"),
            section=section,
            name=name,
            value=value,
            rank=_ABOVE_FILES + 1,
        )
        for (section, name), value in given.items()
    ]


class Resolved:
    """The effective entries and their converted values; collects the faults met on the way.

    Args:
        entries: with present names.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.faults: list[Fault] = []
        self._options = options.all_options()
        self._entries: dict[Key, Entry] = {}
        self._lines: dict[Key, list[Entry]] = {}
        # sorted() is stable: of equals, the later line stays last and wins.
        for entry in sorted(entries, key=lambda e: (e.rank, e.written is None)):
            self._entries[entry.section, entry.name] = entry
            self._lines.setdefault((entry.section, entry.name), []).append(entry)

    def entry(self, section: str, name: str) -> Entry | None:
        """The entry that counts, None if the option was written nowhere."""
        return self._entries.get((section, name))

    def effective(self) -> dict[Key, Entry]:
        """All entries that count for options of the server."""
        return {key: entry for key, entry in self._entries.items() if key in self._options}

    def value(
        self, section: str, name: str, rule: Callable[[Any], T] | None = None
    ) -> Any:  # the type is the option's, or the rule's
        """The value of one option.

        Args:
            section: of the option.
            name: of the option.
            rule: turns the converted value into what is wanted, or raises ValueError.

        Returns:
            The value; that of the default where the written one is at fault.
        """
        option = self._options[section, name]
        entry = self._entries.get((section, name))
        if entry is not None:
            try:
                converted = option.type(self._substituted(entry.value))
            except ValueError as error:
                self.fault(section, name, _sentence(option, error))
            else:
                try:
                    return rule(converted) if rule else converted
                except ValueError as error:
                    self.fault(section, name, str(error))
        default = option.default
        return rule(default) if rule else default

    def lines(self, section: str, name: str, rule: Callable[[str], T]) -> list[tuple[Entry, T]]:
        """The values of an option that may be written many times, each with where it stands.

        Args:
            section: of the option.
            name: of the option.
            rule: turns a text into what is wanted, or raises ValueError.

        Returns:
            In the order in which they were read, without those at fault.
        """
        found = []
        for entry in self._lines.get((section, name), ()):
            try:
                found.append((entry, rule(self._substituted(entry.value))))
            except ValueError as error:
                self.fault(section, name, str(error), entry=entry)
        return found

    def fault(self, section: str, name: str, problem: str, *, entry: Entry | None = None) -> None:
        """Notes a fault.

        Args:
            section: of the option.
            name: of the option.
            problem: what is wrong and what to do.
            entry: where it stands, None for the one that counts.
        """
        entry = entry or self._entries.get((section, name))
        if entry is None:
            default = self._options[section, name].default
            shown = ",".join(default) if isinstance(default, list) else default
            subject = f"[{section}] {name} = {'' if shown is None else shown} (not set)"
            self._note(Fault(place=None, subject=subject, problem=problem))
            return
        written = entry.written or (section, name)
        text = values.without_password(" ".join(entry.value.split("\n")))
        self._note(
            Fault(
                place=entry.place,
                subject=f"[{written[0]}] {written[1]} = {text}",
                problem=problem,
            )
        )

    def _note(self, fault: Fault) -> None:
        if fault not in self.faults:  # a value may be looked at more than once
            self.faults.append(fault)

    def _substituted(self, text: str) -> str:
        """Fills in ``$name`` and ``$section.name`` as oslo.config does."""
        if "$" not in text:
            return text
        return cfg.ConfigOpts.Template(text.replace(r"\$", "$$")).safe_substitute(
            _References(self._entries, self._options)
        )


class _References(dict[str, str]):
    """What ``$name`` stands for; unknown names are left as they are."""

    def __init__(self, entries: Mapping[Key, Entry], known_options: Mapping[Key, cfg.Opt]) -> None:
        super().__init__()
        self._entries = entries
        self._known = known_options

    def __missing__(self, reference: str) -> str:
        section, _, name = reference.rpartition(".")
        key = (normal_section(section) if section else "DEFAULT", name)
        if key in self._entries:
            return self._entries[key].value
        if key in self._known and self._known[key].default is not None:
            return str(self._known[key].default)
        if key == ("DEFAULT", "state_path"):
            return options.default_state_path()
        raise KeyError(reference)


def _sentence(option: cfg.Opt, error: ValueError) -> str:
    text = str(error)
    match option.type:
        case types.Boolean():
            return "this is neither true nor false; write true or false"
        case types.Number() if "invalid literal" in text:
            return "this is no whole number; write one"
        case types.Number(min=low, max=high, choices=choices):
            bounds = f"at least {low}" if high is None else f"{low} to {high}"
            if choices:
                bounds = " or ".join(str(choice) for choice in choices)
            return f"the number is out of bounds; use {bounds}"
        case types.HostAddress():
            return "this is neither an address nor a host name; write one, as 127.0.0.1"
        case types.Dict():
            return f"{text}; write NAME:VALUE,NAME:VALUE"
        case _:
            return text


def unknown_names(entries: Iterable[Entry]) -> list[str]:
    """A warning for each name that nobody knows, with the nearest one that is known.

    Args:
        entries: with present names.
    """
    by_section: dict[str, set[str]] = {}
    for section, name in options.all_options():
        by_section.setdefault(section, set()).add(name)
    sections: set[str] = set()
    warnings = []
    for entry in entries:
        section = entry.section
        if section == "default":
            warnings.append(
                f"{entry.place}: [default] {entry.name} is not read: write [DEFAULT] in capitals"
            )
        elif section in known.JUDGED_SECTIONS:
            names = by_section.get(section, set()) | known.WITHOUT_EFFECT.get(section, frozenset())
            if entry.name not in names:
                near = known.nearest(entry.name, names)
                meant = f": did you mean {near}?" if near else " and has no effect"
                warnings.append(f"{entry.place}: [{section}] {entry.name} is unknown{meant}")
        elif section not in known.KNOWN_SECTIONS and section not in sections:
            sections.add(section)
            near = known.nearest(section, known.JUDGED_SECTIONS)
            if near:
                warnings.append(f"{entry.place}: section [{section}]: did you mean [{near}]?")
    return warnings


def without_effect(entries: Iterable[Entry]) -> list[str]:
    """The written options that Neutron knows and this server does nothing with.

    They are shown as ``[section] name``.

    Args:
        entries: with present names.
    """
    found = {
        f"[{entry.section}] {entry.name}"
        for entry in entries
        if entry.name in known.WITHOUT_EFFECT.get(entry.section, frozenset())
        or (entry.section, entry.name) in options.FOR_DRIVERS
    }
    return sorted(found)


def fill_global(entries: Mapping[Key, Entry], paths: list[str]) -> None:
    """Makes oslo.config's global object hold the same values.

    Drivers of other distributions register their options there and read them from the same files.

    Args:
        entries: those that count, from `Resolved.effective`.
        paths: the files, all of them readable.
    """
    conf = cfg.CONF
    conf.clear()
    for section, declared in options.OPTIONS.items():
        group = None if section == "DEFAULT" else section
        for option in declared:
            # Another distribution may have declared the same option of Neutron in other words.
            with contextlib.suppress(cfg.DuplicateOptError):
                conf.register_opt(option, group=group)
            conf.clear_override(option.dest, group=group)
    conf(args=[], project="neutron", default_config_files=paths, default_config_dirs=[])
    owned = {(section, option.dest) for section, o in options.OPTIONS.items() for option in o}
    for (section, name), entry in entries.items():
        if (section, name) in owned and (entry.written or entry.rank >= _ABOVE_FILES):
            group = None if section == "DEFAULT" else section
            conf.set_override(name, entry.value, group=group)

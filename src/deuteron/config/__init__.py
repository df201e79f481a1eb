"""Every option, read once from Neutron's files, judged, then passed on as `Settings`.

    files, environment, command line
        files.read            lines with their places
        old_names.modernise   present names for old ones
        resolve.Resolved      one value per option
        values, plugins       rules of single values
        compose.settings      rules between values
    -> Settings, or every fault at once

Option names, sections, types and defaults are Neutron's, but for the defaults that make a server
useful without any file (docs/configuration.md). Nothing here is heavy: the parent process of the
server imports it.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deuteron.config import compose, files, old_names, resolve
from deuteron.config.files import Fault
from deuteron.config.settings import Settings
from deuteron.errors import ConfigError

__all__ = ["Fault", "Reading", "Settings", "load", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading the configuration.

    Args:
        settings: with defaults in the place of values at fault.
        faults: what must be put right before the server can start.
        without_effect: names that Neutron knows and this server does not read.
    """

    settings: Settings
    faults: tuple[Fault, ...]
    without_effect: tuple[str, ...]


def load(
    config_files: Sequence[str] | None = None,
    config_dirs: Sequence[str] = (),
    *,
    command_line: Mapping[tuple[str, str], str] | None = None,
) -> Settings:
    """Reads the configuration for a process that is to run with it.

    oslo.config's global object is filled as well, for drivers of other distributions.

    Args:
        config_files: paths, a later one wins; None for those of Neutron that exist.
        config_dirs: folders whose ``*.conf`` files follow, sorted by name.
        command_line: texts that win over all files, by section and option.

    Raises:
        ConfigError: with a line for each fault.
    """
    reading, entries = _read(config_files, config_dirs, command_line or {})
    if reading.faults:
        raise ConfigError(msg="\n".join(str(fault) for fault in reading.faults))
    resolve.fill_global(entries.effective(), list(reading.settings.config_files))
    return reading.settings


def read(
    config_files: Sequence[str] | None = None,
    config_dirs: Sequence[str] = (),
    *,
    command_line: Mapping[tuple[str, str], str] | None = None,
) -> Reading:
    """Reads and judges the configuration, and changes nothing.

    Args:
        config_files: paths, a later one wins; None for those of Neutron that exist.
        config_dirs: folders whose ``*.conf`` files follow, sorted by name.
        command_line: texts that win over all files, by section and option.
    """
    return _read(config_files, config_dirs, command_line or {})[0]


def _read(
    config_files: Sequence[str] | None,
    config_dirs: Sequence[str],
    command_line: Mapping[tuple[str, str], str],
) -> tuple[Reading, resolve.Resolved]:
    in_dirs, dir_faults = files.in_directories(config_dirs)
    named = files.default_files() if config_files is None and not config_dirs else config_files
    paths = (*(named or ()), *in_dirs)
    raw, file_faults = files.read(paths)
    entries, warnings = old_names.modernise(raw)
    warnings += resolve.unknown_names(entries)
    resolved = resolve.Resolved(
        [
            *entries,
            *resolve.from_environment(os.environ),
            *resolve.from_command_line(command_line),
        ]
    )
    settings = compose.settings(resolved, paths=paths, warnings=warnings)
    return (
        Reading(
            settings=settings,
            faults=_in_order((*dir_faults, *file_faults, *resolved.faults), paths),
            without_effect=tuple(resolve.without_effect(entries)),
        ),
        resolved,
    )


def _in_order(faults: Iterable[Fault], paths: Sequence[str]) -> tuple[Fault, ...]:
    """As one would meet them in the files; what stands nowhere comes last."""

    def position(fault: Fault) -> tuple[int, int]:
        if fault.place is None or fault.place.source not in paths:
            return len(paths), 0
        return paths.index(fault.place.source), fault.place.line

    return tuple(sorted(faults, key=position))

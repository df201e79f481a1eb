"""Finds drivers by their entry points and makes them.

Any failure ends the start with the driver's name: a server that came up without one of its
drivers would accept ports that nobody wires.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

from stevedore.named import NamedExtensionManager

from deuteron.errors import StartError

TYPE_DRIVERS = ("deuteron.ml2.type_drivers", "neutron.ml2.type_drivers")
MECHANISM_DRIVERS = ("deuteron.ml2.mechanism_drivers", "neutron.ml2.mechanism_drivers")
EXTENSION_DRIVERS = ("deuteron.ml2.extension_drivers", "neutron.ml2.extension_drivers")


def load(namespaces: Sequence[str], names: Sequence[str], kind: str) -> list[tuple[str, Any]]:
    """Make the drivers of these names, in this order; they are not initialised yet.

    Args:
        namespaces: entry point groups; a name found in an earlier one hides it in later ones.
        names: as configured.
        kind: what they are, for the error message: ``type driver``, ``mechanism driver``...

    Raises:
        StartError: a name is given twice, is in no namespace, or its driver cannot be imported or
            made.
    """
    _require_distinct(names, kind)
    found: dict[str, Any] = {}
    for namespace in namespaces:
        missing = [name for name in names if name not in found]
        if missing:
            found |= _from_namespace(namespace, missing, kind)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise StartError(
            msg=f"{kind} {unknown[0]!r} is not installed: no entry point of this name in "
            f"{' or '.join(namespaces)}. Install the distribution that brings it or take the name "
            f"out of the configuration."
        )
    return [(name, found[name]) for name in names]


def initialize(drivers: Sequence[tuple[str, Any]], kind: str) -> None:
    """Call `initialize()` of each driver, in order.

    Raises:
        StartError: a driver failed; the message has its name and its own words.
    """
    for name, driver in drivers:
        try:
            driver.initialize()
        except StartError:
            raise
        except (Exception, SystemExit) as error:
            raise StartError(
                msg=f"{kind} {name!r} cannot be initialised: {_words(error)}"
            ) from error


def _require_distinct(names: Sequence[str], kind: str) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise StartError(msg=f"{kind} {name!r} is configured twice.")


def _from_namespace(namespace: str, names: Sequence[str], kind: str) -> dict[str, Any]:
    def fail(manager: Any, entry_point: Any, error: BaseException) -> NoReturn:
        del manager
        raise StartError(
            msg=f"{kind} {entry_point.name!r} ({entry_point.value}) cannot be loaded: "
            f"{_words(error)}"
        ) from error

    extensions = NamedExtensionManager(
        namespace,
        names=list(names),
        invoke_on_load=True,
        on_load_failure_callback=fail,
        on_missing_entrypoints_callback=None,
    )
    return {extension.name: extension.obj for extension in extensions}


def _words(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

"""Extension drivers of other distributions: attributes of their own on networks, subnets, ports.

They are written against `neutron_lib.plugins.ml2.api.ExtensionDriver` and keep their values by the
ORM session of the transaction. What this server itself has (port security, ...) is no driver.

    create, update   process_create_X, process_update_X   inside the transaction; an error vetoes
    read             extend_X_dict                        for each resource shown

As with mechanism drivers, what nobody overrides costs nothing.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from neutron_lib.plugins.ml2 import api

from deuteron.config.plugins import EXTENSION_DRIVERS_PRESENT
from deuteron.db.failures import DATABASE_ERRORS
from deuteron.errors import ExtensionDriverError
from deuteron.ml2.foreign import translated
from deuteron.ml2.plugin_context import PluginContext

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]


def of_others(names: Iterable[str]) -> list[str]:
    """The extension drivers that have to be loaded: all but those of Neutron itself.

    Args:
        names: as configured in ``[ml2] extension_drivers``.
    """
    return [name for name in names if name not in EXTENSION_DRIVERS_PRESENT]


class Noun(StrEnum):
    """The resources that extension drivers know."""

    NETWORK = "network"
    SUBNET = "subnet"
    PORT = "port"


class Model:
    """What drivers get in the place of Neutron's row: the resource, by attribute or by key."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an attribute, or the default."""
        return self._values.get(name, default)


Named = tuple[tuple[str, Callable[..., None]], ...]


class ExtensionDrivers:
    """The extension drivers in use.

    Args:
        drivers: (configured name, driver) in configured order; initialised.
    """

    def __init__(self, drivers: Sequence[tuple[str, Any]] = ()) -> None:
        self.drivers = tuple(drivers)
        self._create = {noun: _calls(drivers, f"process_create_{noun}") for noun in Noun}
        self._update = {noun: _calls(drivers, f"process_update_{noun}") for noun in Noun}
        self._extend = {noun: _calls(drivers, f"extend_{noun}_dict") for noun in Noun}

    @property
    def aliases(self) -> tuple[str, ...]:
        """Aliases of the API extensions that the drivers bring, in their order."""
        found = (alias for _, driver in self.drivers for alias in driver.extension_aliases)
        return tuple(dict.fromkeys(alias for alias in found if alias))

    def shows(self, noun: Noun) -> bool:
        """Whether any driver adds something to what is shown of such a resource."""
        return bool(self._extend[noun])

    def created(self, noun: Noun, context: PluginContext, body: Resource, made: Resource) -> None:
        """Let the drivers keep their attributes of a new resource.

        Args:
            noun: what it is.
            context: with an open transaction.
            body: the validated request.
            made: API dict of the resource; drivers add their attributes to it.

        Raises:
            NetworkError: a driver refused; with the name and status of its own error.
        """
        for name, call in self._create[noun]:
            _run(name, call, context, body, made)

    def updated(
        self, noun: Noun, context: PluginContext, changes: Resource, changed: Resource
    ) -> None:
        """Let the drivers keep what changes of their attributes; see `created`."""
        for name, call in self._update[noun]:
            _run(name, call, context, changes, changed)

    def extend(self, noun: Noun, session: Any, shown: Iterable[Resource]) -> None:
        """Let the drivers add their attributes to what is shown.

        Args:
            noun: what the resources are.
            session: ORM session to read by.
            shown: API dicts.

        Raises:
            ExtensionDriverError: a driver failed.
        """
        for resource in shown:
            for name, call in self._extend[noun]:
                try:
                    call(session, Model(resource), resource)
                except DATABASE_ERRORS:
                    raise
                except Exception as error:
                    LOG.exception("Extension driver %s cannot extend a %s", name, noun.value)
                    raise ExtensionDriverError(driver=name) from error


def _calls(drivers: Sequence[tuple[str, Any]], method: str) -> Named:
    default = vars(api.ExtensionDriver)[method]
    return tuple(
        (name, call)
        for name, driver in drivers
        if (call := getattr(driver, method, None)) is not None
        and getattr(call, "__func__", call) is not default
    )


def _run(
    name: str, call: Callable[..., None], context: PluginContext, body: Resource, result: Resource
) -> None:
    try:
        with translated():
            call(context, body, result)
    except Exception:
        LOG.info("Extension driver %s refused", name, exc_info=True)
        raise

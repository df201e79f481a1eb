"""What a mechanism driver is told: the network, subnet and port contexts of neutron-lib.

They wrap the API dicts that the core has in its hands anyway. Whatever needs a query (the
network of a port, its segments, binding levels, agents) comes from callables and is fetched when
a driver asks for it, once. So a context knows no SQL and costs nothing that nobody reads.

The names with a leading underscore are no accident: drivers in the field read `_plugin_context`,
`_port`, `_network_context` and `_binding` of Neutron's contexts, so ours have them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.plugin_context import PluginContext

Resource = dict[str, Any]
"""An API dict, or a segment in driver form (id, network_type, physical_network, ...)."""


class Level(Protocol):
    """One level of a binding: a database row or a `BoundLevel`."""

    @property
    def driver(self) -> str:
        """The name under which the driver is configured."""

    @property
    def segment_id(self) -> str:
        """The segment it bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundLevel:
    """A level that was established just now."""

    driver: str
    segment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBinding:
    """The binding of a port on one host.

    Ordinary ports have it in their ``binding:*`` attributes; a distributed port has one per host
    and a status there.
    """

    host: str
    vif_type: str
    vif_details: Resource
    vnic_type: str = portbindings.VNIC_NORMAL
    profile: Resource | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why a driver did not take a segment, in its own words; see `PortContext.decline`."""

    segment_id: str | None
    reason: str
    sentence: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a driver's `bind_port` decided.

    Args:
        segment_id: the segment it took.
        next_segments: segments for the level below; empty when the binding is complete.
        status: port status wished by the driver, None to leave it.
    """

    segment_id: str
    next_segments: tuple[Resource, ...] = ()
    vif_type: str = portbindings.VIF_TYPE_UNBOUND
    vif_details: Resource | None = None
    status: str | None = None


class PortSources(Protocol):
    """Where a port context gets what is not in its hands; each is called at most once per value."""

    def network(self) -> Resource:
        """API dict of the port's network."""

    def segments(self) -> list[Resource]:
        """All segments of the network, static and dynamic, in driver form, by segment_index."""

    def segment(self, segment_id: str) -> Resource | None:
        """One segment in driver form, for levels bound to a segment of no present network."""

    def host_agents(self, host: str, agent_type: str) -> list[Resource]:
        """API dicts of the agents of this type on this host, with ``alive``."""

    def allocate_dynamic(self, segment: Resource) -> Resource:
        """Find or make a dynamic segment of the network like the (partial) one given."""

    def release_dynamic(self, segment_id: str) -> None:
        """Give a dynamic segment back."""


class NetworkContext(api.NetworkContext):
    """A network before and after an operation.

    Args:
        plugin_context: the caller as drivers see it.
        current: API dict of the network.
        original: API dict before an update, else None.
        segments: in driver form, or a callable that fetches them.
    """

    def __init__(
        self,
        plugin_context: PluginContext,
        current: Resource,
        original: Resource | None,
        segments: Sequence[Resource] | Callable[[], Sequence[Resource]],
    ) -> None:
        self._plugin_context = plugin_context
        self._network = current
        self._original_network = original
        self._segments = segments

    @property
    def plugin_context(self) -> PluginContext:
        """The caller as drivers see it."""
        return self._plugin_context

    @property
    def _plugin(self) -> Any:
        return directory.get_plugin()

    @property
    def current(self) -> Resource:
        """API dict of the network."""
        return self._network

    @property
    def original(self) -> Resource | None:
        """API dict before the update; None for other operations."""
        return self._original_network

    @property
    def network_segments(self) -> list[Resource]:
        """Segments in driver form, static and dynamic."""
        if callable(self._segments):
            self._segments = self._segments()
        if not isinstance(self._segments, list):
            self._segments = list(self._segments)
        return self._segments


class SubnetContext(api.SubnetContext):
    """A subnet before and after an operation.

    Args:
        plugin_context: the caller as drivers see it.
        current: API dict of the subnet.
        original: API dict before an update, else None.
        network: context of its network, or a callable that makes it.
    """

    def __init__(
        self,
        plugin_context: PluginContext,
        current: Resource,
        original: Resource | None,
        network: NetworkContext | Callable[[], NetworkContext],
    ) -> None:
        self._plugin_context = plugin_context
        self._subnet = current
        self._original_subnet = original
        self._network_context = network

    @property
    def plugin_context(self) -> PluginContext:
        """The caller as drivers see it."""
        return self._plugin_context

    @property
    def _plugin(self) -> Any:
        return directory.get_plugin()

    @property
    def current(self) -> Resource:
        """API dict of the subnet."""
        return self._subnet

    @property
    def original(self) -> Resource | None:
        """API dict before the update; None for other operations."""
        return self._original_subnet

    @property
    def network(self) -> NetworkContext:
        """Context of the subnet's network."""
        if not isinstance(self._network_context, NetworkContext):
            self._network_context = self._network_context()
        return self._network_context


def binding_of(port: Resource) -> HostBinding:
    """The binding that the ``binding:*`` attributes of a port show.

    Args:
        port: API dict of an ordinary (not distributed) port.
    """
    return HostBinding(
        host=port.get(portbindings.HOST_ID) or "",
        vif_type=port.get(portbindings.VIF_TYPE) or portbindings.VIF_TYPE_UNBOUND,
        vif_details=port.get(portbindings.VIF_DETAILS) or {},
        vnic_type=port.get(portbindings.VNIC_TYPE) or portbindings.VNIC_NORMAL,
        profile=port.get(portbindings.PROFILE),
    )


class PortContext(api.PortContext):
    """A port before and after an operation, and the ways to bind it.

    Args:
        plugin_context: the caller as drivers see it.
        current: API dict of the port, ``binding:*`` included.
        original: API dict before an update, else None.
        sources: where the rest comes from.
        levels: binding levels from the top, or a callable that fetches them.
        original_levels: those before an update; the present ones when not given.
        binding: the binding on one host, for distributed ports and for one of several bindings.
        original_binding: the same before an update.
    """

    def __init__(
        self,
        plugin_context: PluginContext,
        current: Resource,
        original: Resource | None,
        sources: PortSources,
        *,
        levels: Sequence[Level] | Callable[[], Sequence[Level]] = (),
        original_levels: Sequence[Level] | Callable[[], Sequence[Level]] | None = None,
        binding: HostBinding | None = None,
        original_binding: HostBinding | None = None,
    ) -> None:
        self._plugin_context = plugin_context
        self._port = current
        self._original_port = original
        self._sources = sources
        self._network_context: NetworkContext | None = None
        self._binding_levels = levels
        self._original_binding_levels = levels if original_levels is None else original_levels
        self._binding = binding_of(current) if binding is None else binding
        self._original_binding = original_binding
        self._segments_to_bind: list[Resource] | None = None
        self.proposal: Proposal | None = None
        self.declines: list[Decline] = []

    # What the binding loop uses; not part of the drivers' interface.

    def prepare_to_bind(self, segments: Sequence[Resource]) -> None:
        """Offer these segments to the next driver; forgets the last proposal and declines.

        Args:
            segments: in driver form.
        """
        self._segments_to_bind = list(segments)
        self.proposal = None
        self.declines = []

    def clear_levels(self) -> None:
        """Begin a binding: no level is bound."""
        self._binding_levels = []

    def push_level(self, level: Level) -> None:
        """A driver bound one level further down."""
        self._binding_levels = [*self._levels(), level]

    def pop_level(self) -> Level:
        """Take the lowest level back."""
        *above, last = self._levels()
        self._binding_levels = above
        return last

    def unset_binding(self) -> None:
        """Undo what the last driver set."""
        self.proposal = None
        self._binding = replace(
            self._binding, vif_type=portbindings.VIF_TYPE_UNBOUND, vif_details={}
        )

    def levels(self) -> Sequence[Level]:
        """The binding levels as records, from the top."""
        return self._levels()

    # The interface of drivers.

    @property
    def plugin_context(self) -> PluginContext:
        """The caller as drivers see it."""
        return self._plugin_context

    @property
    def _plugin(self) -> Any:
        return directory.get_plugin()

    @property
    def current(self) -> Resource:
        """API dict of the port."""
        return self._port

    @property
    def original(self) -> Resource | None:
        """API dict before the update; None for other operations."""
        return self._original_port

    @property
    def status(self) -> str:
        """Status of the port; of a distributed port, on this host."""
        if self._is_distributed():
            return self._binding.status or str(self._port["status"])
        return str(self._port["status"])

    @property
    def original_status(self) -> str | None:
        """Status before the update; None for other operations."""
        return None if self._original_port is None else self._original_port["status"]

    @property
    def network(self) -> NetworkContext:
        """Context of the port's network."""
        if self._network_context is None:
            self._network_context = NetworkContext(
                self._plugin_context, self._sources.network(), None, self._sources.segments
            )
        return self._network_context

    @property
    def binding_levels(self) -> list[Resource] | None:
        """``bound_driver`` and ``bound_segment`` of each level from the top, None if unbound."""
        return self._described(self._levels())

    @property
    def original_binding_levels(self) -> list[Resource] | None:
        """The levels before the update; None for other operations."""
        return self._described(self._original_levels())

    @property
    def top_bound_segment(self) -> Resource | None:
        """The segment nearest to the fabric, None if unbound."""
        return self._segment_at(self._levels(), 0)

    @property
    def original_top_bound_segment(self) -> Resource | None:
        """`top_bound_segment` before the update; None for other operations."""
        return self._segment_at(self._original_levels(), 0)

    @property
    def bottom_bound_segment(self) -> Resource | None:
        """The segment nearest to the host, None if unbound."""
        return self._segment_at(self._levels(), -1)

    @property
    def original_bottom_bound_segment(self) -> Resource | None:
        """`bottom_bound_segment` before the update; None for other operations."""
        return self._segment_at(self._original_levels(), -1)

    @property
    def host(self) -> str:
        """The host of the port; of a distributed port, the one this operation is about."""
        return self._binding.host

    @property
    def original_host(self) -> str | None:
        """The host before the update; None for other operations."""
        if self._original_port is None:
            return None
        if self._is_distributed():
            return self._binding.host
        return self._before().host

    @property
    def vif_type(self) -> str:
        """How the port is bound on `host`; ``unbound`` and ``binding_failed`` are such too."""
        return self._binding.vif_type

    @property
    def original_vif_type(self) -> str | None:
        """`vif_type` before the update; None for other operations."""
        return None if self._original_port is None else self._before().vif_type

    @property
    def vif_details(self) -> Resource:
        """What the host needs to know to plug the port in."""
        return self._binding.vif_details

    @property
    def original_vif_details(self) -> Resource | None:
        """`vif_details` before the update; None for other operations."""
        return None if self._original_port is None else self._before().vif_details

    @property
    def segments_to_bind(self) -> list[Resource] | None:
        """The segments a driver may bind now, in driver form; None outside of `bind_port`."""
        return self._segments_to_bind

    def host_agents(self, agent_type: str) -> list[Resource]:
        """The agents of this type on the port's host, as API dicts.

        Args:
            agent_type: as agents report it, such as ``Open vSwitch agent``.
        """
        return self._sources.host_agents(self.host, agent_type)

    def set_binding(
        self, segment_id: str, vif_type: str, vif_details: Resource, status: str | None = None
    ) -> None:
        """Complete the binding.

        Args:
            segment_id: one of `segments_to_bind`.
            vif_type: how the host plugs the port in.
            vif_details: what it needs to know for that.
            status: wished port status, None to leave it.
        """
        self._binding = replace(self._binding, vif_type=vif_type, vif_details=vif_details or {})
        self.proposal = Proposal(
            segment_id=segment_id,
            vif_type=vif_type,
            vif_details=vif_details or {},
            status=status,
        )

    def continue_binding(self, segment_id: str, next_segments_to_bind: Sequence[Resource]) -> None:
        """Take a segment, and leave the rest to drivers that bind the level below.

        Args:
            segment_id: one of `segments_to_bind`.
            next_segments_to_bind: segments for the level below, in driver form.
        """
        self.proposal = Proposal(segment_id=segment_id, next_segments=tuple(next_segments_to_bind))

    def decline(self, segment_id: str | None, reason: str, sentence: str, hint: str = "") -> None:
        """Say why a segment is not taken; shown by the port's binding explanation.

        Args:
            segment_id: one of `segments_to_bind`; None when the reason concerns all of them.
            reason: a reason code; one of the documented ones, or the driver's own.
            sentence: the same for people, one sentence.
            hint: what an operator may do about it.
        """
        self.declines.append(
            Decline(segment_id=segment_id, reason=reason, sentence=sentence, hint=hint)
        )

    def allocate_dynamic_segment(self, segment: Resource) -> Resource:
        """Find or make a dynamic segment of the port's network.

        Args:
            segment: driver form, complete or partial; ``network_type`` at least.

        Returns:
            the segment in driver form, with its id.
        """
        return self._sources.allocate_dynamic(segment)

    def release_dynamic_segment(self, segment_id: str) -> None:
        """Give a dynamic segment back; an unknown one is no error.

        Args:
            segment_id: as `allocate_dynamic_segment` returned it.
        """
        self._sources.release_dynamic(segment_id)

    def _is_distributed(self) -> bool:
        return bool(self._port["device_owner"] == constants.DEVICE_OWNER_DVR_INTERFACE)

    def _before(self) -> HostBinding:
        if self._original_binding is None:
            self._original_binding = binding_of(self._original_port or {})
        return self._original_binding

    def _levels(self) -> Sequence[Level]:
        if callable(self._binding_levels):
            self._binding_levels = self._binding_levels()
        return self._binding_levels

    def _original_levels(self) -> Sequence[Level]:
        if self._original_port is None:
            return ()
        if callable(self._original_binding_levels):
            self._original_binding_levels = self._original_binding_levels()
        return self._original_binding_levels

    def _described(self, levels: Sequence[Level]) -> list[Resource] | None:
        return [
            {
                api.BOUND_DRIVER: level.driver,
                api.BOUND_SEGMENT: self._expanded(level.segment_id),
            }
            for level in levels
        ] or None

    def _segment_at(self, levels: Sequence[Level], position: int) -> Resource | None:
        return self._expanded(levels[position].segment_id) if levels else None

    def _expanded(self, segment_id: str) -> Resource | None:
        for segment in self.network.network_segments:
            if segment[api.ID] == segment_id:
                return segment
        return self._sources.segment(segment_id)

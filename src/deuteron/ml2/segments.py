"""The segment manager: which type driver hands out the segments of a network.

    POST /networks
      wanted()    provider:* or segments -> driver form, validated; before the transaction
      reserve()   exactly those          | inside it
      allocate()  or the first free one  |
      mtu()       what fits through all of them
    DELETE /networks
      release()

Drivers are third-party or ours alike: `neutron_lib.plugins.ml2.api.TypeDriver` is handed the ORM
session, `ML2TypeDriver` the context.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from neutron_lib import constants
from neutron_lib.plugins.ml2 import api

from deuteron.db import segments as rows
from deuteron.db.engine import utc_now
from deuteron.errors import (
    InvalidInput,
    NoNetworkAvailable,
    SegmentsContainDuplicateEntry,
    SegmentsSetInConjunctionWithProviders,
    StartError,
)
from deuteron.ml2.foreign import translated
from deuteron.ml2.plugin_context import PluginContext
from deuteron.segment import Segment

LOG = logging.getLogger(__name__)

PROVIDER = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
SEGMENTS = "segments"

Form = dict[str, Any]
"""A segment in driver form: network_type, physical_network, segmentation_id, and id when kept."""


def provider_attributes(segments: Sequence[Segment]) -> dict[str, Any]:
    """The provider attributes of a network in its API dict.

    One static segment shows as ``provider:*``, several as ``segments`` (and no ``provider:*``),
    none as ``provider:*`` that are null; dynamic segments are hidden.

    Args:
        segments: of one network, by segment_index.
    """
    static = [segment for segment in segments if not segment.is_dynamic]
    if len(static) > 1:
        return {SEGMENTS: [_provider_form(segment) for segment in static]}
    return _provider_form(static[0]) if static else dict.fromkeys(PROVIDER)


class SegmentManager:
    """The type drivers in use.

    Args:
        drivers: (configured name, driver) in configured order; initialised.
        project_network_types: types tried, in order, for a network without wishes.
        external_network_type: type of an external network without wishes; '' for none.
        global_physnet_mtu: MTU of the underlay, for networks whose types know none.

    Raises:
        StartError: two drivers serve one type, or a wanted type has no driver.
    """

    def __init__(
        self,
        drivers: Sequence[tuple[str, Any]],
        *,
        project_network_types: Sequence[str],
        external_network_type: str,
        global_physnet_mtu: int,
    ) -> None:
        self.types = _by_type(drivers)
        for option, types in (
            ("project_network_types", project_network_types),
            ("external_network_type", [external_network_type] if external_network_type else []),
        ):
            for network_type in types:
                if network_type not in self.types:
                    raise StartError(
                        msg=f"[ml2] {option}: no type driver is loaded for {network_type!r}. "
                        f"Add it to [ml2] type_drivers or take it out."
                    )
        self.project_network_types = tuple(project_network_types)
        self.external_network_type = external_network_type
        self._global_physnet_mtu = global_physnet_mtu

    def wanted(self, body: Mapping[str, Any]) -> list[Form] | None:
        """The segments that the body of a network asks for.

        Args:
            body: API dict of the network to be; absent, None and unspecified values are equal.

        Returns:
            segments in driver form, validated by their drivers; None if none are asked for.

        Raises:
            SegmentsSetInConjunctionWithProviders: both ``provider:*`` and ``segments`` are given.
            SegmentsContainDuplicateEntry: one segment is given twice.
            InvalidInput: unknown type, or the type's driver refuses it.
        """
        provider = {attribute: _given(body, attribute) for attribute in PROVIDER}
        several = _given(body, SEGMENTS)
        if any(value is not None for value in provider.values()):
            if several is not None:
                raise SegmentsSetInConjunctionWithProviders
            return [self.validated(_driver_form(provider))]
        if not several:
            return None
        segments = [self.validated(_driver_form(segment)) for segment in several]
        self._require_distinct(segments)
        return segments

    def validated(self, segment: Form) -> Form:
        """A segment in driver form that its driver accepts.

        Args:
            segment: network_type, physical_network, segmentation_id; None where not given.

        Raises:
            InvalidInput: no or unknown type, or the type's driver refuses it.
        """
        network_type = segment[api.NETWORK_TYPE]
        if network_type is None:
            raise InvalidInput(error_message="network_type required")
        driver = self._driver(network_type)
        with translated():
            driver.validate_provider_segment(segment)
        return segment

    def is_partial(self, segment: Form) -> bool:
        """Whether the driver has to complete the segment.

        Args:
            segment: in driver form.
        """
        return bool(self._driver(segment[api.NETWORK_TYPE]).is_partial_segment(segment))

    def reserve(
        self,
        context: PluginContext,
        wanted: Sequence[Form],
        *,
        network_id: str,
        project_id: str,
        first_index: int = 0,
    ) -> list[Segment]:
        """Take exactly these segments, completing the partial ones.

        Args:
            context: with an open transaction.
            wanted: as `wanted` returned them.
            network_id: whose they will be.
            project_id: of the network; its own ranges are preferred for partial segments.
            first_index: segment_index of the first one.

        Raises:
            NetworkError: in use (VlanIdInUse, TunnelIdInUse, FlatNetworkInUse) or no number is
                left (NoNetworkAvailable).
        """
        taken: dict[int, Segment] = {}
        # Complete ones first, or a partial one might be given what is asked for after it.
        for index in sorted(range(len(wanted)), key=lambda i: self.is_partial(wanted[i])):
            form = dict(wanted[index])
            driver = self._driver(form[api.NETWORK_TYPE])
            with translated():
                answer = driver.reserve_provider_segment(
                    _handle(driver, context), form, filters={"project_id": project_id}
                )
            taken[index] = _segment(answer, network_id, first_index + index)
        return [taken[index] for index in range(len(wanted))]

    def allocate(
        self, context: PluginContext, *, network_id: str, project_id: str, external: bool = False
    ) -> Segment:
        """Take any free segment of the first project network type that has one.

        Args:
            context: with an open transaction.
            network_id: whose it will be.
            project_id: of the network; its own ranges are preferred.
            external: an external network; it has a type of its own where one is configured.

        Raises:
            NoNetworkAvailable: every type is exhausted.
        """
        types = self.project_network_types
        if external and self.external_network_type:
            types = (self.external_network_type,)
        for network_type in types:
            driver = self.types[network_type]
            with translated():
                taken = driver.allocate_tenant_segment(
                    _handle(driver, context), filters={"project_id": project_id}
                )
            if taken:
                return _segment(taken, network_id, 0)
        raise NoNetworkAvailable

    def release(self, context: PluginContext, segments: Sequence[Segment]) -> None:
        """Give segments back; those of a type without driver are left alone and logged.

        Args:
            context: with an open transaction.
            segments: static or dynamic ones.
        """
        for segment in segments:
            driver = self.types.get(segment.network_type)
            if driver is None:
                LOG.error(
                    "No type driver for %s: segment %s stays taken",
                    segment.network_type,
                    segment.id,
                )
                continue
            with translated():
                driver.release_segment(_handle(driver, context), segment.as_dict())

    def renumber(
        self, context: PluginContext, segment: Segment, segmentation_id: int, *, project_id: str
    ) -> Segment:
        """Give a segment another segmentation id: take the new one, free the old one.

        Args:
            context: with an open transaction.
            segment: a vlan one; other types cannot change.
            segmentation_id: the new one.
            project_id: of the network.

        Raises:
            InvalidInput: not a vlan segment, or the id is not possible.
            NetworkError: the id is in use.
        """
        if segment.network_type != constants.TYPE_VLAN:
            raise InvalidInput(error_message="only VLAN networks can change their segmentation id")
        form = self.validated(
            {
                api.NETWORK_TYPE: segment.network_type,
                api.PHYSICAL_NETWORK: segment.physical_network,
                api.SEGMENTATION_ID: segmentation_id,
            }
        )
        (taken,) = self.reserve(
            context, [form], network_id=segment.network_id, project_id=project_id
        )
        rows.renumber(context.transaction, segment.id, segmentation_id, now=utc_now())
        self.release(context, [segment])
        return replace(segment, segmentation_id=taken.segmentation_id)

    def mtu(self, segments: Sequence[Segment], wanted: int | None) -> int:
        """The MTU of a network.

        Args:
            segments: of the network.
            wanted: bytes asked for; None or 0 for the largest possible.

        Returns:
            bytes; 0 when neither the types nor the configuration limit it.

        Raises:
            InvalidInput: `wanted` does not fit through the segments.
        """
        limits = []
        for segment in segments:
            driver = self.types.get(segment.network_type)
            limit = driver.get_mtu(segment.physical_network) if driver is not None else None
            if limit:
                limits.append(int(limit))
        maximum = min(limits) if limits else self._global_physnet_mtu
        if wanted and maximum and wanted > maximum:
            raise InvalidInput(
                error_message=f"the MTU {wanted} is too big: the segments of the network carry "
                f"at most {maximum} bytes"
            )
        return wanted or maximum

    def allocate_dynamic(self, context: PluginContext, network_id: str, segment: Form) -> Segment:
        """The dynamic segment of a network like the given one; it is made if there is none.

        Called on behalf of mechanism drivers, so that errors are the type driver's own
        (neutron-lib's NoNetworkAvailable, VlanIdInUse, ...), not translated.

        Args:
            context: with an open transaction.
            network_id: whose it is.
            segment: in driver form, complete or partial.

        Raises:
            TryAgain: another transaction has just made it.
        """
        driver = self._driver(segment.get(api.NETWORK_TYPE))
        there = rows.dynamic_like(
            context.transaction,
            network_id,
            network_type=segment[api.NETWORK_TYPE],
            physical_network=segment.get(api.PHYSICAL_NETWORK),
            segmentation_id=segment.get(api.SEGMENTATION_ID),
        )
        if there is not None:
            return there
        taken = driver.reserve_provider_segment(_handle(driver, context), dict(segment))
        made = _segment(taken, network_id, 0, is_dynamic=True)
        rows.insert(
            context.transaction,
            [made],
            now=utc_now(),
            sole=segment.get(api.SEGMENTATION_ID) is None,
        )
        return made

    def release_dynamic(self, context: PluginContext, segment_id: str) -> None:
        """Free and delete a dynamic segment; an unknown or static one is left alone.

        Args:
            context: with an open transaction.
            segment_id: of the segment.
        """
        segment = rows.find(context.transaction, segment_id)
        if segment is None or not segment.is_dynamic:
            return
        self.release(context, [segment])
        rows.delete(context.transaction, [segment_id])

    def _driver(self, network_type: Any) -> Any:
        driver = self.types.get(network_type)
        if driver is None:
            raise InvalidInput(error_message=f"network_type value '{network_type}' not supported")
        return driver

    def _require_distinct(self, segments: Sequence[Form]) -> None:
        seen = set()
        for segment in segments:
            if self.is_partial(segment):
                continue
            key = (
                segment[api.NETWORK_TYPE],
                segment[api.PHYSICAL_NETWORK],
                segment[api.SEGMENTATION_ID],
            )
            if key in seen:
                raise SegmentsContainDuplicateEntry
            seen.add(key)


def _by_type(drivers: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    types: dict[str, Any] = {}
    for name, driver in drivers:
        network_type = driver.get_type()
        if network_type in types:
            raise StartError(
                msg=f"type driver {name!r} serves {network_type!r}, which another one serves too."
            )
        types[network_type] = driver
    return types


def _given(body: Mapping[str, Any], attribute: str) -> Any:
    value = body.get(attribute)
    return None if value is constants.ATTR_NOT_SPECIFIED else value


def _driver_form(provider: Mapping[str, Any]) -> Form:
    network_type, physical_network, segmentation_id = (
        _given(provider, attribute) for attribute in PROVIDER
    )
    return {
        api.NETWORK_TYPE: network_type,
        api.PHYSICAL_NETWORK: physical_network or None,
        api.SEGMENTATION_ID: segmentation_id,
    }


def _provider_form(segment: Segment) -> dict[str, Any]:
    return dict(
        zip(
            PROVIDER,
            (segment.network_type, segment.physical_network, segment.segmentation_id),
            strict=True,
        )
    )


def _segment(
    taken: Mapping[str, Any], network_id: str, index: int, *, is_dynamic: bool = False
) -> Segment:
    return Segment(
        id=str(uuid.uuid4()),
        network_id=network_id,
        network_type=taken[api.NETWORK_TYPE],
        physical_network=taken.get(api.PHYSICAL_NETWORK),
        segmentation_id=taken.get(api.SEGMENTATION_ID),
        segment_index=index,
        is_dynamic=is_dynamic,
    )


def _handle(driver: Any, context: PluginContext) -> Any:
    return context.session if isinstance(driver, api.TypeDriver) else context

"""A type driver of a type of its own, with numbers 1 to 3, for the `sample` networks."""

import sqlalchemy as sa
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api

NUMBERS = (1, 2, 3)


class NumberInUse(exceptions.InUse):
    """Two networks cannot have one number."""

    message = "Number %(number)s is in use."


class SampleTypeDriver(api.TypeDriver):
    """Asks the session which numbers are taken, so that it is right after a restart, too."""

    def get_type(self):
        return "sample"

    def initialize(self):
        pass

    def is_partial_segment(self, segment):
        return segment.get(api.SEGMENTATION_ID) is None

    def validate_provider_segment(self, segment):
        number = segment.get(api.SEGMENTATION_ID)
        if number is not None and number not in NUMBERS:
            message = f"sample networks have numbers from {NUMBERS[0]} to {NUMBERS[-1]}"
            raise exceptions.InvalidInput(error_message=message)

    def reserve_provider_segment(self, session, segment, filters=None):
        if self.is_partial_segment(segment):
            made = self.allocate_tenant_segment(session)
            if made is None:
                raise exceptions.NoNetworkAvailable()
            return made
        if segment[api.SEGMENTATION_ID] in self._taken(session):
            raise NumberInUse(number=segment[api.SEGMENTATION_ID])
        return {api.MTU: None, **segment}

    def allocate_tenant_segment(self, session, filters=None):
        free = [number for number in NUMBERS if number not in self._taken(session)]
        if not free:
            return None
        return {
            api.NETWORK_TYPE: "sample",
            api.PHYSICAL_NETWORK: None,
            api.SEGMENTATION_ID: free[0],
            api.MTU: self.get_mtu(None),
        }

    def release_segment(self, session, segment):
        pass

    def get_mtu(self, physical):
        return 1400

    def _taken(self, session):
        kept = sa.table("segments", sa.column("network_type"), sa.column("segmentation_id"))
        statement = sa.select(kept.c.segmentation_id).where(kept.c.network_type == "sample")
        return set(session.execute(statement).scalars())

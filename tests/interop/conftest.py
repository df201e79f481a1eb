"""What the tests with other people's software may ask for."""

from tests.interop.brokered import broker, brokered
from tests.interop.clients import openstack, report, sdk, service
from tests.interop.sample import sample_distribution

__all__ = ["broker", "brokered", "openstack", "report", "sample_distribution", "sdk", "service"]

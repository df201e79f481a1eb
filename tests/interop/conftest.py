"""What the tests with other people's software may ask for."""

from tests.interop.clients import openstack, report, sdk, service
from tests.interop.sample import sample_distribution

__all__ = ["openstack", "report", "sample_distribution", "sdk", "service"]

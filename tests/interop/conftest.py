"""What the tests with other people's software may ask for."""

from tests.interop.sample import sample_distribution

__all__ = ["sample_distribution"]

"""What every test may ask for."""

from tests import compiled

pytest_plugins = ["tests.instances.fixtures", "tests.interop.sample"]


def pytest_configure() -> None:
    """Has the text of statements made once."""
    compiled.share()

"""What every test may ask for."""

pytest_plugins = ["tests.instances.fixtures", "tests.interop.sample"]

"""Installs the sample drivers (tests/sample_driver) for the time of the tests, beside the venv."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "sample_driver"


@pytest.fixture(scope="session")
def sample_distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the sample drivers are installed; it is on `sys.path`."""
    folder = tmp_path_factory.mktemp("sample")
    source = shutil.copytree(SOURCE, folder / "source")  # building leaves traces
    installed = folder / "installed"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(installed)]
    done = subprocess.run(
        [*pip, *options, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sys.path.insert(0, str(installed))
    yield installed
    sys.path.remove(str(installed))
    for name in [name for name in sys.modules if name.partition(".")[0] == "sample_ml2"]:
        del sys.modules[name]

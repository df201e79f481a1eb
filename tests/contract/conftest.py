"""What the tests of segments share."""

import pytest

from deuteron.config import resolve
from tests.segment_site import SegmentSite


@pytest.fixture
def a_site(database, tmp_path):
    """Makes the site of one process; another call is another process, or a restart."""

    def make(**more):
        return SegmentSite(database, tmp_path / "neutron.conf", **more)

    yield make
    resolve.fill_global({}, [])


@pytest.fixture
def site(a_site):
    return a_site()

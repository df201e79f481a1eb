"""Points in time as the tables keep them and the API shows them: ``2014-06-04T12:00:00Z``.

Texts of this form sort as the times do, so they are compared as they are.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> str:
    """The present."""
    return _as_text(int(time.time()))


@lru_cache(maxsize=1)
def _as_text(second: int) -> str:
    return time.strftime(_FORM, time.gmtime(second))


def later(moment: str, seconds: float) -> str:
    """The moment so many seconds later, earlier if negative; parts of a second are dropped."""
    then = datetime.strptime(moment, _FORM).replace(tzinfo=UTC) + timedelta(seconds=seconds)
    return then.strftime(_FORM)

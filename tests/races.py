"""Jobs at the same time, for tests of what a race leaves."""

import threading
from collections.abc import Callable
from typing import Any

from deuteron.errors import TryAgain


def results(*jobs: Callable[[], Any], tries: int = 40) -> list[Any]:
    """What each job returned or raised, in their order.

    Args:
        jobs: begun together, each in a thread of its own.
        tries: how often a job that lost against another is run, as by the API.
    """
    ready = threading.Barrier(len(jobs))
    ends: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        ready.wait()
        for _ in range(tries):
            try:
                ends[at] = jobs[at]()
            except TryAgain as error:
                ends[at] = error
                continue
            except BaseException as error:
                ends[at] = error
            return

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def at_once(*jobs: Callable[[], Any], tries: int = 40) -> list[BaseException]:
    """What the jobs raised that failed; see `results`."""
    return [end for end in results(*jobs, tries=tries) if isinstance(end, BaseException)]

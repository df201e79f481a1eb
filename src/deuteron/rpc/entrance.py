"""Between the broker and the library: what is dropped does not get that far.

message --> Gate --> READ   acknowledged by the library, which answers it
                 --> DROP   acknowledged, forgotten
                 --> FLOOD  so, too, with all that follow it of the same agent
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from deuteron.rpc import skipping
from deuteron.rpc.gate import Gate, Verdict

# Seconds for which messages of one agent are skipped at a time; others may wait in between.
_LONGEST = 0.1


class Entrance:
    """Hands messages on. Of the thread that reads them.

    Args:
        gate: judges them.
        listener: of the library, before it reads.
    """

    def __init__(self, gate: Gate, listener: Any) -> None:
        self._gate = gate
        for consumer in listener.conn._consumers:
            consumer._callback = partial(self._enter, consumer._callback)

    def _enter(self, library: Callable[[Any], None], raw: Any) -> None:
        verdict = self._gate.judge(raw.body, raw.properties.get("content_type"))
        if verdict is Verdict.READ:
            library(raw)
            return
        last = raw.delivery_tag
        if verdict is Verdict.FLOOD:
            last = self._skip(raw) or last
        # Those before it are acknowledged already.
        raw.channel.basic_ack(last, multiple=True)

    def _skip(self, raw: Any) -> int:
        agent_type, host = self._gate.flooding
        marks = skipping.marks_of(raw.body, agent_type=agent_type, host=host)
        if marks is None:
            return 0
        return skipping.skip(raw.channel, marks, until=time.monotonic() + _LONGEST)

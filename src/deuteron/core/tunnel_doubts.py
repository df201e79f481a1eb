"""Whom to tell a second time where the ports of a network are, as agents may have lost it.

An Open vSwitch agent has one tunnel to another host for all networks of a type, and takes it down
when no network needs it any more, in steps. Entries of another network that come in between lead to
a tunnel that is gone a moment later, and nobody hears of it:

    agent   last port of A leaves: is the tunnel needed? no   delete it . . . . . forget it
    server                      first port of B is up: forward to the tunnel'

Seen with Neutron 29's agents: of networks whose first ports came up while the last ones of another
left, more than one in ten was cut between two hosts until something else was told of it. Told
again, agents make the tunnel anew. So whoever was told of tunnels of a network within seconds of
losing another network is told again when that must be over.

A Linux bridge agent looks whether its tunnel floods to anybody, and then adds the first or appends
another endpoint. Of two messages that come at once both may add the first, and the second fails:

    agent   floods to nobody: add h1 . . . . . . . . . . . done
    agent       floods to nobody: add h2 . . . . . . . . . . . there is one already: lost

Seen with Neutron 25's agents. So they are told again in any case, which appends what lacks.
"""

import time
from collections.abc import Callable, Collection, Iterable

# Seconds between losing and being told, in either order, in which the two may meet. An agent looks
# for changes every two seconds, and one with much to do takes some more.
_WINDOW = 10.0
# Seconds after the later of them.
_AGAIN = (3.0, 12.0)

Doubtful = tuple[str, str]
"""Network and host."""


class Doubts:
    """What was told lately to hosts that lost something lately. Not thread-safe.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lost: dict[str, float] = {}
        self._begun: dict[str, dict[str, float]] = {}  # host -> network -> when
        self._due: dict[Doubtful, list[float]] = {}
        self._forgot = 0.0

    def lost(self, hosts: Iterable[str]) -> None:
        """Agents of hosts may take tunnels down now.

        Args:
            hosts: names.
        """
        now = self._clock()
        self._forget(now)
        for host in hosts:
            self._lost[host] = now
            for network_id, at in self._begun.get(host, {}).items():
                if at >= now - _WINDOW:
                    self._doubt((network_id, host), now)

    def begun(self, network_id: str, hosts: Iterable[str], bridged: Collection[str] = ()) -> None:
        """Hosts are told now of tunnels that a network needs.

        Args:
            network_id: of the network.
            hosts: names.
            bridged: those that have Linux bridges, and others.
        """
        now = self._clock()
        self._forget(now)
        for host in hosts:
            self._begun.setdefault(host, {})[network_id] = now
            if host in bridged or self._lost.get(host, float("-inf")) >= now - _WINDOW:
                self._doubt((network_id, host), now)

    def due(self) -> set[Doubtful]:
        """Who is to be told again by now, of which network."""
        if not self._due:
            return set()
        now = self._clock()
        return {one for one, times in self._due.items() if times[0] <= now}

    def settle(self, told: Iterable[Doubtful]) -> None:
        """They were told again.

        Args:
            told: as `due` has them.
        """
        now = self._clock()
        for one in told:
            left = [at for at in self._due.pop(one) if at > now]
            if left:
                self._due[one] = left

    def _doubt(self, doubtful: Doubtful, now: float) -> None:
        self._due[doubtful] = [now + seconds for seconds in _AGAIN]

    def _forget(self, now: float) -> None:
        """Forgets now and then what happened too long ago."""
        old = now - _WINDOW
        if self._forgot >= old:
            return
        self._forgot = now
        self._lost = {host: at for host, at in self._lost.items() if at >= old}
        for host, networks in list(self._begun.items()):
            kept = {network_id: at for network_id, at in networks.items() if at >= old}
            if kept:
                self._begun[host] = kept
            else:
                del self._begun[host]

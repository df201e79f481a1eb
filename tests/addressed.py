"""A network whose ports get addresses, without the rest of a port's life."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from sqlalchemy import delete, select

from deuteron.core import ipam
from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.db.tables import ip_allocations, ports
from deuteron.errors import NetworkError
from tests.rows import ASKED, a_network, a_subnet, insert_ports


class Network:
    """A network whose ports ask for addresses."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.id = a_network(database)
        self.subnets: list[dict[str, Any]] = []
        self.hints = Hints()
        self._macs = 0x1000

    def subnet(self, cidr: str, **values: Any) -> str:
        values.setdefault("created_at", f"2014-06-04T12:00:{len(self.subnets):02}Z")
        self.subnets.append(a_subnet(self.database, self.id, cidr, **values))
        return self.subnets[-1]["id"]

    def mac(self) -> str:
        self._macs += 1
        return f"fa:16:3e:00:{self._macs >> 8:02x}:{self._macs & 255:02x}"

    def request(self, port_id: str, mac: str, **values: Any) -> ipam.AddressRequest:
        values.setdefault("device_owner", "")
        return ipam.AddressRequest(
            port_id=port_id, network_id=self.id, mac_address=mac, subnets=self.subnets, **values
        )

    def bulk(self, wishes: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
        """New ports; port id -> addresses."""
        macs = [wish.pop("mac_address", None) or self.mac() for wish in wishes]
        with self.database.transaction(ASKED) as tx:
            ids = insert_ports(tx, self.id, macs)
            requests = [
                self.request(port_id, mac, **wish)
                for port_id, mac, wish in zip(ids, macs, wishes, strict=True)
            ]
            given = ipam.assign(tx, self.hints, requests)
        assert list(given) == ids
        return {port_id: [one["ip_address"] for one in given[port_id]] for port_id in ids}

    def port(self, **wish: Any) -> list[str]:
        (addresses,) = self.bulk([wish]).values()
        return addresses

    def refusal(self, **wish: Any) -> str:
        with pytest.raises(NetworkError) as refused:
            self.port(**wish)
        return refused.value.type

    def allocated(self) -> dict[str, str]:
        """Address -> port id."""
        with self.database.read() as reader:
            columns = ip_allocations.c.ip_address, ip_allocations.c.port_id
            rows = reader.execute(select(*columns).where(ip_allocations.c.network_id == self.id))
            return {row.ip_address: row.port_id for row in rows}

    def delete(self, port_ids: Iterable[str]) -> None:
        with self.database.transaction(ASKED) as tx:
            mine = ip_allocations.c.port_id.in_(list(port_ids))
            columns = ip_allocations.c.subnet_id, ip_allocations.c.ip_address
            gone = [
                {"subnet_id": subnet_id, "ip_address": address}
                for subnet_id, address in tx.execute(select(*columns).where(mine)).all()
            ]
            ipam.release(tx, self.hints, gone)
            tx.execute(delete(ports).where(ports.c.id.in_(list(port_ids))))


def wish(subnet_id: str | None = None, address: str | None = None) -> dict[str, str]:
    named = {"subnet_id": subnet_id, "ip_address": address}
    return {key: value for key, value in named.items() if value is not None}

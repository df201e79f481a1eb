"""The MAC addresses that distributed routers of hosts have."""

from sqlalchemy import select

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import dvr_host_macs
from deuteron.db.transaction import Connectable, Transaction

_ALL = select(dvr_host_macs.c.host, dvr_host_macs.c.mac_address).order_by(dvr_host_macs.c.host)
_INSERT = InsertIgnore(dvr_host_macs)


def all_hosts(conn: Connectable) -> dict[str, str]:
    """Host -> MAC address."""
    return {row[0]: row[1] for row in conn.execute(_ALL)}


def insert(tx: Transaction, host: str, mac_address: str) -> bool:
    """Keep a new one; False if the host has one or another host has this."""
    return _INSERT.execute(tx, [{"host": host, "mac_address": mac_address}]) == 1

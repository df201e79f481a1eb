"""Names of ports: what DHCP agents answer for their addresses.

    dns_name         the first label or labels of the port's name
    dns_domain       where an external DNS service would publish it; told, and published by nobody
    dns_assignment   address by address, the host name and the full name; worked out, not kept

The full name is in the domain of the site (option ``dns_domain``). With the domain that the option
has by default there are no names of ports: what a request says is left out, and all ports are
``host-<address>``. Source: API reference, "DNS integration"; rules as observed of Neutron.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction

NAME = "dns_name"
DOMAIN = "dns_domain"
ASSIGNMENT = "dns_assignment"
ADDRESSES = "fixed_ips"

# The domain of a site that has chosen none.
_NO_CHOICE = "openstacklocal."

Row = dict[str, Any]


def assignment(
    fixed_ips: Sequence[Mapping[str, str]], name: str, suffix: str
) -> list[dict[str, str]]:
    """The names of a port's addresses.

    Args:
        fixed_ips: dicts with ``ip_address``.
        name: the port's ``dns_name``, empty for names made of the addresses.
        suffix: a dot and the domain of the site with a dot at its end, or empty.
    """
    names = []
    for ip in fixed_ips:
        address = ip["ip_address"]
        if name:
            host, full = name, name if name.endswith(".") else name + suffix
        else:
            host = "host-" + address.replace(".", "-").replace(":", "-")
            full = host + suffix
        names.append({"ip_address": address, "hostname": host, "fqdn": full})
    return names


def dns_names(*, domain: str) -> ResourceExtension:
    """The extension.

    Args:
        domain: of the site (option ``dns_domain``), with or without a dot at its end.
    """
    whole = f"{domain.rstrip('.')}." if domain else ""
    suffix = f".{whole}" if whole else ""
    names_ports = whole not in ("", _NO_CHOICE)

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: Row, _network: Mapping[str, Any]
    ) -> None:
        row[NAME] = body.get(NAME, "") if names_ports else ""
        row[DOMAIN] = body.get(DOMAIN, "") if names_ports else ""

    def on_update(
        _tx: Transaction, _changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
    ) -> None:
        if not names_ports:
            row[NAME], row[DOMAIN] = original[NAME], original[DOMAIN]

    def derive(ports: Sequence[Row]) -> None:
        if not (ADDRESSES in ports[0] and NAME in ports[0]):
            return  # read in part
        for port in ports:
            port[ASSIGNMENT] = assignment(
                port[ADDRESSES], port[NAME] if names_ports else "", suffix
            )

    return ResourceExtension(
        aliases=(
            "dns-domain-ports",
            "dns-integration",
            "dns-integration-domain-keywords",
        ),
        columns=(NAME, DOMAIN),
        on_create=on_create,
        on_update=on_update,
        derive=derive,
        shown=(ASSIGNMENT,),
    )

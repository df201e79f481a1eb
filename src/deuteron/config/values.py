"""Values with rules of their own: ranges, MTUs, addresses and URLs.

Every function takes the value as it was converted by its option and returns the value the server
works with, or raises ValueError whose text says what is wrong and what to do.
"""

import ipaddress
import itertools
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from deuteron.config.settings import ServiceProvider

# First and last number, both included.
Range = tuple[int, int]

MAX_VLAN_ID = 4094
MAX_VNI = 2**24 - 1
MAX_GRE_KEY = 2**32 - 1
_LONGEST_NAME = 255
# RFC 791: what every IPv4 link carries.
MIN_MTU = 68

NETWORK_SCHEDULERS = ("WeightScheduler", "AZAwareWeightScheduler", "ChanceScheduler")

_SCHEDULERS = "neutron.scheduler.dhcp_agent_scheduler"
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_PASSWORD = re.compile(r"(://[^:/@]*:)[^/]*(?=@)")


def vlan_ranges(items: Iterable[str]) -> dict[str, tuple[Range, ...]]:
    """``physnet1:100:199,physnet1:300:399,physnet2`` by physical network.

    A physical network that is named alone has every VLAN id (Neutron's rule).
    """
    ranges: dict[str, list[Range]] = {}
    for item in items:
        name, _, rest = item.partition(":")
        parts = rest.split(":") if rest else []
        if not name.strip() or (":" in item and len(parts) != 2):
            raise ValueError(
                f"{item!r} is neither PHYSICAL_NETWORK nor PHYSICAL_NETWORK:FIRST:LAST"
            )
        known = ranges.setdefault(name.strip(), [])
        if parts:
            known.append(_range(item, *parts, highest=MAX_VLAN_ID, kind="VLAN ids"))
    return {
        name: _disjoint(known, f"of {name}") or ((1, MAX_VLAN_ID),)
        for name, known in ranges.items()
    }


def tunnel_ranges(items: Iterable[str], *, highest: int, kind: str) -> tuple[Range, ...]:
    """``1:1000,5000:5999`` as pairs.

    Args:
        items: the ranges.
        highest: the largest id.
        kind: what the ids are called.
    """
    ranges = []
    for item in items:
        parts = item.split(":")
        if len(parts) != 2:
            raise ValueError(f"{item!r} is not FIRST:LAST")
        ranges.append(_range(item, *parts, highest=highest, kind=kind))
    return _disjoint(ranges, "")


def _range(item: str, first: str, last: str, *, highest: int, kind: str) -> Range:
    try:
        low, high = int(first), int(last)
    except ValueError:
        raise ValueError(f"{item!r} does not name two whole numbers; write FIRST:LAST") from None
    if not 1 <= low <= highest or not 1 <= high <= highest:
        raise ValueError(f"{item!r} leaves the {kind}; use 1 to {highest}")
    if low > high:
        raise ValueError(f"{item!r} ends before it begins; write {high}:{low}")
    return low, high


def _disjoint(ranges: list[Range], where: str) -> tuple[Range, ...]:
    ordered = sorted(ranges)
    for one, other in itertools.pairwise(ordered):
        if other[0] <= one[1]:
            place = f" {where}" if where else ""
            raise ValueError(
                f"the ranges {one[0]}:{one[1]} and {other[0]}:{other[1]}{place} overlap; "
                f"write {one[0]}:{max(one[1], other[1])}"
            )
    return tuple(ranges)


def physical_network_mtus(mtus: Mapping[str, str]) -> dict[str, int]:
    """``physnet1:9000`` as a number per physical network, 0 for no limit."""
    result = {}
    for name, text in mtus.items():
        if not text.strip().isdecimal() or 0 < int(text) < MIN_MTU:
            raise ValueError(
                f"{name}:{text} is not PHYSICAL_NETWORK:BYTES; "
                f"use 0 for no limit, or at least {MIN_MTU}"
            )
        result[name] = int(text)
    return result


def mtu(value: int) -> int:
    """0, or at least what every IPv4 link carries."""
    if 0 < value < MIN_MTU:
        raise ValueError(f"no link carries so little; use 0 for no limit, or at least {MIN_MTU}")
    return value


def base_mac(value: str) -> str:
    """Six octets, of which the first three or four count; not a multicast address."""
    if not _MAC.fullmatch(value):
        raise ValueError("this is not a MAC address; write six octets, fa:16:3e:00:00:00")
    if int(value[:2], 16) & 1:
        raise ValueError("this is a multicast address; use an even first octet, as fa")
    return value.lower()


def page_limit(value: str) -> int | None:
    """A number of items; ``infinite`` and numbers below 1 mean no limit."""
    if value.strip().lower() == "infinite":
        return None
    try:
        limit = int(value)
    except ValueError:
        raise ValueError("this is no number; use one, or infinite") from None
    return limit if limit > 0 else None


def quota(value: int) -> int:
    """A number of resources; every negative one means any number of them, -1."""
    return max(value, -1)


def multicast_group(value: str | None) -> str | None:
    """A multicast address or a network of them."""
    if not value:
        return None
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError("this is no address; use a multicast one, as 239.1.1.1") from None
    if not network.is_multicast:
        raise ValueError("this is no multicast address; use one of 224.0.0.0/4 or ff00::/8")
    return value


def ethertypes(items: Iterable[str]) -> tuple[str, ...]:
    """Hexadecimal numbers that begin with ``0x``."""
    result = tuple(item for item in items if item)
    for item in result:
        if not re.fullmatch(r"0x[0-9a-fA-F]{1,4}", item):
            raise ValueError(f"{item!r} is no ether type; write it as 0x4008")
    return result


def network_scheduler(value: str) -> str:
    """One of Neutron's schedulers, by the path of its class."""
    module, _, name = value.strip().rpartition(".")
    if module != _SCHEDULERS or name not in NETWORK_SCHEDULERS:
        raise ValueError(
            f"there is no such scheduler; use {_SCHEDULERS}. with {', '.join(NETWORK_SCHEDULERS)}"
        )
    return name


def link_prefix(value: str | None) -> str | None:
    """An absolute HTTP URL."""
    return http_url(value).rstrip("/") if value else None


def http_url(value: str | None) -> str:
    """An absolute HTTP URL; nothing is left as it is."""
    parts = urlsplit(value or "")
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ValueError("this is no URL; write http://HOST or https://HOST")
    return value or ""


def dns_domain(value: str | None) -> str:
    """A domain name, with or without a dot at its end; empty for none."""
    name = (value or "").strip()
    labels = name.removesuffix(".").split(".")
    if name and (len(name) > 253 or not all(re.fullmatch(r"\S{1,63}", one) for one in labels)):
        raise ValueError("this is no domain name; write it as example.org")
    return name


def database_url(value: str) -> str:
    """A URL of a kind of database that the server knows; details are the driver's matter."""
    scheme, separator, rest = value.partition("://")
    kind = scheme.partition("+")[0]
    if not separator:
        raise ValueError(
            "this is no URL; write sqlite:///PATH, mysql://USER:PASSWORD@HOST/NAME or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        )
    if kind not in {"sqlite", "mysql", "mariadb", "postgresql", "postgres"}:
        raise ValueError(
            f"{kind!r} is no kind of database known here; use sqlite, mysql, mariadb or postgresql"
        )
    if kind == "sqlite":
        if rest.strip("/") in {"", ":memory:"}:
            raise ValueError(
                "a database in memory is not shared by processes; write sqlite:///PATH"
            )
        return value
    try:
        parts = urlsplit(value)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        port_is_number = False
    if not port_is_number:
        raise ValueError("the port is no number from 1 to 65535; correct HOST:PORT")
    if not parts.path.strip("/"):
        raise ValueError("the URL names no database; add /NAME")
    return value


def service_provider(text: str) -> ServiceProvider:
    """``SERVICE_TYPE:NAME:DRIVER``, and perhaps ``:default``."""
    service_type, name, driver, last = ([part.strip() for part in text.split(":")] + [""] * 3)[:4]
    if not (service_type and name and driver) or text.count(":") > 3:
        raise ValueError("this names no provider; write SERVICE_TYPE:NAME:DRIVER")
    if last not in {"", "default"}:
        raise ValueError(f"{last!r} is not 'default'; write it, or end after the driver")
    if max(len(service_type), len(name)) > _LONGEST_NAME:
        raise ValueError(f"the type or the name is too long; use at most {_LONGEST_NAME} letters")
    return ServiceProvider(
        service_type=service_type, name=name.lower(), driver=driver, default=last == "default"
    )


def transport_url(value: str | None) -> str | None:
    """A URL of a kind of broker that the server knows, None for none; the rest is the library's."""
    if not value:
        return None
    kind, separator, _ = value.partition("://")
    if not separator or kind != "rabbit":
        raise ValueError(
            "this is no URL of a broker known here; write rabbit://USER:PASSWORD@HOST:PORT/VHOST"
        )
    return value


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(text: str) -> str:
    """A URL as it may be printed."""
    return _PASSWORD.sub(r"\1***", text)

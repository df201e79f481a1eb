"""Which prefix a new subnet gets from a subnet pool.

    body --> pool named, default pool, or none
               |
             held: nobody else takes from it until the end of the transaction
               |
             size and quota --> a wished CIDR is free, or the smallest free block is cut

Source: API reference, "Subnets" and "Subnet pools"; the order of checks as observed of Neutron.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.core import addresses, prefixes, subnet_pools
from deuteron.db import subnet_pools as rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    BadRequest,
    MaxPrefixSubnetAllocationError,
    MinPrefixSubnetAllocationError,
    NetworkAddressScopeAffinityError,
    NetworkSubnetPoolAffinityError,
    SubnetAllocationError,
    SubnetPoolQuotaExceeded,
)

Subnet = Mapping[str, Any]

# Of a subnet whose prefix a provider's router delegates (RFC 8415).
_DELEGATED = "prefix_delegation"


class Pools:
    """The pools from which the subnets of one request are allocated.

    Args:
        tx: the transaction.
        bodies: validated API dicts of the subnets.

    Raises:
        BadRequest: a body names both a CIDR and a size, both pool and default pool, or none.
        SubnetPoolNotFound: there is no such pool.
    """

    def __init__(self, tx: Transaction, bodies: Sequence[Subnet]) -> None:
        self._tx = tx
        chosen = {id(body): _choice(tx, body) for body in bodies}
        self._chosen = chosen
        # in one order everywhere, so that two requests never wait for each other's pools
        ids = sorted({pool_id for pool_id in chosen.values() if pool_id is not None})
        self._pools = {pool_id: subnet_pools.held(tx, pool_id) for pool_id in ids}
        self._taken = {
            pool_id: [(cidr, owner) for _, cidr, owner, _ in rows.allocated(tx, pool_id)]
            for pool_id in ids
        }

    def completed(self, body: Subnet) -> dict[str, Any]:
        """A body with ``subnetpool_id``, and the ``cidr`` that it gets.

        Raises:
            BadRequest: the pool is of the other IP version, or the body has allocation pools but
                no CIDR.
            MinPrefixSubnetAllocationError, MaxPrefixSubnetAllocationError: the pool gives out no
                subnets of this size.
            SubnetPoolQuotaExceeded: the project has enough of the pool.
            SubnetAllocationError: the wished CIDR is not free, or no room is left.
        """
        pool_id = self._chosen[id(body)]
        if pool_id is None:
            return {**body, "subnetpool_id": None}
        pool, taken = self._pools[pool_id], self._taken[pool_id]
        if body["ip_version"] != pool["ip_version"]:
            raise _bad(
                f"an IPv{body['ip_version']} subnet cannot be of an IPv{pool['ip_version']} pool"
            )
        if not body.get("cidr") and body.get("allocation_pools"):
            raise _bad("allocation_pools can only be given together with a cidr")
        cidr = _allocate(pool, [one for one, _ in taken], self._of_project(pool_id, body), body)
        taken.append((cidr, body["project_id"]))
        given = {**body, "subnetpool_id": pool_id, "cidr": cidr}
        if not body.get("cidr") and "gateway_ip" not in body:
            given.update(_first_gateway(cidr))
        return given

    def _of_project(self, pool_id: str, body: Subnet) -> list[str]:
        return [cidr for cidr, owner in self._taken[pool_id] if owner == body["project_id"]]

    def require_affinity(self, subnet: Subnet, siblings: Iterable[Subnet]) -> None:
        """Refuse subnets of one IP version on a network from different pools.

        From different pools of one address scope they may be.

        Args:
            subnet: the new one.
            siblings: the subnets that its network has.

        Raises:
            NetworkSubnetPoolAffinityError: they are of another pool, or of none.
            NetworkAddressScopeAffinityError: they are in an address scope, this one is not.
        """
        own = subnet["subnetpool_id"]
        others = {
            one["subnetpool_id"] for one in siblings if one["ip_version"] == subnet["ip_version"]
        }
        if others <= {own}:
            return
        pools = [pool_id for pool_id in (own, *others) if pool_id is not None]
        scopes = rows.scopes(self._tx, pools)
        present = {scopes.get(pool_id) for pool_id in others if pool_id is not None} - {None}
        if own is not None and present:
            if scopes.get(own) not in present:
                raise NetworkAddressScopeAffinityError
        else:
            raise NetworkSubnetPoolAffinityError(network_id=subnet["network_id"])


def _choice(tx: Transaction, body: Subnet) -> str | None:
    """Id of the pool of which a new subnet is."""
    if body.get("cidr") and body.get("prefixlen") is not None:
        raise _bad("cidr and prefixlen cannot both be given")
    named = body.get("subnetpool_id")
    if named and body.get("use_default_subnetpool"):
        raise _bad("subnetpool_id and use_default_subnetpool cannot both be given")
    if named == _DELEGATED:
        raise _bad("prefixes cannot be delegated: there is no router that could do so")
    if named:
        return str(named)
    if body.get("use_default_subnetpool"):
        version = body["ip_version"]
        if body.get("cidr"):
            addresses.require_version(body["cidr"], version)
        pool_id = rows.default(tx, version, tx.context.scope)
        if pool_id is None:
            raise _bad(f"there is no default subnet pool for IPv{version}")
        return pool_id
    if not body.get("cidr"):
        raise _bad("without a subnet pool it needs a cidr")
    return None


def _bad(reason: str) -> BadRequest:
    return BadRequest(resource="subnets", msg=reason)


def _allocate(
    pool: Mapping[str, Any], taken: Sequence[str], of_project: Sequence[str], body: Subnet
) -> str:
    """The CIDR that a subnet gets."""
    version = pool["ip_version"]
    cidr = _wished(pool, body)
    prefixlen = addresses.parse(cidr).prefix if cidr else _size(pool, body)
    if prefixlen > pool["max_prefixlen"]:
        raise MaxPrefixSubnetAllocationError(prefixlen=prefixlen, maximum=pool["max_prefixlen"])
    if prefixlen < pool["min_prefixlen"]:
        raise MinPrefixSubnetAllocationError(prefixlen=prefixlen, minimum=pool["min_prefixlen"])
    quota = pool["default_quota"]
    if quota and prefixes.over_quota(quota, of_project, prefixlen, version):
        raise SubnetPoolQuotaExceeded(subnetpool_id=pool["id"])
    if cidr:
        if not prefixes.is_free(pool["prefixes"], taken, cidr):
            raise SubnetAllocationError(reason=f"{cidr} is not free in the pool")
        return cidr
    found = prefixes.free_block(pool["prefixes"], taken, prefixlen, version)
    if found is None:
        raise SubnetAllocationError(reason=f"the pool has no room for a /{prefixlen}")
    return found


def _first_gateway(cidr: str) -> dict[str, str]:
    """The gateway of an IPv6 subnet whose prefix was chosen for it: its first host (observed)."""
    block = addresses.parse(cidr)
    if block.version == 4 or block.first == block.last:
        return {}
    return {"gateway_ip": addresses.to_text(block.first + 1, 6)}


def _size(pool: Mapping[str, Any], body: Subnet) -> int:
    wanted = body.get("prefixlen")
    return int(pool["default_prefixlen"] if wanted is None else wanted)


def _wished(pool: Mapping[str, Any], body: Subnet) -> str | None:
    """The CIDR that a body names, be it by its gateway alone."""
    version, gateway = body["ip_version"], body.get("gateway_ip")
    if body.get("cidr"):
        addresses.require_version(body["cidr"], version)
        return addresses.canonical_cidr(body["cidr"])
    if gateway:
        prefixlen = _size(pool, body)
        addresses.require_version(gateway, version, name="gateway_ip")
        if prefixlen <= prefixes.BITS[version]:
            return addresses.canonical_cidr(f"{gateway}/{prefixlen}")
    return None

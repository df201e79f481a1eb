"""Trunks: one port of a server carries the networks of many, each as a VLAN of its own.

/trunks                        trunks, with their sub-ports
/trunks/{id}/add_subports      PUT
/trunks/{id}/remove_subports   PUT
/trunks/{id}/get_subports      GET
"""

from neutron_lib.api.definitions import trunk, trunk_details

from deuteron.config import Settings
from deuteron.services.plugin import ServicePlugin
from deuteron.services.trunk import trunks
from deuteron.services.trunk.extensions import OF_PORTS
from deuteron.surface import Resource, defined_by

_RESOURCES = (
    Resource(
        name="trunk",
        collection="trunks",
        paths=("trunks",),
        list_=trunks.list_,
        get=trunks.get,
        create=trunks.create,
        update=trunks.update,
        delete=trunks.delete,
        actions={"add_subports": trunks.add_subports, "remove_subports": trunks.remove_subports},
        views={"get_subports": trunks.get_subports},
        bulk=False,
        tagged=True,
    ),
)


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site; all sites have the same one."""
    return ServicePlugin(
        name="trunk",
        service_type="trunk",
        extensions=(defined_by(trunk), defined_by(trunk_details)),
        resources=_RESOURCES,
        limited=("trunk",),
        ports=(OF_PORTS,),
    )

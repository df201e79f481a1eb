"""The followers of the journal that a deployment has: settings in, records out."""

from functools import partial

from deuteron.app import option_files
from deuteron.config import Settings
from deuteron.core.followers import Follower

# Those that tell agents, in the processes that speak with them (`deuteron.rpc.followers`).
OF_AGENTS = ("layer 2 agents", "dhcp agents", "l3 agents", "metering agents")


def names(settings: Settings) -> list[str]:
    """The names of all, in whatever process they run."""
    own = [one.name for one in enabled(settings)]
    return own if settings.transport_url is None else [*own, *OF_AGENTS]


def enabled(settings: Settings) -> tuple[Follower, ...]:
    """Those that the configuration asks for; nothing is connected or read yet."""
    return tuple(one for one in (_nova(settings), _ironic(settings)) if one is not None)


def _nova(settings: Settings) -> Follower | None:
    configured = settings.nova
    if configured is None:
        return None
    from deuteron.notifiers import nova, service  # for those who use it

    address = service.Address(
        section=nova.NAME,
        service_type=nova.SERVICE_TYPE,
        interfaces=(configured.endpoint_type,),
        region_name=configured.region_name,
        timeout=configured.timeout,
    )
    return nova.follower(
        service.Service(address, partial(option_files.opened, settings)),
        nova.Wishes(
            status=settings.notify_nova_on_port_status_changes,
            data=settings.notify_nova_on_port_data_changes,
        ),
        interval=settings.send_events_interval,
        timeout=configured.timeout,
    )


def _ironic(settings: Settings) -> Follower | None:
    configured = settings.ironic
    if configured is None:
        return None
    from deuteron.notifiers import ironic, service  # for those who use it

    address = service.Address(
        section=ironic.NAME,
        service_type=ironic.SERVICE_TYPE,
        interfaces=configured.valid_interfaces,
        region_name=configured.region_name,
        timeout=configured.timeout,
        version=ironic.VERSION,
    )
    return ironic.follower(
        service.Service(address, partial(option_files.opened, settings)),
        interval=settings.send_events_interval,
        timeout=configured.timeout,
    )

"""The configuration files in the form in which OpenStack's libraries read them."""

from oslo_config import cfg

from deuteron.config import Settings


def opened(settings: Settings) -> cfg.ConfigOpts:
    """An object of its own, on which a library may register its options."""
    conf = cfg.ConfigOpts()
    conf(
        args=[],
        project="neutron",
        default_config_files=list(settings.config_files),
        default_config_dirs=[],
    )
    return conf

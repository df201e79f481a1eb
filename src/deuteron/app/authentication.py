"""Who asks, and what they may do, as the site chose: settings in, what the API works with out."""

import logging
from types import SimpleNamespace

from oslo_policy import opts as policy_options

from deuteron.api import auth, policy_files
from deuteron.api.call import Authenticate
from deuteron.api.policy_files import SiteRules
from deuteron.app import option_files
from deuteron.config import Settings

LOG = logging.getLogger(__name__)


def strategy(settings: Settings) -> Authenticate:
    """The function that says who asks (``auth_strategy``).

    Raises:
        ConfigError: a file or option that the strategy needs is missing or faulty.
    """
    if settings.auth_strategy == "keystone":
        from deuteron.api import auth_keystone  # its libraries take a second to import

        return auth_keystone.Tokens(auth_keystone.site_of(option_files.opened(settings)))
    if settings.auth_strategy == "http_basic":
        from deuteron.api import auth_basic  # bcrypt, for those who use it

        return auth_basic.Passwords(settings.http_basic_auth_user_file)
    return auth.noauth


def rules(settings: Settings) -> SiteRules:
    """The site's own policy; its oddities are logged.

    Raises:
        ConfigError: a line for each fault of its files.
    """
    chosen = settings.oslo_policy
    conf = option_files.opened(settings)
    for section, options in policy_options.list_opts():
        conf.register_opts(options, group=section)
    site = policy_files.read(
        settings.config_files,
        chosen.policy_file,
        chosen.policy_dirs,
        default=chosen.policy_default_rule,
        remote=SimpleNamespace(conf=conf),
    )
    for warning in site.warnings:
        LOG.warning(warning)
    return site

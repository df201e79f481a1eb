"""Errors of flavors and service profiles."""

from deuteron.errors.base import Conflict, InUse, InvalidInput, NotFound, ServiceUnavailable


class FlavorNotFound(NotFound):
    """No flavor of this id."""

    template = "Flavor {flavor_id} could not be found."


class FlavorInUse(InUse):
    """Something has the flavor."""

    template = "Flavor {flavor_id} is in use: routers have it."


class InvalidServiceType(InvalidInput):
    """A flavor of a service that is not there."""

    template = "There is no service of type {service_type}."


class ServiceProfileNotFound(NotFound):
    """No service profile of this id."""

    template = "Service profile {sp_id} could not be found."


class ServiceProfileInUse(InUse):
    """Flavors have the profile."""

    template = "Service profile {sp_id} is in use: flavors have it."


class ServiceProfileEmpty(InvalidInput):
    """A profile that says nothing."""

    template = "A service profile has a driver or metainfo."


class ServiceProfileDriverNotFound(NotFound):
    """No service provider has the driver."""

    template = "No service provider has the driver {driver}."


class ServiceProfileDisabled(ServiceUnavailable):
    """No profile of a flavor is enabled."""

    template = "No service profile of flavor {flavor_id} is enabled."


class FlavorServiceProfileBindingExists(Conflict):
    """The flavor has the profile already."""

    template = "Flavor {fl_id} has service profile {sp_id} already."


class FlavorServiceProfileBindingNotFound(NotFound):
    """The flavor does not have the profile, or has none."""

    template = "Flavor {fl_id} does not have service profile {sp_id}."

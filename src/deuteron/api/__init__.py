"""HTTP in, HTTP out: knows JSON and the attribute maps, never SQL or drivers."""

from deuteron.api.operations import Known
from deuteron.api.wsgi import Options, application

__all__ = ["Known", "Options", "application"]

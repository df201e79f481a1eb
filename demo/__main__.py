"""``python -m demo``: a server of its own in a temporary folder, the story, nothing left behind."""

import os
import signal
import sys

from openstack.config import OpenStackConfig
from openstack.connection import Connection

from demo.story import OPTIONS, NotAsTold, tell
from tests.instances.service import Service


def main() -> int:
    """Tells the story; 0 if all of it was true."""
    os.environ["no_proxy"] = "127.0.0.1"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C: the server ends, too
    service = Service(OPTIONS)
    with service.running():
        # The server's own clouds.yaml and nothing of the user's.
        clouds = OpenStackConfig(
            config_files=[str(service.clouds)],
            secure_files=[],
            vendor_files=[],
            load_envvars=False,
        )
        try:
            tell(Connection(config=clouds.get_one("deuteron")).network, service.url)
        except NotAsTold as lie:
            print(f"\nThat was not as it should be: {lie}\n{service.log}", file=sys.stderr)
            return 1
    print("\nAll of it was as told. Server and folder are gone; `make run` starts one to keep.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m deuteron`` is ``deuteron``."""

import sys

from deuteron.cli.main import main

sys.exit(main())

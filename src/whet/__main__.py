"""Run the command line as `python -m whet`."""

import sys

from whet.cli.main import main

sys.exit(main())

"""`python -m earlystart_cli` is `earlystart`."""

import sys

from earlystart_cli import main

sys.exit(main())

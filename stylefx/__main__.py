"""`python -m stylefx` is `stylefx`."""

import sys

from stylefx.cli.main import main

sys.exit(main())

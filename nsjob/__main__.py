"""`python -m nsjob`."""

import sys

from nsjob.cli import main

if __name__ == "__main__":
    sys.exit(main())

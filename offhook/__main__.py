"""``python -m offhook``, which is what ``./run`` hands over to."""

import sys

try:
    from offhook.cli import main  # somebody may press Ctrl-C while it loads
except KeyboardInterrupt:
    sys.exit(130)

main()

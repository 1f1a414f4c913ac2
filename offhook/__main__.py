"""``python -m offhook``, which is what ``./run`` hands over to."""

import sys

try:
    from offhook.cli import main  # takes a second, during which somebody may press Ctrl-C
except KeyboardInterrupt:
    sys.exit(130)

main()

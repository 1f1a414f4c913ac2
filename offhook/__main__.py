"""``python -m offhook``, which is what ``./run`` hands over to."""

from offhook.cli import main

main()

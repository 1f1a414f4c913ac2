"""Lists what programs may ask for under ``/api/v1``, and which users may."""

from api.board_json import board
from api.calls_json import calls
from console.kit.features import Feature, get
from console.kit.permissions import READERS, WATCHERS

API = Feature(
    "api",
    (
        get("/api/v1/board", board, WATCHERS),
        get("/api/v1/calls", calls, READERS),
    ),
)
"""The same rules as those of the pages that show the same data."""

"""Imports pydub and audioop without their warnings."""

import warnings

with warnings.catch_warnings():
    # audioop left the standard library with 3.13, and audioop-lts takes its place; pydub warns
    # where ffmpeg is missing, which we say ourselves (prompts/converting.py).
    warnings.simplefilter("ignore")
    import audioop

    from pydub import AudioSegment

__all__ = ["AudioSegment", "audioop"]

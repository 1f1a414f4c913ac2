"""Puts an error into one line for a log or a terminal."""


def in_one_line(error: BaseException) -> str:
    """An error's text without line breaks, or its type if it has no text."""
    return " ".join(str(error).split()) or type(error).__name__

"""What went wrong, in one line of a log or a terminal."""


def in_one_line(error: BaseException) -> str:
    """An error's text without its line breaks, its kind if it has no text."""
    return " ".join(str(error).split()) or type(error).__name__

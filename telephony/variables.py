"""Names all of Offhook's variables in Asterisk; the code has these names nowhere else.

docs/architecture.md says who writes each and what it holds; a test compares both with the dialplan.
"""

from enum import StrEnum


class ChannelVariable(StrEnum):
    """Variables of a channel. They outlive the controller."""

    CALL = "OFFHOOK_CALL"
    HOTLINE = "OFFHOOK_HOTLINE"
    LINE = "OFFHOOK_LINE"
    ENTERED_AT = "OFFHOOK_ENTERED_AT"
    STAGE = "OFFHOOK_STAGE"
    QUEUE = "OFFHOOK_QUEUE"
    QUEUED_AT = "OFFHOOK_QUEUED_AT"
    LANG = "OFFHOOK_LANG"
    CALLER_NAME = "OFFHOOK_CALLER_NAME"
    AGENT = "OFFHOOK_AGENT"
    RETURN = "OFFHOOK_RETURN"
    AFTER_TALK = "OFFHOOK_AFTER_TALK"
    KEPT = "OFFHOOK_KEPT"
    ANSWERED_AT = "OFFHOOK_ANSWERED_AT"
    CUSTOMER = "OFFHOOK_CUSTOMER"
    ASKED = "OFFHOOK_ASKED"
    ASKED_AT = "OFFHOOK_ASKED_AT"
    RECORDING = "OFFHOOK_RECORDING"
    ROOM = "OFFHOOK_ROOM"
    HELD = "OFFHOOK_HELD"
    DONE = "OFFHOOK_DONE"
    TRY = "OFFHOOK_TRY"
    TRIED_AT = "OFFHOOK_TRIED_AT"
    LOST_AT = "OFFHOOK_LOST_AT"
    TOLD = "OFFHOOK_TOLD"
    FALLBACK_AT = "OFFHOOK_FALLBACK_AT"
    SINCE = "OFFHOOK_SINCE"
    TRANSFER = "OFFHOOK_TRANSFER"
    TRANSFER_STATUS = "OFFHOOK_TRANSFER_STATUS"
    FEATURE = "OFFHOOK_FEATURE"
    FEATURE_ARG = "OFFHOOK_FEATURE_ARG"
    STATION = "OFFHOOK_STATION"
    CHANNELS = "OFFHOOK_CHANNELS"
    CALLER_HEADER = "OFFHOOK_CALLER_HEADER"
    EARLY_ANSWER = "OFFHOOK_EARLY_ANSWER"
    CODECS = "OFFHOOK_CODECS"
    GRACE = "OFFHOOK_GRACE"
    UNTIL = "OFFHOOK_UNTIL"
    MESSAGE = "OFFHOOK_MESSAGE"
    OPT_OUT_KEY = "OFFHOOK_OPT_OUT_KEY"
    OPT_OUT_OF = "OFFHOOK_OPT_OUT_OF"
    KEY = "OFFHOOK_KEY"
    RETURNED = "OFFHOOK_RETURNED"
    DETECT = "OFFHOOK_DETECT"
    NOTICE = "OFFHOOK_NOTICE"
    FLOW = "OFFHOOK_FLOW"
    EDITION = "OFFHOOK_EDITION"


class GlobalVariable(StrEnum):
    """Variables of a whole Asterisk, from ``generated/globals.conf``."""

    NODE = "OFFHOOK_NODE"
    AGI = "OFFHOOK_AGI"
    AGI_SECRET = "OFFHOOK_AGI_SECRET"  # noqa: S105 - the name of it
    PROMPTS = "OFFHOOK_PROMPTS"
    FALLBACK_AFTER = "OFFHOOK_FALLBACK_AFTER"


TWIN = "OFFHOOK_TWIN_"
"""Global, followed by a station's name: the second endpoint of a phone that has two."""
ANSWERED = "OFFHOOK_ANSWERED_"
"""Global, set by the dialplan, followed by a channel: when the phone that it called answered."""

WITH_EVENTS = (
    ChannelVariable.CALL,
    ChannelVariable.HOTLINE,
    ChannelVariable.ENTERED_AT,
    ChannelVariable.LANG,
    ChannelVariable.QUEUE,
    ChannelVariable.CALLER_NAME,
)
"""The variables that come with every AMI event of a channel (``channelvars`` in manager.conf)."""

"""The words for a campaign's test call, in English."""

from campaigns.attempts import StoredAttempt
from console.campaigns.lead_words import CAUSES
from console.kit.translations import N_
from dialer.attempt_stages import AttemptStage
from engine.campaign_ports import NoTestCall

FAULTS = {
    NoTestCall.NOT_A_NUMBER: N_(
        "“%(number)s” is not a number that can be called. Write it as it is dialled in the line's "
        "country, or with + and the country's code."
    ),
    NoTestCall.NO_LINE: N_("The campaign's line is not in the centre any more."),
    NoTestCall.DO_NOT_CALL: N_("“%(number)s” is on the do-not-call list."),
    NoTestCall.IN_CALL: N_("“%(number)s” is being called now. Wait until that call is over."),
    NoTestCall.NO_TURN: N_("Too many calls go out on the line just now. Try again in a moment."),
    NoTestCall.SHUT: N_(
        "No call can go out now: the line has no free channel, or Asterisk or the database is away."
    ),
}
_MESSAGE = N_("Answered, and the message was played.")
_NO_MESSAGE = N_("Answered. The message wasn't heard, or the campaign has none.")
_STAGES = {
    AttemptStage.RINGING: N_("It rings."),
    AttemptStage.UNKNOWN: N_("What became of it is unknown. Look at Asterisk's log."),
    AttemptStage.MESSAGE_PLAYED: _MESSAGE,
}
_GOING_OUT = N_("The call is going out …")
_ANSWERED = N_("Answered; the message is being played.")


def stage_text(attempt: StoredAttempt) -> str:
    """What has become of a test call, or why it was not answered."""
    stage = AttemptStage(attempt.stage)
    if attempt.cause is not None and attempt.answered_at is None and attempt.ended_at is not None:
        return CAUSES.get(attempt.cause, attempt.cause)
    if stage in _STAGES:
        return _STAGES[stage]
    if attempt.answered_at is None:
        return _GOING_OUT
    return _ANSWERED if attempt.ended_at is None else _NO_MESSAGE

"""Why an attempt was not answered, and whether that is about its list or the trunk: one table.

A dead number says something about the list it came from. A trunk without a free line, or one that
does not reply, says nothing about who answers: such an attempt must not teach the answer rate, and
the trunk is what has to be watched (``dialer.trunk``).
"""

from collections.abc import Mapping

from domain.reasons import Cause

__all__ = ["Q850", "SIP", "Cause", "cause_of"]

Q850: Mapping[int, Cause] = {
    1: Cause.INVALID,  # unallocated number
    2: Cause.FAILED,  # no route to the transit network
    3: Cause.FAILED,  # no route to the destination
    6: Cause.FAILED,  # channel unacceptable
    16: Cause.NO_ANSWER,  # normal clearing, by the far end, before an answer
    17: Cause.BUSY,
    18: Cause.NO_ANSWER,  # no user responding
    19: Cause.NO_ANSWER,  # user alerted, no answer
    20: Cause.NO_ANSWER,  # subscriber absent
    21: Cause.REJECTED,
    22: Cause.INVALID,  # number changed
    23: Cause.REJECTED,  # redirected, which we don't follow
    25: Cause.FAILED,  # exchange routing error
    27: Cause.INVALID,  # destination out of order: the far line, not ours
    28: Cause.INVALID,  # invalid number format
    29: Cause.REJECTED,  # facility rejected
    31: Cause.NO_ANSWER,  # normal, unspecified
    34: Cause.CONGESTION,  # no circuit or channel available
    38: Cause.FAILED,  # network out of order
    41: Cause.FAILED,  # temporary failure
    42: Cause.CONGESTION,  # switching equipment congestion
    44: Cause.CONGESTION,  # requested circuit or channel not available
    47: Cause.CONGESTION,  # resources unavailable, unspecified
    88: Cause.FAILED,  # incompatible destination
    102: Cause.FAILED,  # recovery on timer expiry: no reply
    127: Cause.FAILED,  # interworking, unspecified
}
"""What each cause of ITU-T Q.850 (05/2018, table 1) means to a dialer."""

SIP: Mapping[int, Cause] = {
    300: Cause.REJECTED,  # 3xx: the phone forwards its calls, which we don't follow
    301: Cause.REJECTED,
    302: Cause.REJECTED,
    305: Cause.REJECTED,
    380: Cause.REJECTED,
    401: Cause.FAILED,
    402: Cause.FAILED,
    403: Cause.FAILED,  # the carrier refuses us: account, caller id, credit
    404: Cause.INVALID,
    407: Cause.FAILED,
    408: Cause.FAILED,  # no reply
    410: Cause.INVALID,
    480: Cause.NO_ANSWER,
    484: Cause.INVALID,
    485: Cause.INVALID,
    486: Cause.BUSY,
    487: Cause.NO_ANSWER,
    500: Cause.FAILED,
    502: Cause.FAILED,
    503: Cause.CONGESTION,
    504: Cause.FAILED,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.INVALID,
    607: Cause.REJECTED,
    608: Cause.REJECTED,
}
"""What each final response means (RFC 3261, section 21; 607 and 608: RFC 8197 and 8688)."""


def cause_of(q850: int | None, sip: int | None = None) -> Cause:
    """Return the cause of an attempt that was not answered.

    The SIP response counts if it is known and listed, because Asterisk derives its Q.850 cause from
    it and loses something: 403 becomes 21, as if the customer had rejected the call. Whatever isn't
    listed is FAILED: an unknown refusal must not make a list look dead.
    """
    if sip is not None and sip in SIP:
        return SIP[sip]
    return Cause.FAILED if q850 is None else Q850.get(q850, Cause.FAILED)

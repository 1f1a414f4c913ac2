"""The desk's words for customers who are to be called, and for what came of that, in English."""

from console.kit.translations import N_
from dialer.lead_rules import CallingRule
from engine.desk_ports import DialFault, DialStep

STEPS = {
    DialStep.SHOWN: N_("Preview"),
    DialStep.CONNECTING: N_("Your phone is being called first"),
    DialStep.DIALLING: N_("Dialling"),
    DialStep.RINGING: N_("It rings"),
    DialStep.ANSWERED: N_("Answered"),
}
FAULTS = {
    DialFault.RULE: N_("%(number)s may not be called now: %(rule)s."),
    DialFault.CHANGED: N_(
        "This customer can't be called any more: the lead or its list was changed, or somebody "
        "else is calling."
    ),
    DialFault.PHONE: N_("Your phone could not be reached. See that it is on and free."),
    DialFault.NO_TURN: N_(
        "%(number)s could not be called: too many calls go out on the line just now. Try again."
    ),
    DialFault.NO_WAY: N_("%(number)s could not be called: no line is free, or a part is down."),
    DialFault.NOT_NOW: N_("Not now: log in first, and end what you are doing."),
    DialFault.NOT_ALLOWED: N_("This campaign lets nobody dial by hand at the moment."),
    DialFault.NOT_A_NUMBER: N_("“%(number)s” is not a telephone number."),
    DialFault.NOT_REACHED: N_("%(number)s was not reached: %(cause)s."),
    DialFault.TIME_OVER: N_("The time for %(number)s was over, and it was given back."),
    DialFault.CANCELLED: N_("%(number)s: you hung up before anybody answered."),
}
RULES: dict[str, str] = {
    CallingRule.INVALID: N_("the number does not exist"),
    CallingRule.DO_NOT_CALL: N_("it is on a do-not-call list"),
    CallingRule.ATTEMPTS: N_("all attempts are used"),
    CallingRule.CONSENT: N_("no consent is on record"),
    CallingRule.IN_CALL: N_("it is in another call"),
    CallingRule.CALLBACK: N_("the customer asked to be called later"),
    CallingRule.PUT_OFF: N_("an agent put the customer off until later"),
    CallingRule.GAP: N_("it was called a short time ago"),
    CallingRule.NUMBER_GAP: N_("it was called a short time ago"),
    CallingRule.CAP: N_("it was called as often as the calling rules allow"),
    CallingRule.QUIET: N_("it is quiet time there"),
    CallingRule.HOURS: N_("it is outside the campaign's hours there"),
    CallingRule.CLOSED: N_("it is a day there on which nobody is called"),
    CallingRule.AFTER_ABANDONED: N_("it needs a reserved agent"),
    CallingRule.AFTER_MACHINE: N_("it needs a reserved agent"),
}
UNTIL = N_("That holds until %(until)s.")
OTHER_RULE = N_("a calling rule")
HUNG_UP = N_("they hung up at once")
NO_REASON = N_("Choose why you skip this customer.")
NEEDS_NOTE = N_("Say in the note why you skip this customer.")

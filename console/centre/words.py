"""The words of the directory's pages: kinds, settings, values, and what is wrong with them."""

from collections.abc import Mapping

from centre.callers import NumberMistake
from centre.directory_faults import FaultCode
from centre.kinds import Kind
from console.kit.translations import N_

KINDS: Mapping[Kind, str] = {
    Kind.CENTRE: N_("The whole centre"),
    Kind.PROJECT: N_("Projects"),
    Kind.CALENDAR: N_("Calendars"),
    Kind.SKILL: N_("Skills"),
    Kind.QUEUE: N_("Queues"),
    Kind.HOTLINE: N_("Numbers"),
    Kind.TEAM: N_("Teams"),
    Kind.STATION: N_("Phones"),
    Kind.LINE: N_("Lines"),
    Kind.AGENT: N_("Agents"),
    Kind.AWAY_REASON: N_("Away reasons"),
    Kind.CALLER: N_("Known callers"),
    Kind.OUTSIDE_NUMBER: N_("Outside numbers"),
}
ONE: Mapping[Kind, str] = {
    Kind.CENTRE: N_("The whole centre"),
    Kind.PROJECT: N_("Project"),
    Kind.CALENDAR: N_("Calendar"),
    Kind.SKILL: N_("Skill"),
    Kind.QUEUE: N_("Queue"),
    Kind.HOTLINE: N_("Number"),
    Kind.TEAM: N_("Team"),
    Kind.STATION: N_("Phone"),
    Kind.LINE: N_("Line"),
    Kind.AGENT: N_("Agent"),
    Kind.AWAY_REASON: N_("Away reason"),
    Kind.CALLER: N_("Known caller"),
    Kind.OUTSIDE_NUMBER: N_("Outside number"),
}
NEW: Mapping[Kind, str] = {
    Kind.PROJECT: N_("New project"),
    Kind.CALENDAR: N_("New calendar"),
    Kind.SKILL: N_("New skill"),
    Kind.QUEUE: N_("New queue"),
    Kind.HOTLINE: N_("New number"),
    Kind.TEAM: N_("New team"),
    Kind.STATION: N_("New phone"),
    Kind.LINE: N_("New line"),
    Kind.AGENT: N_("New agent"),
    Kind.AWAY_REASON: N_("New away reason"),
    Kind.CALLER: N_("New known caller"),
    Kind.OUTSIDE_NUMBER: N_("New outside number"),
}
ABOUT: Mapping[Kind, str] = {
    Kind.CENTRE: N_("Languages and time zone."),
    Kind.PROJECT: N_("A client's work: its numbers, queues and people. Begin here."),
    Kind.CALENDAR: N_("When numbers are open: hours of the week, public holidays, exceptions."),
    Kind.SKILL: N_("What an agent can do and a queue needs."),
    Kind.QUEUE: N_("Where callers wait for an agent with the queue's skill."),
    Kind.HOTLINE: N_("What the public dials, and the flow that answers."),
    Kind.TEAM: N_("Agents who work together under a supervisor."),
    Kind.STATION: N_("The phones at which agents sit: softphones, or ports of a gateway."),
    Kind.LINE: N_("Where calls come in and go out: a gateway's lines, or a carrier's trunk."),
    Kind.AGENT: N_("The people who take calls."),
    Kind.AWAY_REASON: N_("Why an agent takes no calls for a while."),
    Kind.CALLER: N_("Callers who are blocked, or served before others."),
    Kind.OUTSIDE_NUMBER: N_("Whom agents may ask outside, and leave customers with."),
}
EMPTY: Mapping[Kind, str] = {
    Kind.PROJECT: N_(
        "There is no project yet. Create one: numbers, queues and agents belong to it."
    ),
    Kind.CALENDAR: N_("There is no calendar yet. Without one, numbers are always open."),
    Kind.SKILL: N_("There is no skill yet. Create one for each kind of call."),
    Kind.QUEUE: N_("There is no queue yet. You need a project and a skill first."),
    Kind.HOTLINE: N_("There is no number yet. You need a project first."),
    Kind.TEAM: N_("There is no team yet. With teams, supervisors look after their own agents."),
    Kind.STATION: N_("There is no phone yet. Create one for each seat."),
    Kind.LINE: N_("There is no line yet. Without one, nobody can call."),
    Kind.AGENT: N_("There is no agent yet. You need a project first; a skill brings calls."),
    Kind.AWAY_REASON: N_("There is no away reason yet. Without one, agents can't go away."),
    Kind.CALLER: N_("There is no known caller yet."),
    Kind.OUTSIDE_NUMBER: N_(
        "There is no outside number yet. Without one, agents can ask only their colleagues. You"
        " need a line first."
    ),
}

MISTAKES: Mapping[str, str] = {
    "missing": N_("Fill this in."),
    "string_pattern_mismatch": N_("This is not of the form that is needed."),
    "string_too_long": N_("This is too long: %(max_length)s characters at most."),
    "string_too_short": N_("This is too short."),
    "too_short": N_("Fill this in."),
    "too_long": N_("These are too many: %(max_length)s at most."),
    "not_visible": N_("Use visible characters only, without line breaks."),
    "said_twice": N_("Each may be there only once."),
    "int_parsing": N_("Enter a whole number."),
    "int_from_float": N_("Enter a whole number."),
    "float_parsing": N_("Enter a number."),
    "finite_number": N_("Enter a number."),
    "greater_than": N_("Enter a number greater than %(gt)s."),
    "greater_than_equal": N_("Enter %(ge)s or more."),
    "less_than_equal": N_("Enter %(le)s or less."),
    "enum": N_("Choose one of those that are offered."),
    "literal_error": N_("Choose one of those that are offered."),
    "date_from_datetime_parsing": N_("Enter a day, such as 2027-01-31."),
    "date_parsing": N_("Enter a day, such as 2027-01-31."),
    "datetime_from_date_parsing": N_("Enter a date and a time."),
    "datetime_parsing": N_("Enter a date and a time."),
}
"""By pydantic's codes; the values are pydantic's too."""
OTHER_MISTAKE = N_("This can't be used.")

FAULTS: Mapping[FaultCode, str] = {
    FaultCode.NO_SUCH_THING: N_("%(kind)s “%(name)s” doesn't exist. Choose another, or create it."),
    FaultCode.NAME_OF_A_STATION: N_("A phone has this name. Choose another."),
    FaultCode.NAME_IS_OURS: N_("Offhook itself uses this name. Choose another."),
    FaultCode.CANNOT_VOUCH: N_(
        "Only a carrier's trunk can vouch for a number in P-Asserted-Identity. Choose From or"
        " Remote-Party-ID."
    ),
    FaultCode.ACCOUNT_WITHOUT_HOST: N_("Enter the carrier's address too."),
    FaultCode.ACCOUNT_OF_GATEWAY: N_("A gateway's lines don't authenticate to a carrier."),
    FaultCode.NOT_A_TIMEZONE: N_("There is no time zone “%(name)s”. One is Asia/Shanghai."),
    FaultCode.HOLIDAYS_UNKNOWN: N_("The holidays of “%(name)s” are not known."),
    FaultCode.HOURS_OVERLAP: N_(
        "“%(name)s” ends before it begins, or begins before the hours before it end."
    ),
    FaultCode.DAY_TWICE: N_("%(name)s is there twice."),
    FaultCode.DIGIT_TWICE: N_("The away reason “%(name)s” has this digit."),
    FaultCode.CLOSED_WITHOUT_MESSAGE: N_("Say what callers hear while the number is closed."),
    FaultCode.LANGUAGE_NOT_SPOKEN: N_("The centre doesn't have this language."),
    FaultCode.FLOW_UNKNOWN: N_("There is no flow “%(name)s”."),
    FaultCode.FLOW_UNPUBLISHED: N_(
        "The flow “%(name)s” is not published: there is only a draft. Publish it first."
    ),
    FaultCode.RULE_TWICE: N_("Two rules have the name “%(name)s”."),
    FaultCode.RULE_LACKS_QUEUE: N_(
        "The rule “%(name)s” asks how many wait: name the queue, here or for the number."
    ),
    FaultCode.FLOW_OF_OTHERS: N_("The flow “%(name)s” is another project's."),
    FaultCode.FLOW_IS_A_PIECE: N_(
        "The flow “%(name)s” is a piece for other flows: it returns with an exit that leads nowhere"
        " here. Choose a flow that enters it."
    ),
    FaultCode.FLOW_LACKS_QUEUE: N_(
        "The flow leads to the queue “%(name)s”, which doesn't exist. Create the queue first."
    ),
    FaultCode.NUMBER_LACKS_QUEUE: N_(
        "The flow “%(name)s” leads to the number's queue. Choose the queue."
    ),
    FaultCode.TIME_WITHOUT_ZONE: N_("Enter a date and a time."),
}
NUMBER_MISTAKES: Mapping[NumberMistake, str] = {
    NumberMistake.NOT_A_NUMBER: N_(
        "A telephone number of %(countries)s doesn't have so many digits. Enter it as it is dialled"
        " there, or with + and the country's code."
    ),
    NumberMistake.WHICH_COUNTRY: N_(
        "Your lines are in several countries (%(countries)s). Enter the number with + and the"
        " country's code."
    ),
}
EXISTS = N_("There is one of this name already. Choose another name.")
NOT_YOURS = N_("Your role or your projects don't allow this change.")
COMMA = N_(", ")
YES, NO = N_("yes"), N_("no")
CLOSED = N_("closed all day")
SIP_SERVER = N_("SIP server")
SIP_PORT = N_("Port")
SIP_TRANSPORT = N_("Transport")
SIP_NAME = N_("User name")
PASSWORD = N_("Password")
PIN = N_("PIN")
USER = N_("Console user")
CODE = N_("Agent's code")
NAME = N_("Agent's name")
SIP_NAME_OF_PHONE = N_("Phone")
PASSWORD_OF_PHONE = N_("Password of the phone")
USER_NAME = N_(
    "A user name has up to 64 letters, digits and . _ - @, and begins with a letter or digit."
)
DEEDS: Mapping[str, str] = {
    "created": N_("created"),
    "changed": N_("changed"),
    "removed": N_("removed"),
    "secret": N_("got a new password or PIN"),
}
DONE: Mapping[str, str] = {
    "created": N_("Created. It is in force now."),
    "changed": N_("Saved. It is in force now."),
    "next_offer": N_("Saved. It counts from the next offer."),
    "soon": N_("Saved. The running centre has not taken it yet; it will as soon as it can."),
    "removed": N_("Removed."),
    "undone": N_("Undone."),
    "same": N_("Nothing had changed."),
}

"""The words of settings: what each is called, what it is for, and what its values are."""

from collections.abc import Mapping

from centre.kinds import Kind
from console.centre.fields import FormField
from console.kit.translations import N_
from domain.centre import (
    Acquaintance,
    Encryption,
    LineKind,
    NumberFormat,
    SessionTimer,
    StationKind,
    Treatment,
)

_LABELS: Mapping[str, str] = {
    "account": N_("We authenticate to the carrier"),
    "announce_every_s": N_("Announce the place again every (s)"),
    "announce_first_s": N_("First announcement after (s)"),
    "answer_signalled": N_("The gateway reports the answer"),
    "calendar": N_("Calendar"),
    "callers": N_("Callers' numbers"),
    "caller_header": N_("Header that says who calls"),
    "caller_id": N_("Number that others see"),
    "caller_id_header": N_("Header in which that number goes out"),
    "calls_per_second": N_("Calls out a second, at most"),
    "flows_may_call": N_("Flows may call over it"),
    "channels": N_("Calls at once"),
    "closed_message": N_("Message while closed"),
    "code": N_("Code"),
    "country": N_("Country of the numbers"),
    "day": N_("Day"),
    "digit": N_("Digit in *13n"),
    "emergency": N_("Emergency message instead of the flow"),
    "encryption": N_("Encryption"),
    "exceptions": N_("Exceptional days"),
    "first_day": N_("From this day on"),
    "flow": N_("Flow"),
    "friday": N_("Friday"),
    "holidays": N_("Public holidays of"),
    "host": N_("The carrier's address"),
    "hours": N_("Hours"),
    "known": N_("How well the caller is known"),
    "last_day": N_("Until this day"),
    "rules": N_("Who enters another flow"),
    "wait_s": N_("Expected wait there, at least (s)"),
    "waiting": N_("Waiting there, at least"),
    "while_closed": N_("While the calendar is closed instead"),
    "withheld": N_("Only with the number withheld"),
    "keep_decisions_days": N_("Keep why campaigns dial (days)"),
    "kind": N_("Kind"),
    "languages": N_("Languages"),
    "line": N_("Line"),
    "limit_s": N_("Warn after (s)"),
    "max_wait_s": N_("Longest wait (s)"),
    "message": N_("Message"),
    "min_level": N_("Least level"),
    "missed_before_away": N_("Missed calls before away"),
    "monday": N_("Monday"),
    "name": N_("Name"),
    "nobody_grace_s": N_("Wait while nobody is there (s)"),
    "note": N_("Note"),
    "number": N_("Number"),
    "numbers_in": N_("How callers' numbers arrive"),
    "numbers_out": N_("Numbers we call"),
    "priority": N_("Priority"),
    "project": N_("Project"),
    "queue": N_("Queue"),
    "projects": N_("Projects"),
    "realm": N_("Realm"),
    "recorded": N_("Go on recording"),
    "registers": N_("We register there"),
    "ring_s": N_("A phone rings for (s)"),
    "saturday": N_("Saturday"),
    "service_level_s": N_("Answered in time within (s)"),
    "service_level_target": N_("Share to be answered in time"),
    "session_timer": N_("Session timers"),
    "short_abandon_s": N_("Short abandon within (s)"),
    "skill": N_("Skill"),
    "skills": N_("Skills"),
    "station": N_("Usual phone"),
    "sunday": N_("Sunday"),
    "team": N_("Team"),
    "thursday": N_("Thursday"),
    "timezone": N_("Time zone"),
    "title": N_("Title"),
    "treatment": N_("Treatment"),
    "tuesday": N_("Tuesday"),
    "until": N_("Until"),
    "user": N_("User"),
    "wednesday": N_("Wednesday"),
    "work_hours": N_("Hours of make-up working days"),
    "wrap_up_s": N_("After-call work (s)"),
}
_LABELS_OF_KIND: Mapping[tuple[Kind, str], str] = {
    (Kind.PROJECT, "name"): N_("Short name"),
    (Kind.CALENDAR, "name"): N_("Short name"),
    (Kind.SKILL, "name"): N_("Short name"),
    (Kind.QUEUE, "name"): N_("Short name"),
    (Kind.TEAM, "name"): N_("Short name"),
    (Kind.AWAY_REASON, "name"): N_("Short name"),
    (Kind.STATION, "name"): N_("Phone number within the centre"),
    (Kind.CALLER, "number"): N_("Caller's number"),
    (Kind.CALLER, "priority"): N_("Priority of a VIP"),
    (Kind.CALLER, "note"): N_("Why"),
    (Kind.OUTSIDE_NUMBER, "number"): N_("Number to call"),
    (Kind.OUTSIDE_NUMBER, "title"): N_("Who answers there"),
    (Kind.OUTSIDE_NUMBER, "caller_id"): N_("Number that they see"),
    (Kind.AGENT, "code"): N_("Agent's code"),
    (Kind.AGENT, "name"): N_("Agent's name"),
}
_HELP: Mapping[str, str] = {
    "account.realm": N_("What the carrier's exchange asks for. Empty: whatever it asks for."),
    "account.user": N_("The user name that the carrier gave you."),
    "announce_every_s": N_("0: never again."),
    "caller_header": N_("Only what a carrier vouches for should be believed."),
    "caller_id": N_("3 to 20 digits; a campaign may have its own. Empty: the carrier decides."),
    "caller_id_header": N_(
        "If the carrier wants its account in From, it says in which other header it takes the "
        "number that others see."
    ),
    "calendar": N_("When the number is open. Empty: always."),
    "calls_per_second": N_(
        "0.1 to 1000, as the carrier or the gateway allows: those of all campaigns, of callbacks, "
        "by hand and to outside numbers together. Empty: any number."
    ),
    "flows_may_call": N_(
        "Whether flows may call the numbers that are written in them over this line. What callers "
        "key in is never dialled."
    ),
    "answer_signalled": N_(
        "Without it, an analog line is not used for predictive dialling. A trunk always reports it."
    ),
    "code": N_("What the agent types to log in: 2 to 15 digits. It can't be changed later."),
    "country": N_("Two capital letters, such as CN."),
    "digit": N_("1 to 9: agents press *13 and this digit at their phone."),
    "emergency.until": N_("When the message ends by itself. Empty: when you switch it off."),
    "encryption": N_("Empty: optional for a softphone, off for a gateway."),
    "exceptions": N_(
        "These days have hours of their own and go before public holidays. No hours: closed all"
        " day."
    ),
    "flow": N_("What callers hear and choose: a published flow."),
    "rules": N_(
        "The first rule that holds decides; otherwise callers enter the flow above. All that is"
        " filled in must hold. Callers' numbers: with commas, and 138* for all that begin so. Hours"
        " such as 22:00-06:00 go over midnight. A rule whose fields are all emptied is removed."
    ),
    "holidays": N_("A country, such as CN, or a part of one, such as DE-BY. Empty: none."),
    "host": N_("Host or host:port. Empty: the far side registers here."),
    "keep_decisions_days": N_(
        "Their decisions and charts. Attempts, calls and recordings are not concerned."
    ),
    "limit_s": N_("How long it may last before the board warns. Empty: no limit."),
    "max_wait_s": N_("0: no limit."),
    "min_level": N_("An agent with a lower level doesn't get these calls."),
    "monday": N_("From when to when, such as 09:00-12:00, 13:00-18:00. Empty: closed."),
    "missed_before_away": N_("So many missed calls in a row set the agent away."),
    "nobody_grace_s": N_("How long callers wait while nobody with the skill is logged in."),
    "priority": N_("Queues with a higher one go first."),
    "service_level_target": N_("0.8 is 80 %: the board marks the queue below it."),
    "queue": N_("Where the flow leads, if it doesn't name a queue itself."),
    "skills": N_("1 to 10; the level decides among queues that ask for a least level."),
    "team": N_("Its supervisor may change the agent."),
    "station": N_("The phone that is offered first when the agent logs in."),
    "timezone": N_("Such as Asia/Shanghai. Empty: that of the machine."),
    "work_hours": N_("The hours of days off that are worked to make up for a public holiday."),
    "wrap_up_s": N_("After-call work, in seconds."),
}
_SHORT = N_("Letters, digits, - and _, at most 40. It can't be changed later.")
_HELP_OF_KIND: Mapping[tuple[Kind, str], str] = {
    (Kind.CENTRE, "languages"): N_("What callers may choose from; the first is the usual one."),
    (Kind.PROJECT, "name"): _SHORT,
    (Kind.CALENDAR, "name"): _SHORT,
    (Kind.SKILL, "name"): _SHORT,
    (Kind.QUEUE, "name"): N_("As flows name it: letters, digits, - and _, at most 40."),
    (Kind.TEAM, "name"): _SHORT,
    (Kind.AWAY_REASON, "name"): _SHORT,
    (Kind.STATION, "name"): N_("2 to 8 digits. It can't be changed later."),
    (Kind.LINE, "name"): N_("A letter, then letters, digits, - and _. It can't be changed later."),
    (Kind.HOTLINE, "number"): N_("What the line dials: 3 to 20 digits, perhaps with + in front."),
    (Kind.HOTLINE, "languages"): N_("Empty: the centre's."),
    (Kind.CALLER, "number"): N_(
        "As it is dialled, or with + and the country's code. It is kept as calls are recorded."
    ),
    (Kind.CALLER, "priority"): N_("How much a VIP raises the queue's priority, 1 to 10."),
    (Kind.CALLER, "projects"): N_("None: all projects."),
    (Kind.OUTSIDE_NUMBER, "number"): N_(
        "With + and the country's code, or as the line dials it. It can't be changed later."
    ),
    (Kind.OUTSIDE_NUMBER, "line"): N_("The line by which it is called, and which pays for it."),
    (Kind.OUTSIDE_NUMBER, "projects"): N_(
        "Whose customers may be taken there. None: all projects'."
    ),
    (Kind.OUTSIDE_NUMBER, "caller_id"): N_("3 to 20 digits. Empty: the line's."),
    (Kind.OUTSIDE_NUMBER, "recorded"): N_(
        "While a customer who was left there talks to them. What they and the agent say to each "
        "other without the customer is never recorded."
    ),
    (Kind.AGENT, "wrap_up_s"): N_("After-call work, in seconds. Empty: the queue's."),
}


def label_of(kind: Kind, each: FormField) -> str:
    """What a setting is called, in English."""
    inner = each.name != each.setting
    own = None if inner else _LABELS_OF_KIND.get((kind, each.setting))
    return own or _LABELS[each.setting]


def help_of(kind: Kind, each: FormField) -> str:
    """What a setting is for or how it is written, in English; "" if its label says it all."""
    own = _HELP_OF_KIND.get((kind, each.name))
    return own or _HELP.get(each.name, "")


VALUES: Mapping[str, str] = {
    Encryption.OFF: N_("off"),
    Encryption.OPTIONAL: N_("optional"),
    Encryption.REQUIRED: N_("required"),
    LineKind.FXO: N_("analog lines of a gateway"),
    LineKind.TRUNK: N_("IP trunk"),
    NumberFormat.AS_SENT: N_("as they are sent"),
    NumberFormat.E164: N_("+8613800000000"),
    NumberFormat.INTERNATIONAL: N_("008613800000000"),
    NumberFormat.NATIONAL: N_("as dialled within the country"),
    SessionTimer.ALWAYS: N_("ask on every call"),
    SessionTimer.SUPPORTED: N_("only where the far side knows them"),
    StationKind.SOFTPHONE: N_("softphone"),
    StationKind.FXS: N_("analog phone on a gateway"),
    Treatment.BLOCKED: N_("blocked"),
    Treatment.VIP: N_("VIP"),
    Acquaintance.CUSTOMER: N_("customers: of the project's lists, or in the list of callers"),
    Acquaintance.LISTED: N_("in the list of callers"),
    "yes": N_("Yes"),
    "zh-CN": N_("Chinese"),
    "en": N_("English"),
    "zh-CN,en": N_("Chinese, then English"),
    "en,zh-CN": N_("English, then Chinese"),
}

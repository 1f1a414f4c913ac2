"""Says in English what doesn't fit together in a directory, and what to do about it.

For files, the command line and logs; pages have words of their own, in two languages.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from centre.callers import CallerUnreadable, NumberMistake
from centre.directory import Directory
from centre.directory_faults import Fault, FaultCode
from centre.kinds import Kind
from documents.document_errors import did_you_mean

KIND_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CENTRE: "centre",
        Kind.PROJECT: "project",
        Kind.CALENDAR: "calendar",
        Kind.SKILL: "skill",
        Kind.QUEUE: "queue",
        Kind.HOTLINE: "number",
        Kind.TEAM: "team",
        Kind.STATION: "station",
        Kind.LINE: "line",
        Kind.AGENT: "agent",
        Kind.AWAY_REASON: "away reason",
        Kind.CALLER: "caller",
        Kind.OUTSIDE_NUMBER: "outside number",
    }
)

SECTIONS: Mapping[str, Kind] = MappingProxyType(
    {
        "projects": Kind.PROJECT,
        "calendars": Kind.CALENDAR,
        "skills": Kind.SKILL,
        "queues": Kind.QUEUE,
        "hotlines": Kind.HOTLINE,
        "teams": Kind.TEAM,
        "stations": Kind.STATION,
        "lines": Kind.LINE,
        "agents": Kind.AGENT,
        "away_reasons": Kind.AWAY_REASON,
        "callers": Kind.CALLER,
        "outside_numbers": Kind.OUTSIDE_NUMBER,
    }
)
"""The sections of a file, in their order, and what each is a list of."""

_SECTION_OF = {kind: name for name, kind in SECTIONS.items()}


@dataclass(frozen=True, slots=True)
class Known:
    """What the words may suggest instead of a name that isn't there."""

    directory: Directory
    flows: Collection[str] = ()
    timezones: Collection[str] = ("UTC",)
    """All time zones of this machine; none: it lacks tzdata."""
    file: str = "the configuration"
    """What the file is called."""


def words_of(fault: Fault, known: Known) -> tuple[str, str]:
    """What is wrong, and what to do."""
    name, key = fault.name, fault.key
    match fault.code:
        case FaultCode.NO_SUCH_THING:
            kind = fault.refers or fault.kind
            names = known.directory.things.get(kind, {})
            hint = str(did_you_mean(name, names) or f"add it to {_SECTION_OF[kind]}")
            return f'there is no {KIND_WORDS[kind]} "{name}"', hint
        case FaultCode.NAME_OF_A_STATION:
            return twice("station or line", key)
        case FaultCode.NAME_IS_OURS:
            return (
                f'the name "{key}" is taken: Offhook\'s own Asterisk configuration uses it',
                "give the line another name",
            )
        case FaultCode.CANNOT_VOUCH:
            return (
                f'the line "{key}" is not a trunk, and only a carrier\'s trunk can vouch for a'
                " number in P-Asserted-Identity",
                "take From or Remote-Party-ID, or leave caller_header out",
            )
        case FaultCode.ACCOUNT_WITHOUT_HOST:
            return (
                f'the line "{key}" has an account, but no host where it would be used',
                'add "host: ...", the carrier\'s address',
            )
        case FaultCode.ACCOUNT_OF_GATEWAY:
            return (
                f'the line "{key}" is not a trunk, and only trunks have an account with a carrier',
                "remove the account, or make it kind: trunk",
            )
        case FaultCode.NOT_A_TIMEZONE:
            usual = "take one from timedatectl list-timezones, or leave it out for the machine's"
            if not known.timezones:
                usual = "install tzdata: this machine has no time zones"
            return (
                f'"timezone" of {known.file} is {name!r}; expected a time zone\'s name, such as'
                " Asia/Shanghai",
                str(did_you_mean(name, known.timezones) or usual),
            )
        case FaultCode.HOLIDAYS_UNKNOWN:
            return (
                f'the public holidays of "{name}" are not known',
                "take a country such as CN, or a part of one such as DE-BY, or leave holidays out",
            )
        case FaultCode.HOURS_OVERLAP:
            return (
                f"the hours {name} end before they begin, or begin before those in front end",
                "put the hours of a day in order, apart from each other",
            )
        case FaultCode.DAY_TWICE:
            return f'the calendar "{key}" has {name} twice', "remove one of them"
        case FaultCode.DIGIT_TWICE:
            return (
                f'the away reasons "{name}" and "{key}" have the same digit',
                "give one of them another, 1 to 9, or none",
            )
        case FaultCode.CLOSED_WITHOUT_MESSAGE:
            return (
                f'the number "{key}" has a calendar, but its callers would hear nothing while it'
                " is closed",
                'add "closed_message: {en: ...}", or leave the calendar out',
            )
        case FaultCode.LANGUAGE_NOT_SPOKEN:
            return (
                f'the number "{key}" offers {name}, which is not among the centre\'s languages',
                "add it to languages, or remove it here",
            )
        case FaultCode.FLOW_UNKNOWN:
            hint = str(did_you_mean(name, known.flows) or "write one, or name another")
            return f'there is no flow "{name}"', hint
        case FaultCode.FLOW_UNPUBLISHED:
            what = f'the flow "{name}" is not published: there is only a draft'
            return what, "publish it first"
        case FaultCode.RULE_TWICE:
            return f'two rules of the number have the name "{name}"', "give one another name"
        case FaultCode.RULE_LACKS_QUEUE:
            return (
                f'the rule "{name}" asks how many wait, and names no queue, nor does the number',
                "name the queue that it asks about",
            )
        case FaultCode.FLOW_OF_OTHERS:
            return (
                f'the flow "{name}" is not one of the number\'s project',
                "take one of its project, or one of all projects",
            )
        case FaultCode.FLOW_IS_A_PIECE:
            return (
                f'the flow "{name}" is a piece for other flows: it returns with an exit that leads'
                " nowhere here",
                "lead to a flow that enters it",
            )
        case FaultCode.FLOW_LACKS_QUEUE:
            return (
                f'the flow of the number "{key}" leads to the queue "{name}", which is not there',
                str(
                    did_you_mean(name, known.directory.things.get(Kind.QUEUE, {}))
                    or "add it to queues, or take another flow"
                ),
            )
        case FaultCode.NUMBER_LACKS_QUEUE:
            return (
                f'the flow "{name}" leads to the queue of the number, and the number "{key}" has'
                " none",
                'add "queue: ..." to the number',
            )
        case FaultCode.TIME_WITHOUT_ZONE:
            return (
                f'the emergency of the number "{key}" ends at a time without a time zone',
                "write it like 2026-11-26T18:00:00+08:00",
            )


def unreadable_text(number: str, error: CallerUnreadable) -> tuple[str, str]:
    """What is wrong with a caller's number that can't be read, and what to do."""
    if error.why is NumberMistake.WHICH_COUNTRY:
        return (
            f"the caller's number \"{number}\" may be one of several countries'"
            f" ({', '.join(error.countries)}), in which lines are",
            "write it with + and the country's code in front",
        )
    return (
        f'"{number}" has more or fewer digits than a telephone number of'
        f" {' or '.join(error.countries)}",
        "write it as it is dialled there, or with + and the country's code in front",
    )


def twice(what: str, name: str) -> tuple[str, str]:
    """What is wrong with a name that two things have."""
    return f'the {what} "{name}" is here twice', "rename one"

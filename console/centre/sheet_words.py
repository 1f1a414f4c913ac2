"""The words of agents' sheets: what is wrong where, and what to do about it."""

from collections.abc import Callable, Collection, Mapping

from centre.agent_cells import SheetFault, SheetFaultCode
from centre.agent_sheets import RowRemark, RowState
from centre.kinds import Kind
from console.centre import words
from console.centre.sheets_in_hand import SheetRefusal
from console.kit.translations import N_
from documents.sheets import SheetUnreadable, Unreadable

STATES: Mapping[RowState, str] = {
    RowState.NEW: N_("new"),
    RowState.CHANGED: N_("changed"),
    RowState.UNCHANGED: N_("unchanged"),
    RowState.WRONG: N_("wrong"),
}
STATE_COLOURS: Mapping[RowState, str] = {
    RowState.NEW: "green",
    RowState.CHANGED: "blue",
    RowState.UNCHANGED: "secondary",
    RowState.WRONG: "red",
}
COLUMNS: Mapping[str, str] = {
    "code": N_("2 to 15 digits. The row is this agent's: they are made if there is none."),
    "name": N_("What people call the agent."),
    "projects": N_("Short names or titles, separated by commas."),
    "skills": N_("Each with its level, such as sales:3, service:1. A name alone is level 1."),
    "team": N_("Short name or title."),
    "station": N_("The number of the usual phone."),
    "wrap_up_s": N_("0 to 3600. Empty: the queue's."),
    "missed_before_away": N_("1 to 10. Empty: 1."),
}
"""What the cells of a setting's column hold."""
FAULTS: Mapping[SheetFaultCode, str] = {
    SheetFaultCode.MISSING: N_("This is empty, and an agent needs it. Fill it in."),
    SheetFaultCode.INVALID: N_("This is too long, or not of the form that is needed."),
    SheetFaultCode.NOT_TEXT: N_(
        "The spreadsheet has made a date, or TRUE or FALSE, of what was typed. Format the column as"
        " text, and type it again."
    ),
    SheetFaultCode.ROUNDED: N_(
        "The spreadsheet has rounded this number. Format the column as text, and type it again."
    ),
    SheetFaultCode.FORMULA_FAILED: N_(
        "This formula came to nothing. Replace it by what it should show."
    ),
    SheetFaultCode.NO_SUCH_THING: N_(
        "%(kind)s “%(value)s” doesn't exist. Correct it, or create it first."
    ),
    SheetFaultCode.AMBIGUOUS: N_(
        "“%(value)s” is the title of several: %(name)s. Write one of these short names."
    ),
    SheetFaultCode.NOT_A_LEVEL: N_(
        "The level of “%(value)s” is not 1 to 10. Write it as in sales:3."
    ),
    SheetFaultCode.TWICE: N_("“%(value)s” is there twice. Delete one."),
    SheetFaultCode.CODE_TWICE: N_("Row %(name)s has the same code. Delete one of the two rows."),
    SheetFaultCode.ZEROS_LOST: N_(
        "There is “%(name)s”, so this seems to have lost its zeros in front. Format the column as"
        " text, and type it again."
    ),
    SheetFaultCode.NOT_YOURS: N_(
        "Your role, projects or teams don't allow you to make this agent, or to change them so."
        " Delete the row."
    ),
}
_INVALID: Mapping[str, str] = {
    "code": N_("A code has 2 to 15 digits."),
    "name": N_("A name has 1 to 200 visible characters."),
    "wrap_up_s": N_("Enter seconds, 0 to 3600."),
    "missed_before_away": N_("Enter a whole number, 1 to 10."),
}
_COULD_BE_MADE = N_(
    "%(kind)s “%(value)s” doesn't exist. Correct it, or have it made: tick that above."
)
_MAY_NOT_MAKE = N_(
    "%(kind)s “%(value)s” doesn't exist, and you may not make it. Correct it, or ask operations to"
    " create it."
)
UNREADABLE: Mapping[Unreadable, str] = {
    Unreadable.TOO_LARGE: N_(
        "The file is too large: it may have 4 MB, and 24 MB unpacked. Delete what isn't about"
        " agents, or send it in parts."
    ),
    Unreadable.OLD_OR_LOCKED: N_(
        "This is a file of Excel 2003 or before (.xls), or one with a password. Save it as .xlsx"
        " without a password."
    ),
    Unreadable.BROKEN: N_(
        "This is not a spreadsheet, or it is damaged. Open it in Excel, and save it as .xlsx or as"
        " CSV UTF-8."
    ),
    Unreadable.ENCODING_UNKNOWN: N_(
        "The text can't be read: it is neither UTF-8 nor GBK. Save the file as .xlsx or as CSV"
        " UTF-8."
    ),
    Unreadable.QUOTE_LEFT_OPEN: N_(
        "A quotation mark is opened and never closed. Correct it, or save the file as .xlsx."
    ),
    Unreadable.EMPTY: N_("There is no agent in the file, only headings."),
    Unreadable.NO_HEADINGS: N_(
        "None of the first ten rows names the columns. One must be called Code (工号) and another"
        " Name (姓名), say; the template has them all. In XLSX, only the first sheet is read."
    ),
    Unreadable.HEADING_TWICE: N_(
        "Two columns mean the same, for one is called “%(name)s”. Delete one of them."
    ),
    Unreadable.TOO_MANY_ROWS: N_("These are more than %(name)s agents. Send them in parts."),
    Unreadable.TOO_MANY_COLUMNS: N_(
        "There are more than %(name)s columns. Delete those that are not needed."
    ),
    Unreadable.LINE_TOO_LONG: N_(
        "A line of the file has more than %(name)s characters: its line breaks are lost, or it is"
        " not a CSV file. Save the sheet again, as .xlsx or as CSV UTF-8."
    ),
}
REMARKS: Mapping[RowRemark, str] = {
    RowRemark.SHORTER: N_("Shorter than other codes: has it lost zeros in front?"),
}
REFUSALS: Mapping[SheetRefusal, str] = {
    SheetRefusal.CONFLICT: N_(
        "Nothing was changed: since you looked, somebody else has changed some of the same. Look"
        " again to see what the sheet would change now."
    ),
    SheetRefusal.FAULTY: N_("Nothing was changed: something else would no longer fit."),
    SheetRefusal.FORBIDDEN: N_(
        "Nothing was changed: your role, projects or teams have changed. Look again to see what"
        " you may not do."
    ),
    SheetRefusal.NOTHING: N_("Nothing was changed: by now all is as the sheet has it."),
    SheetRefusal.STOPPED: N_("Nothing was changed: the work was interrupted. Confirm it again."),
}
NO_FILE = N_("Choose a file first.")
GONE = N_(
    "This sheet is no longer here: it came more than an hour ago, or Offhook was restarted since."
    " If you had confirmed it, the history says whether it was taken. If not, nothing was changed:"
    " choose the file again."
)
HANDED_OUT = N_(
    "They were handed out already. If they are lost, undo the change in its history and send the"
    " sheet again, or make new ones on the agents' pages."
)
LOOK_AGAIN = N_(
    "The sheet was looked at again, in another window perhaps. This is what it would change."
)

WordsWith = Callable[[str, Mapping[str, object]], str]
"""A marked text in the reader's language, with its values."""


def fault_words(
    fault: SheetFault,
    says: WordsWith,
    may_make: Callable[[Kind], bool],
    unknown: Mapping[Kind, Collection[str]],
) -> str:
    """What is wrong with a cell, and what to do. ``unknown``: in small letters, what is not there
    and could be made, by those who ``may_make`` such things."""
    kind = "" if fault.kind is None else says(words.ONE[fault.kind], {})
    text = FAULTS[fault.code]
    if fault.code is SheetFaultCode.INVALID:
        text = _INVALID.get(fault.setting, text)
    elif fault.kind is not None and fault.code is SheetFaultCode.NOT_YOURS:
        text = _MAY_NOT_MAKE
    elif fault.kind is not None and fault.value.casefold() in unknown.get(fault.kind, ()):
        text = _COULD_BE_MADE if may_make(fault.kind) else _MAY_NOT_MAKE
    return says(text, {"kind": kind, "value": fault.value, "name": fault.name})


def unreadable_words(error: SheetUnreadable, says: WordsWith) -> str:
    """Why nothing can be read, and what to do."""
    return says(UNREADABLE[error.code], {"name": error.name})

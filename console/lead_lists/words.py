"""The words of lists of leads, in English: states, uses of columns, faults and refusals."""

from collections.abc import Mapping

from campaigns.do_not_call import ListingSource
from campaigns.import_progress import DuplicatePolicy, ImportState, RowFate
from campaigns.lead_columns import ColumnUse, MappingFault
from campaigns.lead_lists import ListRefusal
from campaigns.lead_numbers import LeadFault
from campaigns.stored_leads import ListState
from console.kit.translations import N_
from documents.sheets import Unreadable

STATES = {
    ListState.ACTIVE: N_("Active"),
    ListState.PAUSED: N_("Paused"),
    ListState.REMOVED: N_("Removed"),
}
STATE_COLOURS = {
    ListState.ACTIVE: "green",
    ListState.PAUSED: "orange",
    ListState.REMOVED: "secondary",
}
IMPORT_STATES = {
    ImportState.UPLOADED: N_("Waits for its columns"),
    ImportState.RUNNING: N_("Being imported"),
    ImportState.FINISHED: N_("Imported"),
    ImportState.FAILED: N_("Could not be read to the end"),
    ImportState.UNDONE: N_("Undone"),
}
USES = {
    ColumnUse.PHONE: N_("Phone number"),
    ColumnUse.NAME: N_("Customer's name"),
    ColumnUse.KEY: N_("Customer's key at the client"),
    ColumnUse.TIMEZONE: N_("Time zone or region"),
    ColumnUse.LANGUAGE: N_("Language"),
    ColumnUse.CONSENT: N_("Consent to be called"),
    ColumnUse.FIELD: N_("Keep, and show it to the agent"),
    ColumnUse.IGNORED: N_("Leave out"),
}
NUMBER_USES = {use: USES[use] for use in (ColumnUse.PHONE, ColumnUse.IGNORED)}
"""Of a file of numbers that are not to be called."""
NUMBER_COUNTS = (
    ("imported", N_("New on the list")),
    ("known", N_("On the list before")),
    ("rejected", N_("Rejected")),
)
LISTED_COLUMNS = (N_("Number"), N_("From"), N_("How"), N_("By"))
"""The headings of the file of a do-not-call list."""
DUPLICATES = {
    DuplicatePolicy.SKIP: N_("Leave out customers who are in another list of the project"),
    DuplicatePolicy.KEEP: N_("Import them all the same"),
}
COUNTS = (
    ("imported", N_("Imported")),
    ("known", N_("In this list already")),
    ("duplicate", N_("Twice in the file")),
    ("elsewhere", N_("In another list of the project")),
    ("rejected", N_("Rejected")),
)

REFUSALS: Mapping[ListRefusal, str] = {
    ListRefusal.FORBIDDEN: N_("You may not do this."),
    ListRefusal.NO_SUCH: N_("There is no such list any more."),
    ListRefusal.NO_TITLE: N_("A list needs a title of at most 200 characters."),
    ListRefusal.NO_NUMBER: N_("A customer needs a phone number."),
    ListRefusal.NOT_A_NUMBER: N_("“%(value)s” is not a phone number."),
    ListRefusal.TWICE: N_("The customer has the number %(value)s already."),
    ListRefusal.NO_ZONE: N_("There is no time zone “%(value)s”."),
    ListRefusal.NOT_FROM_HERE: N_("That is not possible in the present state. Reload the page."),
    ListRefusal.CHANGED_MEANWHILE: N_("Somebody else has changed it meanwhile. Reload the page."),
    ListRefusal.NO_SUCH_COUNTRY: N_("“%(value)s” is not a country's code, such as CN or GB."),
    ListRefusal.UNDER_WAY: N_("This import is going on already."),
    ListRefusal.TOO_MANY: N_("Other files are being read. Try again in a minute."),
}
MAPPING_FAULTS: Mapping[MappingFault, str] = {
    MappingFault.NO_PHONE: N_("No column is for phone numbers. Choose one."),
    MappingFault.TWICE: N_(
        "“%(heading)s” and another column are for the same. Change one of them."
    ),
    MappingFault.NO_SUCH_COLUMN: N_("The file has no column “%(heading)s”. Upload it again."),
}
UNREADABLE: Mapping[Unreadable, str] = {
    Unreadable.TOO_LARGE: N_("The file is too large: it may have 32 MB. Send it in parts."),
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
    Unreadable.EMPTY: N_("There is nobody in the file, only headings."),
    Unreadable.NO_HEADINGS: N_(
        "None of the first ten rows names the columns. Put headings above them, such as Phone"
        " (电话) and Name (姓名)."
    ),
    Unreadable.HEADING_TWICE: N_("Two columns are called “%(name)s”. Rename or delete one."),
    Unreadable.TOO_MANY_ROWS: N_("There are more than %(name)s rows. Send them in parts."),
    Unreadable.TOO_MANY_COLUMNS: N_(
        "There are more than %(name)s columns. Delete those that are not needed."
    ),
    Unreadable.LINE_TOO_LONG: N_(
        "A line of the file goes on and on: its line breaks are lost, or it is no CSV file. Export"
        " it again."
    ),
}
NO_FILE = N_("Choose a file first.")
ADDED: Mapping[str, str] = {
    "added": N_("The customer has been added."),
    "barred": N_("The customer has been added, but is on a do-not-call list and won't be called."),
}
NOT_ADDED: Mapping[RowFate, str] = {
    RowFate.KNOWN: N_("The list has a customer with this number or key already."),
    RowFate.DUPLICATE: N_("The list has a customer with this number or key already."),
    RowFate.ELSEWHERE: N_(
        "Another list of the project has this customer. Tick the box below to add them all the"
        " same."
    ),
}
FIELDS_WRONG = N_(
    "“%(line)s” can't be read. Write at most 50 lines, each with another heading, a colon and a"
    " value."
)
FAULT_OF = N_("%(field)s: %(fault)s")
FORM_HINTS: Mapping[ColumnUse, str] = {
    ColumnUse.KEY: N_("The client's own number of this customer. Empty: the phone number."),
    ColumnUse.TIMEZONE: N_("Such as 上海, Asia/Tokyo or +08:00. Empty: by the phone number."),
    ColumnUse.LANGUAGE: N_("Such as 普通话, English or pt-BR."),
    ColumnUse.CONSENT: N_("The date on which they agreed, or yes or no."),
}

FAULTS: Mapping[LeadFault, str] = {
    LeadFault.NO_NUMBER: N_("There is no phone number in the row."),
    LeadFault.NO_COUNTRY: N_("The number has no country's code, and the list has no country."),
    LeadFault.NOT_A_NUMBER: N_("This is not a phone number."),
    LeadFault.TOO_SHORT: N_("The number is too short for its country."),
    LeadFault.TOO_LONG: N_("The number is too long for its country."),
    LeadFault.NOT_IN_USE: N_("Its country has no numbers that begin like this."),
    LeadFault.EXTENSION: N_("The number has an extension, which nobody would dial."),
    LeadFault.PREMIUM: N_("A call to this number costs extra."),
    LeadFault.ROUNDED: N_("The spreadsheet has lost digits (1.38E+10). Make the column text."),
    LeadFault.DATE: N_("The spreadsheet took the number for a date. Make the column text."),
    LeadFault.FORMULA_FAILED: N_("The cell holds a formula that came to nothing."),
    LeadFault.TOO_MANY_NUMBERS: N_("There are too many numbers in the row."),
    LeadFault.ZONE_UNKNOWN: N_("This is no time zone, and no region with a single one."),
    LeadFault.LANGUAGE_UNKNOWN: N_("This language is not known."),
    LeadFault.CONSENT_UNREADABLE: N_("This is neither a date nor yes or no."),
    LeadFault.CONSENT_AHEAD: N_("The consent is dated later than today."),
    LeadFault.SINCE_UNREADABLE: N_("This is not a date."),
    LeadFault.TOO_MUCH_TEXT: N_("There is too much text in the cell."),
    LeadFault.UNPRINTABLE: N_("There are control characters in the cell."),
    LeadFault.MORE_THAN_HEADINGS: N_("There is a cell beyond the last heading: a comma too many?"),
    LeadFault.HEADINGS_AGAIN: N_("The row repeats the headings."),
    LeadFault.TWICE_IN_FILE: N_("An earlier row has this key, or one of these numbers."),
    LeadFault.IN_OTHER_LIST: N_("Another list of the project has this customer."),
}
FORM_FAULTS: Mapping[LeadFault, str] = {
    LeadFault.NO_NUMBER: REFUSALS[ListRefusal.NO_NUMBER],
    LeadFault.HEADINGS_AGAIN: FAULTS[LeadFault.NOT_A_NUMBER],
}
"""What a form says otherwise than a row of a file."""
REJECTED = {
    "row": N_("Row"),
    "field": N_("Field"),
    "reason": N_("Reason"),
    "taken": N_("Imported all the same"),
    "yes": N_("yes"),
    "no": N_("no"),
}
LISTING_SOURCES: Mapping[str, str] = {
    ListingSource.KEY: N_("The customer pressed the key"),
    ListingSource.AGENT: N_("The customer told an agent"),
    ListingSource.IMPORT: N_("Imported"),
    ListingSource.PAGE: N_("By hand"),
}
CENTRES_LIST = N_("The whole centre")
LISTED = N_("New on the list: %(n)s. There before: %(known)s.")
TAKEN_OFF = N_("%(number)s is off the list. Its leads are what they were before.")
NOT_LISTED = N_("%(number)s is not on the list any more.")
NEEDS_REASON = N_("Say why the number may be called again.")
HOW_MANY = N_("Type at least one number, and at most %(most)s at a time.")
NO_NUMBERS = N_("Nothing was put on the list. These are no numbers (%(n)s): %(named)s")
NO_DAY = N_("This is no day between the years 2000 and 2999.")

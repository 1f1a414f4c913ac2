"""Texts that all features share, in English (the catalogue's keys)."""

from collections.abc import Mapping

from console.kit.translations import N_
from domain.roles import Role
from records.call_filters import FilterMistake
from storage.account_errors import AccountRefusal

ROLES = {
    Role.AGENT: N_("Agent"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.OPS: N_("Operations"),
    Role.QA: N_("Quality"),
    Role.CLIENT: N_("Client"),
    Role.ADMIN: N_("Administrator"),
}
CALL_LANGUAGES = {"zh-CN": N_("Chinese"), "en": N_("English")}
PASSWORD_LENGTH = N_("A password has 8 to 256 characters.")
TOO_MANY_WRONG = N_("Too many wrong passwords. Wait %(n)s seconds, then try again.")
ACCOUNT_REFUSALS: Mapping[AccountRefusal, str] = {
    AccountRefusal.NAME_MALFORMED: N_(
        "A user name has up to 64 letters, digits and . _ - @, and begins with a letter or digit."
    ),
    AccountRefusal.NAME_TAKEN: N_("User %(name)s already exists. Choose another name."),
    AccountRefusal.PASSWORD_LENGTH: PASSWORD_LENGTH,
    AccountRefusal.AGENT_MISSING: N_("An agent needs an agent's code from the configuration."),
    AccountRefusal.AGENT_TAKEN: N_(
        "User %(name)s already has the agent's code %(code)s. Choose another code, or change or"
        " disable that user first."
    ),
    AccountRefusal.LAST_ADMIN: N_("This is the last administrator. Create another one first."),
    AccountRefusal.NO_SUCH_USER: N_("User %(name)s no longer exists."),
}
NUMBER_WITHHELD = N_("number withheld")
FILTER_MISTAKES = {
    FilterMistake.NO_SUCH_OUTCOME: N_("There is no such outcome."),
    FilterMistake.BACKWARDS: N_("The end date is before the start date."),
    FilterMistake.NOT_A_NUMBER: N_("A caller's number contains only digits."),
    FilterMistake.NOT_A_DATE: N_("A date must look like 2026-01-31."),
    FilterMistake.NOT_A_PLACE: N_("The link is incomplete; it leads to the newest calls."),
}
"""What the list of calls and the API's say of a filter."""

PLAYER_TEXTS = {
    "play": N_("Play"),
    "pause": N_("Pause"),
    "no_waveform": N_("The waveform can't be shown, but the recording can still be played."),
    "no_playback": N_("The recording can't be played. Reload the page and try again."),
}
"""Texts for ``player.js``."""

PAGE_TEXTS = {
    "failed": N_("That did not work (%(status)s). Reload the page and try again."),
    "offline": N_("The console can't be reached. Check the network, then try again."),
    "signed_out": N_("You are no longer signed in. Sign in again."),
    "drop_typed": N_(
        "You have typed something that isn't saved yet. Sign out all the same? It will be lost."
    ),
}
"""Texts for ``page.js``, on every page."""

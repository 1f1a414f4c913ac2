"""Why a user can't be made or changed so, in words."""

from collections.abc import Mapping

from console.kit.translations import N_
from console.kit.words import PASSWORD_LENGTH
from storage.account_errors import AccountRefusal

REFUSALS: Mapping[AccountRefusal, str] = {
    AccountRefusal.NAME_MALFORMED: N_(
        "A user's name has up to 64 letters, digits and . _ - @, and begins with a letter or digit."
    ),
    AccountRefusal.NAME_TAKEN: N_("There is a user %(name)s already. Choose another name."),
    AccountRefusal.PASSWORD_LENGTH: PASSWORD_LENGTH,
    AccountRefusal.AGENT_MISSING: N_("An agent needs a code of the configuration."),
    AccountRefusal.AGENT_TAKEN: N_(
        "Agent %(code)s is user %(name)s already. Choose another agent's code, or change or"
        " disable that user first."
    ),
    AccountRefusal.LAST_ADMIN: N_("This is the last administrator; make another one first."),
    AccountRefusal.NO_SUCH_USER: N_("There is no user %(name)s any more."),
}
NO_ROLE = N_("Choose a role.")
NO_PROJECT = N_("Choose at least one project: without one there is nothing to see.")

"""Says in words why a user can't be created or changed."""

from collections.abc import Mapping

from console.kit.translations import N_
from console.kit.words import PASSWORD_LENGTH
from storage.account_errors import AccountRefusal

REFUSALS: Mapping[AccountRefusal, str] = {
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
NO_ROLE = N_("Choose a role.")
NO_PROJECT = N_("Choose at least one project: without one, the user sees nothing.")

"""The words of the page on what look-ups may use."""

from collections.abc import Mapping

from console.kit.translations import N_
from publishing.inner_services import ServiceConcern
from publishing.right_words import RightsRefusal
from storage.audit import AuditAction

_TOO_WIDE = N_(
    "%(address)s is more than a centre has: whoever edits flows could ask every machine in it. "
    "Allow the services alone, such as 10.1.2.3:8080, or their networks, each /8 or smaller."
)
CONCERNS: Mapping[ServiceConcern, str] = {
    ServiceConcern.TOO_WIDE: _TOO_WIDE,
    ServiceConcern.WIDE: N_(
        "%(address)s is a large network: whoever edits flows could ask every machine in it. Better "
        "allow the services alone, such as 10.1.2.3:8080."
    ),
    ServiceConcern.KEYS: N_(
        "At %(address)s the machines of a cloud get their own keys: whoever edits flows could take "
        "them. Better give the service another address."
    ),
}
"""What speaks against letting look-ups reach something."""
REFUSALS: Mapping[RightsRefusal, str] = {
    RightsRefusal.FORBIDDEN: N_("You may not do this."),
    RightsRefusal.BAD_NAME: N_(
        "A name has at most 64 lower-case letters, digits, _ and -, with a letter first."
    ),
    RightsRefusal.BAD_VALUE: N_(
        "A secret has 1 to %(most)s plain characters (ASCII), without line breaks: it is sent as a "
        "header."
    ),
    RightsRefusal.BAD_ADDRESS: N_(
        "This is neither a network nor a host with a port. Write it as 10.1.2.0/24, 10.1.2.3:8080 "
        "or crm.example:8080."
    ),
    RightsRefusal.TOO_WIDE: _TOO_WIDE,
    RightsRefusal.UNCONFIRMED: N_(
        "It is not allowed yet. Tick below that you mean it, or change it."
    ),
    RightsRefusal.EXISTS: N_("This is allowed already."),
    RightsRefusal.TOO_MANY: N_("There are too many. Remove one first."),
    RightsRefusal.UNKNOWN: N_("Somebody else has removed this meanwhile."),
}
NOTICES: Mapping[str, str] = {
    "secret": N_("Secret saved. It counts from the next look-up on."),
    "removed": N_('Secret removed. Look-ups that name it take the exit "failed".'),
    "allowed": N_("Look-ups may reach this now."),
    "disallowed": N_("Look-ups may no longer reach this."),
}
CHANGES: Mapping[AuditAction, str] = {
    AuditAction.FLOW_SECRET_SET: N_("saved the secret %(name)s"),
    AuditAction.FLOW_SECRET_REMOVED: N_("removed the secret %(name)s"),
    AuditAction.SERVICE_ALLOWED: N_("let look-ups reach %(name)s"),
    AuditAction.SERVICE_DISALLOWED: N_("no longer lets look-ups reach %(name)s"),
}

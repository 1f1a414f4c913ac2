"""What look-ups may use, as it is shown, and why somebody may not change it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import OffhookError
from publishing.inner_services import NotAService, ServiceConcern, service_of
from storage.audit import AuditAction


class RightsRefusal(StrEnum):
    """Why nothing was changed."""

    FORBIDDEN = "forbidden"
    BAD_NAME = "bad_name"
    BAD_VALUE = "bad_value"
    BAD_ADDRESS = "bad_address"
    TOO_WIDE = "too_wide"
    UNCONFIRMED = "unconfirmed"  # it may be a mistake, and nobody has said that it is meant
    EXISTS = "exists"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"


class RightsRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``concern`` says what speaks against a service."""

    def __init__(self, why: RightsRefusal, concern: ServiceConcern | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.concern = concern


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret without its value."""

    name: str
    project: str
    """"" : every project's."""
    note: str
    changed_at: datetime
    changed_by: str
    readable: bool
    """Whether the key that encrypted it is still there; else it has to be entered again."""


@dataclass(frozen=True, slots=True)
class AllowedService:
    """A service inside the centre that look-ups may reach."""

    address: str
    note: str
    added_at: datetime
    added_by: str

    @property
    def concern(self) -> ServiceConcern | None:
        """Why it may be a mistake; there are old ones that would be refused now."""
        try:
            return service_of(self.address).concern
        except NotAService:  # which counts for nothing
            return None


@dataclass(frozen=True, slots=True)
class RightsChange:
    """Who changed what, and when."""

    at: datetime
    by: str
    what: AuditAction
    about: str
    project: str

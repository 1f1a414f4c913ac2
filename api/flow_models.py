"""What the API says of flows; the OpenAPI document is made of these."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class FlowItem(_Answer):
    """A flow in the list of all."""

    flow: str
    project: str = Field(description="empty: every project's")
    version: int = Field(description="of the draft; it grows with each change")
    changed_at: datetime
    changed_by: str
    revision: int | None = Field(description="the one that calls meet; null: none")
    published_at: datetime | None
    published_by: str | None
    edited: bool = Field(description="whether the draft differs from what calls meet")
    due_at: datetime | None = Field(description="when another revision is published by itself")
    retired: bool


class FlowList(_Answer):
    """The flows that the user sees."""

    flows: list[FlowItem]


class DraftAnswer(_Answer):
    """The draft of a flow."""

    flow: str
    project: str
    text: str
    tests: str
    version: int
    changed_at: datetime
    changed_by: str
    retired: bool


class FaultItem(_Answer):
    """An error or a warning."""

    line: int
    column: int
    message: str = Field(description="in the language of the request")
    remedy: str
    key: str = Field(description="by which a warning is confirmed")


class CoverageItem(_Answer):
    """Which exits of the flow its tests take."""

    taken: int
    all: int
    missed: list[str] = Field(description="node.exit")


class CheckAnswer(_Answer):
    """What stands between a draft and its publication."""

    flow: str
    version: int
    revision: int | None = Field(description="the one that calls meet; null: none")
    ready: bool = Field(description="whether it can be published once its warnings are confirmed")
    errors: list[FaultItem]
    warnings: list[FaultItem]
    tests: int = Field(description="how many there are")
    failed: list[FaultItem]
    coverage: CoverageItem | None
    breaks: str = Field(description="what would no longer fit in another flow; empty: nothing")
    difference: list[str] = Field(description="to what calls meet, as a unified difference")


class RevisionItem(_Answer):
    """A revision, which never changes."""

    number: int
    at: datetime
    by: str
    note: str
    warnings: list[str] = Field(description="the keys of those that were confirmed")
    text: str | None = Field(default=None, description="null in lists")
    tests: str | None = None


class PeriodItem(_Answer):
    """From when to when calls met a revision."""

    revision: int | None = Field(description="null: none, for the flow was retired")
    since: datetime
    until: datetime | None
    by: str
    why: str = Field(description="published, rolled_back, scheduled, retired, ...")


class PlanItem(_Answer):
    """A revision that is published at a time."""

    plan: int
    revision: int
    due_at: datetime
    by: str


class RevisionList(_Answer):
    """The revisions of a flow, the newest first, and when calls met which."""

    flow: str
    revisions: list[RevisionItem]
    periods: list[PeriodItem]
    planned: list[PlanItem]


class ChangedAnswer(_Answer):
    """What has come of a change; what it isn't about is null."""

    flow: str
    revision: int | None = None
    plan: int | None = None
    version: int | None = None


class ArrivingItem(_Answer):
    """A flow of a file, and what becomes of it."""

    flow: str
    project: str
    fate: str = Field(description="new, changed, same or not_yours")
    errors: list[FaultItem]


class LackingItem(_Answer):
    """Something that flows of the file name and that isn't here."""

    kind: str
    name: str
    places: list[str] = Field(description="flow:line")
    choices: list[str]


class ImportAnswer(_Answer):
    """What an import would do, or has done."""

    dry_run: bool
    flows: list[ArrivingItem]
    missing: list[LackingItem]
    made: list[str] = Field(description="the flows whose drafts were made or changed")


class ApiFault(_Answer):
    """Why a request was refused; nothing was changed."""

    error: str = Field(description="a code")
    about: str = Field(default="", description="what is in the way")
    errors: list[FaultItem] = []

"""Why a campaign was not made or changed."""

from enum import StrEnum

from domain.errors import OffhookError


class CampaignRefusal(StrEnum):
    """Why a campaign was not made or changed."""

    FORBIDDEN = "forbidden"  # not their role, or not their project
    NO_SUCH = "no_such"  # there is none of this name, or it was removed
    NAME_TAKEN = "name_taken"  # also by one that was removed: its calls keep the name
    NAME_MALFORMED = "name_malformed"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NOT_FROM_HERE = "not_from_here"  # its state can't follow the present one
    NO_MESSAGE = "no_message"  # the rules want one for whom nobody is free
    STILL_RUNNING = "still_running"  # stop it before it is removed
    NO_LIST = "no_list"  # of its project; a campaign without leads may start, and says so
    UNKNOWN = "unknown"  # a queue, line or calendar that the centre doesn't have
    FLOW_NOT_PUBLISHED = "flow_not_published"  # there is none, or only a draft
    FLOW_NEEDS_QUEUE = "flow_needs_queue"  # it leads to the campaign's queue, and there is none
    FLOW_LEADS_NOWHERE = "flow_leads_nowhere"  # to a queue that the centre doesn't have
    FLOW_WITHOUT_OPT_OUT = "flow_without_opt_out"  # customers couldn't ask for no more calls
    SHARE_OVER_RULE = "share_over_rule"  # the value is the most that the rules allow, in percent
    GRACE_OVER_RULE = "grace_over_rule"  # the same, in seconds
    NO_OPT_OUT_KEY = "no_opt_out_key"  # the rules want one for customers whom nobody is free for
    NO_SUCH_CHANGE = "no_such_change"


class CampaignRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``setting`` and ``value`` say what it is about, if it is one setting."""

    def __init__(self, why: CampaignRefusal, setting: str = "", value: str = "") -> None:
        super().__init__(why, setting, value)
        self.why = why
        self.setting = setting
        self.value = value

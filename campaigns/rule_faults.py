"""Finds where a campaign's own settings go beyond what its calling rules allow. Pure."""

from collections.abc import Iterator

from campaigns.campaign import MAY_ABANDON, CampaignSettings
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from dialer.rules import PRESETS, MessagePart


def rule_faults(settings: CampaignSettings) -> Iterator[CampaignRefused]:
    """What the rules forbid of a campaign with these settings; each says the rule's figure.

    A share or a grace that no text sets is a campaign's own to choose. In a mode in which nobody
    can be abandoned none of this counts.
    """
    if settings.mode not in MAY_ABANDON:
        return
    rules = PRESETS[settings.rules]
    if rules.limit_by_text:
        most = rules.limit.share
        if settings.share is not None and settings.share > most:
            yield CampaignRefused(CampaignRefusal.SHARE_OVER_RULE, "share", f"{most * 100:g}")
        if settings.grace_s is not None and settings.grace_s > rules.most_grace_s:
            figure = f"{rules.most_grace_s:g}"
            yield CampaignRefused(CampaignRefusal.GRACE_OVER_RULE, "grace_s", figure)
    if MessagePart.OPT_OUT in rules.message.must_say and not settings.opt_out_key:
        yield CampaignRefused(CampaignRefusal.NO_OPT_OUT_KEY, "opt_out_key")

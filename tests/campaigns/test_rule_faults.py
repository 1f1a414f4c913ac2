"""A campaign's own share, grace and key, against what its calling rules allow."""

import pytest

from campaigns.campaign import CampaignSettings, Mode
from campaigns.campaign_refusals import CampaignRefusal
from campaigns.rule_faults import rule_faults


def faults(**settings: object) -> list[tuple[CampaignRefusal, str, str]]:
    plain = {"title": "Spring", "queue": "sales", "line": "carrier", "message": {"en": "Hello"}}
    made = CampaignSettings.model_validate(plain | settings)
    return [(one.why, one.setting, one.value) for one in rule_faults(made)]


SHARE = (CampaignRefusal.SHARE_OVER_RULE, "share", "3")
GRACE = (CampaignRefusal.GRACE_OVER_RULE, "grace_s", "2")
KEY = (CampaignRefusal.NO_OPT_OUT_KEY, "opt_out_key", "")


@pytest.mark.parametrize("rules", ["us", "uk", "cautious"])
def test_more_than_the_rules_allow_is_named_with_their_figure(rules: str) -> None:
    assert faults(rules=rules) == []
    assert faults(rules=rules, share=0.03, grace_s=2.0) == []
    assert faults(rules=rules, share=0.01, grace_s=0.0) == []
    assert faults(rules=rules, share=0.0301) == [SHARE]
    assert faults(rules=rules, grace_s=2.1) == [GRACE]
    assert faults(rules=rules, share=1.0, grace_s=10.0) == [SHARE, GRACE]


@pytest.mark.parametrize("rules", ["cn", "cn_debt"])
def test_where_no_text_sets_a_figure_the_campaign_does(rules: str) -> None:
    assert faults(rules=rules, share=0.1, grace_s=10.0, opt_out_key="") == []


@pytest.mark.parametrize("mode", [Mode.PREVIEW, Mode.AGENTLESS])
def test_where_nobody_can_be_abandoned_no_figure_counts(mode: Mode) -> None:
    assert faults(mode=mode, rules="us", share=1.0, grace_s=10.0, opt_out_key="") == []


def test_a_message_that_must_offer_a_key_has_one() -> None:
    assert faults(rules="us", opt_out_key="") == [KEY]
    assert faults(rules="cautious", opt_out_key="") == [KEY]
    assert faults(rules="uk", opt_out_key="") == [], "there a number is enough"


def test_detection_listens_within_the_grace_of_the_rules() -> None:
    listens = {"rules": "us", "detection": True, "people_taken_for_machines": 0.02}
    assert faults(**listens, grace_s=2.0) == []
    assert faults(**listens, grace_s=2.5) == [GRACE]

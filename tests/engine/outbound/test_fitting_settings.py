"""What campaigns name must be in the centre."""

from collections.abc import Mapping

import pytest

from campaigns.campaign import CampaignSettings, Mode
from campaigns.campaign_refusals import CampaignRefusal
from domain.identity import ProjectName
from engine.outbound.fitting_settings import setting_faults
from ivr_flows.flow import Flow
from ivr_flows.loader import load
from tests.console.floor import BANK, TEA, small_centre

CENTRE = small_centre()
SETTINGS = CampaignSettings(title="Spring", queue="sales", line="carrier")


def flow(nodes: str) -> Flow:
    text = f"""
flow: offer
languages: [en]
start: first
prompts: {{}}
nodes:
  first: {nodes}
  stop: {{kind: opt_out, exits: {{next: bye}}}}
  bye: {{kind: hangup}}
"""
    return load(text, "offer.yaml")


def faults(
    settings: CampaignSettings, flows: Mapping[str, Flow] | None = None, project: str = TEA
) -> list[tuple[CampaignRefusal, str, str]]:
    found = setting_faults(CENTRE, flows or {}, ProjectName(project), settings)
    return [(one.why, one.setting, one.value) for one in found]


def changed(**settings: object) -> CampaignSettings:
    return CampaignSettings.model_validate(SETTINGS.model_dump() | settings)


def agentless(name: str | None, **more: object) -> CampaignSettings:
    return changed(mode=Mode.AGENTLESS, message={"en": "Hello"}, flow=name, **more)


def test_what_is_there_is_taken() -> None:
    assert faults(SETTINGS) == []


def test_a_queue_must_be_the_projects_own() -> None:
    assert faults(SETTINGS, project=BANK) == [(CampaignRefusal.UNKNOWN, "queue", "sales")]


@pytest.mark.parametrize("setting", ["queue", "line", "calendar"])
def test_what_the_centre_lacks_is_named(setting: str) -> None:
    assert faults(changed(**{setting: "gone"})) == [(CampaignRefusal.UNKNOWN, setting, "gone")]


def test_a_flow_must_be_there_and_fit() -> None:
    to_sales = flow("{kind: queue, queue: sales, exits: {talked: stop, timeout: stop}}")
    to_own = flow("{kind: queue, exits: {talked: stop, timeout: stop}}")
    to_gone = flow("{kind: queue, queue: gone, exits: {talked: stop, timeout: stop}}")
    flows = {"sales": to_sales, "own": to_own, "gone": to_gone}
    assert faults(agentless(None), flows) == []
    assert faults(agentless("sales"), flows) == []
    assert faults(agentless("own"), flows) == []
    missing = (CampaignRefusal.FLOW_NOT_PUBLISHED, "flow", "none")
    assert faults(agentless("none"), flows) == [missing]
    assert faults(agentless("own", queue=None), flows) == [
        (CampaignRefusal.FLOW_NEEDS_QUEUE, "queue", "own")
    ]
    assert faults(agentless("gone"), flows) == [
        (CampaignRefusal.FLOW_LEADS_NOWHERE, "flow", "gone")
    ]


def test_customers_must_be_able_to_ask_for_no_more_calls_if_they_are_to() -> None:
    deaf = load(
        "flow: deaf\nlanguages: [en]\nstart: bye\nprompts: {}\nnodes: {bye: {kind: hangup}}\n",
        "deaf.yaml",
    )
    assert faults(agentless("deaf"), {"deaf": deaf}) == [
        (CampaignRefusal.FLOW_WITHOUT_OPT_OUT, "flow", "deaf")
    ]
    assert faults(agentless("deaf", opt_out_key=""), {"deaf": deaf}) == []


def test_what_the_calling_rules_forbid_is_named() -> None:
    assert faults(changed(rules="us", share=0.05)) == [
        (CampaignRefusal.SHARE_OVER_RULE, "share", "3")
    ]


def test_a_flow_counts_in_campaigns_without_agents_alone() -> None:
    assert faults(changed(flow="none")) == []

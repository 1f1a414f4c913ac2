"""Looks a campaign's settings over: whether what they name is in the centre, and fits, and whether
its calling rules allow them. Pure."""

from collections.abc import Iterator, Mapping

from campaigns.campaign import CampaignSettings, Mode
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.rule_faults import rule_faults
from configuration.flows import with_entered
from domain.centre import Centre
from domain.identity import ProjectName
from ivr_flows.flow import Flow


def setting_faults(
    centre: Centre, flows: Mapping[str, Flow], project: ProjectName, settings: CampaignSettings
) -> Iterator[CampaignRefused]:
    """What is wrong with the settings of a campaign of this project."""
    queues = {queue.name for queue in centre.queues if queue.project == project}
    if settings.queue is not None and settings.queue not in queues:
        yield CampaignRefused(CampaignRefusal.UNKNOWN, "queue", settings.queue)
    if settings.line not in {line.name for line in centre.lines}:
        yield CampaignRefused(CampaignRefusal.UNKNOWN, "line", settings.line)
    if settings.calendar is not None and settings.calendar not in centre.calendars:
        yield CampaignRefused(CampaignRefusal.UNKNOWN, "calendar", settings.calendar)
    yield from rule_faults(settings)
    if settings.mode is Mode.AGENTLESS and settings.flow is not None:
        yield from _flow_faults(centre, flows, settings.flow, settings)


def _flow_faults(
    centre: Centre, flows: Mapping[str, Flow], name: str, settings: CampaignSettings
) -> Iterator[CampaignRefused]:
    if name not in flows:
        yield CampaignRefused(CampaignRefusal.FLOW_NOT_PUBLISHED, "flow", name)
        return
    if any(one.needs_queue for one in with_entered(name, flows)) and settings.queue is None:
        yield CampaignRefused(CampaignRefusal.FLOW_NEEDS_QUEUE, "queue", name)
    all = with_entered(name, flows)
    for queue in sorted({q for one in all for q in one.queues} - {q.name for q in centre.queues}):
        yield CampaignRefused(CampaignRefusal.FLOW_LEADS_NOWHERE, "flow", queue)
    if settings.opt_out_key and not any(one.lets_opt_out for one in all):
        yield CampaignRefused(CampaignRefusal.FLOW_WITHOUT_OPT_OUT, "flow", name)

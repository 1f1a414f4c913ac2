"""Makes the messages for customers for whom no agent is free, before anybody needs them."""

from collections.abc import Mapping
from types import MappingProxyType

from campaigns.campaign import Mode
from campaigns.stored_campaign import Campaign
from domain.prompts import PromptText
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.flow import Flow
from prompts.sounds import PromptError, Prompts


class CampaignMessages:
    """The campaigns' messages as Asterisk's Read plays them: sounds joined by ``&``."""

    def __init__(self, prompts: Prompts, flows: Mapping[str, Flow] = MappingProxyType({})) -> None:
        self._prompts = prompts
        self._flows = flows

    async def sound(self, campaign: Campaign) -> str:
        """The campaign's message in all its languages, one after the other; "" if there is none,
        or none can be made, which has been logged. The prompts of its flow are made, too."""
        sounds = []
        for language, text in campaign.settings.message.items():
            said = PromptText(f"campaign-{campaign.name}", language, text)
            try:
                sounds.append(await self._prompts.sound(said, project=campaign.project))
            except PromptError:
                continue
        flow = self._flows.get(campaign.settings.flow or "")
        if flow is not None and campaign.settings.mode is Mode.AGENTLESS:
            await self._prompts.prepare(texts_to_prepare(flow), project=campaign.project)
        return "&".join(sounds)

"""Makes the messages for customers for whom no agent is free, before anybody needs them."""

from campaigns.campaign_service import Campaign
from domain.prompts import PromptText
from prompts.sounds import PromptError, Prompts


class CampaignMessages:
    """The campaigns' messages as Asterisk's Read plays them: sounds joined by ``&``."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    async def sound(self, campaign: Campaign) -> str:
        """The campaign's message in all its languages, one after the other; "" if there is none,
        or none can be made, which has been logged."""
        sounds = []
        for language, text in campaign.settings.message.items():
            name = f"campaign-{campaign.name}"
            try:
                sounds.append(await self._prompts.sound(PromptText(name, language, text)))
            except PromptError:
                continue
        return "&".join(sounds)

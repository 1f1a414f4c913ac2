"""Shares agents out among campaigns that could all have them. Pure."""

from collections.abc import Mapping, MutableMapping, Set

from domain.identity import AgentCode, CampaignName


def even_out(
    shares: MutableMapping[CampaignName, set[AgentCode]],
    able: Mapping[CampaignName, Set[AgentCode]],
    wanting: Set[CampaignName],
    ready: Set[AgentCode],
) -> None:
    """Give each agent to one campaign, so that those that want agents have about as many.

    ``shares`` is who has whom, and is changed; ``able`` has for each of them the agents who could
    serve its customers, ``wanting`` those with somebody to call. Whoever is in a campaign stays
    there unless another one wants them more; only those who are ``ready`` are moved, for the others
    are in a call or still at its end.
    """
    taken = set[AgentCode]().union(*shares.values())
    for agent in sorted(set[AgentCode]().union(*able.values()) - taken):
        for_whom = [name for name in shares if agent in able[name]]
        poorest = min(for_whom, key=lambda name: (name not in wanting, len(shares[name]), name))
        shares[poorest].add(agent)
    while _move_one(shares, able, wanting, ready):
        pass


def _move_one(
    shares: Mapping[CampaignName, set[AgentCode]],
    able: Mapping[CampaignName, Set[AgentCode]],
    wanting: Set[CampaignName],
    ready: Set[AgentCode],
) -> bool:
    """Move one agent to a campaign that wants them more. Returns whether there was one."""
    for to in sorted(wanting, key=lambda name: (len(shares[name]), name)):
        for off in sorted(shares, key=lambda name: (name in wanting, -len(shares[name]), name)):
            if off == to or (off in wanting and len(shares[off]) - len(shares[to]) < 2):
                continue
            if movable := shares[off] & able[to] & ready:
                agent = min(movable)
                shares[off].discard(agent)
                shares[to].add(agent)
                return True
    return False

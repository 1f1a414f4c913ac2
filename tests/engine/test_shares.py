"""Agents who could serve several campaigns count for one of them."""

from hypothesis import given
from hypothesis import strategies as st

from domain.identity import AgentCode, CampaignName
from engine.outbound.shares import even_out

A, B = CampaignName("a"), CampaignName("b")
FOUR = {AgentCode(str(n)) for n in range(4)}


def shared(
    before: dict[CampaignName, set[AgentCode]], wanting: set[CampaignName], ready: set[AgentCode]
) -> dict[CampaignName, int]:
    shares = {A: set(before.get(A, ())), B: set(before.get(B, ()))}
    even_out(shares, {A: FOUR, B: FOUR}, wanting, ready)
    return {name: len(share) for name, share in shares.items()}


def test_two_that_want_agents_get_as_many() -> None:
    assert shared({}, {A, B}, FOUR) == {A: 2, B: 2}


def test_one_that_begins_later_gets_its_share_of_those_who_are_ready() -> None:
    assert shared({A: FOUR}, {A, B}, FOUR) == {A: 2, B: 2}
    assert shared({A: FOUR}, {A, B}, {AgentCode("1")}) == {A: 3, B: 1}
    assert shared({A: FOUR}, {A, B}, set()) == {A: 4, B: 0}


def test_one_without_leads_keeps_nobody_from_the_other() -> None:
    assert shared({A: FOUR}, {B}, FOUR) == {A: 0, B: 4}


def test_nobody_moves_while_there_are_no_leads() -> None:
    assert shared({A: FOUR}, set(), FOUR) == {A: 4, B: 0}


names = st.sampled_from([CampaignName(name) for name in "abcd"])
agents = st.sampled_from([AgentCode(str(n)) for n in range(7)])


@given(
    st.dictionaries(names, st.frozensets(agents), min_size=1),
    st.frozensets(names),
    st.frozensets(agents),
    st.dictionaries(agents, names),
)
def test_each_agent_is_in_one_that_they_can_serve(
    able: dict[CampaignName, frozenset[AgentCode]],
    wanting: frozenset[CampaignName],
    ready: frozenset[AgentCode],
    before: dict[AgentCode, CampaignName],
) -> None:
    shares = {name: {a for a in who if before.get(a) == name} for name, who in able.items()}
    stay = {a: name for name, share in shares.items() for a in share if a not in ready}
    even_out(shares, able, wanting & able.keys(), ready)
    shared_out = [agent for share in shares.values() for agent in share]
    assert sorted(shared_out) == sorted(set().union(*able.values()))
    assert all(shares[name] <= able[name] for name in shares)
    assert all(agent in shares[name] for agent, name in stay.items())

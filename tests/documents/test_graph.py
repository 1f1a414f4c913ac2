"""Graphs that people draw, also very large ones: what can be reached, and what goes round."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from documents.graph.graph import loop_in, reached, without_way_to

NODES = "abcdef"


@given(st.fixed_dictionaries({node: st.sets(st.sampled_from(NODES + "x")) for node in NODES}))
def test_a_loop_is_found_exactly_where_there_is_one(ways: dict[str, set[str]]) -> None:
    on_one = {node for node in ways if node in reached(ways[node], ways)}
    loop = loop_in(ways)
    assert bool(loop) == bool(on_one)
    assert len(set(loop)) == len(loop) and set(loop) <= on_one
    assert all(after in ways[before] for before, after in pairwise([*loop, *loop[:1]]))


@given(st.fixed_dictionaries({node: st.sets(st.sampled_from(NODES)) for node in NODES}))
def test_who_has_no_way_to_an_end_reaches_none(ways: dict[str, set[str]]) -> None:
    ends = {"a", "b"}
    assert without_way_to(ends, ways) == {n for n in ways if not reached([n], ways) & ends}


def test_a_very_long_way_takes_no_longer_than_it_is() -> None:
    """What takes time by the square of the nodes would take days here."""
    way = [f"n{n:07}" for n in range(300_000)]
    chain = {**{before: {after} for before, after in pairwise(way)}, way[-1]: set[str]()}
    assert loop_in(chain) == []
    assert loop_in({**chain, way[-1]: {way[0]}}) == way

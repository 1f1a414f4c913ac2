"""The centre that the controller runs, made of whatever a directory has."""

from hypothesis import given, settings

from centre.directory import Directory
from centre.kinds import Kind
from centre.running import centre_of
from tests.centre.any_directory import directories


@settings(max_examples=30, deadline=None)
@given(directories())
def test_a_centre_is_made_of_any_directory(directory: Directory) -> None:
    """Also of one whose things name others that aren't there."""
    centre = centre_of(directory)
    assert [agent.code for agent in centre.agents] == list(directory.things.get(Kind.AGENT, {}))
    assert len(centre.hotlines) == len(directory.things.get(Kind.HOTLINE, {}))

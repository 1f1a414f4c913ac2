"""A state folder belongs to one Offhook at a time, and only ours is emptied."""

import stat
from pathlib import Path

import pytest

from offhook.stack_error import StackError
from offhook.state_folder import claim, free_state


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    with claim(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with pytest.raises(StackError, match=f"^{folder} is in use by another Offhook; stop that"):
            claim(folder)
        with pytest.raises(StackError, match="in use"):
            free_state(folder)
    claim(folder).close()


def test_only_our_own_folder_is_emptied(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    free_state(ours)
    (ours / "secrets.json").write_text("{}")
    (ours / "asterisk" / "conf").mkdir(parents=True)
    free_state(ours)
    assert [entry.name for entry in ours.iterdir()] == ["in-use.lock"]
    (tmp_path / "home").mkdir()
    letter = tmp_path / "home" / "letter"
    letter.write_text("dear")
    with pytest.raises(StackError, match="is not one of Offhook's folders and is not emptied"):
        free_state(tmp_path / "home")
    assert letter.read_text() == "dear"


def test_a_link_in_it_is_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    ours = tmp_path / "ours"
    free_state(ours)
    (ours / "link").symlink_to(elsewhere)
    free_state(ours)
    assert (elsewhere / "kept").exists() and not (ours / "link").exists()

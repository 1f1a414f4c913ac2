"""The list of test modules that stay in one worker is right."""

from pathlib import Path

from tests.side_by_side import TOGETHER

ROOT = Path(__file__).resolve().parents[2]


def test_modules_that_share_what_they_start_stay_together() -> None:
    sharing = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if 'asyncio(loop_scope="module")' in file.read_text("utf-8") and file != Path(__file__)
    ]
    assert sharing
    assert [module for module in sharing if not module.startswith(TOGETHER)] == []


def test_what_stays_together_is_there() -> None:
    assert [module for module in TOGETHER if not (ROOT / module).exists()] == []

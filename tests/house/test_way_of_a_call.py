"""The way of one call in docs/architecture.md: its files are there, each in one place."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_contracts import ROOT

_ROW = re.compile(r"^\| \d+ \|.*\| ([^|]+) \|$", re.MULTILINE)
_COUNT = re.compile(r"it goes through (\d+) files, in this order; the (\w+) of the last row")
_NUMBERS = {"three": 3, "four": 4, "five": 5}


def section() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    return text.partition("## The way of one call\n")[2].partition("\n## ")[0]


def files() -> Iterator[list[Path]]:
    """The files of each row; one that is named without a folder lies beside the one before it."""
    for where in _ROW.findall(section()):
        folder, found = Path(), []
        for name in re.findall(r"`([^`]+)`", where):
            path = Path(name) if "/" in name else folder / name
            folder = path.parent
            found.append(path)
        yield found


def test_all_files_on_the_way_are_there() -> None:
    missing = [str(file) for row in files() for file in row if not (ROOT / file).is_file()]
    assert missing == []


def test_none_has_two_places() -> None:
    places = Counter(file for row in files() for file in row)
    assert [str(file) for file, number in places.items() if number > 1] == []


def test_they_are_as_many_as_it_says() -> None:
    *way, beside = files()
    said = _COUNT.search(section())
    assert said is not None
    assert (sum(map(len, way)), len(beside)) == (int(said[1]), _NUMBERS[said[2]])

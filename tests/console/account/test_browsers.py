"""Browsers by name."""

import pytest

from console.account.browsers import browser_name

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox 140 · Linux"),
        (CHROME, "Chrome 143 · Windows"),
        (f"{CHROME} Edg/143.0.0.0", "Edge 143 · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari 18 · iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_browser_is_named_as_people_know_it(said: str, name: str) -> None:
    assert browser_name(said) == name

"""The console behind a reverse proxy: whose address counts, and which Origin is accepted."""

from dataclasses import replace
from typing import Any

import pytest

from console.kit.context import INSTALLATION
from console.kit.proxy import asker
from tests.console.conftest import Console, Visit

PROXY = {"127.0.0.1", "10.0.0.2"}


@pytest.mark.parametrize(
    ("forwarded_for", "who"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the asker made up the first
        ("203.0.113.7, 10.0.0.2", "203.0.113.7"),  # two proxies in a row
        ("", "127.0.0.1"),
        (" , ", "127.0.0.1"),
        ("10.0.0.2", "127.0.0.1"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_who_asks(forwarded_for: str, who: str) -> None:
    assert asker(forwarded_for, "127.0.0.1", PROXY) == who


def _settle(console: Console, **changes: Any) -> None:
    console.app[INSTALLATION] = replace(console.app[INSTALLATION], **changes)


async def _guess(visit: Visit, name: str, address: str) -> int:
    client = await visit()
    await client.get("/login")
    answer = await client.post(
        "/login", {"name": name, "password": "wrong"}, headers={"X-Forwarded-For": address}
    )
    return answer.status


async def test_guesses_from_elsewhere_lock_nobody_else_out(console: Console, visit: Visit) -> None:
    _settle(console, proxies=frozenset({"127.0.0.1"}))
    seen = [await _guess(visit, f"nobody{n}", "203.0.113.7") for n in range(31)]
    assert seen == [401] * 30 + [429]
    assert await _guess(visit, "sue", "203.0.113.8") == 401


async def test_nobody_is_believed_who_is_no_proxy(visit: Visit) -> None:
    seen = [await _guess(visit, f"nobody{n}", f"203.0.113.{n}") for n in range(31)]
    assert seen == [401] * 30 + [429]


async def test_behind_tls_cookies_are_sent_over_tls_only(console: Console, visit: Visit) -> None:
    _settle(console, public_url="https://console.example")
    page = await (await visit()).get("/login")
    assert "Secure" in page.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("origin", "status"), [("https://console.example", 303), ("https://evil.example", 403)]
)
async def test_a_proxy_may_rewrite_host(
    origin: str, status: int, console: Console, visit: Visit
) -> None:
    _settle(console, public_url="http://console.example")
    client = await visit("sue")
    headers = {"Origin": origin.replace("https", "http")}
    answer = await client.post("/language", {"language": "en"}, headers=headers)
    assert answer.status == status

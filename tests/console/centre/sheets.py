"""What tests of agents' sheets send, and what they look for."""

import io
import re
from collections.abc import Sequence
from typing import Any

from aiohttp import ClientResponse
from openpyxl import load_workbook

from centre.agent_columns import COLUMNS
from documents.sheet_writing import csv_file, xlsx_file
from tests.console.browserless import Client

HERE = "/centre/agents-sheet"
ENGLISH = {"Accept-Language": "en"}
HEADINGS = tuple(column.headings["en"] for column in COLUMNS)


def rows(*agents: Sequence[str], headings: Sequence[str] = HEADINGS) -> list[list[str]]:
    """A sheet's rows: each agent's cells, the last of which may be left out."""
    return [list(headings), *([*one, *[""] * (len(headings) - len(one))] for one in agents)]


def a_csv(*agents: Sequence[str]) -> bytes:
    """A sheet as CSV."""
    return csv_file(rows(*agents))


def an_xlsx(*agents: Sequence[str]) -> bytes:
    """A sheet as XLSX."""
    return xlsx_file(rows(*agents))


def cells(data: bytes) -> list[list[str]]:
    """What an XLSX file holds."""
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    return [[str(value or "") for value in row] for row in sheet.iter_rows(values_only=True)]


async def looked_at(client: Client, data: bytes, name: str = "agents.csv") -> str:
    """The address of the preview of a file."""
    await client.get(HERE)
    answer = await client.send(HERE, data, name)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def text_at(client: Client, path: str, language: str = "en", status: int = 200) -> str:
    """A page."""
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status == status, await answer.text()
    return await answer.text()


async def take(client: Client, sheet: str, **fields: Any) -> ClientResponse:
    """Confirm what the preview shows now."""
    found = re.search(r'name="look" value="(\d+)"', await text_at(client, sheet))
    assert found
    form = {"look": found[1], "users": "yes", "change.note": "newcomers", **fields}
    return await client.post(f"{sheet}/take", form, headers=ENGLISH)


async def handed_out(client: Client, sheet: str) -> list[dict[str, str]]:
    """The new PINs and passwords, by heading."""
    answer = await client.post(f"{sheet}/access", {"as": "xlsx"}, headers=ENGLISH)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    headings, *found = cells(await answer.read())
    return [dict(zip(headings, one, strict=True)) for one in found]


def counts(text: str) -> dict[str, int]:
    """How many rows a preview calls what."""
    found = re.findall(r'data-count="(\w+)">\w+ (\d+)<', text)
    return {state: int(count) for state, count in found if count != "0"}

"""Fills in the console's forms for a benchmark, as a person does in a browser: open, type, save."""

from collections.abc import Callable, Sequence
from html.parser import HTMLParser

import aiohttp

from console.kit.guard import SESSION_COOKIE
from domain.errors import OffhookError

SAVED = ("?done=", 'id="credentials"')
"""Either the next page's address says so, or the page shows what it shows this once."""


class NotSaved(OffhookError):  # noqa: N818
    """The console did not take a form; the text says which, and how it answered."""


class Form:
    """What a form holds, by name; a browser sends each of these."""

    def __init__(self) -> None:
        self.action = ""
        self.fields: dict[str, list[str]] = {}

    def put(self, name: str, *values: str) -> None:
        """Type this, or tick these boxes. Raises KeyError if the form has no such field."""
        if name not in self.fields:
            raise KeyError(name)
        self.fields[name] = list(values)

    def get(self, name: str) -> str:
        """What stands there."""
        return next(iter(self.fields[name]), "")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is sent."""
        return [(name, value) for name, values in self.fields.items() for value in values]


class ConsoleForms:
    """The console as a signed-in user has it in a browser."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Origin": url, "Cookie": f"{SESSION_COOKIE}={token}"}

    async def fill(
        self, path: str, fill: Callable[[Form], None], *, sending: Callable[[], None]
    ) -> None:
        """Open the page at ``path``, ``fill`` its form, and save it. ``sending`` is called just
        before it is sent. Raises NotSaved."""
        async with self._http.get(self._url + path, headers=self._headers) as page:
            text = await page.text()
        form = next((f for f in forms_of(text) if "change.note" in f.fields), None)
        if page.status != 200 or form is None:
            raise NotSaved(f"{path} has no form to fill in ({page.status})")
        fill(form)
        sending()
        async with self._http.post(
            self._url + form.action, headers=self._headers, data=form.pairs
        ) as answer:
            said = f"{answer.url} {await answer.text()}"
        if answer.status != 200 or not any(mark in said for mark in SAVED):
            raise NotSaved(f"{path} was not saved ({answer.status} at {answer.url})")

    async def watch(self, path: str, take: Callable[[str], None]) -> None:
        """Keep a live page open; ``take`` is given each frame. Ends when cancelled."""
        async with self._http.ws_connect(self._url + path, headers=self._headers) as socket:
            async for message in socket:
                take(message.data)


def forms_of(page: str) -> Sequence[Form]:
    """The forms that post something, as they are before anybody has typed."""
    reader = _FormReader()
    reader.feed(page)
    return reader.forms


class _FormReader(HTMLParser):
    """Reads inputs and selects. Of a text area it reads nothing: it is sent empty."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and found.get("method") == "post":
            self._form = Form()
            self._form.action = found.get("action", "")
            self.forms.append(self._form)
        if self._form is None:
            return
        name, values = found.get("name", ""), self._form.fields
        if tag == "select":
            self._select = name
            values[name] = []
        elif tag == "option" and self._select and ("selected" in found or not values[self._select]):
            values[self._select] = [found.get("value", "")]  # the first one, if none is chosen
        elif tag in ("input", "textarea") and name:
            ticked = found.get("type") != "checkbox" or "checked" in found
            values.setdefault(name, []).extend([found.get("value", "")] if ticked else [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""

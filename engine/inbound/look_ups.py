"""Asks services on the network for flows. Nothing that answers can harm the centre or a call.

An address inside the centre is refused unless it is allowed, whether the flow names it, a name
leads there or a service redirects to it. What comes back is read up to a limit and is plain JSON,
or it counts as no answer. Nothing of a question or an answer is logged but the service's host.
"""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Collection
from time import monotonic
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from engine.inbound.repeated_faults import RepeatedFaults
from ivr_flows.steps import Json, LookedUp, LookUp, LookUpFailed, LookUpFault
from machine.host_names import HostNames
from publishing.inner_services import InnerService, may_be_asked

log = structlog.get_logger()

MOST_REDIRECTS = 3
AT_A_TIME = 200
"""Questions that are asked at the same time, by all calls; more wait, and time passes for them."""
OF_A_HOST = 30
"""Of those, the ones that one host is asked: a service that hangs takes no room from others."""
IN_ALL_S = 45.0
"""A caller waits no longer than this, however many tries there are."""
DEEPEST = 20
MOST_SESSIONS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN_AFTER_S = 0.2
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
_NO_ADDRESS = (ValueError, LookupError)
"""What yarl raises of a text that is no address, such as ``//[v1.a]@``."""
_NUMBER = re.compile(r"(?i:0x[0-9a-f]*|[0-9]+)")


class _NoEntry(OSError):  # noqa: N818 - so that aiohttp takes it for a failed resolution
    """The address is inside the centre, and not allowed."""


class _Guard(AbstractResolver):
    """Resolves names to addresses that may be asked."""

    def __init__(self, names: HostNames, allowed: Callable[[], Collection[InnerService]]) -> None:
        self._names = names
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            addresses = await self._names.addresses(host, family)
        except UnicodeError as error:
            raise socket.gaierror(socket.EAI_NONAME, "this is no name") from error
        allowed = self._allowed()
        fine = [(kind, one) for kind, one in addresses if may_be_asked(host, port, one, allowed)]
        if addresses and not fine:
            raise _NoEntry
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, one in fine
        ]

    async def close(self) -> None:
        """Nothing is held."""


class LookUps:
    """Carries out ``LookUp`` steps.

    ``secret`` returns a project's secret by its name, None if there is none; ``allowed`` the
    services inside the centre that flows may ask, ``names`` resolves the names of all.
    """

    def __init__(
        self,
        secret: Callable[[str, str], str | None],
        allowed: Callable[[], Collection[InnerService]] = tuple,
        *,
        names: HostNames | None = None,
        of_a_host: int = OF_A_HOST,
        in_all_s: float = IN_ALL_S,
    ) -> None:
        self._secret = secret
        self._allowed = allowed
        self._names = names or HostNames()
        self._of_a_host = of_a_host
        self._in_all_s = in_all_s
        self._sessions: dict[tuple[InnerService, ...], aiohttp.ClientSession] = {}
        """One for what is allowed, and for a while those for what was: a connection that is kept,
        or an address that is remembered, must not outlast the permission."""
        self._room = asyncio.Semaphore(AT_A_TIME)
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._faults = RepeatedFaults()

    async def ask(self, step: LookUp, project: str = "") -> LookedUp | LookUpFailed:
        """The service's answer, or why there is none. Each try takes ``timeout_s`` at most.
        ``project`` is the caller's, whose secrets are sent."""
        secrets: dict[str, str] = {}
        for header, name in step.secrets.items():
            if (value := self._secret(project, name)) is None:
                return self._failed(step, LookUpFailed(LookUpFault.NO_SECRET), monotonic())
            secrets[header] = value
        began = monotonic()
        failed = LookUpFailed(LookUpFault.TIMEOUT)
        try:
            async with asyncio.timeout(self._in_all_s):
                for attempt in range(step.tries):
                    if attempt:
                        await asyncio.sleep(_AGAIN_AFTER_S)
                    try:
                        return await self._tried(step, secrets)
                    except _Fault as found:
                        failed = LookUpFailed(found.why, found.status)
                    # What may have been done is not asked for a second time.
                    if failed.why not in (_AGAIN if step.method == "GET" else _NEVER_ASKED):
                        break
        except TimeoutError:
            failed = LookUpFailed(LookUpFault.TIMEOUT)
        return self._failed(step, failed, began)

    async def _tried(self, step: LookUp, secrets: dict[str, str]) -> LookedUp:
        """Ask once, when there is room. Raises _Fault."""
        host = _host(step)
        room = self._rooms.get(host)
        if room is None:
            room = self._rooms[host] = asyncio.Semaphore(self._of_a_host)
        try:
            # The host's own room first: those that wait for it take none of the others'.
            async with asyncio.timeout(step.timeout_s), room, self._room:
                return await self._once(step, secrets)
        except TimeoutError:
            raise _Fault(LookUpFault.TIMEOUT) from None

    async def close(self) -> None:
        """End all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _failed(self, step: LookUp, failed: LookUpFailed, began: float) -> LookUpFailed:
        host = _host(step)
        if times := self._faults.times(f"{host} {failed.why.value}"):
            status = {} if failed.status is None else {"status": failed.status}
            log.warning(
                "a look-up gave nothing",
                node=step.node,
                host=host,
                why=failed.why.value,
                **status,
                seconds=round(monotonic() - began, 2),
                times=times,
            )
        return failed

    async def _once(self, step: LookUp, secrets: dict[str, str]) -> LookedUp:
        session = await self._session()
        try:
            url = URL(step.url)
        except _NO_ADDRESS as error:  # the checker reads addresses a little differently
            raise _Fault(LookUpFault.REFUSED) from error
        if step.query:
            url = url.update_query(step.query)
        method, body = step.method, step.body
        # An encoded answer could be far larger than what is read of it.
        headers = {**step.headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            asked = session.request(
                method,
                url,
                json=body if method == "POST" else None,
                headers={**headers, **secrets},
                allow_redirects=False,
                max_line_size=8190,
                max_field_size=8190,
            )
            try:
                async with asked as response:
                    location = response.headers.get("Location")
                    if response.status not in _REDIRECTS or not location:
                        return LookedUp(await _answer(response, step.largest_bytes))
            except _Fault:
                raise
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Not the caller left: the session was closed while a name was being resolved.
                raise _Fault(LookUpFault.UNREACHABLE) from error
            except aiohttp.ClientConnectorError as error:
                if isinstance(error.os_error, _NoEntry):
                    raise _Fault(LookUpFault.REFUSED) from error
                # Whoever redirected what was to be done may have done it.
                lost = _not_reached(error.os_error) if method == step.method else LookUpFault.LOST
                raise _Fault(lost) from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # The question may have arrived.
                lost = LookUpFault.UNREACHABLE if step.method == "GET" else LookUpFault.LOST
                raise _Fault(lost) from error
            onward = _onward(url, location, response.status)
            self._check(onward)
            if onward.origin() != url.origin():
                secrets = {}  # they are for the service that the flow names, for nobody else
            if response.status not in (307, 308):
                method, body = "GET", None
            url = onward
        raise _Fault(LookUpFault.STATUS, response.status)  # it leads on for ever

    async def _session(self) -> aiohttp.ClientSession:
        allowed = tuple(self._allowed())
        session = self._sessions.pop(allowed, None)
        if session is None:
            connector = aiohttp.TCPConnector(resolver=_Guard(self._names, lambda: allowed), limit=0)
            session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        self._sessions[allowed] = session  # the newest is the last
        if len(self._sessions) > MOST_SESSIONS:
            await self._sessions.pop(next(iter(self._sessions))).close()
        return session

    def _check(self, url: URL) -> None:
        """Raise _Fault for an address that is written as such and may not be asked."""
        try:
            host = url.host  # which is decoded now: not all that begins with xn-- can be
        except _NO_ADDRESS as error:
            raise _Fault(LookUpFault.REFUSED) from error
        if url.scheme not in ("http", "https") or not host:
            raise _Fault(LookUpFault.REFUSED)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            # A name, which the guard resolves. What ends like an address and is none would be read
            # in more ways than one, and not by the guard.
            if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
                raise _Fault(LookUpFault.REFUSED) from None
            return
        if not may_be_asked(host, url.port, host, self._allowed()):
            raise _Fault(LookUpFault.REFUSED)


class _Fault(Exception):  # noqa: N818
    """A try gave nothing."""

    def __init__(self, why: LookUpFault, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


_NEVER_ASKED = frozenset({LookUpFault.NO_NAME, LookUpFault.UNREACHABLE})
_AGAIN = _NEVER_ASKED | {LookUpFault.TIMEOUT, LookUpFault.STATUS}


def _host(step: LookUp) -> str:
    try:
        return URL(step.url).host or ""
    except _NO_ADDRESS:
        return ""


def _not_reached(error: OSError) -> LookUpFault:
    unknown = isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME
    return LookUpFault.NO_NAME if unknown else LookUpFault.UNREACHABLE


def _onward(url: URL, location: str, status: int) -> URL:
    try:
        return url.join(URL(location))
    except _NO_ADDRESS as error:
        raise _Fault(LookUpFault.STATUS, status) from error


async def _answer(response: aiohttp.ClientResponse, largest: int) -> Json:
    if response.status in (404, 410):
        raise _Fault(LookUpFault.NOT_FOUND)
    if not 200 <= response.status < 300:
        raise _Fault(LookUpFault.STATUS, response.status)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _Fault(LookUpFault.NOT_JSON)
    read = bytearray()
    async for chunk in response.content.iter_chunked(16 * 1024):
        read += chunk
        if len(read) > largest:
            raise _Fault(LookUpFault.TOO_LARGE)
    try:
        found: Any = json.loads(read.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _Fault(LookUpFault.NOT_JSON) from error
    if _depth_over(found, DEEPEST):
        raise _Fault(LookUpFault.NOT_JSON)
    answer: Json = found
    return answer


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _depth_over(value: Any, most: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if most == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_depth_over(one, most - 1) for one in inner)

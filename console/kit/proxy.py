"""Finds the asker's address behind a reverse proxy that is trusted to report it."""

from collections.abc import Collection

from aiohttp import web

from console.kit.context import INSTALLATION
from console.kit.features import Answer


@web.middleware
async def see_through_proxy(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Gives the request the asker's own address: wrong passwords are counted by it, and the
    audit log names it."""
    proxies = request.app[INSTALLATION].proxies
    if request.remote in proxies:
        told = ",".join(request.headers.getall("X-Forwarded-For", []))
        request = request.clone(remote=asker(told, request.remote or "", proxies))
    return await handler(request)


def asker(forwarded_for: str, remote: str, proxies: Collection[str]) -> str:
    """The last address in X-Forwarded-For that is not one of our proxies.

    Each proxy appends the address that asked it; anybody may have written what comes before.
    ``remote`` is the last proxy itself, and is returned if the header is empty.
    """
    for address in reversed([part.strip() for part in forwarded_for.split(",")]):
        if address and address not in proxies:
            return address
    return remote

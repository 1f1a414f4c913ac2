"""Behind a reverse proxy: who asks is who asked the proxy, as a proxy of ours tells it."""

from collections.abc import Collection

from aiohttp import web

from console.kit.context import INSTALLATION
from console.kit.features import Answer


@web.middleware
async def see_through_proxy(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Give the request the asker's own address: guesses at passwords are counted by it, and
    the audit log names it."""
    proxies = request.app[INSTALLATION].proxies
    if request.remote in proxies:
        told = ",".join(request.headers.getall("X-Forwarded-For", []))
        request = request.clone(remote=asker(told, request.remote or "", proxies))
    return await handler(request)


def asker(forwarded_for: str, remote: str, proxies: Collection[str]) -> str:
    """The last address in X-Forwarded-For that is no proxy of ours.

    What stands before it anybody may have written. Each proxy appends who asked it; ``remote``
    is the last proxy itself, and the answer if the header has nothing to say.
    """
    for address in reversed([part.strip() for part in forwarded_for.split(",")]):
        if address and address not in proxies:
            return address
    return remote

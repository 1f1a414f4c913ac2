"""Says a fault of a flow, or of its tests, in the language of whoever asks."""

from aiohttp import web

from console.kit.rendering import says
from documents.document_errors import DocumentError


def fault_text(request: web.Request, fault: DocumentError) -> str:
    """What is wrong and what to do about it, without the place."""

    def translated(text: str) -> str:
        return says(request, text)

    what = fault.what.said(translated)
    return what if fault.remedy is None else f"{what}; {fault.remedy.said(translated)}"

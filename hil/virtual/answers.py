"""What the handset's network clients brought back, in the reference's terms; nothing is lost.

The clients sort by what a protocol says (`hil.virtual.transfer`), the reference by what a resync
makes of it (`hil.reference.responses`).
"""

from __future__ import annotations

import base64

from hil.reference.phone import Retrieve
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer
from hil.virtual.transfer import Failed, Fetched, NotFound, Redirected, Transfer, Unauthorized


def authorization(retrieve: Retrieve) -> tuple[tuple[str, str], ...]:
    """Credentials for a Basic challenge (RFC 7617), only once the server has asked for them."""
    if not retrieve.authorize:
        return ()
    options = retrieve.fetch.options
    pair = f"{options.get('uid', '')}:{options.get('pwd', '')}".encode()
    return (("Authorization", "Basic " + base64.b64encode(pair).decode()),)


def tftp_answer(transfer: Transfer) -> Answer:
    """The end of a TFTP transfer."""
    match transfer:
        case Fetched(body):
            return TftpAnswer(body, size=transfer.size, sha256=transfer.sha256)
        case NotFound(text):
            return TftpAnswer(error=1, text=text)
        case Failed(text, code):
            if code is None:
                return NoAnswer(text)
            return TftpAnswer(error=code, text=text.removeprefix("tftp: "))
        case Redirected() | Unauthorized():
            return NoAnswer("no TFTP answer")


def http_answer(transfer: Transfer) -> Answer:
    """The end of an HTTP exchange."""
    match transfer:
        case Fetched(body, encoding):
            return HttpAnswer(
                200,
                body,
                content_encoding=encoding or None,
                size=transfer.size,
                sha256=transfer.sha256,
            )
        case NotFound():
            return HttpAnswer(404)
        case Redirected(location, status):
            return HttpAnswer(status, location=location)
        case Unauthorized(_, status):
            return HttpAnswer(status)
        case Failed(text, status):
            return NoAnswer(text) if status is None else HttpAnswer(status)

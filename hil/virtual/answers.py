"""What the handset's network clients brought back, in the reference's terms; nothing is lost.

The clients sort by what a protocol says (`hil.virtual.transfer`), the reference by what a resync
makes of it (`hil.reference.responses`).
"""

from __future__ import annotations

from hil import digest
from hil.reference.phone import Retrieve
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer
from hil.virtual.transfer import Failed, Fetched, NotFound, Redirected, Transfer, Unauthorized


def authorization(retrieve: Retrieve, target: str, cnonce: str) -> tuple[tuple[str, str], ...]:
    """The header with the rule's credentials that answers the server's challenge, if it made one.

    ``target`` is the request's, as it goes out.
    """
    challenge, options = retrieve.authorize, retrieve.fetch.options
    if challenge is None:
        return ()
    user, password = options.get("uid", ""), options.get("pwd", "")
    shown = digest.answer(
        digest.read_schemes(challenge.text),
        user,
        password,
        method=retrieve.method,
        uri=target,
        cnonce=cnonce,
    )
    name = "Authorization" if challenge.status == 401 else "Proxy-Authorization"
    # Where a server does not say what it wants, Basic is all that there is to try.
    return ((name, shown or digest.basic_credentials(user, password)),)


def tftp_answer(transfer: Transfer) -> Answer:
    """The end of a TFTP transfer."""
    match transfer:
        case Fetched(body):
            return TftpAnswer(body, size=transfer.size, sha256=transfer.sha256)
        case NotFound(text):
            return TftpAnswer(error=1, text=text)
        case Failed(text, code):
            if code is None:
                return NoAnswer(text, transfer.unreachable)
            return TftpAnswer(error=code, text=text.removeprefix("tftp: "))
        case Redirected() | Unauthorized():
            return NoAnswer("no TFTP answer")


def http_answer(transfer: Transfer) -> Answer:
    """The end of an HTTP exchange."""
    match transfer:
        case Fetched(body, encoding):
            return HttpAnswer(
                transfer.status,
                body,
                content_encoding=encoding or None,
                size=transfer.size,
                sha256=transfer.sha256,
            )
        case NotFound():
            return HttpAnswer(404)
        case Redirected(location, status):
            return HttpAnswer(status, location=location)
        case Unauthorized(challenge, status):
            return HttpAnswer(status, challenge=challenge)
        case Failed(text, status):
            unanswered = NoAnswer(text, transfer.unreachable)
            return unanswered if status is None else HttpAnswer(status)

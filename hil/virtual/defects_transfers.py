"""Defects of how a phone fetches, what it takes for an answer, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hil.lab_time import NANOSECONDS
from hil.reference import decisions as spec
from hil.reference import responses
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.macros import MacroTable
from hil.reference.phone import Retrieve
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer
from hil.reference.rules import Fetch
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.tftp import LOADS, TftpConfig
from hil.wire.tftp_client import Patience
from hil.wire.tftp_terms import Options, Terms

_NOTHING = b"<flat-profile></flat-profile>"
_PROFILES = TftpConfig()
_FILE_NOT_FOUND = responses.TFTP_FILE_NOT_FOUND

# -- options of TFTP -----------------------------------------------------------------------------------


def _own_blksize(proposed: Options, agreed: Terms) -> Terms:
    return replace(agreed, blksize=int(dict(proposed)["blksize"]))


def _own_windowsize(proposed: Options, agreed: Terms) -> Terms:
    # With blocks of 0 octets agreed, every block is too long, and the transfer ends in an ERROR.
    granted = agreed.windowsize == int(dict(proposed)["windowsize"])
    return agreed if granted else replace(agreed, blksize=0)


# -- answers taken for others -------------------------------------------------------------------------


def _404_is_trouble(answer: Answer) -> Answer:
    match answer:
        case HttpAnswer(status=404):
            return HttpAnswer(500)
    return answer


def _trouble_is_404(answer: Answer) -> Answer:
    match answer:
        case HttpAnswer(status=status) if status >= 400:
            return HttpAnswer(404)
        case TftpAnswer(error=error) if error is not None:
            return TftpAnswer(error=_FILE_NOT_FOUND)
    return answer


def _redirect_is_trouble(*statuses: int) -> Callable[[Answer], Answer]:
    def taken(answer: Answer) -> Answer:
        match answer:
            case HttpAnswer(status=status) if status in statuses:
                return HttpAnswer(500)
        return answer

    return taken


def _part_is_whole(answer: Answer) -> Answer:
    match answer:
        case NoAnswer(reason="http: truncated" | "http: malformed answer"):
            return HttpAnswer(200, _NOTHING)
    return answer


def _error_is_end_of_file(answer: Answer) -> Answer:
    match answer:
        case TftpAnswer(error=error) if error not in (None, _FILE_NOT_FOUND):
            return TftpAnswer(_NOTHING)
    return answer


def _server_error_is_success(answer: Answer) -> Answer:
    match answer:
        case HttpAnswer(status=status) if status >= 500:
            return HttpAnswer(200, _NOTHING)
    return answer


def _posted(retrieve: Retrieve) -> Retrieve:
    return replace(retrieve, method="POST")


def _redirects_uncounted(
    answer: Answer, fetch: Fetch, *, redirects: int = 0, **rest: Any
) -> responses.Meaning:
    del redirects
    return responses.meaning(answer, fetch, **rest)


def _redirects_by_rule_syntax(answer: Answer, fetch: Fetch, **rest: Any) -> responses.Meaning:
    match answer:
        case HttpAnswer(status=301 | 302, location=location) if location and "/" not in location:
            return responses.Unusable(f"{location} has no path")
    return responses.meaning(answer, fetch, **rest)


def _redirects_within(allowed: Callable[[str, str], bool]) -> Callable[..., responses.Meaning]:
    """Follow a redirect only from a scheme to another that is allowed."""

    def meaning(answer: Answer, fetch: Fetch, **rest: Any) -> responses.Meaning:
        meant = responses.meaning(answer, fetch, **rest)
        if isinstance(meant, responses.AskAgain) and not allowed(fetch.scheme, meant.fetch.scheme):
            return responses.Unusable("a redirect to another scheme")
        return meant

    return meaning


def _every_3xx(answer: Answer, fetch: Fetch, **rest: Any) -> responses.Meaning:
    match answer:
        case HttpAnswer(status=303 | 307 | 308):
            answer = replace(answer, status=302)
    return responses.meaning(answer, fetch, **rest)


# -- log messages -------------------------------------------------------------------------------------


def _without(kind: LogKind) -> Callable[[LogMessage], LogMessage | None]:
    def message(due: LogMessage) -> LogMessage | None:
        return None if due.kind is kind else due

    return message


def _other_port(due: LogMessage) -> LogMessage | None:
    return replace(due, port=due.port + 1)


def _cut_at_err(due: LogMessage) -> LogMessage | None:
    if due.kind is not LogKind.SUCCESS:
        return due
    return replace(due, text=due.readings[0][0])


def _other_text_on_failure(due: LogMessage) -> LogMessage | None:
    if due.kind is not LogKind.FAILURE:
        return due
    return replace(due, text="Resync done")


def _default_for_empty(kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
    if not table.parameters.raw(kind.value).strip():
        table = replace(table, parameters=table.parameters.without(kind.value))
    return spec.compose_log(kind, table, err)


DEFECTS = (
    Defect(
        "missing-file-never-fails",
        "resync.fails_on_fnf",
        "takes a missing file for success although Resync_Fails_On_FNF is Yes",
        decision(missing_file_fails=lambda parameters: False),
    ),
    Defect(
        "missing-file-always-fails",
        "resync.fails_on_fnf",
        "fails on a missing file although Resync_Fails_On_FNF is No",
        decision(missing_file_fails=lambda parameters: True),
    ),
    Defect(
        "http-404-is-no-fnf",
        "resync.fails_on_fnf",
        "does not take HTTP 404 for file-not-found",
        firmware(answer=_404_is_trouble),
    ),
    Defect(
        "every-error-is-fnf",
        "resync.fails_on_fnf",
        "takes every error that a server tells for file-not-found",
        firmware(answer=_trouble_is_404),
    ),
    Defect(
        "server-error-is-success",
        "resync.failure",
        "takes an HTTP status from 500 on for success",
        firmware(answer=_server_error_is_success),
    ),
    Defect(
        "redirects-not-followed",
        "transfer.redirect",
        "does not follow redirects",
        firmware(answer=_redirect_is_trouble(301, 302)),
    ),
    Defect(
        "moved-permanently-not-followed",
        "transfer.redirect",
        "follows 302 but not 301",
        firmware(answer=_redirect_is_trouble(301)),
    ),
    Defect(
        "redirects-within-scheme",
        "transfer.redirect",
        "does not follow redirects to another scheme",
        decision(meaning=_redirects_within(lambda before, after: before == after)),
    ),
    Defect(
        "redirects-by-http-alone",
        "transfer.redirect",
        "does not follow redirects to TFTP",
        decision(meaning=_redirects_within(lambda before, after: after != "tftp")),
    ),
    Defect(
        "redirects-not-relative",
        "transfer.redirect",
        "does not follow a Location that is relative to the file",
        decision(meaning=_redirects_by_rule_syntax),
    ),
    Defect(
        "every-3xx-followed",
        "resync.failure",
        "follows 303, 307 and 308",
        decision(meaning=_every_3xx),
    ),
    Defect(
        "redirects-uncounted",
        "resync.failure",
        "follows redirects for ever",
        decision(meaning=_redirects_uncounted),
    ),
    Defect(
        "cut-short-accepted",
        "transfer.http",
        "takes an HTTP answer that is cut short or malformed for success",
        firmware(answer=_part_is_whole),
    ),
    Defect(
        "always-post",
        "transfer.http",
        "asks for profiles with POST although the rule has no --post",
        firmware(retrieve=_posted),
    ),
    Defect(
        "tftp-error-is-end-of-file",
        "transfer.tftp",
        "takes a TFTP error in the middle of a file for its end",
        firmware(answer=_error_is_end_of_file),
    ),
    Defect(
        "tftp-impatient",
        "transfer.tftp",
        "gives a TFTP transfer up if the next packet does not come within half a second",
        firmware(tftp=TftpConfig(patience=Patience(timeout=NANOSECONDS // 2, retries=0))),
    ),
    Defect(
        "tftp-only-8-kib",
        "transfer.tftp",
        "gives a TFTP transfer up after 8192 octets",
        firmware(tftp=TftpConfig(patience=Patience(largest=8192))),
    ),
    Defect(
        "tftp-keeps-its-blksize",
        "transfer.tftp",
        "takes a block of the size that the server agreed to for the last, being shorter than its own",
        firmware(
            tftp=replace(_PROFILES, goes_by=_own_blksize),
            tftp_loads=replace(LOADS, goes_by=_own_blksize),
        ),
    ),
    Defect(
        "tftp-windows-needed",
        "transfer.tftp",
        "gives a load up if the server grants fewer blocks in a window than it proposed",
        firmware(tftp_loads=replace(LOADS, goes_by=_own_windowsize)),
    ),
    Defect(
        "certificate-not-verified",
        "transfer.https",
        "accepts any certificate",
        firmware(verifies_server=False, checks_host_name=False),
    ),
    Defect(
        "host-name-not-checked",
        "transfer.https",
        "accepts a certificate for another host",
        firmware(checks_host_name=False),
    ),
    Defect(
        "no-client-certificate",
        "transfer.client_certificate",
        "shows no client certificate",
        firmware(shows_certificate=False),
    ),
    Defect(
        "request-not-logged",
        "log.request",
        "does not send Log_Request_Msg",
        firmware(message=_without(LogKind.REQUEST)),
    ),
    Defect(
        "success-not-logged",
        "log.success",
        "does not send Log_Success_Msg",
        firmware(message=_without(LogKind.SUCCESS)),
    ),
    Defect(
        "success-log-cut",
        "log.success",
        "leaves out $ERR in Log_Success_Msg, and what follows it",
        firmware(message=_cut_at_err),
    ),
    Defect(
        "failure-not-logged",
        "log.failure",
        "does not send Log_Failure_Msg",
        firmware(message=_without(LogKind.FAILURE)),
    ),
    Defect(
        "failure-logged-as-done",
        "log.failure",
        "sends another text than Log_Failure_Msg after a failure",
        firmware(message=_other_text_on_failure),
    ),
    Defect(
        "empty-message-sent",
        "log.request",
        "sends the default message although Log_Request_Msg, Log_Success_Msg or Log_Failure_Msg "
        "is empty",
        decision(compose_log=_default_for_empty),
    ),
    Defect(
        "log-to-port-515",
        "log.request",
        "sends its log messages to the wrong port",
        firmware(message=_other_port),
    ),
)

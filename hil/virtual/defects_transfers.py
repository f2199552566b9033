"""Defects of how a phone fetches, and of what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hil.reference import responses
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.responses import Answer, HttpAnswer, Meaning, NoAnswer, TftpAnswer
from hil.virtual.defect import Defect, decision, firmware


def _meaning(change: str) -> Callable[..., Meaning]:
    def meaning(answer: Answer, fetch: Any, **known: Any) -> Meaning:
        match change, answer:
            case "404-is-error", HttpAnswer(status=404):
                return responses.Unusable("HTTP 404")
            case "error-is-missing", HttpAnswer(status=status) if status >= 500:
                return responses.Missing(f"HTTP {status}")
            case "error-is-missing", TftpAnswer(error=error) if error not in (None, 1):
                return responses.Missing("TFTP error")
            case "no-redirect", HttpAnswer(status=301 | 302):
                return responses.Unusable("HTTP redirect")
            case "only-302", HttpAnswer(status=301):
                return responses.Unusable("HTTP 301")
            case "cut-short-is-whole", NoAnswer():
                return responses.Document(b"<flat-profile></flat-profile>")
            case _:
                return responses.meaning(answer, fetch, **known)

    return meaning


def _without(kind: LogKind) -> Callable[[LogMessage], LogMessage | None]:
    def message(due: LogMessage) -> LogMessage | None:
        return None if due.kind is kind else due

    return message


def _other_port(due: LogMessage) -> LogMessage | None:
    return replace(due, port=due.port + 1)


def _unexpanded_err(due: LogMessage) -> LogMessage | None:
    if due.kind is not LogKind.SUCCESS:
        return due
    return replace(due, readings=tuple((*parts[:1],) for parts in due.readings))


def _success_text_on_failure(due: LogMessage) -> LogMessage | None:
    if due.kind is not LogKind.FAILURE:
        return due
    return replace(due, readings=tuple(("Resync done",) for _ in due.readings))


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
        decision(meaning=_meaning("404-is-error")),
    ),
    Defect(
        "every-error-is-fnf",
        "resync.fails_on_fnf",
        "takes every error of a server for file-not-found",
        decision(meaning=_meaning("error-is-missing")),
    ),
    Defect(
        "redirects-not-followed",
        "transfer.redirect",
        "does not follow redirects",
        decision(meaning=_meaning("no-redirect")),
    ),
    Defect(
        "moved-permanently-not-followed",
        "transfer.redirect",
        "follows 302 but not 301",
        decision(meaning=_meaning("only-302")),
    ),
    Defect(
        "cut-short-accepted",
        "transfer.http",
        "takes an answer that was cut short for success",
        decision(meaning=_meaning("cut-short-is-whole")),
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
        "leaves out what follows $ERR in Log_Success_Msg, and $ERR itself",
        firmware(message=_unexpanded_err),
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
        firmware(message=_success_text_on_failure),
    ),
    Defect(
        "log-to-port-515",
        "log.request",
        "sends its log messages to the wrong port",
        firmware(message=_other_port),
    ),
)

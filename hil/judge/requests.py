"""Requests and answers, translated between what was on the wire and what the reference speaks of."""

from __future__ import annotations

from ipaddress import ip_address

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding
from hil.reference.phone import Phone, Retrieve
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer

_OTHER_RULES = {"Upgrade_Rule": "upgrade.rule", "Report_Rule": "report.rule"}


def compare(
    retrieve: Retrieve, event: ev.ProvisioningRequest, phone: Phone
) -> tuple[str, Finding | None]:
    """Hold a request against the one that is due: the clause that was checked, and what is wrong."""
    fetch = retrieve.fetch
    wanted: dict[str, object] = {"scheme": fetch.scheme, "port": fetch.port, "path": fetch.path}
    got: dict[str, object] = {"scheme": event.scheme, "port": event.port, "path": path_of(event)}
    if isinstance(event, ev.HttpRequest):
        wanted |= {"method": retrieve.method, "host": fetch.host.lower()}
        got |= {"method": event.method, "host": _host(event)}
    wrong = [name for name, value in wanted.items() if got[name] != value]
    clause = fetch_clause(retrieve, phone)
    if not wrong:
        return clause, None
    if wrong[0] == "method":
        clause = "report.when" if retrieve.rule == "Report_Rule" else "transfer.http"
    elif wrong[0] != "path":
        clause = "upgrade.url" if retrieve.rule == "Upgrade_Rule" else "rules.url"
    return clause, Finding(
        clause,
        f"{retrieve.rule} was fetched wrongly ({', '.join(wrong)})",
        f"{retrieve.method} {fetch.url}",
        describe(event),
        at=event.at,
    )


def repeats(event: ev.ProvisioningRequest, retrieve: Retrieve) -> bool:
    """Whether a request is for the same file again."""
    return event.scheme == retrieve.fetch.scheme and path_of(event) == retrieve.fetch.path


def fetch_clause(retrieve: Retrieve, phone: Phone) -> str:
    """The clause that a rule's fetch rests on."""
    if retrieve.rule in _OTHER_RULES:
        return _OTHER_RULES[retrieve.rule]
    if retrieve.rule != "Profile_Rule":
        return "rules.sequence"
    return "rules.url" if "Profile_Rule" in phone.parameters.items_set() else "rules.default"


def answer_of(event: ev.TransferEnded) -> Answer:
    """What the end of a transfer told the phone."""
    if event.outcome in (ev.Outcome.ABORTED, ev.Outcome.TIMED_OUT):
        return NoAnswer(event.detail or event.outcome.value)
    size = event.size if event.sha256 else None
    if event.scheme == "tftp":
        if event.outcome is ev.Outcome.COMPLETE:
            return TftpAnswer(event.body, size=size, sha256=event.sha256)
        missing = event.outcome is ev.Outcome.NOT_FOUND
        return TftpAnswer(error=1 if missing else event.status, text=event.detail)
    # The first of several headers of one name counts, so it is put in last.
    headers = {name.lower(): value for name, value in reversed(event.headers)}
    return HttpAnswer(
        event.status,
        event.body,
        headers.get("location"),
        headers.get("content-encoding"),
        size,
        event.sha256,
    )


def is_address(text: str) -> bool:
    """Whether this is a numeric address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def path_of(event: ev.ProvisioningRequest) -> str:
    """The path of what is asked for, with its slash."""
    # A TFTP file name has no leading slash in some clients; the specification's paths all have one.
    return event.path if event.scheme != "tftp" else "/" + event.path.lstrip("/")


def _host(event: ev.HttpRequest) -> str:
    host = (event.header("host") or "").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host

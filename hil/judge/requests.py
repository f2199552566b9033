"""Requests and answers, translated between what was on the wire and what the reference speaks of."""

from __future__ import annotations

from ipaddress import ip_address

from hil import digest
from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding
from hil.judge.rule_timers import alike, has_timer, rule_text
from hil.reference.phone import Phone, Retrieve
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer

_OTHER_RULES = {"Upgrade_Rule": "upgrade.rule", "Report_Rule": "report.rule"}


def compare(
    retrieve: Retrieve, event: ev.ProvisioningRequest, phone: Phone, margin: int = 0
) -> tuple[str, Finding | None]:
    """Hold a request against the one that is due: the clause that was checked, and what is wrong.

    ``margin`` is by how many seconds a timer in the path may differ.
    """
    fetch = retrieve.fetch
    port = retrieve.destination.port
    wanted: dict[str, object] = {"scheme": fetch.scheme, "port": port, "path": fetch.path}
    got: dict[str, object] = {"scheme": event.scheme, "port": event.port, "path": path_of(event)}
    if isinstance(event, ev.HttpRequest):
        wanted |= {"method": retrieve.method, "host": fetch.host.lower()}
        got |= {"method": event.method, "host": _host(event)}
        if _is_to_be_compared(retrieve, phone):
            wanted |= {"body": retrieve.body.encode()}
            got |= {"body": event.body}
    wrong = [name for name, value in wanted.items() if got[name] != value]
    if "path" in wrong and _may_be(path_of(event), retrieve, phone, margin):
        wrong.remove("path")
    clause = fetch_clause(retrieve, phone)
    if not wrong:
        return _hold_credentials(retrieve, event, clause)
    if wrong[0] == "method":
        posted = "rules.post" if "post" in fetch.options else "transfer.http"
        clause = "report.when" if retrieve.rule == "Report_Rule" else posted
    elif wrong[0] == "body":
        clause = "rules.post"
    elif wrong[0] == "port" and retrieve.port:
        clause = "rules.srv"
    elif wrong[0] != "path":
        clause = "upgrade.url" if retrieve.rule == "Upgrade_Rule" else "rules.url"
    return clause, Finding(
        clause,
        f"{retrieve.rule} was fetched wrongly ({', '.join(wrong)})",
        f"{retrieve.method} {fetch.url}",
        describe(event),
        at=event.at,
    )


def _is_to_be_compared(retrieve: Retrieve, phone: Phone) -> bool:
    """Whether it is known what the body of a request has to be."""
    register = retrieve.fetch.options.get("post")
    if retrieve.rule == "Report_Rule" or register is None:
        return False
    return not _tells_the_unknown(phone.parameters.raw(f"GPP_{register.upper()}"))


def _tells_the_unknown(template: str) -> bool:
    """Whether a text has a timer, which the lab sees only about, or a result in the phone's words."""
    return "TMR" in template or "UPGERR" in template


def _may_be(path: str, retrieve: Retrieve, phone: Phone, margin: int) -> bool:
    """Whether a rule with a timer, or with a result in the phone's words, may ask for this path."""
    text = rule_text(phone, retrieve.rule)
    if "UPGERR" in text:
        return True
    return has_timer(text) and alike(retrieve.fetch.path, path, margin)


def _hold_credentials(
    retrieve: Retrieve, event: ev.ProvisioningRequest, clause: str
) -> tuple[str, Finding | None]:
    """Hold the credentials of a request against the challenge that it has to answer."""
    challenge = retrieve.authorize
    if challenge is None or not challenge.text or not isinstance(event, ev.HttpRequest):
        return clause, None
    clause = "transfer.authentication"
    name = "authorization" if challenge.status == 401 else "proxy-authorization"
    shown = digest.read_schemes(event.header(name) or "")
    offered = digest.read_schemes(challenge.text)
    options = retrieve.fetch.options
    user, password = options.get("uid", ""), options.get("pwd", "")
    if not shown:
        wrong = "without credentials"
    elif not any(_answers(shown[0], each) for each in offered):
        wrong = "with an answer to another challenge"
    elif not digest.proves(shown[0], user, password, method=event.method, uri=event.path):
        wrong = "with credentials that do not prove the password of the rule"
    else:
        return clause, None
    return clause, Finding(
        clause,
        f"{retrieve.rule} was asked for again {wrong}",
        f"{name} for user {user!r} that answers {challenge.text}",
        f"{name}: {event.header(name) or 'nothing'}",
        at=event.at,
    )


def _answers(credentials: digest.Scheme, challenge: digest.Scheme) -> bool:
    if credentials.name != challenge.name:
        return False
    if credentials.name == "basic":
        return True
    if credentials.algorithm != challenge.algorithm:
        return False
    same = all(credentials.get(name) == challenge.get(name) for name in ("realm", "nonce"))
    # Where qop is offered it has to be used (RFC 7616 section 3.3).
    return same and bool(credentials.get("qop")) == bool(challenge.get("qop"))


def repeats(event: ev.ProvisioningRequest, retrieve: Retrieve) -> bool:
    """Whether a request is for the same file again."""
    return event.scheme == retrieve.fetch.scheme and path_of(event) == retrieve.fetch.path


def fetch_clause(retrieve: Retrieve, phone: Phone) -> str:
    """The clause that a rule's fetch rests on."""
    if retrieve.rule in _OTHER_RULES:
        return _OTHER_RULES[retrieve.rule]
    if retrieve.rule != "Profile_Rule":
        return "rules.sequence"
    return "rules.default" if phone.parameters.is_default("Profile_Rule") else "rules.url"


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
        _challenge(event),
    )


def _challenge(event: ev.TransferEnded) -> str | None:
    name = {401: "www-authenticate", 407: "proxy-authenticate"}.get(event.status)
    told = [value for key, value in event.headers if key.lower() == name]
    return ", ".join(told) or None


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

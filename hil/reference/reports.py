"""Reports: the phone sends its own parameters, or its status, to a server.

Report_Rule names up to two destinations, separated by a space, in the grammar of a profile rule
(7800 and 8800 Administration Guides, Report Rule)::

    [--key test123 --delta] http://192.0.2.1/$MA.xml [--status] http://192.0.2.1/status/$MA.xml

Without an option everything is reported, with ``--delta`` what has changed, with ``--status`` what the
status page shows. ``--key`` encrypts the report as a profile is encrypted, so that ``openssl enc -d
-aes-256-cbc`` opens it; without it IKM_HTTP_Encrypt_Content, if set, encrypts it by RFC 8188. The
document goes out by HTTP_Report_Method to an HTTP or HTTPS server: a TFTP server has no such method.
``--post``, whose register would be the body, has no meaning here and is passed over.

Report_To_Server says when: on request (a SIP NOTIFY with the event ``report``, or a restart), after a
change that was made at the phone itself, or periodically. Not published is what ``--delta`` compares
with; here it is the last report that arrived, and a new phone's defaults before the first.

A report never shows a secret: passwords, GPP_SA to GPP_SD, and IKM_HTTP_Encrypt_Content, which the
guide keeps out of web page, cfg.xml and reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hil.errors import RuleError
from hil.reference import rules
from hil.reference.expressions import QUOTES
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.parameters import Parameters
from hil.reference.profile_builder import encrypt, encrypt_rfc8188, flat_profile, writable
from hil.reference.profile_crypto import Digest
from hil.reference.profiles import key_material
from hil.reference.status import Status, render
from hil.reference.urls import DefaultServer
from hil.reference.windows import Window

MOST_RULES = 2
"""Destinations that Report_Rule may name."""
SALT = 16
"""Octets of salt that `compose` wants; ``--key`` uses the first eight."""

_SECRETS = frozenset({"GPP_SA", "GPP_SB", "GPP_SC", "GPP_SD", "IKM_HTTP_Encrypt_Content"})
_GROUP = rf"\((?:[^{QUOTES})]++|[{QUOTES}][^{QUOTES}]*+[{QUOTES}])*\)[ \t\r\n]*+[?!]"
_PIECE = re.compile(
    rf"[ \t\r\n]*+(?:(?P<group>{_GROUP})|(?P<options>\[[^\[\]]*+\])|(?P<bar>\|)"
    r"|(?P<url>[^ \t\r\n|(\[][^ \t\r\n|]*+))"
)
_BLANKS = " \t\r\n"


class Cause(Enum):
    """What may make a report due."""

    REQUEST = "somebody asked for it"
    RESTART = "the phone has booted"
    LOCAL_CHANGE = "a parameter was changed at the phone, on its screen or web page"
    REPORTED = "a report was attempted"


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it goes out: ``body`` by ``method`` to the URL of ``fetch``.

    ``content_encoding`` is the header of that name, empty for none.
    """

    fetch: rules.Fetch
    method: str
    body: bytes
    content_encoding: str = ""


# -- where to ----------------------------------------------------------------------------------------


def split_rules(text: str) -> tuple[str, ...]:
    """Return the one or two rules of a Report_Rule; none if it is empty or commented out.

    A rule ends with the blank after its URL, unless ``|`` and another alternative follow. Raises
    `RuleError` for a third rule. What is no rule is left to `resolve` to refuse.
    """
    active = rules.active_text(text)
    found: list[str] = []
    start = position = 0
    ended = False
    while match := _PIECE.match(active, position):
        if ended and match["bar"] is None:
            found.append(active[start:position].strip(_BLANKS))
            start = position
        ended = match["url"] is not None
        position = match.end()
    if active[start:].strip(_BLANKS):
        found.append(active[start:].strip(_BLANKS))
    if len(found) > MOST_RULES:
        raise RuleError(f"Report_Rule names {len(found)} destinations; it may name {MOST_RULES}")
    return tuple(found)


def resolve(
    rule: str,
    *,
    lookup: rules.SecretLookup,
    server: DefaultServer | None = None,
    interpretations: Interpretations = DEFAULT,
) -> rules.Outcome:
    """Say where one rule of `split_rules` sends its report now; never raises, as `rules.resolve`."""
    outcome = rules.resolve(rule, lookup=lookup, server=server, interpretations=interpretations)
    if isinstance(outcome, rules.Fetch) and outcome.scheme == "tftp":
        return rules.RuleFailure("a report goes out by http or https, not by tftp")
    return outcome


# -- what ---------------------------------------------------------------------------------------------


def is_secret(name: str) -> bool:
    """Whether neither a report nor a page shows the parameter of this XML name."""
    return name in _SECRETS or "Password" in name or "Passwd" in name


def visible(parameters: Parameters) -> dict[str, str]:
    """Return every parameter that may be shown, by XML name, in the table's order."""
    return {name: parameters[name] for name in parameters if not is_secret(name)}


def changed(parameters: Parameters, since: Parameters) -> dict[str, str]:
    """Return those of `visible` that have another value than in ``since``."""
    return {name: value for name, value in visible(parameters).items() if value != since[name]}


def document(
    options: Mapping[str, str], parameters: Parameters, reported: Parameters | None, status: Status
) -> bytes:
    """Write what a rule with these options reports, before it is encrypted.

    ``reported`` are the parameters that the last report was made from, None if there was none.
    """
    if "status" in options:
        return render(status)
    values = visible(parameters)
    if "delta" in options:
        values = changed(parameters, reported if reported is not None else Parameters())
    return flat_profile(**{name: writable(value) for name, value in values.items()})


def compose(
    fetch: rules.Fetch,
    parameters: Parameters,
    *,
    salt: bytes,
    reported: Parameters | None = None,
    status: Status | None = None,
    interpretations: Interpretations = DEFAULT,
) -> Report:
    """Make the report that goes to ``fetch``.

    ``salt`` has `SALT` octets. Raises `ProfileError` if IKM_HTTP_Encrypt_Content is none.
    """
    method = parameters.choice("HTTP_Report_Method")
    body = document(fetch.options, parameters, reported, status or Status())
    ikm = parameters.raw("IKM_HTTP_Encrypt_Content")
    if "key" in fetch.options:
        digest: Digest = "md5" if interpretations.kdf_digest == "md5" else "sha256"
        sealed = encrypt(body, fetch.options["key"], salt=salt[:8], digest=digest)
        return Report(fetch, method, sealed)
    if ikm:
        sealed = encrypt_rfc8188(body, key_material(ikm, interpretations), salt=salt)
        return Report(fetch, method, sealed, "aes128gcm")
    return Report(fetch, method, body)


# -- when ---------------------------------------------------------------------------------------------


def delay(cause: Cause, parameters: Parameters) -> Window | None:
    """Return how long after ``cause`` a report is due, in seconds; None if it makes none due.

    A request is met whatever Report_To_Server says. "On Request" includes restarts, "Periodically"
    counts from the boot and from each report, "On Local Change" waits Upload_Delay_On_Local_Change
    after a change; changes in that time go out with it.
    """
    if not rules.active_text(parameters.raw("Report_Rule")):
        return None
    mode = parameters.choice("Report_To_Server")
    seconds: int | None = None
    if cause is Cause.REQUEST or (cause is Cause.RESTART and mode == "On Request"):
        seconds = 0
    elif cause is Cause.LOCAL_CHANGE and mode == "On Local Change":
        seconds = parameters.integer("Upload_Delay_On_Local_Change")
    elif cause in (Cause.RESTART, Cause.REPORTED) and mode == "Periodically":
        seconds = parameters.integer("Periodic_Upload_To_Server")
    return None if seconds is None else Window(seconds, seconds)

"""Where the specification can be read in more than one way, each reading has a name.

The published text of the phone is silent in places and contradicts itself in others. Rather than
hide a guess in the code, every such place is one field of `Interpretations`: its type lists the
candidate readings, the first of them is its default, and a testbed can choose another one for a
handset. What is asked, and on whose authority, stands in `hil.reference.open_questions`;
`CATALOGUE` joins the two.

The default is what the normative text says literally. Where another document's reading is
preferred, the question's note says why.

No reading is called yes or no: YAML 1.1 would turn it into a boolean.
"""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args, get_type_hints

from hil.errors import UsageError
from hil.reference.open_questions import QUESTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretations:
    """The reading chosen for each open question; immutable, so handsets can share it."""

    resync_trigger: Literal["becomes-true", "gate", "as-periodic"] = "becomes-true"
    random_delay_unit: Literal["seconds", "twenty-seconds"] = "seconds"
    forced_resync_delay: Literal["idle-countdown", "busy-limit", "due-plus-delay", "wait-idle"] = (
        "idle-countdown"
    )
    resync_at_rounding: Literal["nearest-minute", "next-minute"] = "nearest-minute"
    resync_at_zero_delay: Literal["ten-minutes", "disabled"] = "ten-minutes"
    list_exhaustion: Literal["repeat-last", "cycle", "stop"] = "repeat-last"
    list_restart: Literal["after-success", "never"] = "after-success"
    resync_after_update: Literal["skipped", "web-only", "performed"] = "skipped"
    fnf_accepted: Literal["continue", "stop"] = "continue"
    failed_rule: Literal["keep-applied", "rollback"] = "keep-applied"
    empty_element: Literal["set-empty", "default", "unchanged"] = "set-empty"
    kdf_digest: Literal["sha256", "md5", "either"] = "sha256"
    version_mismatch: Literal["alternative-false", "rule-error"] = "alternative-false"
    type_mismatch: Literal["condition-false", "rule-error"] = "condition-false"
    upgrade_missing_server: Literal["error", "dhcp"] = "error"
    upgrade_options: Literal["rejected", "uid-pwd"] = "rejected"
    dhcp_server_name: Literal["any-form", "host-only"] = "any-form"
    dhcp_vendor_content: Literal["text", "ignored"] = "text"
    psn: Literal["7832-3PCC", "7832", "V03"] = "7832-3PCC"
    scheme_case: Literal["lower", "upper"] = "lower"
    log_default_port: Literal["shown", "hidden"] = "shown"
    log_request_servip: Literal["expanded", "literal", "either"] = "expanded"
    log_success_err: Literal["with", "without", "either"] = "with"
    redirect_limit: Literal[5, 1, 10, 20] = 5
    redirect_options: Literal["same", "dropped"] = "same"
    redirect_macros: Literal["literal", "expanded"] = "literal"
    srv_missing: Literal["address", "failure"] = "address"
    corrupt_profile: Literal["any-defect", "malformed-only"] = "any-defect"
    notify_challenge: Literal["challenge-first", "event-first"] = "challenge-first"
    notify_refusal: Literal["unspecified", "489", "403", "200"] = "unspecified"
    check_sync: Literal["optional", "supported", "unsupported"] = "optional"
    upgrade_reattempt: Literal["after-failure", "on-change-only"] = "after-failure"
    provision_disabled: Literal["blocks-all", "allows-explicit"] = "blocks-all"
    timer_before_attempt: Literal["zero", "very-large"] = "zero"
    regtmr_registered: Literal["zero", "very-large"] = "zero"
    substring_out_of_range: Literal["empty", "unchanged"] = "empty"
    malformed_macro: Literal["unchanged", "removed"] = "unchanged"
    macro_name_match: Literal["longest", "whole-name"] = "longest"
    expansion_order: Literal["before-parsing", "after-parsing"] = "before-parsing"
    resync_at_2400: Literal["midnight", "invalid"] = "midnight"
    resync_at_minutes: Literal["invalid", "carried"] = "invalid"
    resync_at_no_clock: Literal["wait-for-clock", "periodic"] = "wait-for-clock"
    resync_at_dst: Literal["wall-clock", "elapsed-day"] = "wall-clock"
    resync_at_gap: Literal["at-change", "skipped"] = "at-change"
    resync_at_overlap: Literal["first", "both"] = "first"
    invalid_value: Literal["keep-previous", "default"] = "keep-previous"
    key_without_encryption: Literal["bad-key", "plain"] = "bad-key"
    ikm_encoding: Literal["raw", "base64url", "hex"] = "raw"
    dhcp_offset_daylight: Literal["applied", "ignored"] = "applied"
    peer_sharing_log: Literal["unspecified", "upgrade-messages"] = "unspecified"
    resync_after_failed_upgrade: Literal["performed", "skipped"] = "performed"
    external_address: Literal["configured", "observed"] = "configured"
    dual_registration: Literal["either", "fail-over"] = "either"
    secret_macros: Literal["key-only", "key-and-credentials"] = "key-only"  # noqa: S105
    unlisted_transport_code: Literal["transport-error", "time-out"] = "transport-error"

    @classmethod
    def default(cls) -> Self:
        """Return the default reading of every question."""
        return cls()

    def choose(self, **readings: str | int) -> Self:
        """Return a copy with the named readings, as a testbed chooses them for a handset.

        Raises `UsageError` for a name that is no question or a reading that is no candidate; its
        remedy says what would be right.
        """
        known = {entry.name: entry.candidates for entry in CATALOGUE}
        chosen: dict[str, Any] = {}
        for name, value in readings.items():
            if name not in known:
                raise UsageError(f"no interpretation is called {name[:60]!r}", remedy=meant(name))
            # A file's 5 and a command line's "5" are the same reading.
            match = [candidate for candidate in known[name] if str(candidate) == str(value)]
            if not match:
                raise UsageError(
                    f"{name} cannot be read as {value!r}",
                    remedy="one of " + ", ".join(map(str, known[name])),
                )
            chosen[name] = match[0]
        return replace(self, **chosen)


def meant(name: str) -> str:
    """The remedy for a name that is no question: those that are like it, and where all are listed."""
    close = difflib.get_close_matches(name[:80], [entry.name for entry in CATALOGUE], n=3)
    listed = "`hil interpretations list` shows all"
    return f"did you mean {' or '.join(close)}? {listed}" if close else listed


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One open question with its answers: ``candidates`` (the default first) and ``citation``.

    ``name`` is the field of `Interpretations` that holds the choice, ``key`` the question's number.
    """

    key: str
    name: str
    question: str
    candidates: tuple[str | int, ...]
    default: str | int
    citation: str
    note: str


def _catalogue() -> tuple[Interpretation, ...]:
    types = get_type_hints(Interpretations)
    defaults = asdict(Interpretations())
    return tuple(
        Interpretation(
            key=entry.key,
            name=entry.name,
            question=entry.question,
            candidates=get_args(types[entry.name]),
            default=defaults[entry.name],
            citation=entry.citation,
            note=entry.note,
        )
        for entry in QUESTIONS
    )


CATALOGUE: tuple[Interpretation, ...] = _catalogue()
"""Every open question with its readings, in the order of its key."""

DEFAULT: Interpretations = Interpretations()
"""The default reading of every question, for use as a default argument."""

WITHOUT_EFFECT: frozenset[str] = frozenset({"external_address", "unlisted_transport_code"})
"""Questions about behaviour that this release does not judge: whoever chose a reading of one would
believe that a verdict rests on it, so an inventory may not."""

"""Defects of what a phone takes for good: answers, files, certificates, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil.errors import ProfileError, ProfileErrorKind
from hil.reference import decisions as spec
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage, compose
from hil.reference.macros import MacroTable
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.responses import Answer, Document, HttpAnswer, NoAnswer, TftpAnswer
from hil.virtual.defect import Defect, decision, firmware

_NOTHING = b"<flat-profile></flat-profile>"


def _no_answer_is_success(answer: Answer) -> Answer:
    match answer:
        case NoAnswer():
            return HttpAnswer(200, _NOTHING)
    return answer


def _refusal_is_success(answer: Answer) -> Answer:
    match answer:
        case HttpAnswer(status=400 | 403):
            return HttpAnswer(200, _NOTHING)
    return answer


def _tls_always_fails(answer: Answer) -> Answer:
    match answer:
        case HttpAnswer(status=200, body=body) if body:
            return NoAnswer("http: refused")
    return answer


def _half_a_file(answer: Answer) -> Answer:
    match answer:
        case TftpAnswer(body=body, error=None) if b"</flat-profile>" not in body:
            return TftpAnswer(_NOTHING)
    return answer


def _excusing(*kinds: ProfileErrorKind, encoded: bool) -> Callable[..., Profile]:
    """Takes a file that cannot be decrypted for an empty one; ``encoded``: by RFC 8188 only."""

    def read(
        document: Document,
        options: Mapping[str, str],
        parameters: Parameters,
        interpretations: Interpretations,
    ) -> Profile:
        try:
            return spec.read_profile(document, options, parameters, interpretations)
        except ProfileError as error:
            ours = (document.content_encoding == "aes128gcm") is encoded
            if ours and error.kind in kinds:
                return Profile({})
            raise

    return read


def _default_for_empty(kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
    if table.parameters.raw(kind.value):
        return compose(kind, table, err)
    default = TABLE[kind.value].default
    filled = table.parameters.updated({kind.value: default})
    return compose(
        kind, MacroTable(table.identity, filled, table.context, table.interpretations), err
    )


def _inverted(parameters: Parameters) -> bool:
    return not parameters.flag("Provision_Enable")


DEFECTS = (
    Defect(
        "provision-enable-inverted",
        "provision.enable",
        "resyncs if Provision_Enable is No, and does not if it is Yes",
        decision(resync_enabled=_inverted),
    ),
    Defect(
        "no-answer-is-success",
        "resync.failure",
        "takes a server that is silent or resets the connection for a successful resync",
        firmware(answer=_no_answer_is_success),
    ),
    Defect(
        "refusal-is-success",
        "resync.failure",
        "takes HTTP 400 and 403 for a successful resync",
        firmware(answer=_refusal_is_success),
    ),
    Defect(
        "undecryptable-is-empty",
        "rules.key",
        "takes a file that --key does not decrypt, or that needs a key, for an empty profile",
        decision(
            read_profile=_excusing(
                ProfileErrorKind.BAD_KEY, ProfileErrorKind.NOT_XML, encoded=False
            )
        ),
    ),
    Defect(
        "wrong-ikm-is-empty",
        "profile.rfc8188",
        "takes an aes128gcm answer that cannot be decrypted for an empty profile",
        decision(
            read_profile=_excusing(
                ProfileErrorKind.BAD_KEY, ProfileErrorKind.BAD_ENCODING, encoded=True
            )
        ),
    ),
    Defect(
        "half-a-file-is-whole",
        "transfer.tftp",
        "takes a file that ends early for a profile without anything in it",
        firmware(answer=_half_a_file),
    ),
    Defect(
        "https-unusable",
        "transfer.https",
        "cannot use what it fetched from a server with a good certificate",
        firmware(answer=_tls_always_fails),
    ),
    Defect(
        "empty-success-msg-defaulted",
        "log.success",
        "sends the default message where Log_Success_Msg is empty",
        decision(
            compose_log=lambda kind, table, err: (
                _default_for_empty if kind is LogKind.SUCCESS else compose
            )(kind, table, err)
        ),
    ),
    Defect(
        "empty-failure-msg-defaulted",
        "log.failure",
        "sends the default message where Log_Failure_Msg is empty",
        decision(
            compose_log=lambda kind, table, err: (
                _default_for_empty if kind is LogKind.FAILURE else compose
            )(kind, table, err)
        ),
    ),
)

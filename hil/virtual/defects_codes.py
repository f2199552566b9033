"""Defects of the internal error codes, and of the templates that choose by codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hil.reference import error_codes
from hil.reference import line_decisions as spec
from hil.reference.dial_plan import Dialed, Invalid, Verdict
from hil.reference.error_codes import Trouble
from hil.reference.parameters import Parameters
from hil.virtual.defect import Defect, line_decision, sip_config
from hil.virtual.firmware import Firmware

# -- codes -------------------------------------------------------------------------------------------


def _coded(codes: Mapping[Trouble, str]) -> Callable[[Firmware], Firmware]:
    """Give these troubles other codes."""
    return line_decision(code_of=lambda met: codes.get(met) or error_codes.code_of(met))


def _anything(parameters: Parameters, line: int, number: str) -> Verdict:
    del parameters, line
    return Dialed(number)


def _nothing(parameters: Parameters, line: int, number: str) -> Verdict:
    del parameters, line, number
    return Invalid("no number is valid")


def _as_dialed(parameters: Parameters, line: int, number: str) -> Verdict:
    due = spec.dial(parameters, line, number)
    return Dialed(number) if isinstance(due, Dialed) else due


def _first_lines_plan(parameters: Parameters, line: int, number: str) -> Verdict:
    del line
    return spec.dial(parameters, 1, number)


# -- templates ---------------------------------------------------------------------------------------


def _retrying(matches: Callable[[str, str], bool]) -> Callable[[str, Parameters], bool]:
    """Choose by a template of one's own reading: whether its text has a code."""
    return lambda code, parameters: matches(parameters.raw("Retry_Reg_RSC"), code)


def _elements(template: str) -> list[str]:
    return [each.strip().upper() for each in template.split(",") if each.strip()]


def _pattern(element: str, one: str, rest: str) -> str:
    return "".join({"?": one, "*": rest}.get(each, re.escape(each)) for each in element)


def _reading(one: str, rest: str, first_only: bool = False) -> Callable[[str, str], bool]:
    def matches(template: str, code: str) -> bool:
        elements = _elements(template)[: 1 if first_only else None]
        return any(re.fullmatch(_pattern(each, one, rest), code) for each in elements)

    return matches


def _statuses_only(code: str, parameters: Parameters) -> bool:
    return code[0] != "X" and spec.retries_soon(code, parameters)


DEFECTS = (
    Defect(
        "icmp-is-x20",
        "codes.x00",
        "takes an ICMP error for a time-out",
        _coded({Trouble.PORT_UNREACHABLE: "X20", Trouble.HOST_UNREACHABLE: "X20"}),
    ),
    Defect(
        "lost-connection-is-x20",
        "codes.x00",
        "takes a refused or reset connection for a time-out",
        _coded({Trouble.REFUSED: "X20", Trouble.RESET: "X20"}),
    ),
    Defect(
        "time-out-is-x00",
        "codes.x20",
        "takes a request that times out for an error of the transport",
        _coded({Trouble.NO_RESPONSE: "X00"}),
    ),
    Defect(
        "time-out-is-408",
        "codes.x20",
        "takes a request that times out for one that was answered with 408",
        _coded({Trouble.NO_RESPONSE: "408"}),
    ),
    Defect(
        "unacceptable-answer-is-488",
        "codes.x40",
        "takes an unacceptable answer for a refusal of the other side's",
        _coded({Trouble.UNACCEPTABLE_ANSWER: "488"}),
    ),
    Defect(
        "any-answer-is-acceptable",
        "codes.x40",
        "goes on with a call whose answer takes no codec of its offer",
        sip_config(acceptable=lambda offered, answered: True),
    ),
    Defect(
        "no-answer-is-acceptable",
        "codes.x40",
        "finds nothing acceptable in an answer that is in order",
        sip_config(acceptable=lambda offered, answered: False),
    ),
    Defect(
        "missing-ack-is-x20",
        "codes.x40",
        "takes a 200 without an ACK for a request that timed out",
        _coded({Trouble.NO_ACK: "X20"}),
    ),
    Defect(
        "invalid-number-is-404",
        "codes.x60",
        "takes a number that its dial plan does not have for one that was refused",
        _coded({Trouble.NOT_IN_DIAL_PLAN: "404"}),
    ),
    Defect(
        "dial-plan-ignored",
        "codes.x60",
        "calls any number",
        line_decision(dial=_anything),
    ),
    Defect(
        "dial-plan-without-numbers",
        "codes.x60",
        "finds every number invalid",
        line_decision(dial=_nothing),
    ),
    Defect(
        "dial-plan-substitutes-nothing",
        "codes.x60",
        "sends a number as it is dialled although its dial plan has another one for it",
        line_decision(dial=_as_dialed),
    ),
    Defect(
        "dial-plan-of-the-first-line",
        "codes.x60",
        "goes by the first line's dial plan on the second one, too",
        line_decision(dial=_first_lines_plan),
    ),
    Defect(
        "templates-have-no-code",
        "codes.templates",
        "finds no code in any template",
        line_decision(retries_soon=lambda code, parameters: False),
    ),
    Defect(
        "templates-have-every-code",
        "codes.templates",
        "finds every code in every template, an empty one too",
        line_decision(retries_soon=lambda code, parameters: True),
    ),
    Defect(
        "templates-question-mark-is-itself",
        "codes.templates",
        "takes a question mark in a template for nothing else",
        line_decision(retries_soon=_retrying(_reading(r"\?", ".*"))),
    ),
    Defect(
        "templates-question-mark-is-the-rest",
        "codes.templates",
        "takes a question mark in a template for any number of characters",
        line_decision(retries_soon=_retrying(_reading(".*", ".*"))),
    ),
    Defect(
        "templates-asterisk-is-one-character",
        "codes.templates",
        "takes an asterisk in a template for one character",
        line_decision(retries_soon=_retrying(_reading(".", "."))),
    ),
    Defect(
        "templates-first-element-only",
        "codes.templates",
        "looks at the first element of a template only",
        line_decision(retries_soon=_retrying(_reading(".", ".*", first_only=True))),
    ),
    Defect(
        "templates-without-internal-codes",
        "codes.templates",
        "knows no internal codes in templates",
        line_decision(retries_soon=_statuses_only),
    ),
)

"""Defects of the phone's reports: to whom, of what, when, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hil.reference import decisions as spec
from hil.reference import reports, rules
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profile_builder import flat_profile
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.reports import Cause, Report, compose
from hil.reference.rules import Fetch
from hil.reference.windows import Window
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviations import Change

_DELAYED = (Cause.RESTART, Cause.REPORTED)


# -- what ---------------------------------------------------------------------------------------------


def _without_option(name: str) -> Change:
    """Pass over an option of Report_Rule."""

    def composed(fetch: Fetch, parameters: Parameters, **details: Any) -> Report:
        left = {key: value for key, value in fetch.options.items() if key != name}
        return replace(compose(replace(fetch, options=left), parameters, **details), fetch=fetch)

    return firmware(report=composed)


def _of(change: Callable[[Parameters], Parameters]) -> Change:
    """Report other parameters than those in force."""

    def composed(fetch: Fetch, parameters: Parameters, **details: Any) -> Report:
        return compose(fetch, change(parameters), **details)

    return firmware(report=composed)


def _with_secrets(fetch: Fetch, parameters: Parameters, **details: Any) -> Report:
    report = compose(fetch, parameters, **details)
    if fetch.options or report.content_encoding:
        return report
    body = flat_profile(**{name: parameters[name] for name in parameters})
    return replace(report, body=body)


def _only_changes_from_defaults(fetch: Fetch, parameters: Parameters, **details: Any) -> Report:
    options = {**fetch.options, "delta": ""}
    return compose(replace(fetch, options=options), parameters, **details | {"reported": None})


# -- where to -----------------------------------------------------------------------------------------


def _literally(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    interpretations: Interpretations,
) -> rules.Outcome:
    return spec.resolve_report(text.replace("$", "$$"), table, source, interpretations)


def _first_alternative(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    interpretations: Interpretations,
) -> rules.Outcome:
    return spec.resolve_report(text.partition("|")[0], table, source, interpretations)


def _by_default(parameters: Parameters) -> tuple[str, ...]:
    return spec.report_rules(parameters) or ("/report.xml",)


# -- when ---------------------------------------------------------------------------------------------


def _when(change: Callable[[Cause, Parameters, Window | None], Window | None]) -> Change:
    """Report at other times; ``change`` gets the right delay."""

    def delay(cause: Cause, parameters: Parameters) -> Window | None:
        return change(cause, parameters, reports.delay(cause, parameters))

    return decision(report_delay=delay)


def _never_after(cause: Cause) -> Change:
    return _when(lambda told, parameters, right: None if told is cause else right)


def _at_each_restart(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    wanted = bool(parameters.raw("Report_Rule")) and told is Cause.RESTART
    return Window(0, 0) if wanted else right


def _when_without_rule(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    wanted = not parameters.raw("Report_Rule") and told is Cause.RESTART
    return Window(0, 0) if wanted else right


def _hourly(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    del parameters
    return Window(3600, 3600) if right is not None and told in _DELAYED and right.latest else right


def _every_hour_besides(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    wanted = bool(parameters.raw("Report_Rule")) and told is Cause.REPORTED and right is None
    return Window(3600, 3600) if wanted else right


def _at_once(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    del parameters
    return Window(0, 0) if right is not None and told is Cause.LOCAL_CHANGE else right


def _only_in_its_mode(told: Cause, parameters: Parameters, right: Window | None) -> Window | None:
    mode = parameters.choice("Report_To_Server")
    return None if told is Cause.REQUEST and mode != "On Request" else right


DEFECTS = (
    Defect(
        "report-nowhere",
        "report.rule",
        "sends no reports",
        decision(report_rules=lambda parameters: ()),
    ),
    Defect(
        "report-to-the-first-alone",
        "report.rule",
        "reports to the first server of Report_Rule alone",
        decision(report_rules=lambda parameters: spec.report_rules(parameters)[:1]),
    ),
    Defect(
        "report-macros-literal",
        "report.rule",
        "expands no macros in Report_Rule",
        decision(resolve_report=_literally),
    ),
    Defect(
        "report-first-alternative",
        "report.rule",
        "knows only the first alternative of a rule of Report_Rule",
        decision(resolve_report=_first_alternative),
    ),
    Defect(
        "report-without-a-rule",
        "report.rule",
        "reports to the server of its profiles where Report_Rule is empty",
        lambda base: _when(_when_without_rule)(decision(report_rules=_by_default)(base)),
    ),
    Defect(
        "report-of-defaults",
        "report.rule",
        "reports defaults in place of what is in force",
        _of(
            lambda parameters: Parameters(
                {
                    name: value
                    for name, value in parameters.items_set().items()
                    if name in ("HTTP_Report_Method", "IKM_HTTP_Encrypt_Content")
                }
            )
        ),
    ),
    Defect(
        "report-of-what-is-set-alone",
        "report.rule",
        "leaves out of a report what nobody has set",
        firmware(report=_only_changes_from_defaults),
    ),
    Defect(
        "report-shows-secrets",
        "report.rule",
        "reports passwords and keys",
        firmware(report=_with_secrets),
    ),
    Defect(
        "report-delta-ignored",
        "report.rule",
        "reports everything with --delta",
        _without_option("delta"),
    ),
    Defect(
        "report-status-ignored",
        "report.rule",
        "reports its parameters with --status",
        _without_option("status"),
    ),
    Defect(
        "report-key-ignored",
        "report.rule",
        "reports in clear with --key",
        _without_option("key"),
    ),
    Defect(
        "report-ikm-ignored",
        "report.rule",
        "reports in clear although there is an IKM_HTTP_Encrypt_Content",
        _of(lambda parameters: parameters.without("IKM_HTTP_Encrypt_Content")),
    ),
    Defect(
        "report-always-posted",
        "report.when",
        "posts its reports whatever HTTP_Report_Method is",
        decision(report_method=lambda parameters: "POST"),
    ),
    Defect(
        "report-always-put",
        "report.when",
        "puts its reports whatever HTTP_Report_Method is",
        decision(report_method=lambda parameters: "PUT"),
    ),
    Defect(
        "report-not-after-restart",
        "report.when",
        "does not report after a restart",
        _never_after(Cause.RESTART),
    ),
    Defect(
        "report-after-every-restart",
        "report.when",
        "reports after a restart whatever Report_To_Server is",
        _when(_at_each_restart),
    ),
    Defect(
        "report-not-on-request",
        "report.when",
        "does not report when it is asked to",
        _never_after(Cause.REQUEST),
    ),
    Defect(
        "report-on-request-in-its-mode-alone",
        "report.when",
        "does not report when it is asked to unless Report_To_Server is On Request",
        _when(_only_in_its_mode),
    ),
    Defect(
        "report-hourly",
        "report.when",
        "reports every hour whatever Periodic_Upload_To_Server is",
        _when(_hourly),
    ),
    Defect(
        "report-hourly-besides",
        "report.when",
        "reports an hour after each report whatever Report_To_Server is",
        _when(_every_hour_besides),
    ),
    Defect(
        "report-not-after-local-change",
        "report.when",
        "does not report after a change at the phone itself",
        _never_after(Cause.LOCAL_CHANGE),
    ),
    Defect(
        "report-local-change-at-once",
        "report.when",
        "reports a change at the phone without Upload_Delay_On_Local_Change",
        _when(_at_once),
    ),
)

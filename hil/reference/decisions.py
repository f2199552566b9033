"""The decisions that a resync rests on, each a pure function of what the phone knows.

`Decisions()` is the specification. A virtual phone with a defect runs the same machine with one of
these functions replaced, so a defect is as small as the clause it breaks; the judge always runs the
machine with all of them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hil.errors import ProfileError, ProfileErrorKind, RuleError
from hil.reference import (
    idleness,
    loads,
    peer_sharing,
    phone_clock,
    profiles,
    provisioning_source,
    reports,
    responses,
    resync_at,
    rules,
    upgrade_rules,
)
from hil.reference.aliases import read_aliases
from hil.reference.due import Action, Asker, Due, Lines
from hil.reference.due import Purpose as Purpose
from hil.reference.due import Reason as Reason
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage, compose
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource, SourceKind
from hil.reference.schedules import element_at
from hil.reference.triggers import holds
from hil.reference.urls import DefaultServer
from hil.reference.windows import Window

TRIGGERS = ("Resync_Trigger_1", "Resync_Trigger_2")
PROFILE_RULES = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")


def resync_enabled(parameters: Parameters) -> bool:
    """Provision_Enable "controls all resync actions independently of firmware upgrade actions"."""
    return parameters.flag("Provision_Enable")


def resync_on_reset(parameters: Parameters) -> bool:
    """Resync_On_Reset "triggers a resync after every reboot"."""
    return parameters.flag("Resync_On_Reset")


def resync_after_update(parameters: Parameters, interpretations: Interpretations) -> bool:
    """Resync_On_Reset: not after "reboots caused by parameter updates" (I6)."""
    return interpretations.resync_after_update != "skipped" and resync_on_reset(parameters)


def may_ask(
    by: Asker, action: Action, parameters: Parameters, interpretations: Interpretations
) -> bool:
    """Whether the phone does what somebody asks for.

    Provision_Enable "controls all resync actions", Upgrade_Enable the upgrades (I26); Resync_From_SIP
    lets a NOTIFY ask, User_Configurable_Resync a user at the screen.
    """
    if action is Action.UPGRADE:
        return upgrade_rules.upgrade_enabled(parameters)
    if action is not Action.RESYNC:
        return True
    if not resync_enabled(parameters) and interpretations.provision_disabled == "blocks-all":
        return False
    if by is Asker.SIP:
        return parameters.flag("Resync_From_SIP")
    return by is not Asker.SCREEN or parameters.flag("User_Configurable_Resync")


def may_reboot(lines: Lines) -> bool:
    """A reboot that somebody asks for waits until no line is active."""
    return not lines.active and not lines.perhaps


def daily_window(
    parameters: Parameters,
    options: Mapping[int, bytes],
    utc_ns: int,
    last_utc_ns: int | None,
    interpretations: Interpretations,
) -> resync_at.DailyWindow | None:
    """Resync_At: the next window of the day, counted from ``utc_ns`` by the phone's clock."""
    daylight = phone_clock.daylight_of_offset(options, interpretations)
    zone = phone_clock.time_zone(parameters, options, dhcp_daylight=daylight)
    return resync_at.next_window(
        parameters,
        interpretations,
        utc_ns_now=utc_ns,
        time_zone=zone,
        last_due_utc_ns=last_utc_ns,
        gap=interpretations.resync_at_gap if zone.daylight else "at-change",
        overlap=interpretations.resync_at_overlap,
    )


def report_method(parameters: Parameters) -> str:
    """HTTP_Report_Method: PUT or POST."""
    return parameters.choice("HTTP_Report_Method")


def report_rules(parameters: Parameters) -> tuple[str, ...]:
    """The one or two rules of Report_Rule; raises RuleError."""
    return reports.split_rules(parameters.raw("Report_Rule"))


def resolve_report(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    interpretations: Interpretations,
) -> rules.Outcome:
    """Where one rule of Report_Rule sends its report."""
    server = _server_of(source)
    if isinstance(server, rules.RuleFailure):
        return server
    return reports.resolve(
        text, lookup=table.lookup, server=server, interpretations=interpretations
    )


def request_body(register: str, table: MacroTable) -> str:
    """--post: the body of the request, the general purpose parameter with its macros expanded."""
    return table.expand(table.parameters.raw(register))


def random_delay(parameters: Parameters, interpretations: Interpretations) -> Window:
    """Resync_Random_Delay: "a random delay following the boot-up sequence", in seconds (I2)."""
    number = parameters.integer("Resync_Random_Delay")
    unit = 20 if number and interpretations.random_delay_unit == "twenty-seconds" else 1
    return Window(0, number * unit)


def periodic_delay(
    parameters: Parameters, index: int, interpretations: Interpretations
) -> Window | None:
    """Resync_Periodic: the delay before the next resync after ``index`` periodic ones."""
    return element_at(parameters.schedule("Resync_Periodic"), index, interpretations)


def retry_delay(
    parameters: Parameters, index: int, interpretations: Interpretations
) -> Window | None:
    """Resync_Error_Retry_Delay: the delay before the next attempt after ``index`` retries."""
    return element_at(parameters.schedule("Resync_Error_Retry_Delay"), index, interpretations)


def missing_file_fails(parameters: Parameters) -> bool:
    """Resync_Fails_On_FNF: whether a file-not-found answer makes the resync fail."""
    return parameters.flag("Resync_Fails_On_FNF")


def provisioning_from_dhcp(
    options: Mapping[int, bytes], parameters: Parameters, interpretations: Interpretations
) -> ProvisioningSource | None:
    """DHCP_Option_To_Use: the first option of the list that the server sent and that is usable."""
    order = parameters.raw("DHCP_Option_To_Use")
    return provisioning_source.choose(options, order, interpretations=interpretations)


def resolve_rule(
    name: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    interpretations: Interpretations,
) -> rules.Outcome:
    """Profile_Rule, _B, _C, _D: what the rule asks for, with DHCP's server where it names none.

    Where DHCP gives a whole rule, that one stands in for Profile_Rule as long as nobody has set
    Profile_Rule to another rule than its default (I15).
    """
    text = table.parameters.raw(name)
    unset = name == "Profile_Rule" and table.parameters.is_default(name)
    if source is not None and source.kind is SourceKind.RULE and unset:
        text = source.text
    server = _server_of(source)
    if isinstance(server, rules.RuleFailure):
        return server
    return rules.resolve(text, lookup=table.lookup, server=server, interpretations=interpretations)


def resolve_asked(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    requester: str,
    interpretations: Interpretations,
) -> rules.Outcome:
    """The rule of a request to resync, with the requesting host as server where it names none."""
    server = DefaultServer(requester) if requester else _server_of(source)
    if isinstance(server, rules.RuleFailure):
        return server
    return rules.resolve(text, lookup=table.lookup, server=server, interpretations=interpretations)


def _server_of(source: ProvisioningSource | None) -> DefaultServer | rules.RuleFailure | None:
    if source is None or source.host is None:
        return None
    try:
        return DefaultServer(source.host, source.scheme or "tftp", source.port)
    except RuleError as error:
        return rules.RuleFailure(f"DHCP option {source.option}: {error}")


def read_profile(
    document: responses.Document,
    options: Mapping[str, str],
    parameters: Parameters,
    interpretations: Interpretations,
) -> Profile:
    """Decode what was downloaded, with the key and the alias map of the rule; raises ProfileError."""
    if not document.kept:
        raise ProfileError(ProfileErrorKind.TOO_LARGE, f"{document.size} octets are no profile")
    register = options.get("alias")
    return profiles.decode(
        document.body,
        key=options.get("key"),
        content_encoding=document.content_encoding,
        ikm=parameters.raw("IKM_HTTP_Encrypt_Content") or None,
        aliases=read_aliases(parameters.raw(f"GPP_{register.upper()}") if register else ""),
        interpretations=interpretations,
    )


def apply_profile(parameters: Parameters, profile: Profile) -> Parameters:
    """Set what the profile sets; what it does not mention keeps its value."""
    return parameters.without(*profile.cleared).updated(profile.parameters)


def compose_log(kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
    """Log_Request_Msg, Log_Success_Msg, Log_Failure_Msg; None where nothing is to be sent."""
    return compose(kind, table, err)


def macro_table(
    identity: Identity,
    parameters: Parameters,
    context: MacroContext,
    interpretations: Interpretations,
) -> MacroTable:
    """What each macro stands for at this moment."""
    return MacroTable(identity, parameters, context, interpretations)


@dataclass(frozen=True)
class Decisions:
    """One function a decision; the defaults are the specification."""

    resync_enabled: Callable[[Parameters], bool] = resync_enabled
    resync_on_reset: Callable[[Parameters], bool] = resync_on_reset
    random_delay: Callable[[Parameters, Interpretations], Window] = random_delay
    periodic_delay: Callable[[Parameters, int, Interpretations], Window | None] = periodic_delay
    retry_delay: Callable[[Parameters, int, Interpretations], Window | None] = retry_delay
    missing_file_fails: Callable[[Parameters], bool] = missing_file_fails
    provisioning_from_dhcp: Callable[
        [Mapping[int, bytes], Parameters, Interpretations], ProvisioningSource | None
    ] = provisioning_from_dhcp
    resolve_rule: Callable[
        [str, MacroTable, ProvisioningSource | None, Interpretations], rules.Outcome
    ] = resolve_rule
    meaning: Callable[..., responses.Meaning] = responses.meaning
    read_profile: Callable[
        [responses.Document, Mapping[str, str], Parameters, Interpretations], Profile
    ] = read_profile
    apply_profile: Callable[[Parameters, Profile], Parameters] = apply_profile
    compose_log: Callable[[LogKind, MacroTable, str], LogMessage | None] = compose_log
    compose_peer_log: Callable[[LogKind, MacroTable, str], LogMessage | None] = peer_sharing.message
    macro_table: Callable[..., MacroTable] = macro_table
    resync_after_update: Callable[[Parameters, Interpretations], bool] = resync_after_update
    may_ask: Callable[[Asker, Action, Parameters, Interpretations], bool] = may_ask
    may_reboot: Callable[[Lines], bool] = may_reboot
    resync_at_is_set: Callable[[Parameters], bool] = resync_at.is_set
    replaces_periodic: Callable[[Parameters, Interpretations, bool], bool] = (
        resync_at.replaces_periodic
    )
    daily_window: Callable[
        [Parameters, Mapping[int, bytes], int, int | None, Interpretations],
        resync_at.DailyWindow | None,
    ] = daily_window
    held_back: Callable[[Due, Lines, Parameters, Interpretations], Due | None] = idleness.held_back
    resolve_asked: Callable[
        [str, MacroTable, ProvisioningSource | None, str, Interpretations], rules.Outcome
    ] = resolve_asked
    upgrade_enabled: Callable[[Parameters], bool] = upgrade_rules.upgrade_enabled
    resync_after_upgrade: Callable[[Parameters], bool] = upgrade_rules.resync_after_upgrade
    upgrade_retry_delay: Callable[[Parameters, int, Interpretations], Window | None] = (
        upgrade_rules.upgrade_retry_delay
    )
    resolve_upgrade: Callable[
        [str, MacroTable, ProvisioningSource | None, str, Interpretations], rules.Outcome
    ] = upgrade_rules.resolve_upgrade
    is_running: Callable[[str | None, Identity], bool] = upgrade_rules.is_running
    is_settled: Callable[[upgrade_rules.Upgrade, upgrade_rules.Upgrade | None], bool] = (
        upgrade_rules.is_settled
    )
    upgrade_held_back: Callable[[Due, Lines], Due | None] = upgrade_rules.held_back
    read_load: Callable[[responses.Document, Identity], loads.Load] = upgrade_rules.read_load
    check_member: Callable[[loads.Member, responses.Document], None] = upgrade_rules.check_member
    report_method: Callable[[Parameters], str] = report_method
    report_rules: Callable[[Parameters], tuple[str, ...]] = report_rules
    resolve_report: Callable[
        [str, MacroTable, ProvisioningSource | None, Interpretations], rules.Outcome
    ] = resolve_report
    report_delay: Callable[[reports.Cause, Parameters], Window | None] = reports.delay
    request_body: Callable[[str, MacroTable], str] = request_body
    triggers: tuple[str, ...] = TRIGGERS
    equation_holds: Callable[[str, MacroTable], bool] = holds
    triggers_on_edge: bool = True
    starts_standby: bool = True
    retries_wait: bool = True
    reboots_after_failed_upgrade: bool = False
    profile_rules: tuple[str, ...] = PROFILE_RULES
    rules_read_when_due: bool = True
    periodic_before_first_success: bool = False
    retry_resumes_at_failed_rule: bool = False
    retry_index_restarts: bool = True


REFERENCE = Decisions()

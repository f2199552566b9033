"""The decisions that a resync rests on, each a pure function of what the phone knows.

`Decisions()` is the specification. A virtual phone with a defect runs the same machine with one of
these functions replaced, so a defect is as small as the clause it breaks; the judge always runs the
machine with all of them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from hil.errors import RuleError
from hil.reference import profiles, provisioning_source, responses, rules
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage, compose
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource, SourceKind
from hil.reference.urls import DefaultServer
from hil.reference.windows import Window

PROFILE_RULES = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")


class Purpose(Enum):
    """What an attempt is for."""

    RESYNC = "resync"
    UPGRADE = "upgrade"
    REPORT = "report"


class Reason(Enum):
    """Why something is attempted; the value of a resync's is $PRVST, an upgrade's has UPGST of its own."""

    EXPLICIT = "-1"
    POWER_UP = "0"
    PERIODIC = "1"
    RETRY = "2"


def resync_enabled(parameters: Parameters) -> bool:
    """Provision_Enable "controls all resync actions independently of firmware upgrade actions"."""
    return parameters.flag("Provision_Enable")


def resync_on_reset(parameters: Parameters) -> bool:
    """Resync_On_Reset "triggers a resync after every reboot"."""
    return parameters.flag("Resync_On_Reset")


def random_delay(parameters: Parameters, interpretations: Interpretations) -> Window:
    """Resync_Random_Delay: "a random delay following the boot-up sequence", in seconds (I2)."""
    unit = 20 if interpretations.random_delay_unit == "twenty-seconds" else 1
    return Window(0, parameters.integer("Resync_Random_Delay") * unit)


def periodic_delay(
    parameters: Parameters, index: int, interpretations: Interpretations
) -> Window | None:
    """Resync_Periodic: the delay before the next resync after ``index`` periodic ones."""
    return parameters.schedule("Resync_Periodic").window(index, interpretations.list_exhaustion)


def retry_delay(
    parameters: Parameters, index: int, interpretations: Interpretations
) -> Window | None:
    """Resync_Error_Retry_Delay: the delay before the next attempt after ``index`` retries."""
    schedule = parameters.schedule("Resync_Error_Retry_Delay")
    return schedule.window(index, interpretations.list_exhaustion)


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
    Profile_Rule (I15).
    """
    text = table.parameters.raw(name)
    server = None
    unset = name == "Profile_Rule" and name not in table.parameters.items_set()
    if source is not None and source.kind is SourceKind.RULE and unset:
        text = source.text
    if source is not None and source.host is not None:
        try:
            server = DefaultServer(source.host, source.scheme or "tftp", source.port)
        except RuleError as error:
            return rules.RuleFailure(f"DHCP option {source.option}: {error}")
    return rules.resolve(text, lookup=table.lookup, server=server, interpretations=interpretations)


def read_profile(
    document: responses.Document,
    options: Mapping[str, str],
    parameters: Parameters,
    interpretations: Interpretations,
) -> Profile:
    """Decode what was downloaded; raises ProfileError."""
    return profiles.decode(
        document.body,
        key=options.get("key"),
        content_encoding=document.content_encoding,
        ikm=parameters.raw("IKM_HTTP_Encrypt_Content") or None,
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
    macro_table: Callable[..., MacroTable] = macro_table
    profile_rules: tuple[str, ...] = PROFILE_RULES
    rules_read_when_due: bool = True
    periodic_before_first_success: bool = False
    retry_resumes_at_failed_rule: bool = False
    retry_index_restarts: bool = True


REFERENCE = Decisions()

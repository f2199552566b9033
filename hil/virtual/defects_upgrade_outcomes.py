"""Defects of what a phone takes for a load, of how it installs one, and of what it tells of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hil.errors import LoadError
from hil.reference import loads, peer_sharing
from hil.reference.due import BootCause
from hil.reference.identity import Identity
from hil.reference.loads import Load, Member
from hil.reference.log_messages import LogKind, LogMessage, addressed
from hil.reference.macros import MacroTable
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters
from hil.reference.responses import Answer, Document, Meaning, Missing, Unusable
from hil.reference.rules import Fetch
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviations import Change, Compose, deviating, expanding
from hil.virtual.partitions import Partitions

_FACTORY = Identity("000000000002").swver
_SLOW_S = 8.0
_UNSIGNED = re.compile(
    "hil test load 1\nmodel (?P<model>.+)\nversion (?P<name>.+)\n"
    "member (?P<file>.+) (?P<size>[0-9]+) (?P<sha256>[0-9a-f]+)\n"
)

# -- what is taken for a load -------------------------------------------------------------------------


def _unchecked(member: Member, document: Document) -> None:
    del member, document


def _unsigned_too(document: Document, identity: Identity) -> Load:
    try:
        return loads.read_load(document.body, model=identity.model)
    except LoadError as error:
        return _believed(document.body, identity.model, error)


def _believed(data: bytes, model: str, error: LoadError) -> Load:
    """Read a manifest for this model that has no signature; raises ``error`` for what is none."""
    found = _UNSIGNED.fullmatch(data.decode("ascii", "replace"))
    if found is None or found["model"] != model:
        raise error
    return Load(found["name"], model, (Member(found["file"], int(found["size"]), found["sha256"]),))


def _any_model(document: Document, identity: Identity) -> Load:
    del identity
    made_for = document.body.partition(b"\nmodel ")[2].partition(b"\n")[0]
    return loads.read_load(document.body, model=made_for.decode("ascii", "replace"))


def _without_its_image(
    right: Callable[..., Meaning], answer: Answer, fetch: Fetch, **rest: Any
) -> Meaning:
    meaning = right(answer, fetch, **rest)
    if fetch.path.endswith(".sbn") and isinstance(meaning, Missing | Unusable):
        return Document(b"")
    return meaning


# -- how it is installed ------------------------------------------------------------------------------


async def _over_the_running_load(partitions: Partitions, load: Load | None) -> None:
    if load is None:
        await partitions.activate()
    else:
        await partitions.overwrite(load, _SLOW_S)


def _no_boot_for_upgrades(cause: BootCause) -> BootCause | None:
    return None if cause is BootCause.UPGRADE else cause


# -- what is told of it -------------------------------------------------------------------------------


def _silent(kind: LogKind) -> Change:
    """Send no message of this kind."""

    def compose(right: Compose, asked: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        return None if asked is kind else right(asked, table, err)

    return deviating(compose_log=compose)


def _default_if_empty(kind: LogKind) -> Change:
    """Send the default message of this kind where it is configured to be empty."""

    def compose(right: Compose, asked: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        if asked is kind and not table.parameters.raw(kind.value):
            filled = table.parameters.updated({kind.value: TABLE[kind.value].default})
            table = MacroTable(table.identity, filled, table.context, table.interpretations)
        return right(asked, table, err)

    return deviating(compose_log=compose)


def _failure_as_success(
    right: Compose, kind: LogKind, table: MacroTable, err: str
) -> LogMessage | None:
    told = LogKind.UPGRADE_SUCCESS if kind is LogKind.UPGRADE_FAILURE else kind
    return right(told, table, err)


def _first_attempt_only(
    right: Compose, kind: LogKind, table: MacroTable, err: str
) -> LogMessage | None:
    upgrade = kind in peer_sharing.UPGRADE_KINDS
    return None if upgrade and table.lookup("UPGST") == "2" else right(kind, table, err)


def _to_peers(
    kinds: frozenset[LogKind], *, obeys: bool = True, port: int | None = None
) -> Callable[[LogKind, MacroTable, str], LogMessage | None]:
    """Tell the log server of the peers by messages of these kinds."""

    def compose(kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        named = table.parameters.raw("Peer_Firmware_Sharing_Log_Server")
        server = peer_sharing.parse_log_server(named)
        if kind not in kinds or server is None:
            return None
        if obeys and not table.parameters.flag("Peer_Firmware_Sharing"):
            return None
        return addressed(kind, table, err, server.host, port or server.port)

    return compose


_OF_UPGRADES = frozenset(peer_sharing.UPGRADE_KINDS)
_ALL = frozenset(LogKind)


# -- resyncs after it ---------------------------------------------------------------------------------


def _after_upgrade_overrides(parameters: Parameters) -> bool:
    return parameters.flag("Provision_Enable") or parameters.flag("Resync_After_Upgrade_Attempt")


DEFECTS = (
    Defect(
        "load-unchecked",
        "upgrade.corrupt_load",
        "installs an image without comparing its size and digest",
        decision(check_member=_unchecked),
    ),
    Defect(
        "load-signature-ignored",
        "upgrade.corrupt_load",
        "installs a load that is not signed",
        decision(read_load=_unsigned_too),
    ),
    Defect(
        "load-model-ignored",
        "upgrade.corrupt_load",
        "installs a load that was made for another model",
        decision(read_load=_any_model),
    ),
    Defect(
        "load-without-image",
        "upgrade.corrupt_load",
        "installs a load whose image it could not have",
        lambda base: deviating(meaning=_without_its_image)(decision(check_member=_unchecked)(base)),
    ),
    Defect(
        "upgrade-failure-reboots",
        "upgrade.corrupt_load",
        "reboots after a failed upgrade",
        decision(reboots_after_failed_upgrade=True),
    ),
    Defect(
        "upgrade-without-reboot",
        "upgrade.install",
        "installs a load and never starts it",
        firmware(restarted=_no_boot_for_upgrades),
    ),
    Defect(
        "upgrade-over-the-running-load",
        "upgrade.install",
        "writes the new load over the one that runs, so that a loss of power leaves none",
        firmware(install=_over_the_running_load),
    ),
    Defect(
        "upgrade-request-not-told",
        "log.upgrade_request",
        "does not send Log_Upgrade_Request_Msg",
        _silent(LogKind.UPGRADE_REQUEST),
    ),
    Defect(
        "upgrade-request-default-for-empty",
        "log.upgrade_request",
        "sends the default where Log_Upgrade_Request_Msg is empty",
        _default_if_empty(LogKind.UPGRADE_REQUEST),
    ),
    Defect(
        "upgrade-retries-not-told",
        "log.upgrade_request",
        "tells of the first attempt of an upgrade alone",
        deviating(compose_log=_first_attempt_only),
    ),
    Defect(
        "upgrade-success-not-told",
        "log.upgrade_success",
        "does not send Log_Upgrade_Success_Msg",
        _silent(LogKind.UPGRADE_SUCCESS),
    ),
    Defect(
        "upgrade-success-default-for-empty",
        "log.upgrade_success",
        "sends the default where Log_Upgrade_Success_Msg is empty",
        _default_if_empty(LogKind.UPGRADE_SUCCESS),
    ),
    Defect(
        "upgrade-failure-not-told",
        "log.upgrade_failure",
        "does not send Log_Upgrade_Failure_Msg",
        _silent(LogKind.UPGRADE_FAILURE),
    ),
    Defect(
        "upgrade-failure-told-as-success",
        "log.upgrade_failure",
        "sends Log_Upgrade_Success_Msg after a failed upgrade",
        deviating(compose_log=_failure_as_success),
    ),
    Defect(
        "upgrade-failure-default-for-empty",
        "log.upgrade_failure",
        "sends the default where Log_Upgrade_Failure_Msg is empty",
        _default_if_empty(LogKind.UPGRADE_FAILURE),
    ),
    Defect(
        "upgst-always-1",
        "macros.upgrade",
        "says 1 in $UPGST for every attempt",
        expanding("UPGST", to=lambda table, value: "1"),
    ),
    Defect(
        "upgst-stays-2",
        "macros.upgrade",
        "says 2 in $UPGST once an attempt has failed, be the rule another one",
        expanding("UPGST", to=lambda table, value: "2" if table.context.upgerr else value),
    ),
    Defect(
        "upgerr-empty",
        "macros.upgerr",
        "says nothing in $UPGERR",
        expanding("UPGERR", to=lambda table, value: ""),
    ),
    Defect(
        "upgtmr-always-zero",
        "macros.upgtmr",
        "says 0 in $UPGTMR however long ago the last attempt was",
        expanding("UPGTMR", to=lambda table, value: "0"),
    ),
    Defect(
        "swver-of-the-factory",
        "macros.swver",
        "says in $SWVER which load it left the factory with",
        expanding("SWVER", to=lambda table, value: _FACTORY),
    ),
    Defect(
        "no-resync-after-upgrade",
        "resync.after_upgrade",
        "does not resync after an upgrade although Resync_After_Upgrade_Attempt is Yes",
        decision(resync_after_upgrade=lambda parameters: False),
    ),
    Defect(
        "resync-after-every-upgrade",
        "resync.after_upgrade",
        "resyncs after an upgrade although Resync_After_Upgrade_Attempt is No",
        decision(resync_after_upgrade=lambda parameters: True),
    ),
    Defect(
        "resync-after-upgrade-overrides",
        "resync.after_upgrade",
        "resyncs after an upgrade although Provision_Enable is No",
        decision(resync_enabled=_after_upgrade_overrides),
    ),
    Defect(
        "peer-log-although-off",
        "upgrade.peer_sharing",
        "tells Peer_Firmware_Sharing_Log_Server of upgrades although Peer_Firmware_Sharing is No",
        decision(compose_peer_log=_to_peers(_OF_UPGRADES, obeys=False)),
    ),
    Defect(
        "peer-log-of-resyncs",
        "upgrade.peer_sharing_log",
        "tells Peer_Firmware_Sharing_Log_Server of resyncs, too",
        decision(compose_peer_log=_to_peers(_ALL)),
    ),
    Defect(
        "peer-log-port-ignored",
        "upgrade.peer_sharing_log",
        "does not use the port of Peer_Firmware_Sharing_Log_Server",
        decision(compose_peer_log=_to_peers(_OF_UPGRADES, port=514)),
    ),
)

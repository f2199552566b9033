"""Something began although none was due: which clause says that it was not."""

from __future__ import annotations

from hil.reference import upgrade
from hil.reference.decisions import REFERENCE
from hil.reference.due import Action, Asker, BootCause, Purpose
from hil.reference.phone import Asked, Phone


def why_not_due(phone: Phone, purpose: Purpose, at: int) -> str:
    """The clause that a phone breaks which begins something now."""
    if purpose is Purpose.UPGRADE:
        return upgrade.why_not_due(phone, at, REFERENCE)
    if purpose is Purpose.REPORT:
        return "report.when"
    if not phone.parameters.flag("Provision_Enable"):
        return "provision.enable"
    if phone.lines.active:
        return "resync.idle"
    if phone.boot is BootCause.UPGRADE and phone.last_attempt is None:
        return "resync.after_upgrade"
    if phone.boot is BootCause.UPDATE and phone.last_attempt is None:
        return "resync.after_update"
    if _just_upgraded(phone, at):
        return "resync.after_upgrade"
    if any(phone.parameters.raw(f"Resync_Trigger_{n}").strip() for n in (1, 2)):
        return "resync.trigger"
    if phone.failures:
        return "resync.error_retry_delay"
    if phone.synced:
        timed = REFERENCE.resync_at_is_set(phone.parameters)
        return "resync.at" if timed else "resync.periodic"
    return "resync.on_reset"


def why_denied(request: Asked, phone: Phone) -> str | None:
    """The clause that keeps a phone from what it is asked for; None where it has to do it."""
    parameters = phone.parameters
    if REFERENCE.may_ask(request.by, request.action, parameters, phone.interpretations):
        return None
    if request.action is Action.UPGRADE:
        return "upgrade.enable"
    if not parameters.flag("Provision_Enable"):
        return "provision.enable"
    return "resync.from_sip" if request.by is Asker.SIP else "resync.user_configurable"


def _just_upgraded(phone: Phone, at: int) -> bool:
    """Whether an upgrade has failed and nothing has been attempted since."""
    upgraded = phone.upgrades.last_attempt
    before = phone.last_attempt
    return upgraded is not None and (before is None or upgraded > before) and at >= upgraded

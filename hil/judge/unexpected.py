"""Something began although none was due: which clause says that it was not."""

from __future__ import annotations

from hil.reference import upgrade
from hil.reference.decisions import REFERENCE
from hil.reference.due import BootCause, Purpose
from hil.reference.phone import Phone

NANOSECONDS = 1_000_000_000


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
        return "resync.periodic"
    return "resync.on_reset"


def _just_upgraded(phone: Phone, at: int) -> bool:
    """Whether an upgrade has failed and nothing has been attempted since."""
    upgraded = phone.upgrades.last_attempt
    before = phone.last_attempt
    return upgraded is not None and (before is None or upgraded > before) and at >= upgraded

"""Which loads a phone may have in its partitions, where a lab cannot see it.

A phone has two, and what is in the one that does not run decides whether an upgrade needs the lab at
all: a load that is there already is started without being fetched. A download that failed may have
been written there or not; a loss of power during an upgrade leaves what it leaves. Each function gives
the phones that are possible then.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference import loads, machine
from hil.reference.due import BootCause, Purpose
from hil.reference.phone import Began, Duty, Phase, Phone, Reboot
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer


def possible(phone: Phone, at: int) -> tuple[Phone, ...]:
    """The phones that can begin an upgrade at ``at``: what they have to do differs."""
    if phone.upgrades.standby is not None:
        return (phone,)
    without = with_standby(phone, "")
    began, _ = machine.advance(without, Began(at, Purpose.UPGRADE))
    fetch = began.attempt.fetch if began.attempt is not None else None
    name = loads.load_name(fetch.path) if fetch is not None else None
    return (without, with_standby(phone, name)) if name else (without,)


def activated(phone: Phone, at: int) -> tuple[Phone, tuple[Duty, ...]] | None:
    """The phone that begins an upgrade at ``at`` with the load that it has already, if it may."""
    for each in possible(phone, at):
        after, duties = machine.advance(each, Began(at, Purpose.UPGRADE))
        if any(isinstance(duty, Reboot) for duty in duties):
            return after, duties
    return None


def disturbed(before: Phone, phone: Phone) -> Phone:
    """The phone after something: an upgrade that failed may have written to the other partition."""
    attempt = before.attempt
    over = before.phase is Phase.UPGRADING and phone.phase is Phase.WAITING
    if not over or attempt is None or attempt.load is None or not phone.upgrades.standby:
        return phone
    return with_standby(phone, None)


def interrupted(phone: Phone) -> Phone:
    """The phone that boots: an upgrade that it was at may have failed before, and left its traces."""
    attempt = phone.attempt
    if phone.phase is not Phase.UPGRADING or attempt is None:
        return phone
    phone = replace(phone, upgrades=replace(phone.upgrades, error="interrupted"))
    return with_standby(phone, None) if attempt.load is not None else phone


def after_power_cut(phone: Phone, restart: Reboot | None) -> tuple[Phone, ...]:
    """The phones that a loss of power can leave, of one that owed this ``restart``."""
    upgrades = phone.upgrades
    if phone.phase is Phase.UPGRADING and phone.attempt is not None and phone.attempt.load:
        return (with_standby(phone, None),)
    if restart is None or restart.cause is not BootCause.UPGRADE or not upgrades.installed:
        return (phone,)
    # Whether the new load was in its place already shows when it boots.
    newer = replace(phone, identity=phone.identity.running(upgrades.installed))
    return with_standby(phone, None), newer


def with_standby(phone: Phone, standby: str | None) -> Phone:
    """The phone with this load in its other partition."""
    return replace(phone, upgrades=replace(phone.upgrades, standby=standby))


def is_opaque(phone: Phone, answer: Answer) -> bool:
    """Whether the phone was given a load that is not of the test format (`hil.reference.loads`).

    What is inside a vendor's load is unpublished, so whether it is whole, and what it names, is for
    the phone to know and not for the lab.
    """
    attempt = phone.attempt
    if attempt is None or attempt.purpose is not Purpose.UPGRADE or attempt.load is not None:
        return False
    match answer:
        case NoAnswer() | TftpAnswer(error=int()):
            return False
        case HttpAnswer(status=status) if not 200 <= status < 300:
            return False
        case _:
            return not answer.body.startswith(loads.FORMAT_LINE)

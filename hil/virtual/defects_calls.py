"""Defects of calls, and of what a phone makes of a NOTIFY."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hil.reference import line_decisions as spec
from hil.reference import notify
from hil.reference.interpretations import Interpretations
from hil.reference.line_parameters import VOICE_MAIL_INTERVAL
from hil.reference.notify import Accept, NotifyAction, Outcome, Refuse
from hil.reference.parameters import Parameters
from hil.virtual.defect import Defect, line_decision, sip_config
from hil.virtual.firmware import Firmware
from hil.virtual.sip_config import spoken
from hil.wire.sdp import Codec
from hil.wire.sip_build import respond_to
from hil.wire.sip_message import Message, Request, Response, without_header

_UDP = "SIP/2.0/UDP"
Responding = Callable[[Request, Response], Response | None]

# -- calls -------------------------------------------------------------------------------------------


def _silent_to(method: str, *statuses: int) -> Responding:
    """Leave out these responses to a method, or all of them."""

    def response(request: Request, due: Response) -> Response | None:
        hit = request.method == method and (not statuses or due.status in statuses)
        return None if hit else due

    return response


def _instead(status: int, other: int) -> Responding:
    """Answer with another status."""

    def response(request: Request, due: Response) -> Response | None:
        return respond_to(request, other, to_tag="defect") if due.status == status else due

    return response


def _options_refused(request: Request, due: Response) -> Response | None:
    return respond_to(request, 405, to_tag="defect") if request.method == "OPTIONS" else due


def _without_allow(request: Request, due: Response) -> Response | None:
    return without_header(due, "Allow") if request.method == "OPTIONS" else due


def _without(method: str) -> Callable[[Message], Message | None]:
    """Never send requests of a method."""

    def transmit(message: Message) -> Message | None:
        return None if isinstance(message, Request) and message.method == method else message

    return transmit


def _deaf_over_streams(method: str) -> Callable[[Message], Message | None]:
    """Never hear requests of a method that come over TCP or TLS, as their topmost Via tells."""

    def incoming(message: Message) -> Message | None:
        hit = isinstance(message, Request) and message.method == method
        return None if hit and _UDP not in (message.header("Via") or _UDP) else message

    return incoming


def _without_preference(parameters: Parameters, line: int) -> tuple[Codec, ...]:
    names = (f"Preferred_Codec_{line}_", f"Use_Pref_Codec_Only_{line}_")
    return spoken(parameters.updated(dict(zip(names, ("G711u", "No"), strict=True))), line)


def _calls_anyway(parameters: Parameters, line: int, registered: bool) -> bool:
    del registered
    return spec.may_call(parameters, line, True)


def _never(parameters: Parameters, line: int, registered: bool) -> bool:
    del parameters, line, registered
    return False


# -- the mailbox -------------------------------------------------------------------------------------


def _mailbox_anyway(parameters: Parameters, line: int) -> spec.VoiceMail | None:
    name = f"Voice_Mail_Server_{line}_"
    server = parameters.raw(name) or parameters.raw(f"Proxy_{line}_")
    forced = {name: server, f"Voice_Mail_Enable_{line}_": "Yes"}
    return spec.voice_mail(parameters.updated(forced), line)


def _mailbox_for_a_day(parameters: Parameters, line: int) -> spec.VoiceMail | None:
    due = spec.voice_mail(parameters, line)
    return None if due is None else replace(due, interval=VOICE_MAIL_INTERVAL)


def _news_refused(request: Request, due: Response) -> Response | None:
    news = request.method == "NOTIFY" and request.to.tag is not None and due.status == 200
    return respond_to(request, notify.BAD_EVENT) if news else due


# -- NOTIFY ------------------------------------------------------------------------------------------


def _trusting(
    event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
) -> Outcome:
    del shown
    return notify.decide(event, parameters, line, True, reading)


def _distrusting(
    event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
) -> Outcome:
    strict = parameters.updated({f"Auth_Resync-Reboot_{line}_": "Yes"})
    return notify.decide(event, strict, line, shown, reading)


def _first_lines_switch(
    event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
) -> Outcome:
    mixed = parameters.updated(
        {f"Auth_Resync-Reboot_{line}_": parameters.raw("Auth_Resync-Reboot_1_")}
    )
    return notify.decide(event, mixed, line, shown, reading)


def _own_rule(
    event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
) -> Outcome:
    due = notify.decide(event, parameters, line, shown, reading)
    return replace(due, rule="") if isinstance(due, Accept) else due


def _any_event(
    event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
) -> Outcome:
    action, _ = notify.read_event(event)
    known = event if action is not None else NotifyAction.RESYNC.value
    return notify.decide(known, parameters, line, shown, reading)


def _refusing(*actions: NotifyAction) -> Callable[..., Outcome]:
    def decide(
        event: str, parameters: Parameters, line: int, shown: bool, reading: Interpretations
    ) -> Outcome:
        due = notify.decide(event, parameters, line, shown, reading)
        refused = isinstance(due, Accept) and due.action in actions
        return Refuse(notify.BAD_EVENT) if refused else due

    return decide


def _check_sync_in_vain(base: Firmware) -> Firmware:
    refusing = line_decision(notify=_refusing(NotifyAction.CHECK_SYNC))(base)
    return sip_config(response=_instead(notify.BAD_EVENT, 200))(refusing)


DEFECTS = (
    Defect(
        "calls-never-answered",
        "sip.calls",
        "lets every call ring for ever",
        sip_config(answers_calls=False),
    ),
    Defect(
        "calls-answered-without-ringing",
        "sip.calls",
        "does not tell a caller that it rings",
        sip_config(response=_silent_to("INVITE", 180)),
    ),
    Defect(
        "calls-ignored-over-streams",
        "sip.calls",
        "hears no call that comes over TCP or TLS",
        sip_config(incoming=_deaf_over_streams("INVITE")),
    ),
    Defect(
        "calls-never-made",
        "sip.calls",
        "never calls anybody",
        line_decision(may_call=_never),
    ),
    Defect(
        "calls-without-registration",
        "sip.calls",
        "calls although the line is not registered",
        line_decision(may_call=_calls_anyway),
    ),
    Defect(
        "calls-never-ended",
        "sip.calls",
        "sends no BYE when its user hangs up",
        sip_config(transmit=_without("BYE")),
    ),
    Defect(
        "calls-never-cancelled",
        "sip.calls",
        "sends no CANCEL when its user gives up",
        sip_config(transmit=_without("CANCEL")),
    ),
    Defect(
        "calls-ignore-bye",
        "sip.calls",
        "does not answer a BYE",
        sip_config(response=_silent_to("BYE")),
    ),
    Defect(
        "calls-ignore-cancel",
        "sip.calls",
        "does not answer a CANCEL",
        sip_config(response=_silent_to("CANCEL")),
    ),
    Defect(
        "calls-ignored-when-busy",
        "sip.calls",
        "does not answer a second call",
        sip_config(response=_silent_to("INVITE", 486)),
    ),
    Defect(
        "calls-ignore-unknown-codecs",
        "sip.calls",
        "does not answer an offer without a codec that it knows",
        sip_config(response=_silent_to("INVITE", 488)),
    ),
    Defect(
        "calls-ignore-preferred-codec",
        "sip.calls",
        "offers all codecs in one order whatever is preferred",
        sip_config(codecs=_without_preference),
    ),
    Defect(
        "options-refused",
        "sip.calls",
        "answers OPTIONS as if it were an unknown method",
        sip_config(response=_options_refused),
    ),
    Defect(
        "options-without-allow",
        "sip.calls",
        "does not say in its answer to OPTIONS what it understands",
        sip_config(response=_without_allow),
    ),
    Defect(
        "bye-accepted-outside-of-calls",
        "sip.calls",
        "agrees to a BYE that belongs to no call",
        sip_config(response=_instead(481, 200)),
    ),
    Defect(
        "unknown-methods-accepted",
        "sip.calls",
        "agrees to requests of methods that it does not know",
        sip_config(response=_instead(405, 200)),
    ),
    Defect(
        "required-extensions-ignored",
        "sip.calls",
        "agrees to requests that require an extension which it does not know",
        sip_config(response=_instead(420, 200)),
    ),
    Defect(
        "mailbox-never-subscribed",
        "sip.message_waiting",
        "does not subscribe to its mailbox",
        line_decision(voice_mail=lambda parameters, line: None),
    ),
    Defect(
        "mailbox-always-subscribed",
        "sip.message_waiting",
        "subscribes although Voice_Mail_Enable is No, or to its proxy without a Voice_Mail_Server",
        line_decision(voice_mail=_mailbox_anyway),
    ),
    Defect(
        "mailbox-interval-fixed",
        "sip.message_waiting",
        "subscribes to its mailbox for a day whatever Voice_Mail_Subscribe_Interval says",
        line_decision(voice_mail=_mailbox_for_a_day),
    ),
    Defect(
        "mailbox-news-refused",
        "sip.message_waiting",
        "does not know the event of the mailbox to which it has subscribed",
        sip_config(response=_news_refused),
    ),
    Defect(
        "notify-obeyed-without-credentials",
        "sip.notify",
        "obeys every NOTIFY, whoever sends it",
        line_decision(notify=_trusting),
    ),
    Defect(
        "notify-ignored-over-streams",
        "sip.notify",
        "hears no NOTIFY that comes over TCP or TLS",
        sip_config(incoming=_deaf_over_streams("NOTIFY")),
    ),
    Defect(
        "notify-always-challenged",
        "sip.notify",
        "challenges a NOTIFY although Auth_Resync-Reboot is No",
        line_decision(notify=_distrusting),
    ),
    Defect(
        "notify-first-lines-switch",
        "sip.notify",
        "goes by the first line's Auth_Resync-Reboot on the second one, too",
        line_decision(notify=_first_lines_switch),
    ),
    Defect(
        "notify-ignores-profile",
        "sip.notify",
        "resyncs by its own rules although the event names a profile",
        line_decision(notify=_own_rule),
    ),
    Defect(
        "notify-any-event-resyncs",
        "sip.notify",
        "takes an event that it does not know for a resync",
        line_decision(notify=_any_event),
    ),
    Defect(
        "notify-never-reboots",
        "sip.notify",
        "does not know reboot_now and restart_now",
        line_decision(notify=_refusing(NotifyAction.REBOOT, NotifyAction.RESTART)),
    ),
    Defect(
        "notify-never-reports",
        "sip.notify",
        "does not know report",
        line_decision(notify=_refusing(NotifyAction.REPORT)),
    ),
    Defect(
        "notify-check-sync-in-vain",
        "sip.check_sync",
        "agrees to check-sync and does nothing",
        _check_sync_in_vain,
    ),
)

"""What a phone was asked for and may be doing already, before it has said whether it agrees.

A phone that is asked by web page may act before its answer is whole, or reboot without one. So from
the request on there are two ways: it has taken the request, or not yet. Its answer settles which; where
there is none both stay open, and what the phone does then decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hil.judge.findings import Finding
from hil.judge.hidden import just_begun, unseen
from hil.judge.shadow import Shadow
from hil.judge.unexpected import why_denied
from hil.reference import scheduling
from hil.reference.decisions import REFERENCE
from hil.reference.due import Action, Purpose
from hil.reference.phone import Asked, Happening, Phase, Phone


@dataclass(frozen=True)
class Perhaps:
    """From now on ``happening`` may have happened; ``exchange`` names the request that asks for it."""

    exchange: str
    happening: Happening


@dataclass(frozen=True)
class Settled:
    """The phone answered ``exchange``: it ``agreed`` to the ``happening``, or not; None: no answer.

    ``clause`` is the one that a phone breaks which refuses and does it all the same; ``since`` is when
    it was asked, if that was before the happening.
    """

    exchange: str
    happening: Happening
    agreed: bool | None
    clause: str
    since: int | None = None


News: TypeAlias = Happening | Perhaps | Settled


def told(ways: list[Shadow], news: News) -> list[Shadow]:
    """The ways after what is new, which may end some of them and open others; never none."""
    if not isinstance(news, Settled) or news.agreed is not False:
        if isinstance(news, Settled) and news.agreed:
            ways = _without_idle(ways, news)
        return [after for way in ways for after in _told(way, news)]
    waiting = [way for way in ways if news.exchange not in way.taken]
    for way in waiting:
        way.denied = (news.clause, news.happening.at)
    for way in ways if not waiting else []:
        way.taken -= {news.exchange}
        way.ledger.violated(
            Finding(
                news.clause,
                "the phone refused a request and obeyed it all the same",
                "nothing, as its answer says",
                f"what follows from {type(news.happening).__name__}",
                at=news.happening.at,
            )
        )
    return waiting or ways


def _without_idle(ways: list[Shadow], news: Settled) -> list[Shadow]:
    """The ways but those in which it was early to take a request and has not come to it yet.

    From its answer on, they are no others than those in which it takes the request now, unless it
    has taken another one since.
    """
    waiting = [way for way in ways if news.exchange not in way.taken]
    if not waiting:
        return ways
    return [way for way in ways if way in waiting or not _is_pending(news.happening, way.phone)]


def _is_pending(happening: Happening, phone: Phone) -> bool:
    if not isinstance(happening, Asked) or not phone.wanted:
        return False
    last = phone.wanted[-1]
    return (last.by, last.action, last.rule) == (happening.by, happening.action, happening.rule)


def _told(way: Shadow, news: News) -> list[Shadow]:
    if way.lost is not None:
        return [way]
    match news:
        case Perhaps(exchange, happening):
            early = way.fork()
            early.taken |= {exchange}
            return [way, *_happens(early, happening)]
        case Settled(exchange, happening, None) if exchange in way.taken:
            # When it came to it nobody knows.
            late = scheduling.not_late(way.phone, happening.at)
            way.phone = scheduling.settled(late, happening.at, REFERENCE)
            way.taken -= {exchange}
            return [way]
        case Settled(exchange) if exchange in way.taken:
            way.taken -= {exchange}
            return [way]
        case Settled(agreed=None):
            return [way]
        case Settled(happening=Asked() as request, since=int(since)):
            return _happens(way, request, since)
        case Settled(happening=happening):
            return _happens(way, happening)
        case _:
            return _happens(way, news)


def _happens(way: Shadow, happening: Happening, since: int | None = None) -> list[Shadow]:
    """What happens to it; a resync that is due or going on may be what a request for one was for.

    ``since`` is when it may have taken the request, if that was before.
    """
    ways = [way]
    before = way.phone
    if isinstance(happening, Asked):
        clause = why_denied(happening, way.phone)
        way.denied = None if clause is None else (clause, happening.at)
        # What was due may have begun just before, and waits for its first sign.
        begun = just_begun(way, happening.at)
        over = unseen(way, happening.at)
        if over is not None and over.phone.phase is Phase.WAITING:
            # It may be over as well, unseen, so that this request is another one than the last.
            begun.append(over)
        ways += [each for early in begun for each in _happens(early, happening, since)]
        if _may_be_met(happening, way.phone):
            ways.append(way.fork())
    way.happens(happening)
    if since is not None:
        # When it took the request does not show.
        way.phone = scheduling.maybe_since(way.phone, before, since)
    return ways


def _may_be_met(request: Asked, phone: Phone) -> bool:
    """Whether what a request asks for is going on already.

    Whether it had begun when the request came is not seen. Of one that is made again before it is met
    the reference itself leaves open whether it is met twice.
    """
    attempt = phone.attempt
    if request.action is not Action.RESYNC or attempt is None:
        return False
    return attempt.purpose is Purpose.RESYNC and (attempt.text or "") == request.rule

"""What a phone looks up, and what the lab's DNS server tells it: hosts, and services with --srv.

A look-up by SRV records has two halves: the records of the service, then the addresses of the targets
that they name. What a truncated answer leaves open comes again over TCP.
"""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.judge import hidden
from hil.judge.beginnings import beginnings
from hil.judge.names import PROMPT_LOOKUP_NS, SETTLED, host_name, located
from hil.judge.owed import ANNOUNCING
from hil.judge.shadow import Shadow
from hil.judge.steps import Asking, Looking
from hil.reference import attempts
from hil.reference.phone import Destination, Duty, Locate, Log, Phone


def asked(shadow: Shadow, event: ev.DnsQuery) -> list[Shadow]:
    """A name may be looked up for a resync, for its message, or for what the lab knows nothing of."""

    def shows(phone: Phone, duties: tuple[Duty, ...]) -> bool:
        if any(_asks_for(shadow, duty, event) for duty in duties if isinstance(duty, Locate)):
            return True
        hosts = [duty.message.host for duty in duties if isinstance(duty, Log)]
        return event.qtype == "A" and host_name(event.name) in map(host_name, hosts)

    anew = hidden.given_up(shadow, event.at)
    begun = beginnings(shadow, event, shows)
    # SRV records of the rule's service are looked up for nothing else; an address may be.
    ways = begun if begun and event.qtype == "SRV" else [shadow, *begun]
    for each in anew:
        step = each.step
        goes_on = isinstance(step, Looking) and _asks_for(each, step.locate, event)
        ways += [each] if goes_on else beginnings(each, event, shows)
    telling = hidden.looks_up_to_tell(shadow, event)
    if telling is not None:
        ways.append(telling)
    for way in ways:
        _is_asked(way, event)
    return ways


def told(shadow: Shadow, event: ev.DnsAnswer) -> list[Shadow]:
    """A look-up comes to its end, or a further address to those that are being tried."""
    if event.truncated:
        return [shadow]
    looking = shadow.step
    if isinstance(looking, Asking):
        _finds_more(shadow, looking, event)
    if not isinstance(looking, Looking):
        return [shadow]
    settled = _settled(shadow, looking.locate, event)
    if settled is None:
        return [shadow]
    ways = [shadow]
    late = event.at - looking.last > PROMPT_LOOKUP_NS
    if late:
        ways.append(_too_late(shadow, looking, event))
    if late or _is_to_another(looking, event):
        # It asks anew, or has, and may wait for the answer to that alone.
        ways.append(shadow.fork())
    if settled == "goes on":
        # The address of a host is due now.
        since = event.at
        shadow.step = replace(looking, since=since, last=since + shadow.stride, asked=False)
    else:
        shadow.step = None
        shadow.happens(located(event.at, _found(shadow, looking)))
    return ways


def _too_late(shadow: Shadow, looking: Looking, event: ev.DnsAnswer) -> Shadow:
    """The way in which the phone had given up waiting: for all, or for one of several hosts."""
    other = shadow.fork()
    hosts = [host_name(host) for host in shadow.names.hosts_of(looking.locate)]
    name = host_name(event.name)
    if event.qtype == "A" and name in hosts and name != hosts[-1]:
        other.step = replace(looking, last=event.at, asked=True, missed=(*looking.missed, name))
    else:
        other.failed("no answer", looking.since, event.at)
    return other


def _found(shadow: Shadow, looking: Looking) -> tuple[Destination, ...]:
    """What the look-up has found so far, in the order in which it is to be tried."""
    names, locate = shadow.names, looking.locate
    late = {each for host in looking.missed for each in names.destinations(locate, host)}
    return tuple(each for each in names.destinations(locate) if each not in late)


def _is_asked(shadow: Shadow, event: ev.DnsQuery) -> None:
    """Take note of a question that the present step needs."""
    step = shadow.step
    if isinstance(step, Looking) and _asks_for(shadow, step.locate, event):
        shadow.step = replace(step, last=event.at, asked=True, question=_question(event))
        if event.qtype == "SRV":
            shadow.ledger.checked("rules.srv")
    elif isinstance(step, Asking) and step.connection == 0 and step.retrieve.port:
        locate = attempts.look_up(step.retrieve.fetch, shadow.phone.interpretations)
        if _asks_for(shadow, locate, event):
            # It looks all hosts of the service up before it asks, and announces, the first.
            _still_looking(shadow, step, event.at + shadow.patience)


def _is_to_another(looking: Looking, event: ev.DnsAnswer) -> bool:
    """Whether an answer is to a question before the last one, as far as their octets are known."""
    return bool(looking.question and event.data) and looking.question != _question(event)


def _question(event: ev.DnsQuery | ev.DnsAnswer) -> str:
    """What an answer has in common with its question (RFC 5452 section 9.1): id and client."""
    return f"{event.peer} {event.data[:2].hex()}" if event.data else ""


def _asks_for(shadow: Shadow, locate: Locate, event: ev.DnsQuery) -> bool:
    """Whether a query is one that the look-up needs."""
    name = host_name(event.name)
    if event.qtype == "SRV":
        return bool(locate.service) and name == host_name(locate.service)
    return name in map(host_name, shadow.names.hosts_of(locate))


def _settled(shadow: Shadow, locate: Locate, event: ev.DnsAnswer) -> str | None:
    """Whether an answer ends the look-up (``ends``), leads on (``goes on``), or says nothing."""
    name = host_name(event.name)
    if event.rcode not in SETTLED and not shadow.names.destinations(locate, event.name):
        # A server's own trouble settles nothing: a resolver may ask another one, or again.
        return None
    if event.qtype == "SRV":
        if not locate.service or name != host_name(locate.service):
            return None
        return "goes on" if shadow.names.hosts_of(locate) else "ends"
    hosts = [host_name(host) for host in shadow.names.hosts_of(locate)]
    if name not in hosts:
        return None
    if not shadow.names.destinations(locate, event.name) and name != hosts[-1]:
        # There are other targets to try.
        return "goes on"
    return "ends"


def _still_looking(shadow: Shadow, asking: Asking, until: int) -> None:
    shadow.step = replace(asking, last=until + shadow.stride)
    shadow.logs.allow_until(until, ANNOUNCING)


def _finds_more(shadow: Shadow, asking: Asking, event: ev.DnsAnswer) -> None:
    attempt = shadow.phone.attempt
    if attempt is None or event.qtype != "A" or "srv" not in asking.retrieve.fetch.options:
        return
    locate = attempts.look_up(asking.retrieve.fetch, shadow.phone.interpretations)
    if asking.connection == 0 and host_name(event.name) in shadow.names.hosts_of(locate):
        _still_looking(shadow, asking, event.at)
    known = (asking.retrieve.destination, *attempt.others)
    further = shadow.names.destinations(locate, event.name)
    more = tuple(each for each in further if each not in known)
    if more:
        shadow.happens(located(event.at, more))

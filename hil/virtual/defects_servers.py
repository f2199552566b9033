"""Defects of how a phone finds its server, convinces it, and carries out a rule's options."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hil.errors import RemoteProtocolError
from hil.reference import responses
from hil.reference.aliases import Aliases, read_aliases
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import Retrieve
from hil.reference.profiles import Profile
from hil.reference.responses import Answer, Challenge, Document, HttpAnswer, NoAnswer
from hil.reference.rules import Fetch, Outcome
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviations import Read, concluding, deviating, following
from hil.virtual.dns_answers import DnsReply, Service, question, read_reply
from hil.virtual.firmware import Firmware
from hil.virtual.resolver import ResolverConfig, settled

# -- credentials --------------------------------------------------------------------------------------


def _challenged(change: Callable[[Challenge], Challenge | None]) -> Callable[[Firmware], Firmware]:
    """Answer another challenge than the one that was made."""

    def retrieve(due: Retrieve) -> Retrieve:
        return due if due.authorize is None else replace(due, authorize=change(due.authorize))

    return firmware(retrieve=retrieve)


def _unauthenticated(challenge: Challenge) -> Challenge | None:
    del challenge
    return None


def _always_basic(challenge: Challenge) -> Challenge:
    return Challenge(challenge.status, 'Basic realm="hil"')


def _without_qop(challenge: Challenge) -> Challenge:
    return replace(challenge, text=challenge.text.replace('qop="auth"', "x=y"))


def _always_md5(challenge: Challenge) -> Challenge:
    return replace(challenge, text=re.sub(r"algorithm=[\w-]+", "algorithm=MD5", challenge.text))


def _refused(*statuses: int) -> Callable[[Answer], Answer]:
    def taken(answer: Answer) -> Answer:
        match answer:
            case HttpAnswer(status=status) if status in statuses:
                return HttpAnswer(500)
        return answer

    return taken


def _authorizing(count: Callable[[int], int]) -> Callable[[Firmware], Firmware]:
    """Believe that another number of challenges were answered already."""

    def meaning(
        answer: Answer, fetch: Fetch, *, authorizations: int = 0, **rest: Any
    ) -> responses.Meaning:
        return responses.meaning(answer, fetch, authorizations=count(authorizations), **rest)

    return decision(meaning=meaning)


def _without_user(answer: Answer, fetch: Fetch, **rest: Any) -> responses.Meaning:
    return responses.meaning(
        answer, replace(fetch, options={"uid": "", "pwd": "", **fetch.options}), **rest
    )


def _quotes_kept(outcome: Outcome, rule: str) -> Outcome:
    if not isinstance(outcome, Fetch) or '"' not in rule:
        return outcome
    quoted = {n: f'"{v}"' for n, v in outcome.options.items() if n in ("uid", "pwd")}
    return replace(outcome, options={**outcome.options, **quoted})


def _octal_kept(rule: str, _table: MacroTable) -> str:
    return re.sub(r"\\([0-3][0-7]{2})", r"\\134\1", rule)


# -- options ------------------------------------------------------------------------------------------


def _posted(**changes: Any) -> Callable[[Firmware], Firmware]:
    def retrieve(due: Retrieve) -> Retrieve:
        return replace(due, **changes) if "post" in due.fetch.options else due

    return firmware(retrieve=retrieve)


@dataclass(frozen=True, slots=True)
class _Unexpanding(MacroTable):
    """A macro table that knows its macros in rules and leaves them alone in bodies."""

    def expand(self, template: str) -> str:
        return template


def _unexpanding(
    identity: Identity,
    parameters: Parameters,
    context: MacroContext,
    interpretations: Interpretations,
) -> MacroTable:
    return _Unexpanding(identity, parameters, context, interpretations)


def _aliased(change: Callable[[Aliases, bytes], Aliases]) -> Callable[[Firmware], Firmware]:
    """Read a profile with another alias map."""

    def read(
        right: Read,
        document: Document,
        options: Mapping[str, str],
        parameters: Parameters,
        reading: Interpretations,
    ) -> Profile:
        if "alias" in options:
            register = f"GPP_{options['alias'].upper()}"
            entries = change(read_aliases(parameters.raw(register)), document.body).entries
            text = "".join(
                f"/{'/'.join(reversed(steps))} = /flat-profile/{name} ;" for steps, name in entries
            )
            parameters = parameters.updated({register: text})
        return right(document, options, parameters, reading)

    return deviating(read_profile=read)


def _from_the_root(aliases: Aliases, document: bytes) -> Aliases:
    root = re.search(rb"<([A-Za-z][^\s/>]*)", document)
    name = root[1].decode() if root is not None else ""
    return Aliases(tuple(entry for entry in aliases.entries if entry[0][-1] == name))


def _without_option(name: str) -> Callable[[Outcome, str], Outcome]:
    def concluded(outcome: Outcome, _rule: str) -> Outcome:
        if not isinstance(outcome, Fetch):
            return outcome
        left = {option: value for option, value in outcome.options.items() if option != name}
        return replace(outcome, options=left)

    return concluded


def _srv_by_tftp(rule: str, _table: MacroTable) -> str:
    return rule.replace("[--srv]", "") if "tftp://" in rule else rule


def _without_port(due: Retrieve) -> Retrieve:
    return replace(due, port=0)


# -- names --------------------------------------------------------------------------------------------


def _as_told(services: Sequence[Service], _chance: random.Random) -> list[Service]:
    return list(services)


def _first_only(services: Sequence[Service], chance: random.Random) -> list[Service]:
    return ResolverConfig().order(services, chance)[:1]


def _given_up(answer: Answer) -> Answer:
    return replace(answer, unreachable=False) if isinstance(answer, NoAnswer) else answer


def _any_answer(data: bytes, name: str, qtype: int, number: int) -> DnsReply | None:
    # Under the header and the question of this query, whatever was answered.
    asked = question(name, qtype, number)
    return settled(asked[:2] + data[2:12] + asked[12:] + data[len(asked) :], name, qtype, number)


def _trouble_at_once(data: bytes, name: str, qtype: int, number: int) -> DnsReply | None:
    try:
        return read_reply(data, name, qtype, number)
    except RemoteProtocolError:
        return DnsReply("FORMERR")


def _resolver(**changes: Any) -> Callable[[Firmware], Firmware]:
    return lambda base: replace(base, resolver=replace(base.resolver, **changes))


DEFECTS = (
    Defect(
        "credentials-not-shown",
        "transfer.authentication",
        "asks again after a challenge without credentials",
        _challenged(_unauthenticated),
    ),
    Defect(
        "only-basic-credentials",
        "transfer.authentication",
        "answers every challenge with Basic",
        _challenged(_always_basic),
    ),
    Defect(
        "digest-without-qop",
        "transfer.authentication",
        "answers Digest in its legacy form although qop is offered",
        _challenged(_without_qop),
    ),
    Defect(
        "digest-by-md5",
        "transfer.authentication",
        "answers every Digest challenge with MD5",
        _challenged(_always_md5),
    ),
    Defect(
        "challenge-is-failure",
        "transfer.authentication",
        "takes a challenge for a failure",
        firmware(answer=_refused(401, 407)),
    ),
    Defect(
        "proxy-challenge-is-failure",
        "transfer.authentication",
        "does not answer 407",
        firmware(answer=_refused(407)),
    ),
    Defect(
        "authorizes-once",
        "transfer.authentication",
        "answers one challenge and takes the next for a failure",
        _authorizing(lambda answered: 2 * answered),
    ),
    Defect(
        "authorizes-five-times",
        "transfer.authentication",
        "shows credentials that are refused five times",
        _authorizing(lambda answered: max(0, answered - 3)),
    ),
    Defect(
        "nobody-as-user",
        "transfer.authentication",
        "answers a challenge without --uid with empty credentials",
        decision(meaning=_without_user),
    ),
    Defect(
        "quotes-in-credentials",
        "rules.credentials",
        "takes the quotes around the arguments of --uid and --pwd for a part of them",
        concluding(_quotes_kept),
    ),
    Defect(
        "octal-in-credentials",
        "rules.credentials",
        "does not decode octal characters in --uid and --pwd",
        following(_octal_kept),
    ),
    Defect(
        "post-ignored",
        "rules.post",
        "asks with GET although the rule has --post",
        _posted(method="GET", body=""),
    ),
    Defect("post-empty", "rules.post", "sends no body with --post", _posted(body="")),
    Defect(
        "post-not-expanded",
        "rules.post",
        "sends GPP_x with --post as it is written",
        decision(macro_table=_unexpanding),
    ),
    Defect(
        "alias-ignored",
        "rules.alias",
        "does not know --alias",
        concluding(_without_option("alias")),
    ),
    Defect(
        "alias-from-the-root",
        "rules.alias",
        "matches the left side of an alias against the whole path of an element",
        _aliased(_from_the_root),
    ),
    Defect(
        "alias-only-one",
        "rules.alias",
        "reads the first alias of a map alone",
        _aliased(lambda aliases, _document: Aliases(aliases.entries[:1])),
    ),
    Defect("srv-ignored", "rules.srv", "does not know --srv", concluding(_without_option("srv"))),
    Defect(
        "srv-port-ignored",
        "rules.srv",
        "asks the host of the SRV record at the port of the URL",
        firmware(retrieve=_without_port),
    ),
    Defect(
        "srv-in-order-of-answer",
        "rules.srv",
        "asks the SRV records in the order of the answer, not of their priority",
        _resolver(order=_as_told),
    ),
    Defect(
        "srv-first-only",
        "rules.srv",
        "gives up when the first SRV record's host does not answer",
        _resolver(order=_first_only),
    ),
    Defect(
        "srv-by-tftp",
        "rules.srv",
        "fetches by TFTP although the rule has --srv",
        following(_srv_by_tftp),
    ),
    Defect(
        "first-address-only",
        "dns.addresses",
        "gives up when the first address of a host does not answer",
        firmware(answer=_given_up),
    ),
    Defect(
        "dns-cached-for-ever",
        "dns.ttl",
        "remembers addresses until its power goes, whatever their TTL",
        _resolver(forgets=False),
    ),
    Defect(
        "no-dns-over-tcp",
        "dns.truncation",
        "does not ask over TCP where an answer is truncated",
        _resolver(asks_over_tcp=False),
    ),
    Defect(
        "stale-address-used",
        "dns.failure",
        "uses an address whose TTL is over when it can get no other",
        _resolver(serves_stale=True),
    ),
    Defect(
        "dns-answer-unchecked",
        "dns.failure",
        "takes an answer with another id or to another question for its own",
        _resolver(settle=_any_answer),
    ),
    Defect(
        "dns-garbage-is-failure",
        "dns.failure",
        "gives a look-up up at the first datagram that makes no sense",
        _resolver(settle=_trouble_at_once),
    ),
)

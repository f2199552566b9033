"""What surrounds a phone: servers with what they hold, how they fail, and what DHCP says of them."""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from hil.endpoints import faults as fl
from hil.endpoints.sip_faults import MalformedSip, NoAck, SipStatus, Unreachable, WrongSdp
from hil.endpoints.sip_settings import Shown
from hil.explore import configuration as cf
from hil.explore.scenario import LAB, Call, Codes, Fixture, Profile, Utc
from hil.reference.parameters import is_valid, lookup_parameter
from hil.wire.sip_digest import Algorithm

_EVEN = 24
"""About how often each parameter stands in the list that one is drawn from."""

SECONDS = (0.5, 3.0, 20.0)
NTH = (1, 1, 2, 2, 3, None)
WEB = ("http", "https")
FILES = ("tftp", "http", "https")

ANSWERS: tuple[fl.Fault, ...] = (
    fl.Silence(),
    *(fl.Delay(each) for each in SECONDS),
    fl.Truncate(20),
    fl.Stall(10),
    fl.WrongLength(5),
    fl.Corrupt(3),
)
TFTP: tuple[fl.Fault, ...] = (
    *ANSWERS,
    fl.TftpError(0, "busy"),
    fl.TftpError(1, "File not found"),
    fl.TftpError(2),
    fl.TftpError(3, block=1),
    fl.LoseBlock(1),
    fl.DuplicateBlock(1),
)
HTTP: tuple[fl.Fault, ...] = (
    *ANSWERS,
    *(fl.Status(each) for each in (301, 400, 401, 403, 404, 410, 500, 503)),
    fl.Reset(),
    fl.Reset(15),
    fl.Close(),
    fl.Close(15),
    fl.RedirectLoop(),
    fl.MalformedStatusLine(),
    fl.BadChunk(),
    fl.Drip(0.05, 40),
)
TLS: tuple[fl.Fault, ...] = (
    fl.ExpiredCertificate(),
    fl.NotYetValidCertificate(),
    fl.WrongNameCertificate(),
    fl.UntrustedCertificate(),
    fl.SilentHandshake(),
)
DNS: tuple[fl.Fault, ...] = (
    fl.Silence(),
    fl.Delay(0.5),
    fl.Delay(3.0),
    fl.Rcode("SERVFAIL"),
    fl.Rcode("NXDOMAIN"),
    fl.TruncatedAnswer(),
    *(fl.Garbage(kind) for kind in fl.GARBAGE),
)
NTP: tuple[fl.Fault, ...] = (
    fl.Silence(),
    fl.Delay(0.5),
    fl.Delay(3.0),
    fl.Unsynchronized(),
    fl.KissOfDeath(),
)
DHCP: tuple[fl.Fault, ...] = (fl.Silence(), fl.Delay(0.5), fl.Delay(3.0))
SIP: tuple[fl.Fault, ...] = (
    fl.Silence(),
    fl.Delay(0.5),
    fl.Delay(3.0),
    *(SipStatus(each) for each in (302, 403, 404, 486, 500, 503)),
    SipStatus(503, "", (("Retry-After", "20"),)),
    MalformedSip(),
    MalformedSip("noise"),
    Unreachable(),
)
SESSION: tuple[tuple[fl.Fault, str | None], ...] = (
    (WrongSdp(), "INVITE"),
    (WrongSdp("refused"), "INVITE"),
    (WrongSdp("missing"), "ACK"),
    (NoAck(), None),
)


def _call(on: str, does: str, *args: object, **named: object) -> Call:
    return Call(on, does, args, tuple(named.items()))  # type: ignore[arg-type]


def _injected(on: str, faults: tuple[fl.Fault, ...]) -> st.SearchStrategy[Call]:
    return st.builds(
        lambda fault, nth: _call(on, "inject", fault, nth=nth),
        st.sampled_from(faults),
        st.sampled_from(NTH),
    )


@functools.cache
def pairs(fields: cf.Fields, *, valid: bool = False) -> st.SearchStrategy[tuple[str, str]]:
    """A parameter of these fields with one of its values; ``valid``: one that a flash can hold.

    Each parameter is about as likely as any other, however many values it has.
    """
    chosen = []
    for name, values in cf.joined(fields).items():
        good = [each for each in values if not valid or is_valid(lookup_parameter(name), each)]
        chosen += [(name, value) for value in good * max(1, _EVEN // max(1, len(good)))]
    return st.sampled_from(chosen)


@functools.cache
def profiles(fields: cf.Fields) -> st.SearchStrategy[Profile]:
    """A profile that sets a few parameters of these fields, mostly one that can be applied."""
    return st.builds(
        Profile,
        st.lists(pairs(fields), max_size=3, unique_by=_name).map(tuple),
        st.sampled_from((False, False, True)),
        st.sampled_from(("", "", "", cf.KEY)),
        st.sampled_from((0,) * 9 + (15,)),
    )


def _name(pair: tuple[str, str]) -> str:
    return pair[0]


@functools.cache
def files(fields: cf.Fields) -> st.SearchStrategy[Call]:
    """A profile at one of the paths, on one of the servers."""
    anywhere = st.sampled_from((*cf.PATHS, *cf.PATHS[1:], "/private.xml", "/sealed.xml"))
    served = st.builds(
        lambda on, path, profile: _call(
            on, "serve", path, _sealed(profile) if path == "/sealed.xml" else profile
        ),
        st.sampled_from(FILES),
        anywhere,
        profiles(fields),
    )
    return served | st.sampled_from(_FIXED_FILES)


def _sealed(profile: Profile) -> Profile:
    return Profile(profile.parameters, profile.gzip, cf.KEY, profile.cut)


_FIXED_FILES = (
    *(_call(on, "serve", "/report", "") for on in WEB),
    *(_call(on, "serve", "/form", Profile((("GPP_A", "b"),))) for on in WEB),
    _call("http", "serve", "/7832-3PCC.xml", Profile()),
    _call("tftp", "serve", "/a.xml", "this is no profile"),
    _call("http", "redirect", "/moved.xml", f"http://{LAB}/a.xml"),
    _call("http", "redirect", "/moved.xml", "/b.xml", status=301),
    _call("http", "redirect", "/moved.xml", f"tftp://{LAB}/a.xml"),
    _call("http", "require_basic", "/private.xml", "u", "p"),
    _call("http", "require_digest", "/private.xml", "u", "p"),
    _call("http", "require_digest", "/private.xml", "u", "p", algorithm="SHA-256"),
    _call("https", "require_basic", "/private.xml", "u", "p"),
    _call("https", "require_client_certificate"),
)


@functools.cache
def loads() -> st.SearchStrategy[Call]:
    """A load on one of the servers."""
    return st.builds(
        lambda server, load: _call("", "serve_load", Fixture(server), load, 3000),
        st.sampled_from(("tftp", "http")),
        st.sampled_from(cf.LOADS),
    )


_OFFERS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("option_66", (LAB, f"http://{LAB}", f"http://{cf.NAME}/c.xml", cf.UNKNOWN, "%")),
    ("option_160", (LAB, f"http://{LAB}/b.xml", f"[--key {cf.KEY}] http://{LAB}/sealed.xml", "%%")),
    ("option_159", (LAB, cf.ELSEWHERE)),
    ("option_150", (LAB, (cf.ELSEWHERE, LAB))),
    ("option_60", (f"http://{LAB}/a.xml", "PXEClient")),
    ("option_43", (Codes(((1, f"http://{LAB}/c.xml"),)), Codes(((1, "x"), (2, f"tftp://{LAB}"))))),
    ("option_125", (Codes(((1, f"http://{LAB}/c.xml"),), 9), Codes(((1, f"http://{LAB}"),), 3561))),
    ("ntp", (LAB,)),
    ("time_offset", (3600,)),
    ("lease_time", (300, 2000)),
    ("domain", ("example",)),
    ("dns", (LAB, cf.ELSEWHERE, (cf.ELSEWHERE, LAB))),
)


@functools.cache
def offers() -> st.SearchStrategy[Call]:
    """What DHCP offers: options in any combination."""
    option = st.sampled_from([(name, value) for name, values in _OFFERS for value in values])
    several = st.lists(option, max_size=3, unique_by=lambda pair: pair[0])
    usual = st.just(("option_66", LAB))
    named = st.builds(lambda first, more: _offer([first, *more]), usual, several)
    return st.one_of(named, named, named, st.builds(_offer, several))


def _offer(options: list[tuple[str, object]]) -> Call:
    return _call("dhcp", "offer", **dict(reversed(options)))


USUAL = (
    *(_call(on, "serve", path, Profile()) for on in FILES for path in cf.PATHS),
    _call("dns", "answer", cf.NAME, LAB),
)
"""A lab in which what is asked for is there."""

USUAL_LOADS = tuple(_call("", "serve_load", Fixture("http"), load, 3000) for load in cf.LOADS)

NAMES = (
    _call("dns", "answer", cf.NAME, LAB),
    _call("dns", "answer", cf.NAME, cf.ELSEWHERE, LAB),
    _call("dns", "service", f"_http._tcp.{cf.NAME}", cf.NAME, 80),
    _call("dns", "fail", cf.NAME),
)
TIMES = (
    _call("ntp", "set", Utc("2026-01-01 00:00")),
    _call("ntp", "set", Utc("2026-03-29 00:50")),
    _call("ntp", "set", Utc("2026-01-01 15:58")),
)
ACCOUNTS = (
    _call("sip", "authenticate", None),
    _call("sip", "authenticate", Algorithm.SHA_256),
    _call("sip", "authenticate", Algorithm.MD5, qop=False),
    _call("sip", "grant", 60),
    _call("sip", "answer_calls", 486),
    _call("sip", "answer_calls", None),
    _call("sip", "answer_calls", 200, after_s=5.0, ringing=False),
)
CREDENTIALS = (Shown.RIGHT, Shown.RIGHT, Shown.RIGHT, Shown.WRONG, Shown.NONE)


@functools.cache
def troubles(fields: cf.Fields) -> st.SearchStrategy[Call]:
    """A server that misbehaves from now on, of those that the chosen fields need."""
    found = [_injected("tftp", TFTP), _injected("http", HTTP), _injected("dns", DNS)]
    found += [_injected("https", HTTP), _injected("https", TLS), _injected("dhcp", DHCP)]
    found.append(_naks())
    if "clock" in fields:
        found.append(_injected("ntp", NTP))
    if "lines" in fields:
        found += [_injected("sip", SIP), _of_sessions()]
    return st.one_of(found)


def _naks() -> st.SearchStrategy[Call]:
    return st.builds(
        lambda state: _call("dhcp", "inject", fl.Nak(), nth=1, name=state),
        st.sampled_from(("SELECTING", "INIT-REBOOT", "RENEWING")),
    )


def _of_sessions() -> st.SearchStrategy[Call]:
    return st.sampled_from(
        [_call("sip", "inject", fault, nth=1, name=name) for fault, name in SESSION]
    )

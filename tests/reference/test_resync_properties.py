"""Whatever happens to a phone in whatever order, the machine stays sane.

The happenings of these sequences need not make sense: an endpoint, a defect or a power cut may bring
any of them at any moment.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from lives import ADDRESS, PHONE, SERVER

from hil.reference import machine
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    Finished,
    Happening,
    Leased,
    Locate,
    Located,
    Log,
    Phase,
    Phone,
    PoweredOff,
    PoweredOn,
    Retrieve,
)
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import HttpAnswer, NoAnswer, TftpAnswer

RULES = st.sampled_from(
    (
        "",
        "# nothing",
        "/a.xml",
        "http://prov.example/b?$PRVST=$PRVTMR",
        f"[--uid u --pwd $SA] https://{SERVER}/c",
        f"[--post a --key $SB] http://{SERVER}/d",
        '($PRVST eq 0)? /first | ("$A" ne "")? (GPP_A = ""; Resync_Periodic = "7,8";)! /$A',
        "gds://onboarding/x",
        "(((",
        "/$A$A$A$A",
    )
)
SCHEDULES = st.sampled_from(("0", "60", "600,1200,300", "2400+30", "0+5", "5,0", "", "nonsense"))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "Profile_Rule": RULES,
        "Profile_Rule_B": RULES,
        "Profile_Rule_D": RULES,
        "Resync_Periodic": SCHEDULES,
        "Resync_Error_Retry_Delay": SCHEDULES,
        "Resync_Random_Delay": st.sampled_from(("0", "2", "65535", "-1")),
        "Resync_On_Reset": st.sampled_from(("Yes", "No", "maybe")),
        "Provision_Enable": st.sampled_from(("Yes", "No")),
        "Resync_Fails_On_FNF": st.sampled_from(("Yes", "No")),
        "Syslog_Server": st.sampled_from(("", SERVER, "logs.example:5514", "a:b:c")),
        "Log_Success_Msg": st.sampled_from(("", "$ERR$$", "$(PN:2:3) $NOPE")),
        "GPP_A": st.sampled_from(("", "$A", "x" * 300, "|", ")")),
        "DHCP_Option_To_Use": st.sampled_from(("66", "43,125", "", "0")),
    },
)
OPTIONS = st.dictionaries(
    st.sampled_from((6, 43, 60, 66, 125, 150, 159, 160)),
    st.sampled_from((b"", SERVER.encode(), b"\xc0\x00\x02\x01", b"http://x/$MA", b"\xff" * 40)),
)
BODIES = st.one_of(
    SETTINGS.map(lambda chosen: flat_profile(**chosen)),
    st.binary(max_size=40),
    st.just(b"\x1f\x8b" + b"\x00" * 20),
)
ANSWERS = st.one_of(
    st.builds(TftpAnswer, BODIES),
    st.builds(TftpAnswer, error=st.integers(0, 65535), text=st.text(max_size=10)),
    st.builds(
        HttpAnswer,
        st.integers(100, 999),
        BODIES,
        st.none() | st.sampled_from(("/next", "http://x/y", "tftp://x/y", "::", "")),
        st.none() | st.sampled_from(("aes128gcm", "gzip")),
    ),
    st.builds(NoAnswer, st.text(max_size=10)),
)
STEPS = st.sampled_from((0, 1, 10**9, 60 * 10**9, 10**13))
MOVES = st.one_of(
    st.just(Began(0)),
    st.builds(Answered, st.just(0), ANSWERS),
    st.builds(Located, st.just(0), st.none() | st.just("192.0.2.7")),
    st.builds(Leased, st.just(0), st.just(ADDRESS), OPTIONS),
    st.sampled_from((PoweredOff(0), PoweredOn(0))),
)


def timed(moves: list[tuple[int, Happening]]) -> list[Happening]:
    """The moves after a boot, each some nanoseconds after the one before."""
    at, made = 0, [PoweredOn(0), Leased(0, ADDRESS, {66: SERVER.encode()})]
    for later, move in moves:
        at += later
        made.append(replace(move, at=at))
    return made


SEQUENCES = st.lists(st.tuples(STEPS, MOVES), max_size=20).map(timed)


def is_sane(phone: Phone, now: int) -> None:
    """What holds of a phone at any moment."""
    assert (phone.attempt is not None) == (phone.phase is Phase.RESYNCING)
    assert phone.due is None or phone.attempt is None
    if phone.due is not None:
        assert phone.phase is Phase.WAITING
        assert now <= phone.due.earliest <= phone.due.latest
    if phone.phase is Phase.OFF:
        assert (phone.due, phone.attempt, phone.address, dict(phone.options)) == (
            None,
            None,
            None,
            {},
        )


def duties_fit(phone: Phone, duties: tuple[object, ...]) -> None:
    """At most one thing to wait for; once finished, nothing to wait for."""
    waits = [duty for duty in duties if isinstance(duty, Locate | Retrieve)]
    ends = [duty for duty in duties if isinstance(duty, Finished)]
    assert len(waits) + len(ends) <= 1
    assert bool(waits) <= (phone.phase is Phase.RESYNCING)
    assert bool(ends) <= (phone.phase is Phase.WAITING)
    assert all(isinstance(d, Locate | Retrieve | Log | Apply | Finished) for d in duties)


@settings(max_examples=600, deadline=None)
@given(SETTINGS, SEQUENCES)
def test_any_sequence_of_happenings_leaves_a_sane_phone(
    parameters: dict[str, str], sequence: list[Happening]
) -> None:
    phone = Phone(PHONE, Parameters().updated(parameters))
    for happening in sequence:
        before = phone
        phone, duties = machine.advance(phone, happening)
        # A window that was made before may have begun meanwhile; only a new one must lie ahead.
        is_sane(phone, happening.at if phone.due is not before.due else 0)
        duties_fit(phone, duties)
        assert machine.advance(before, happening) == (phone, duties)


@settings(max_examples=300, deadline=None)
@given(SETTINGS, st.lists(ANSWERS, min_size=8, max_size=8), OPTIONS)
def test_every_attempt_comes_to_an_end(
    parameters: dict[str, str], answers: list[object], options: dict[int, bytes]
) -> None:
    """Four rules, five redirects, two challenges each: 32 answers are the most."""
    phone = Phone(PHONE, Parameters().updated({**parameters, "Provision_Enable": "Yes"}))
    for happening in (PoweredOn(0), Leased(1, ADDRESS, options), Began(2)):
        phone, duties = machine.advance(phone, happening)
    answered = 0
    while phone.attempt is not None:
        if any(isinstance(duty, Locate) for duty in duties):
            phone, duties = machine.advance(phone, Located(3, "192.0.2.7"))
        else:
            phone, duties = machine.advance(phone, Answered(3, answers[answered % len(answers)]))
            answered += 1
    assert answered <= 4 * (1 + 5 + 2)
    assert any(isinstance(duty, Finished) for duty in duties)

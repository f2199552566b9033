"""The registration machine: refresh, fail-over, retries and the templates that steer them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.line_decisions import (
    REFERENCE_LINE,
    LineDecisions,
    Server,
    servers,
    voice_mail,
)
from hil.reference.parameters import Parameters
from hil.reference.registration import (
    Line,
    Lost,
    Reconfigured,
    Register,
    RegisterBegan,
    Registered,
    RegisterFailed,
    RegisterGranted,
    RegistrationPhase,
    Started,
    Stopped,
    advance,
)

SECOND = 1_000_000_000
PRIMARY = Server("sip.example", None, "sip.example")
BACKUP = Server("backup.example", 5070, "backup.example")


class Life:
    """A line that has just started, and what it was told to do since the last look."""

    def __init__(self, decisions=REFERENCE_LINE, **values):
        account = {"User_ID_1_": "1001", "Proxy_1_": "sip.example"}
        self.decisions = decisions
        self.line = Line(1, Parameters(account | values))
        self.at = 10
        self.happens(Started(10 * SECOND))

    def happens(self, happening):
        self.line, duties = advance(self.line, happening, self.decisions)
        return duties

    def begins(self):
        return self.happens(RegisterBegan(self.at * SECOND))

    def granted(self, expires=3600):
        return self.happens(RegisterGranted(self.at * SECOND, expires))

    def fails(self, code, **headers):
        return self.happens(RegisterFailed(self.at * SECOND, code, **headers))

    @property
    def window(self):
        """Seconds from now to the next REGISTER."""
        due = self.line.due
        return (due.earliest // SECOND - self.at, due.latest // SECOND - self.at)

    @property
    def clause(self):
        return self.line.due.clause


def with_backup(**values):
    return Life(Dual_Registration_1_="Yes", Alternate_Proxy_1_="backup.example:5070", **values)


def test_a_line_registers_at_once_and_again_before_the_binding_ends():
    life = Life(Register_Expires_1_="600")
    assert life.window == (0, 0)
    assert life.begins() == (Register(PRIMARY, 600),)
    assert life.granted(300) == (Registered(PRIMARY),)
    assert (life.window, life.clause) == ((0, 300), "registration.refresh")
    assert life.line.registered
    life.begins()
    assert life.granted(300) == ()


@pytest.mark.parametrize(
    "values",
    [
        {"Line_Enable_1_": "No"},
        {"Register_1_": "No"},
        {"Proxy_1_": ""},
        {"Proxy_1_": "not a host"},
        {"User_ID_1_": ""},
    ],
)
def test_a_line_without_account_or_leave_does_not_register(values):
    life = Life(**values)
    assert (life.line.phase, life.line.due) == (RegistrationPhase.IDLE, None)
    assert life.begins() == ()


def test_an_expiry_below_reg_min_expires_is_raised():
    life = Life(Reg_Min_Expires="60")
    life.begins()
    life.granted(5)
    assert life.window == (0, 60)


@pytest.mark.parametrize("code", ["403", "404", "500", "503", "X00", "X20", "X40"])
def test_with_an_empty_template_every_failure_waits_long(code):
    life = Life()
    life.begins()
    assert life.fails(code) == ()
    assert (life.window, life.clause) == ((1200, 1200), "registration.retry_long_interval")


@pytest.mark.parametrize(
    ("template", "code", "delay"),
    [
        ("5??", "503", 30),
        ("5??", "404", 1200),
        ("404, 5*", "404", 30),
        ("X*", "X20", 30),
        ("X*", "X00", 30),
        ("X20", "X00", 1200),
        ("???", "X00", 30),
        ("4??", "X40", 1200),
    ],
)
def test_retry_reg_rsc_chooses_the_interval(template, code, delay):
    life = Life(Retry_Reg_RSC=template)
    life.begins()
    life.fails(code)
    assert life.window == (delay, delay)


def test_random_delays_go_on_top():
    values = {"Reg_Retry_Random_Delay": "10", "Reg_Retry_Long_Random_Delay": "300"}
    life = Life(Retry_Reg_RSC="5??", **values)
    life.begins()
    life.fails("500")
    assert life.window == (30, 40)
    life.begins()
    life.fails("403")
    assert life.window == (1200, 1500)


def test_with_a_cap_the_short_interval_doubles_up_to_it():
    life = Life(Retry_Reg_RSC="X20", Reg_Retry_Intvl_Cap="100")
    delays = []
    for _ in range(5):
        life.begins()
        life.fails("X20")
        delays.append(life.window[0])
    assert delays == [30, 60, 100, 100, 100]
    life.begins()
    life.granted()
    life.begins()
    life.fails("X20")
    assert life.window == (30, 30)


def test_a_long_interval_of_0_ends_the_trying():
    life = Life(Reg_Retry_Long_Intvl="0")
    life.begins()
    life.fails("403")
    assert (life.line.phase, life.line.due) == (RegistrationPhase.IDLE, None)


@pytest.mark.parametrize(
    ("code", "retry_after", "delay"),
    [
        ("503", 77, 77),
        ("503", None, 30),
        ("503", 0, 30),
        ("500", 77, 30),
        ("503", 10**12, 2**31 - 1),
    ],
)
def test_retry_after_is_honoured_in_a_503(code, retry_after, delay):
    life = Life(Retry_Reg_RSC="5??")
    life.begins()
    life.fails(code, retry_after=retry_after)
    assert life.window == (delay, delay)


def test_a_423_is_asked_again_with_its_min_expires():
    life = Life(Register_Expires_1_="60")
    life.begins()
    assert life.fails("423", min_expires=1800) == (Register(PRIMARY, 1800),)
    assert life.fails("423", min_expires=1800) == ()
    assert life.window == (1200, 1200)
    life = Life(Register_Expires_1_="60", Reg_Max_Expires="600")
    life.begins()
    assert life.fails("423", min_expires=1800) == (Register(PRIMARY, 600),)


def test_the_alternate_proxy_is_ignored_without_dual_registration():
    parameters = Parameters({"Proxy_1_": "sip.example", "Alternate_Proxy_1_": "backup.example"})
    assert servers(parameters, 1) == (PRIMARY,)
    both = parameters.updated({"Dual_Registration_1_": "Yes"})
    assert servers(both, 1) == (PRIMARY, Server("backup.example", None, "backup.example"))


def test_an_outbound_proxy_is_where_requests_go_and_the_proxy_is_the_domain():
    parameters = Parameters({"Proxy_1_": "sip.example", "Outbound_Proxy_1_": "192.0.2.1:5080"})
    assert servers(parameters, 1) == (Server("192.0.2.1", 5080, "sip.example"),)
    unused = parameters.updated({"Use_Outbound_Proxy_1_": "No"})
    assert servers(unused, 1) == (PRIMARY,)
    assert servers(Parameters({"Outbound_Proxy_1_": "192.0.2.1"}), 1) == ()
    assert servers(Parameters({"Proxy_1_": "sip.example:70000"}), 1) == ()


@pytest.mark.parametrize(("template", "code"), [("5??", "503"), ("X*", "X20"), ("X00", "X00")])
def test_a_code_of_try_backup_rsc_goes_to_the_backup_at_once(template, code):
    life = with_backup(Try_Backup_RSC=template)
    life.begins()
    assert life.fails(code) == (Register(BACKUP, 3600),)
    assert life.granted() == (Registered(BACKUP),)


@pytest.mark.parametrize(("template", "code"), [("5??", "403"), ("", "503"), ("X20", "X00")])
def test_any_other_code_waits_for_the_primary(template, code):
    life = with_backup(Try_Backup_RSC=template)
    life.begins()
    assert life.fails(code) == ()
    assert life.window == (1200, 1200)
    assert life.begins() == (Register(PRIMARY, 3600),)


def test_when_the_backup_fails_too_the_round_is_over():
    life = with_backup(Try_Backup_RSC="*", Retry_Reg_RSC="5??")
    life.begins()
    assert life.fails("X20") == (Register(BACKUP, 3600),)
    assert life.fails("500") == ()
    assert life.window == (30, 30)
    assert life.begins() == (Register(PRIMARY, 3600),)


@pytest.mark.parametrize(
    ("interval", "window"), [("600", (600, 600)), ("5000", (0, 3600)), ("0", (0, 3600))]
)
def test_from_the_backup_the_line_falls_back_to_the_primary(interval, window):
    life = with_backup(Try_Backup_RSC="X20", Proxy_Fallback_Intvl_1_=interval)
    life.begins()
    life.fails("X20")
    life.granted(3600)
    assert (life.window, life.clause) == (window, "registration.fallback")
    assert life.begins() == (Register(PRIMARY, 3600),)
    assert life.granted() == ()
    assert (life.line.bound, life.clause) == (0, "registration.refresh")


def test_a_backup_that_holds_the_binding_is_gone_back_to_whatever_the_code():
    life = with_backup(Try_Backup_RSC="X20")
    life.begins()
    life.fails("X20")
    life.granted()
    life.begins()
    assert life.fails("403") == (Register(BACKUP, 3600),)
    assert life.granted() == ()
    assert life.line.bound == 1


def test_a_registration_is_lost_when_a_round_ends_without_one():
    life = Life()
    assert life.line.lost_at == 10 * SECOND
    life.begins()
    life.granted()
    assert life.line.lost_at is None
    life.begins()
    life.at = 1000
    assert life.fails("X20") == (Lost("X20"),)
    assert (life.line.registered, life.line.lost_at) == (False, 1000 * SECOND)
    life.begins()
    life.at = 2000
    assert life.fails("X20") == ()
    assert life.line.lost_at == 1000 * SECOND


def test_another_account_registers_anew_and_other_parameters_do_not():
    life = Life()
    life.begins()
    life.granted()
    parameters = life.line.parameters.updated({"Retry_Reg_RSC": "5??"})
    assert life.happens(Reconfigured(20 * SECOND, parameters)) == ()
    assert life.line.registered
    parameters = parameters.updated({"User_ID_1_": "1002"})
    assert life.happens(Reconfigured(20 * SECOND, parameters)) == (Lost(""),)
    assert life.line.due.earliest == 20 * SECOND


def test_a_line_that_stops_says_nothing_and_forgets():
    life = Life()
    life.begins()
    life.granted()
    assert life.happens(Stopped(20 * SECOND)) == ()
    assert life.line == Line(1, life.line.parameters)
    assert life.begins() == ()


def test_each_decision_can_be_replaced():
    never = replace(REFERENCE_LINE, tries_backup=lambda code, parameters: False)
    life = Life(
        never, Try_Backup_RSC="*", Dual_Registration_1_="Yes", Alternate_Proxy_1_="b.example"
    )
    life.begins()
    assert life.fails("503") == ()
    assert LineDecisions() == REFERENCE_LINE


happenings = st.lists(
    st.one_of(
        st.just(RegisterBegan(SECOND)),
        st.builds(RegisterGranted, st.just(SECOND), st.integers(0, 10**6)),
        st.builds(
            RegisterFailed,
            st.just(SECOND),
            st.sampled_from(["403", "423", "503", "X00", "X20"]),
            st.none() | st.integers(0, 10**6),
            st.none() | st.integers(0, 10**6),
        ),
    ),
    max_size=40,
)


@given(happenings, st.sampled_from(["", "5??", "X*", "*"]), st.booleans())
def test_whatever_happens_the_line_is_waiting_registering_or_idle(told, template, backup):
    life = (with_backup if backup else Life)(Try_Backup_RSC=template)
    for each in told:
        before = life.line.registered
        duties = life.happens(each)
        line = life.line
        assert (line.due is not None) == (line.phase is RegistrationPhase.WAITING)
        sent = [duty for duty in duties if isinstance(duty, Register)]
        assert len(sent) == (line.phase is RegistrationPhase.REGISTERING and duties != ())
        assert any(isinstance(d, Registered) for d in duties) == (line.registered and not before)
        assert any(isinstance(duty, Lost) for duty in duties) == (before and not line.registered)


# -- the mailbox -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ({}, None),
        ({"Voice_Mail_Server_1_": "192.0.2.1"}, ("192.0.2.1", None, 86_400)),
        ({"Voice_Mail_Server_1_": "mail.example:5080"}, ("mail.example", 5080, 86_400)),
        ({"Voice_Mail_Server_1_": "not a host"}, None),
        ({"Voice_Mail_Server_1_": "192.0.2.1", "Voice_Mail_Enable_1_": "No"}, None),
        ({"Voice_Mail_Server_2_": "192.0.2.1"}, None),
    ],
)
def test_a_mailbox_is_its_server(values, due):
    found = voice_mail(Parameters(values), 1)
    assert (found and (found.server.host, found.server.port, found.interval)) == due


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), ("0", 86_400), ("86400", 86_400)])
def test_an_interval_of_zero_is_the_default(text, seconds):
    values = {"Voice_Mail_Server_1_": "192.0.2.1", "Voice_Mail_Subscribe_Interval_1_": text}
    assert voice_mail(Parameters(values), 1).interval == seconds

"""Commands by web address: what they say, who may give them, and whom a rule without server means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.direct_actions import (
    Accept,
    Command,
    Credentials,
    Refuse,
    WebPaths,
    decide,
    may_administrate,
    may_look,
    parse_command,
    parse_target,
)
from hil.reference.due import Action
from hil.reference.interpretations import DEFAULT
from hil.reference.parameters import Parameters

ROOT = Credentials("admin", "s3cret")
BROWSER = "192.0.2.1"
COMMANDS = (Action.RESYNC, Action.UPGRADE, Action.REBOOT)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("/admin/resync", Command(Action.RESYNC)),
        ("/admin/resync?", Command(Action.RESYNC)),
        (
            "/admin/resync?tftp://192.168.1.200/basic.txt",
            Command(Action.RESYNC, "tftp://192.168.1.200/basic.txt"),
        ),
        (
            "/admin/resync?%5B--uid+admin+--pwd+555%5Dhttp://prov.example/?mac=$MA",
            Command(Action.RESYNC, "[--uid admin --pwd 555]http://prov.example/?mac=$MA"),
        ),
        (
            '/admin/resync?(%22$A%22%20eq%20"x")?%20/a.xml%20|%20/b.xml',
            Command(Action.RESYNC, '("$A" eq "x")? /a.xml | /b.xml'),
        ),
        (
            "/admin/upgrade?http://192.0.2.1:8080/fw/sip7832.12-0-7MPP0001-46.loads",
            Command(Action.UPGRADE, "http://192.0.2.1:8080/fw/sip7832.12-0-7MPP0001-46.loads"),
        ),
        ("/admin/reboot", Command(Action.REBOOT)),
        ("/admin/reboot?now", Command(Action.REBOOT)),
        ("/admin/resync?http://h/p?a=1&b=2", Command(Action.RESYNC, "http://h/p?a=1&b=2")),
        ("/admin/resync?/c%2B%2B.xml", Command(Action.RESYNC, "/c++.xml")),
    ],
)
def test_the_argument_of_a_command_is_a_whole_rule(target, command):
    assert parse_command(target) == command


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("/admin/resync?/b.txt&xuser=admin&xpassword=s3cret", "/b.txt"),
        ("/admin/resync?http://h/p?a=1&xuser=admin&xpassword=s3cret", "http://h/p?a=1"),
        ("/admin/resync?xuser=admin&xpassword=s3cret", ""),
        ("/admin/resync&xuser=admin&xpassword=s3%63ret", ""),
    ],
)
def test_credentials_at_the_end_are_no_part_of_the_rule(target, rule):
    assert parse_command(target) == Command(Action.RESYNC, rule, ROOT)


def test_credentials_that_do_not_stand_at_the_end_belong_to_the_rule():
    command = parse_command("/admin/resync?http://h/p?xuser=a&xpassword=b&c=d")
    assert command == Command(Action.RESYNC, "http://h/p?xuser=a&xpassword=b&c=d")


def test_a_password_may_have_any_character_in_percent_encoding():
    shown = parse_target("/admin/reboot&xuser=admin&xpassword=a%26b%3Fc+d").credentials
    assert shown == Credentials("admin", "a&b?c+d")


@pytest.mark.parametrize(
    "target", ["", "/", "/admin", "/admin/resync/", "/admin/factory", "/resync?/x", "admin/resync"]
)
def test_other_addresses_are_no_commands(target):
    assert parse_command(target) is None


def test_another_firmware_may_have_its_commands_elsewhere():
    assert parse_command("/resync?/x", WebPaths(resync="/resync")) == Command(Action.RESYNC, "/x")


@given(st.text())
def test_whatever_is_asked_has_a_reading(text):
    parse_command(text)
    parse_command(f"/admin/resync?{text}")


# -- who may ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", COMMANDS)
def test_a_new_phone_obeys_every_command_of_anybody(action):
    assert decide(Command(action, "/x"), Parameters(), BROWSER) == Accept(action, "/x", BROWSER)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("Enable_Direct_Action_Url", set(COMMANDS)),
        ("Enable_Web_Server", set(COMMANDS)),
        ("Provision_Enable", {Action.RESYNC}),
        ("Upgrade_Enable", {Action.UPGRADE}),
    ],
)
def test_what_each_switch_turns_off(name, refused):
    parameters = Parameters({name: "No"})
    decisions = {each: decide(Command(each), parameters, BROWSER) for each in COMMANDS}
    assert {each for each, made in decisions.items() if isinstance(made, Refuse)} == refused
    assert all(made.status in (403, 404) for made in decisions.values() if isinstance(made, Refuse))


def test_a_reading_lets_a_command_resync_although_provisioning_is_disabled():
    reading = DEFAULT.choose(provision_disabled="allows-explicit")
    disabled = Parameters({"Provision_Enable": "No"}, reading)
    assert isinstance(decide(Command(Action.RESYNC), disabled, BROWSER), Accept)


@pytest.mark.parametrize(
    ("shown", "obeyed"),
    [
        (None, False),
        (ROOT, True),
        (Credentials("admin", "S3CRET"), False),
        (Credentials("user", "s3cret"), False),
        (Credentials("admin", ""), False),
    ],
)
def test_a_password_of_the_administrator_is_asked_for(shown, obeyed):
    parameters = Parameters({"Admin_Password": "s3cret"})
    for made in (
        decide(Command(Action.REBOOT, "", shown), parameters, BROWSER),
        decide(Command(Action.REBOOT), parameters, BROWSER, shown),
    ):
        assert isinstance(made, Accept) is obeyed
        assert obeyed or made.status == 401


def test_credentials_in_the_address_come_before_those_of_the_request():
    parameters = Parameters({"Admin_Password": "s3cret"})
    wrong = Credentials("admin", "wrong")
    made = decide(Command(Action.REBOOT, "", wrong), parameters, BROWSER, ROOT)
    assert isinstance(made, Refuse)


def test_the_users_password_opens_what_changes_nothing():
    parameters = Parameters({"User_Password": "look", "Admin_Password": "s3cret"})
    user = Credentials("user", "look")
    assert may_look(parameters, user)
    assert may_look(parameters, ROOT)
    assert not may_look(parameters, None)
    assert not may_look(parameters, Credentials("user", "s3cret"))
    assert not may_administrate(parameters, user)
    assert may_look(Parameters({"Admin_Password": "s3cret"}), None)
    assert not may_look(Parameters({"User_Password": "look"}), Credentials("admin", ""))

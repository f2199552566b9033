"""What each page answers, to whom, and what follows; without a network."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil import digest
from hil.reference.direct_actions import Accept, Refuse, WebPaths
from hil.reference.due import Action
from hil.reference.parameters import Parameters
from hil.reference.profiles import decode
from hil.reference.status import Product, Status, parse
from hil.virtual.web_pages import REFERENCE_PAGES, Nonces, Shown, WebConfig, WebRequest, answer

BROWSER = "192.0.2.1"
STATUS = Status(Product("CP-7832-3PCC", ip="192.0.2.16"))
LOCKED = {"Admin_Password": "s3cret", "User_Password": "look"}


class Pages:
    """One phone's pages, asked directly."""

    def __init__(self, config=REFERENCE_PAGES, in_use=False, **parameters):
        numbers = iter(range(1000))
        self.nonces = Nonces(lambda: f"nonce{next(numbers)}")
        self.config = config
        self.shown = Shown(Parameters(parameters), lambda: STATUS, lambda: in_use)

    def ask(self, target, method="GET", body=b"", **headers):
        given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        request = WebRequest(method, target, given, body, BROWSER)
        return answer(request, self.shown, self.config, self.nonces)

    def ask_with_digest(self, target, user, password, method="GET"):
        (wanted, _basic) = self.ask(target, method).headers
        shown = digest.answer(
            digest.read_schemes(wanted[1]), user, password, method=method, uri=target, cnonce="c"
        )
        return self.ask(target, method, authorization=shown)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("target", "accepted"),
    [
        ("/admin/resync", Accept(Action.RESYNC, "", BROWSER)),
        ("/admin/resync?/basic.txt", Accept(Action.RESYNC, "/basic.txt", BROWSER)),
        ("/admin/upgrade?http://h/x.loads", Accept(Action.UPGRADE, "http://h/x.loads", BROWSER)),
        ("/admin/reboot", Accept(Action.REBOOT, "", BROWSER)),
    ],
)
def test_a_command_is_answered_and_asked_for(target, accepted):
    made = Pages().ask(target)
    assert (made.status, made.asked, made.submitted) == (200, accepted, None)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_command_takes_get_or_post(method):
    made = Pages().ask("/admin/reboot", method)
    assert (made.status, made.asked) == (405, None)
    assert ("Allow", "GET, POST") in made.headers


def test_a_refused_command_says_why_and_leads_to_nothing():
    made = Pages(Enable_Direct_Action_Url="No").ask("/admin/resync?/x")
    assert (made.status, made.asked) == (403, None)
    assert b"disabled" in made.body


def test_the_status_page_shows_the_phone():
    made = Pages().ask("/admin/status.xml")
    assert (made.status, made.content_type) == (200, "text/xml; charset=utf-8")
    assert parse(made.body) == STATUS


def test_the_configuration_has_every_parameter_and_no_secret():
    made = Pages(GPP_A="<&>\x01", GPP_SA="k3y").ask("/admin/cfg.xml")
    values = decode(made.body).parameters
    assert (values["GPP_A"], values["Resync_Periodic"]) == ("<&>?", "3600")
    assert "GPP_SA" not in values
    assert b"k3y" not in made.body


def test_an_uploaded_configuration_is_submitted():
    body = b"<flat-profile><Resync_Periodic>60</Resync_Periodic><X>y</X></flat-profile>"
    made = Pages().ask("/admin/config.xml", "POST", body)
    assert (made.status, made.submitted) == (200, {"Resync_Periodic": "60", "X": "y"})


@pytest.mark.parametrize("body", [b"", b"hello", b"<flat-profile>", b"\xff\xfe<", b"a=b&c=d"])
def test_what_is_no_configuration_is_a_bad_request(body):
    made = Pages().ask("/admin/config.xml", "POST", body)
    assert (made.status, made.submitted) == (400, None)


def test_a_configuration_comes_by_post_alone():
    assert Pages().ask("/admin/config.xml").status == 405
    assert Pages().ask("/admin/cfg.xml", "POST").status == 405


def test_head_is_answered_without_the_body():
    made = Pages().ask("/admin/status.xml", "HEAD")
    assert (made.status, made.bare) == (200, True)
    assert made.body


def test_other_addresses_are_not_found():
    assert Pages().ask("/").status == 404
    assert Pages().ask("/admin/factory-reset/").status == 404


def test_the_factory_reset_is_everybodys_who_may_look():
    assert Pages().ask("/admin/factory-reset").reset
    assert Pages(Admin_Password="secret").ask("/admin/factory-reset").reset
    assert not Pages().ask("/admin/factory-reset", "PUT").reset

    pages = Pages(User_Password="1234")
    assert pages.ask("/admin/factory-reset").status == 401
    assert pages.ask("/admin/factory-reset&xuser=user&xpassword=1234").reset


def test_a_phone_in_use_does_not_go_back_to_its_factory_settings():
    refused = Pages(in_use=True).ask("/admin/factory-reset")
    assert (refused.status, refused.reset) == (503, False)


def test_without_web_administration_there_is_no_configuration_but_there_are_commands():
    pages = Pages(Enable_Web_Admin_Access="No")
    assert pages.ask("/admin/cfg.xml").status == 403
    assert pages.ask("/admin/config.xml", "POST", b"<flat-profile/>").status == 403
    assert pages.ask("/admin/status.xml").status == 200
    assert pages.ask("/admin/resync").status == 200


# -- passwords ---------------------------------------------------------------------------------------

ADMIN_PAGES = [
    ("/admin/resync?/x", "GET"),
    ("/admin/reboot", "GET"),
    ("/admin/cfg.xml", "GET"),
    ("/admin/config.xml", "POST"),
]


@pytest.mark.parametrize(("target", "method"), ADMIN_PAGES)
def test_the_administrators_pages_want_the_administrators_password(target, method):
    pages = Pages(**LOCKED)
    body = b"<flat-profile/>"
    made = pages.ask(target, method, body)
    assert (made.status, made.asked, made.submitted) == (401, None, None)
    assert [value.split()[0] for _, value in made.headers] == ["Digest", "Basic"]
    wrong = pages.ask(target, method, body, authorization=basic("admin", "look"))
    as_user = pages.ask(target, method, body, authorization=basic("user", "look"))
    right = pages.ask(target, method, body, authorization=basic("admin", "s3cret"))
    assert (wrong.status, as_user.status, right.status) == (401, 401, 200)
    in_address = pages.ask(f"{target}&xuser=admin&xpassword=s3cret", method, body)
    assert in_address.status == 200


def test_the_status_is_for_user_and_admin():
    pages = Pages(**LOCKED)
    assert pages.ask("/admin/status.xml").status == 401
    for user, password in (("user", "look"), ("admin", "s3cret")):
        shown = basic(user, password)
        assert pages.ask("/admin/status.xml", authorization=shown).status == 200


def test_digest_proves_the_password_without_telling_it():
    pages = Pages(**LOCKED)
    assert pages.ask_with_digest("/admin/resync?/x", "admin", "s3cret").status == 200
    assert pages.ask_with_digest("/admin/resync?/x", "admin", "wrong").status == 401


def test_a_nonce_of_another_life_is_worth_nothing():
    pages, other = Pages(**LOCKED), Pages(**LOCKED)
    for _ in range(7):
        foreign = other.ask("/admin/reboot").headers[0][1]
    shown = digest.answer(
        digest.read_schemes(foreign),
        "admin",
        "s3cret",
        method="GET",
        uri="/admin/reboot",
        cnonce="c",
    )
    assert pages.ask("/admin/reboot", authorization=shown).status == 401


def test_only_the_last_nonces_are_kept():
    pages = Pages(**LOCKED)
    for _ in range(70):
        pages.ask("/admin/reboot")
    assert [pages.nonces.knows(f"nonce{number}") for number in (0, 5, 6, 69)] == [
        False,
        False,
        True,
        True,
    ]


# -- what may differ ---------------------------------------------------------------------------------


def test_each_decision_can_be_another_one():
    config = WebConfig(
        paths=WebPaths(status="/spastatus.xml"),
        decide=lambda command, parameters, requester, shown: Refuse(404, "never"),
        visible=lambda parameters: {"GPP_SA": parameters["GPP_SA"]},
    )
    pages = Pages(config, GPP_SA="k3y")
    assert pages.ask("/spastatus.xml").status == 200
    assert pages.ask("/admin/status.xml").status == 404
    assert pages.ask("/admin/reboot").status == 404
    assert decode(pages.ask("/admin/cfg.xml").body).parameters == {"GPP_SA": "k3y"}


@given(st.text(), st.sampled_from(["GET", "POST", "HEAD", "BREW"]), st.binary(), st.text())
def test_whatever_is_asked_is_answered(text, method, body, shown):
    pages = Pages(**LOCKED)
    for target in (text, f"/admin/{text}", f"/admin/resync?{text}&xuser=admin&xpassword={text}"):
        assert pages.ask(target, method, body, authorization=shown).status in (
            200,
            400,
            401,
            404,
            405,
        )

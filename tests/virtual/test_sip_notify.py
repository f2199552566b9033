"""How the virtual phone is told to resync, reboot or report by SIP NOTIFY, and by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.net.virtual import PDU_ADDRESS
from hil.reference.interpretations import Interpretations
from hil.reference.line_decisions import REFERENCE_LINE
from hil.reference.notify import Accept, NotifyAction
from hil.virtual.sip import SipConfig

OPEN = {"Auth_Resync_Reboot_1_": "No"}


@pytest.fixture
def ready(phone, peer):
    """A registered phone and the server that it is registered with."""

    def make(**values):
        server = peer()
        return server, phone(**values).start().wait("registered", 1)

    return make


def asked(ours):
    return [event[1:] for event in ours.told.events if event[0] == "asked"]


@pytest.mark.parametrize("event", ["resync", "check-sync", "reboot_now", "restart_now", "report"])
def test_it_challenges_and_obeys_the_right_credentials(ready, event):
    server, ours = ready()
    notify = server.notify(event)
    server.send(notify)
    challenged = server.answered(401)
    assert "algorithm=MD5" in challenged.header("WWW-Authenticate")
    assert asked(ours) == []
    server.send(server.with_credentials(notify, challenged))
    server.answered(200)
    assert asked(ours) == [(NotifyAction(event), "", 1)]


@pytest.mark.parametrize(
    "wrong",
    [{"password": "guess"}, {"username": "1002"}, {"digest_uri": "sip:1001@192.0.2.99"}],
    ids=str,
)
def test_wrong_credentials_are_challenged_again(ready, wrong):
    server, ours = ready()
    notify = server.notify("resync")
    server.send(notify)
    server.send(server.with_credentials(notify, server.answered(401), **wrong))
    server.answered(401, 2)
    assert asked(ours) == []


def test_credentials_for_another_nonce_or_too_old_are_challenged_again(ready):
    server, ours = ready()
    notify = server.notify("resync")
    server.send(notify)
    challenged = server.answered(401)
    server.pass_time(400)
    server.send(server.with_credentials(notify, challenged))
    assert "stale=true" in server.answered(401, 2).header("WWW-Authenticate")
    server.send(server.with_credentials(notify, server.answered(401, 2)))
    server.answered(200)
    assert len(asked(ours)) == 1


def test_the_auth_id_opens_as_well_as_the_user(ready):
    server, ours = ready(Auth_ID_1_="auth")
    notify = server.notify("report")
    server.send(notify)
    server.send(server.with_credentials(notify, server.answered(401), username="auth"))
    server.answered(200)
    assert asked(ours) == [(NotifyAction.REPORT, "", 1)]


def test_with_auth_resync_reboot_no_it_obeys_anybody(ready):
    server, ours = ready(**OPEN)
    server.send(server.notify("resync;profile=http://10.77.10.141/profile.xml"))
    server.answered(200)
    assert asked(ours) == [(NotifyAction.RESYNC, "http://10.77.10.141/profile.xml", 1)]


def test_a_repeated_notify_is_answered_again_and_obeyed_once(ready):
    server, ours = ready(**OPEN)
    notify = server.notify("reboot_now")
    server.send(notify)
    server.send(notify)
    server.answered(200, 2)
    assert len(asked(ours)) == 1


def test_resync_from_sip_no_refuses_a_resync(ready):
    server, ours = ready(Resync_From_SIP="No", **OPEN)
    server.send(server.notify("resync"))
    server.answered(403)
    assert asked(ours) == []
    assert "line 1: NOTIFY resync refused: 403" in ours.told.log


def test_unknown_events_are_bad_events(ready):
    server, ours = ready(**OPEN)
    server.send(server.notify("talk"))
    server.answered(489)
    server.send(server.request("NOTIFY"))
    server.answered(489, 2)
    assert asked(ours) == []


def test_readings_reach_the_phone(ready):
    readings = Interpretations(notify_refusal="200", check_sync="unsupported")
    server, ours = ready(interpretations=readings, **OPEN)
    server.send(server.notify("check-sync"))
    server.answered(200)
    assert asked(ours) == []


def test_parameters_that_change_later_count(ready):
    server, ours = ready(**OPEN)
    ours.configure(Resync_From_SIP="No")
    server.send(server.notify("resync"))
    server.answered(403)


def test_a_defect_can_replace_the_decision(ready):
    def anybody(event, parameters, line, authenticated, interpretations):
        return Accept(NotifyAction.REBOOT)

    config = SipConfig(decisions=replace(REFERENCE_LINE, notify=anybody))
    server, ours = ready(config=config)
    server.send(server.notify("talk"))
    server.answered(200)
    assert asked(ours) == [(NotifyAction.REBOOT, "", 1)]


def test_a_defect_can_keep_an_answer_back(ready):
    server, ours = ready(config=SipConfig(response=lambda request, response: None), **OPEN)
    server.send(server.notify("report"))
    ours.wait("asked", NotifyAction.REPORT, "", 1)
    server.pass_time(60)
    assert server.responses == []


def test_it_answers_options_and_knows_its_methods(ready):
    server, _ = ready()
    server.send(server.request("OPTIONS"))
    assert "NOTIFY" in server.answered(200).header("Allow")
    server.send(server.request("MESSAGE"))
    assert "INVITE" in server.answered(405).header("Allow")


def test_it_is_nobody_else_and_has_no_extension(ready):
    server, ours = ready(**OPEN)
    phone = server.phone.host
    server.send(server.request("NOTIFY", ("Event", "resync"), uri=f"sip:1002@{phone}"))
    server.answered(404)
    server.send(server.request("NOTIFY", ("Event", "resync"), ("Require", "timer")))
    assert server.answered(420).header("Unsupported") == "timer"
    server.send(server.request("BYE", to_tag="nobody"))
    server.answered(481)
    assert asked(ours) == []


@pytest.mark.parametrize(("blocks", "obeyed"), [("Yes", 1), ("No", 2)])
def test_block_nonproxy_sip_drops_what_no_proxy_sent(ready, peer, blocks, obeyed):
    server, ours = ready(Block_Nonproxy_SIP_1_=blocks, **OPEN)
    stranger = peer(address=PDU_ADDRESS)
    stranger.send(stranger.notify("reboot_now"))
    stranger.pass_time(1)
    server.send(server.notify("report"))
    server.answered(200)
    assert len(stranger.responses) == obeyed - 1
    assert len(asked(ours)) == obeyed

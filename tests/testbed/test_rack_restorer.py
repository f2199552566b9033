"""A phone that nobody can write into is told what to hold, by the phone's own means alone.

In virtual time, with the flash of the virtual phone to look into afterwards: what the restorer says
is held against what is really there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import rack_restorers

from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.reference.parameters import Parameters
from hil.reference.profile_builder import flat_profile
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.restorer import Case
from hil.testbed.stand_ins import StandIns
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.testing.upgrades import serve_load

PATH = "/7832-3PCC.xml"


class Reset:
    """A ladder of one rung: factory reset, by reaching into the virtual phone."""

    def __init__(self, bench: VirtualBench) -> None:
        self.climbed: list[LabError] = []
        self.helps = True
        self._bench = bench

    def climb(self, case: Case) -> None:
        self.climbed.append(case.why)
        if not self.helps:
            raise case.why
        case.power.power_off()
        self._bench.site.handset.flash.preset({})
        case.power.power_on()

    def lost(self, why: LabError) -> None:
        self.climbed.append(why)


class Stage:
    """A bench whose handset is prepared as one on a rack would be."""

    def __init__(self, bench: VirtualBench) -> None:
        self.bench = bench
        self.ladder = Reset(bench)
        stand_ins = StandIns(
            bench.site.wire, bench.clock, bench.history, bench.admission, bench.entry.shown_psn
        )
        rack_restorers.install(bench, stand_ins, self.ladder)
        bench.begin("test", ("resync.on_reset",))

    def held(self) -> Parameters:
        """What really stands in the phone's flash."""
        return Parameters(self.bench.site.handset.flash.load())

    def corrupt(self, **parameters: str) -> None:
        """What a test before may have left in the flash; behind the restorer's back."""
        self.bench.site.handset.flash.preset(parameters)

    def prepared(self) -> list[ev.HandsetPrepared]:
        return self.bench.history.all(ev.HandsetPrepared)

    def preparings(self) -> int:
        return len(self.bench.history.all(ev.HandsetPreparing))


@pytest.fixture
def stage() -> Iterator[Stage]:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    with contextlib.closing(virtual_bench(testbed, testbed.handset())) as bench:
        yield Stage(bench)


def test_it_holds_what_was_asked_for_and_every_other_default(stage: Stage) -> None:
    stage.corrupt(GPP_A="old", Resync_Periodic="77", Profile_Rule="/other.xml")
    stage.bench.handset.boot(GPP_B="new", Resync_Random_Delay="9")
    assert dict(stage.held()) == dict(Parameters({"GPP_B": "new", "Resync_Random_Delay": "9"}))
    (prepared,) = stage.prepared()
    assert prepared.parameters == {"GPP_B": "new", "Resync_Random_Delay": "9"}
    assert prepared.standby is None


def test_it_is_left_until_the_handset_gets_its_power(stage: Stage) -> None:
    stage.bench.handset.prepare(GPP_A="first")
    stage.bench.handset.prepare(GPP_A="second")
    assert stage.preparings() == 0
    stage.bench.handset.power_on()
    assert stage.preparings() == 1
    assert stage.held()["GPP_A"] == "second"


def test_what_it_holds_already_is_not_told_again(stage: Stage) -> None:
    handset = stage.bench.handset
    handset.prepare(GPP_A="same")
    handset._settle_debt()
    handset.prepare(GPP_A="same")
    handset._settle_debt()
    assert stage.preparings() == 1
    assert len(stage.prepared()) == 2


def test_once_it_had_power_nothing_is_taken_for_granted(stage: Stage) -> None:
    handset = stage.bench.handset
    handset.boot(GPP_A="same")
    stage.bench.history.sleep(10)
    handset.boot(GPP_A="same")
    assert stage.preparings() == 2


def test_what_the_tests_servers_were_told_is_not_spent_on_it(stage: Stage) -> None:
    bench = stage.bench
    bench.tftp.serve(PATH, flat_profile(GPP_A="of the test"))
    bench.dhcp.offer(option_66=bench.tftp.address)
    up = bench.handset.boot(Resync_Random_Delay="0")
    bench.history.wait(ev.TransferEnded, after=up, within=60, path=PATH)
    bench.history.sleep(2)
    assert stage.held()["GPP_A"] == "of the test"


@pytest.mark.parametrize(
    "left",
    [
        {"Admin_Password": "secret"},
        {"Web_Server_Port": "8080"},
        {"Provision_Enable": "No"},
        {"Enable_Direct_Action_Url": "No"},
    ],
    ids=lambda left: next(iter(left)),
)
def test_a_phone_whose_page_the_last_test_changed_is_told_all_the_same(
    stage: Stage, left: dict[str, str]
) -> None:
    stage.bench.handset.boot(**left)
    stage.bench.history.sleep(30)
    assert stage.held()[next(iter(left))] == next(iter(left.values()))
    stage.bench.handset.boot(GPP_A="next test")
    assert dict(stage.held()) == dict(Parameters({"GPP_A": "next test"}))
    assert stage.ladder.climbed == []


def test_a_password_of_a_profile_that_the_phone_took_is_known(stage: Stage) -> None:
    bench = stage.bench
    bench.tftp.serve(PATH, flat_profile(Admin_Password="of the profile", Resync_On_Reset="No"))
    bench.dhcp.offer(option_66=bench.tftp.address)
    up = bench.handset.boot(Resync_Random_Delay="0")
    bench.history.wait(ev.TransferEnded, after=up, within=60, path=PATH)
    bench.history.sleep(5)
    bench.handset.boot(GPP_A="next test")
    assert dict(stage.held()) == dict(Parameters({"GPP_A": "next test"}))
    assert stage.ladder.climbed == []


def test_a_phone_without_pages_comes_by_its_default_rule(stage: Stage) -> None:
    stage.bench.handset.boot(Enable_Web_Server="No")
    stage.bench.handset.boot(GPP_A="next test")
    assert dict(stage.held()) == dict(Parameters({"GPP_A": "next test"}))
    assert stage.ladder.climbed == []


def test_one_that_nothing_reaches_is_taken_back_by_the_ladder(stage: Stage) -> None:
    stage.corrupt(Enable_Web_Server="No", Resync_On_Reset="No")
    stage.bench.handset.boot(GPP_A="next test")
    assert dict(stage.held()) == dict(Parameters({"GPP_A": "next test"}))
    assert len(stage.ladder.climbed) == 1


def test_without_a_way_back_it_is_a_fault_of_the_lab_that_says_what_was_seen(stage: Stage) -> None:
    stage.corrupt(Enable_Web_Server="No", Resync_On_Reset="No")
    stage.ladder.helps = False
    with pytest.raises(LabError, match="does not take the profile that prepares it") as raised:
        stage.bench.handset.boot()
    assert "refused" in raised.value.evidence
    assert not stage.prepared()
    # The test's servers are back, and the phone is off.
    assert all(each.listening for each in stage.bench.servers.by_name.values())
    assert stage.bench.handset.powered is False


def test_another_load_than_the_inventory_says_is_no_phone_to_be_judged(stage: Stage) -> None:
    bench = stage.bench
    bench.tftp.reset()
    load = "sip7832.11-3-2MPP0001-610"
    path = serve_load(bench.tftp, load)
    bench.dhcp.offer(option_66=bench.tftp.address)
    up = bench.handset.boot(Upgrade_Rule=f"tftp://{bench.tftp.address}{path}")
    asked = bench.history.wait(ev.TftpRequest, after=up, within=60, path=path)
    bench.history.wait(ev.DhcpMessage, after=asked, within=300, kind="ACK")
    stage.ladder.helps = False
    with pytest.raises(LabError, match="runs another load than the inventory says") as raised:
        bench.handset.boot()
    assert load in raised.value.evidence


@pytest.mark.parametrize("value", [" blank", "blank ", "two\nlines"])
def test_what_no_profile_can_say_is_a_precondition_that_is_not_met(
    stage: Stage, value: str
) -> None:
    with pytest.raises(Unmet) as raised:
        stage.bench.handset.boot(GPP_A=value)
    assert raised.value.precondition
    assert stage.preparings() == 0


def test_no_secret_of_a_profile_is_in_the_history_by_name_of_the_preparation(stage: Stage) -> None:
    stage.bench.handset.boot(Admin_Password="hush-hush")
    told = [e.what for e in stage.bench.history.all(ev.Configured)]
    told += [e.how for e in stage.bench.history.all(ev.HandsetPreparing)]
    assert not any("hush-hush" in each for each in told)


def test_a_rule_of_the_last_test_leads_to_the_profile_as_well(stage: Stage) -> None:
    server = stage.bench.tftp.address
    stage.bench.handset.boot(
        Enable_Web_Server="No", Profile_Rule=f"[--key k] tftp://{server}/own/$MA.xml"
    )
    stage.bench.handset.boot(
        Enable_Web_Server="No", Profile_Rule="/nothing.xml", Profile_Rule_B="/own/file.xml"
    )
    assert stage.ladder.climbed != []
    stage.ladder.climbed.clear()
    stage.bench.handset.boot(GPP_A="next test")
    assert dict(stage.held()) == dict(Parameters({"GPP_A": "next test"}))
    assert stage.ladder.climbed == []

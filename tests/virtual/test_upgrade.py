"""The handset upgrades itself over a virtual network, and no power cut makes it unbootable."""

from __future__ import annotations

import asyncio

import pytest
from scenario import make_bench

from hil.endpoints.faults import Drip
from hil.history import events as ev
from hil.loads import Flaws, load_files
from hil.reference.due import BootCause, Purpose
from hil.reference.interpretations import DEFAULT
from hil.reference.loads import Load, Member
from hil.reference.log_messages import LogMessage
from hil.reference.phone import Finished, Install, Reboot, Retrieve
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.partitions import Partitions
from hil.virtual.told import Booted

OLD = "sip7832.11-3-2MPP0001-609"
NEW = "sip7832.11-3-2MPP0001-610"
ALONE = {
    "Resync_On_Reset": "No",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "60",
}
SECOND = 1_000_000_000
IMAGE_OCTETS = 200_000


@pytest.fixture(scope="module")
def files():
    return load_files(NEW, IMAGE_OCTETS)


@pytest.fixture(scope="module")
def whole_bench():
    made = make_bench(0)
    yield made
    made.close()


@pytest.fixture
def bench(whole_bench):
    whole_bench.begin("test")
    yield whole_bench
    assert not whole_bench.history.all(ev.LabFault)


class Phone:
    """A handset on the bench's network, plugged in by hand."""

    def __init__(self, bench, firmware: Firmware | None = None, **parameters: str) -> None:
        self.clock = bench.clock
        self.told: list[object] = []
        self.medium = MemoryMedium()
        flash = Flash(MemoryMedium(), bench.clock)
        flash.preset(ALONE | parameters)
        self.partitions = Partitions(self.medium, bench.clock, OLD)
        self.handset = Handset(
            Hardware(bench.entry.identity()),
            bench.site.network.ports[0].far,
            bench.clock,
            flash,
            pytest.fail,
            self.told.append,
            partitions=self.partitions,
        )
        self.handset.firmware = firmware or Firmware()

    def on(self) -> None:
        async def plug_in():
            self.handset.power_on()

        self.clock.run(plug_in())

    def off(self) -> None:
        self.clock.run(self.handset.unplugged())

    def waits(self, condition, seconds: float = 60) -> bool:
        return self.clock.wait(condition, self.clock.now() + round(seconds * SECOND))

    def passes(self, seconds: float) -> None:
        self.waits(lambda: False, seconds)

    def all(self, kind):
        return [each for each in self.told if isinstance(each, kind)]

    @property
    def state(self) -> tuple[str, str | None]:
        return self.partitions.active, self.partitions.inactive


@pytest.fixture
def phone(bench):
    made = []

    def make(firmware=None, **parameters):
        made.append(Phone(bench, firmware, **parameters))
        return made[-1]

    yield make
    for each in made:
        each.off()


def serve(server, files):
    for name, body in files.items():
        server.serve(f"/fw/{name}", body)
    scheme = type(server).__name__.removesuffix("Endpoint").lower()
    return f"{scheme}://{server.address}/fw/{NEW}.loads"


# --- an upgrade


@pytest.mark.parametrize("scheme", ["tftp", "http"])
def test_it_fetches_installs_and_boots_the_load_that_its_rule_names(bench, phone, files, scheme):
    rule = serve(getattr(bench, scheme), files)
    upgrading = phone(Upgrade_Rule=rule)
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Booted)) == 2)
    assert upgrading.state == (NEW, OLD)
    paths = [each.fetch.path for each in upgrading.all(Retrieve)]
    assert paths == [f"/fw/{NEW}.loads", f"/fw/{NEW}.sbn"]
    wanted = (Booted, Install, Finished, Reboot)
    steps = [each for each in upgrading.told if isinstance(each, wanted)]
    assert [type(each) for each in steps] == [Booted, Install, Finished, Reboot, Booted]
    assert steps[2] == Finished(True, "", Purpose.UPGRADE)
    assert steps[3].cause is BootCause.UPGRADE
    upgrading.passes(30)
    assert len(upgrading.all(Booted)) == 2


def test_an_image_takes_the_lab_time_of_its_octets(bench, phone, files):
    upgrading = phone(Upgrade_Rule=serve(bench.http, files))
    upgrading.on()
    assert upgrading.waits(lambda: bool(upgrading.all(Install)))
    began = bench.clock.now()
    assert upgrading.waits(lambda: bool(upgrading.all(Reboot)))
    assert bench.clock.now() - began >= IMAGE_OCTETS / (4 << 20) * SECOND


def test_the_load_in_the_other_partition_is_started_even_after_a_loss_of_power(bench, phone):
    upgrading = phone(Upgrade_Rule=f"tftp://{bench.tftp.address}/fw/{NEW}.loads")
    upgrading.partitions.preset(OLD, NEW)
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Booted)) == 2)
    assert upgrading.all(Retrieve) == []
    assert upgrading.state == (NEW, OLD)


def test_a_load_that_is_damaged_leaves_both_partitions(bench, phone):
    rule = serve(bench.http, load_files(NEW, 1000, flaws=Flaws(corrupt=3)))
    upgrading = phone(Upgrade_Rule=rule)
    upgrading.partitions.preset(OLD, "sip7832.11-0-1MPP-312")
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Finished)) == 2, 90)
    assert [each.succeeded for each in upgrading.all(Finished)] == [False, False]
    assert upgrading.state == (OLD, "sip7832.11-0-1MPP-312")
    assert upgrading.all(Install) == []


def test_a_name_without_the_usual_ending_is_read_as_a_load_all_the_same(bench, phone, files):
    bench.http.serve("/fw/latest", files[f"{NEW}.loads"])
    bench.http.serve(f"/fw/{NEW}.sbn", files[f"{NEW}.sbn"])
    upgrading = phone(Upgrade_Rule=f"http://{bench.http.address}/fw/latest")
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Booted)) == 2)
    assert upgrading.state == (NEW, OLD)


def test_a_vendor_s_load_is_none_to_it(bench, phone):
    bench.http.serve(f"/fw/{NEW}.loads", b"\x7fLOADS of somebody else" * 1000)
    upgrading = phone(Upgrade_Rule=f"http://{bench.http.address}/fw/{NEW}.loads")
    upgrading.on()
    assert upgrading.waits(lambda: bool(upgrading.all(Finished)))
    assert not upgrading.all(Finished)[0].succeeded


def test_read_as_upgrade_messages_the_log_server_of_the_peers_is_told(bench, phone, files):
    reading = DEFAULT.choose(peer_sharing_log="upgrade-messages")
    upgrading = phone(
        Firmware(interpretations=reading),
        Upgrade_Rule=serve(bench.tftp, files),
        Peer_Firmware_Sharing_Log_Server=bench.syslog.address,
        Log_Upgrade_Request_Msg="begins",
        Log_Upgrade_Success_Msg="ends",
    )
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Booted)) == 2)
    assert [each.text for each in upgrading.all(LogMessage)] == ["begins", "ends"]
    texts = [each.text for each in bench.history.all(ev.SyslogMessage)]
    assert texts[-2:] == ["begins", "ends"]


# --- a power cut


STEPS = 60


@pytest.fixture
def slow(bench, files):
    """A server from which the image takes a tenth of a second, about as long as its installation."""
    rule = serve(bench.http, files)
    bench.http.inject(Drip(0.005, IMAGE_OCTETS // 20), name=f"/fw/{NEW}.sbn")
    return rule


@pytest.fixture
def timetable(phone, slow):
    """When the first request goes out and when the new load boots, in seconds from power-on."""
    timed = phone(Upgrade_Rule=slow)
    timed.on()
    began = timed.clock.now()
    assert timed.waits(lambda: bool(timed.all(Retrieve)))
    requested = timed.clock.now() - began
    assert timed.waits(lambda: len(timed.all(Booted)) == 2)
    booted = timed.clock.now() - began
    timed.off()
    return requested / SECOND, booted / SECOND


def test_a_cut_at_any_instant_leaves_a_phone_that_boots_and_upgrades_at_last(
    phone, slow, timetable
):
    requested, booted = timetable
    seen = set()
    for step in range(STEPS):
        upgrading = phone(Upgrade_Rule=slow)
        upgrading.on()
        upgrading.passes(requested + (booted + 0.01 - requested) * step / (STEPS - 1))
        upgrading.off()
        left = upgrading.state
        seen.add(left)
        assert upgrading.partitions.bootable
        upgrading.told.clear()
        upgrading.on()
        boots = 1 if left[0] == NEW else 2
        assert upgrading.waits(lambda u=upgrading, n=boots: len(u.all(Booted)) == n)
        assert upgrading.state == (NEW, OLD)
        upgrading.off()
    assert seen == {(OLD, None), (NEW, OLD)}


@pytest.mark.parametrize("inactive", [None, NEW])
def test_what_a_cut_between_installation_and_activation_leaves_is_used(
    bench, phone, slow, inactive
):
    upgrading = phone(Upgrade_Rule=slow)
    upgrading.partitions.preset(OLD, inactive)
    upgrading.on()
    assert upgrading.waits(lambda: len(upgrading.all(Booted)) == 2)
    assert upgrading.state == (NEW, OLD)
    assert bool(upgrading.all(Retrieve)) is (inactive is None)


def test_a_phone_without_a_whole_load_comes_no_further_than_its_link(bench, phone, slow):
    broken = phone(Upgrade_Rule=slow)

    async def overwritten():
        writing = asyncio.ensure_future(
            broken.partitions.overwrite(Load(NEW, "7832", (Member("a", 1, "0" * 64),)), 10)
        )
        await asyncio.sleep(1)
        writing.cancel()
        await asyncio.wait([writing])

    bench.clock.run(overwritten())
    assert not broken.partitions.bootable
    broken.on()
    broken.passes(60)
    assert broken.told == []

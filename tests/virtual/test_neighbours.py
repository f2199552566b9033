"""What the phone tells its switch by CDP and LLDP-MED, in which order, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest

from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.virtual.neighbours import NeighbourAnnouncer, NeighbourConfig
from hil.wire import cdp, ethernet, lldp
from hil.wire import lldp_extensions as ext

MAC = "00:0e:08:aa:bb:cc"
SECOND = 1_000_000_000
DEFAULTS = NeighbourConfig()


@dataclass
class Phone:
    """An announcer on the handset's port, and what came out of it, by the second."""

    lab: object
    config: NeighbourConfig = DEFAULTS
    heard: list[tuple[int, str]] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    ready: int | None = None

    def __post_init__(self):
        self.announcer = NeighbourAnnouncer(
            self.lab.port.far, self.lab.clock, Identity(MAC), self.config
        )
        self.lab.link_up()
        self.lab.counter.frames()
        self.began = self.lab.clock.now()

    def boot(self, seconds, **parameters):
        """Start it with these parameters, and let so many seconds pass."""

        async def begin():
            self.task = self.lab.clock.loop.create_task(self._live(Parameters(parameters)))

        self.lab.clock.run(begin())
        self.pass_seconds(seconds)

    async def _live(self, parameters):
        await self.announcer.start(parameters)
        self.ready = (self.lab.clock.now() - self.began) // SECOND

    def pass_seconds(self, seconds):
        clock = self.lab.clock
        for _ in range(seconds + 1):
            at = (clock.now() - self.began) // SECOND
            for data in self.lab.counter.frames():
                self.frames.append(data)
                self.heard.append((at, "LLDP" if lldp.is_lldp(ethernet.decode(data)) else "CDP"))
            clock.wait(lambda: False, clock.now() + SECOND)

    def said(self, protocol):
        """The newest announcement."""
        frames = [ethernet.decode(data) for data in self.frames]
        if protocol == "CDP":
            return cdp.decode([each for each in frames if cdp.is_cdp(each)][-1].payload)
        return lldp.decode([each for each in frames if lldp.is_lldp(each)][-1].payload)

    def call(self, action):
        async def inside():
            action()

        self.lab.clock.run(inside())


@pytest.fixture
def new_phone(lab):
    phones = []

    def make(config=DEFAULTS):
        phones.append(Phone(lab, config))
        return phones[-1]

    yield make
    for phone in phones:
        phone.call(phone.announcer.cut)


def test_cdp_comes_first_lldp_three_seconds_later_and_dhcp_may_begin_after_six(new_phone):
    phone = new_phone()
    phone.boot(20)
    assert phone.heard == [(0, "CDP"), (3, "LLDP")]
    assert phone.ready == 6


def test_then_cdp_comes_every_60_and_lldp_every_30_seconds(new_phone):
    phone = new_phone()
    phone.boot(130)
    assert [at for at, protocol in phone.heard if protocol == "CDP"] == [0, 60, 120]
    assert [at for at, protocol in phone.heard if protocol == "LLDP"] == [3, 33, 63, 93, 123]


def test_without_repetition_it_announces_itself_at_boot_alone_and_still_takes_leave(new_phone):
    phone = new_phone(NeighbourConfig(repeats=False))
    phone.boot(130)
    assert phone.heard == [(0, "CDP"), (3, "LLDP")]
    phone.call(phone.announcer.stop)
    phone.pass_seconds(1)
    assert phone.said("LLDP").ttl == 0


@pytest.mark.parametrize(
    ("parameters", "heard", "ready"),
    [
        ({"Enable_CDP": "No"}, [(3, "LLDP")], 3),
        ({"Enable_LLDP-MED": "No"}, [(0, "CDP")], 0),
        ({"Enable_CDP": "No", "Enable_LLDP-MED": "No"}, [], 0),
        ({"Network_Startup_Delay": "0"}, [(0, "CDP"), (0, "LLDP")], 6),
        ({"Network_Startup_Delay": "5"}, [(0, "CDP"), (5, "LLDP")], 6),
        ({"Network_Startup_Delay": "20"}, [(0, "CDP"), (20, "LLDP")], 20),
    ],
)
def test_parameters_decide_what_is_sent_and_how_long_the_boot_takes(
    new_phone, parameters, heard, ready
):
    phone = new_phone()
    phone.boot(25, **parameters)
    assert phone.heard == heard
    assert phone.ready == ready


def test_cdp_says_what_phone_it_is(new_phone):
    phone = new_phone()
    phone.boot(1)
    assert phone.said("CDP") == cdp.Announcement(
        hold_s=180,
        device_id="SEP000E08AABBCC",
        addresses=(),
        port_id="Port 1",
        capabilities=cdp.Capability.HOST | cdp.Capability.PHONE,
        software="sip7832.11-3-2MPP0001-609",
        platform="CP-7832-3PCC",
        full_duplex=True,
        power_mw=6490,
    )


def test_lldp_says_the_published_tlvs(new_phone):
    phone = new_phone()
    phone.boot(4)
    said = phone.said("LLDP")
    assert lldp.chassis_text(said.chassis_id) == "0.0.0.0"
    assert lldp.port_text(said.port_id) == MAC
    assert said.ttl == 180
    assert said.port_description == "Port 1"
    assert said.system_name == "SEP000E08AABBCC"
    assert said.capabilities == (lldp.Capability.TELEPHONE, lldp.Capability.TELEPHONE)
    assert ext.MAC_PHY.read(said) == ext.MacPhy(3, 0x6C00, 16)
    assert ext.POWER_VIA_MDI.read(said) == ext.PowerViaMdi(2)
    med = ext.MED_CAPABILITIES.read(said)
    assert (int(med.capabilities), med.device_class) == (0x33, 3)
    assert ext.NETWORK_POLICY.read(said) == ext.NetworkPolicy(unknown=True)
    assert ext.MED_POWER.read(said) == ext.MedPower(1, 3, 0, 6400)
    assert ext.FIRMWARE_REVISION.read(said) == "sip7832.11-3-2MPP0001-609"
    assert said.system_description is None
    assert not any(each.read(said) for each in ext.INVENTORY if each is not ext.FIRMWARE_REVISION)


def test_the_address_is_told_once_there_is_one(new_phone):
    phone = new_phone()
    phone.boot(10)
    phone.call(lambda: setattr(phone.announcer, "address", IPv4Address("192.0.2.16")))
    phone.pass_seconds(55)
    assert lldp.chassis_text(phone.said("LLDP").chassis_id) == "192.0.2.16"
    assert phone.said("CDP").addresses == (IPv4Address("192.0.2.16"),)


def test_a_power_cut_is_silent_for_ever(lab, new_phone):
    phone = new_phone()
    phone.boot(40)
    phone.call(phone.announcer.cut)
    phone.heard.clear()
    jumps = lab.clock.jumps
    lab.clock.wait(lambda: False, lab.clock.now() + 86_400 * SECOND)
    assert lab.counter.frames() == []
    assert lab.clock.jumps == jumps + 1, "a timer was left behind"


def test_power_that_goes_before_the_first_lldp_frame_leaves_no_timer(lab, new_phone):
    phone = new_phone()
    phone.boot(1)
    phone.call(phone.task.cancel)
    phone.call(phone.announcer.cut)
    phone.heard.clear()
    phone.pass_seconds(200)
    assert phone.heard == []


def test_an_orderly_end_takes_the_lldp_announcement_back(lab, new_phone):
    phone = new_phone()
    phone.boot(10)
    phone.call(phone.announcer.stop)
    phone.pass_seconds(1)
    last = phone.said("LLDP")
    assert last.ttl == 0
    assert lldp.port_text(last.port_id) == MAC
    assert last.system_name is None


def test_a_link_that_is_down_takes_no_frame_and_harms_nothing(lab, new_phone):
    phone = new_phone()
    phone.boot(10)
    lab.cut()
    phone.pass_seconds(100)
    lab.link_up()
    phone.heard.clear()
    phone.pass_seconds(65)
    assert {protocol for _, protocol in phone.heard} == {"CDP", "LLDP"}


def test_other_times_and_powers_are_told_where_the_hardware_differs(new_phone):
    config = NeighbourConfig(cdp_interval_s=10, cdp_hold_s=30, power_class=3, power_mw=12_950)
    phone = new_phone(config)
    phone.boot(25)
    assert [at for at, protocol in phone.heard if protocol == "CDP"] == [0, 10, 20]
    assert (phone.said("CDP").hold_s, phone.said("CDP").power_mw) == (30, 12_950)
    assert ext.POWER_VIA_MDI.read(phone.said("LLDP")).power_class == 3

"""Each PDU model against net-snmp's agent with the objects of the vendor's MIB.

The identifiers stand here in full, read off the published MIBs and not off the rows: a row that is
wrong finds nothing at the agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from snmp_device import NEEDS_SNMPD, Device, serving

from hil.clock import WallClock
from hil.errors import PowerError, PowerRefused
from hil.history import History
from hil.history import events as ev
from hil.history.events import PowerAction
from hil.power import (
    APC_RPDU,
    MODELS,
    Command,
    Outlet,
    PduModel,
    PowerPolicy,
    SnmpAgent,
    SnmpPdu,
    SnmpVersion,
)
from hil.snmp import UsmUser

ON, OFF = PowerAction.ON, PowerAction.OFF
ENTERPRISES = "1.3.6.1.4.1"
APC, RARITAN, SERVERTECH = f"{ENTERPRISES}.318.1.1", f"{ENTERPRISES}.13742", f"{ENTERPRISES}.1718"
EATON, CYBERPOWER = f"{ENTERPRISES}.534.6.6.7.6.6.1", f"{ENTERPRISES}.3808.1.1"


@dataclass(frozen=True)
class Mib:
    """A model's objects for an outlet whose index ends in %d: what is written and what it reads as."""

    on: tuple[str, int]
    off: tuple[str, int]
    state: str
    reads: dict[PowerAction, int]
    between: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Other outlets by the names that the model's inventory may use, with their instances."""


MIBS = {
    "apc-rpdu": Mib(
        on=(f"{APC}.12.3.3.1.1.4.%d", 1),
        off=(f"{APC}.12.3.3.1.1.4.%d", 2),
        state=f"{APC}.12.3.5.1.1.4.%d",
        reads={ON: 1, OFF: 2},
    ),
    "apc-rpdu2": Mib(
        on=(f"{APC}.26.9.2.4.1.5.%d", 1),
        off=(f"{APC}.26.9.2.4.1.5.%d", 2),
        state=f"{APC}.26.9.2.3.1.5.%d",
        reads={ON: 2, OFF: 1},
    ),
    "raritan-pdu2": Mib(
        on=(f"{RARITAN}.6.4.1.2.1.2.1.%d", 1),
        off=(f"{RARITAN}.6.4.1.2.1.2.1.%d", 0),
        state=f"{RARITAN}.6.4.1.2.1.3.1.%d",
        reads={ON: 7, OFF: 8},
        between={"unavailable": -1},
        names={"2.3": "2.3", "0.3": "0.3", "1.5": "1.5"},
    ),
    "raritan-pdu": Mib(
        on=(f"{RARITAN}.4.1.2.2.1.3.%d", 1),
        off=(f"{RARITAN}.4.1.2.2.1.3.%d", 0),
        state=f"{RARITAN}.4.1.2.2.1.3.%d",
        reads={ON: 1, OFF: 0},
        between={"cycling": 2, "error": -1},
    ),
    "servertech-sentry3": Mib(
        on=(f"{SERVERTECH}.3.2.3.1.11.1.1.%d", 1),
        off=(f"{SERVERTECH}.3.2.3.1.11.1.1.%d", 2),
        state=f"{SERVERTECH}.3.2.3.1.5.1.1.%d",
        reads={ON: 1, OFF: 0},
        between={"offWait": 2, "onWait": 3, "onError": 5, "noComm": 6, "offFuse": 8},
        names={"AB3": "1.2.3", "BA12": "2.1.12", "1.2.3": "1.2.3", "AA3": "1.1.3"},
    ),
    "servertech-sentry4": Mib(
        on=(f"{SERVERTECH}.4.1.8.5.1.2.1.1.%d", 1),
        off=(f"{SERVERTECH}.4.1.8.5.1.2.1.1.%d", 2),
        state=f"{SERVERTECH}.4.1.8.3.1.1.1.1.%d",
        reads={ON: 1, OFF: 2},
        between={"unknown": 0},
        names={"AB3": "1.2.3", "2.1.36": "2.1.36"},
    ),
    "eaton-epdu": Mib(
        on=(f"{EATON}.4.0.%d", 0),
        off=(f"{EATON}.3.0.%d", 0),
        state=f"{EATON}.2.0.%d",
        reads={ON: 1, OFF: 0},
        between={"pendingOff": 2, "pendingOn": 3},
        names={"1.3": "1.3"},
    ),
    "cyberpower-epdu": Mib(
        on=(f"{CYBERPOWER}.3.3.3.1.1.4.%d", 1),
        off=(f"{CYBERPOWER}.3.3.3.1.1.4.%d", 2),
        state=f"{CYBERPOWER}.3.3.5.1.1.4.%d",
        reads={ON: 1, OFF: 2},
    ),
    "cyberpower-epdu2": Mib(
        on=(f"{CYBERPOWER}.6.6.1.5.1.5.%d", 1),
        off=(f"{CYBERPOWER}.6.6.1.5.1.5.%d", 2),
        state=f"{CYBERPOWER}.6.6.1.4.1.5.%d",
        reads={ON: 1, OFF: 2},
    ),
}
OBEYS, STAGGERS, TEXT, BETWEEN, MISSING = 3, 4, 5, 6, 40
STAGGER_S = 0.3

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def describe(device: Device, mib: Mib) -> None:
    """An outlet that obeys, one whose relay takes its time, one that is text, those in between."""
    outlets = {OBEYS: 0.0, STAGGERS: STAGGER_S}
    for outlet, after in outlets.items():
        for action, (column, value) in ((ON, mib.on), (OFF, mib.off)):
            state = mib.state % outlet
            device.values.setdefault(column % outlet, ("integer", str(value)))
            device.command(column % outlet, value, {state: mib.reads[action]}, after=after)
        device.integer(mib.state % outlet, mib.reads[ON])
    device.values[mib.state % TEXT] = ("string", "on")
    for number, value in enumerate(mib.between.values(), BETWEEN):
        device.integer(mib.state % number, value)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    device = Device(tmp_path_factory.mktemp("pdu") / "device.json")
    for mib in MIBS.values():
        describe(device, mib)
    with serving(device, [ENTERPRISES]):
        yield device


def pdu_of(device: Device, model: PduModel, **options: object) -> SnmpPdu:
    return SnmpPdu(SnmpAgent("127.0.0.1", device.port, **options), model)  # type: ignore[arg-type]


def test_every_model_has_its_mib_here():
    assert {model.name for model in MODELS} == MIBS.keys()


@every_model
def test_what_is_written_and_read_is_what_the_mib_has(model: PduModel):
    mib = MIBS[model.name]
    index = model.instance(str(OBEYS))
    assert (f"{model.on.column}.{index}", model.on.value) == (mib.on[0] % OBEYS, mib.on[1])
    assert (f"{model.off.column}.{index}", model.off.value) == (mib.off[0] % OBEYS, mib.off[1])
    assert f"{model.state}.{index}" == mib.state % OBEYS
    assert (model.state_on, model.state_off) == (mib.reads[ON], mib.reads[OFF])
    assert model.source.split(":")[0].endswith("-MIB")


@pytest.mark.parametrize(
    ("model", "outlet", "index"),
    [(m, outlet, index) for m in MODELS for outlet, index in MIBS[m.name].names.items()],
    ids=lambda value: getattr(value, "name", value),
)
def test_an_outlet_of_another_unit_or_feed(model: PduModel, outlet: str, index: str):
    assert model.instance(outlet) == index


@every_model
@pytest.mark.parametrize(
    "outlet", ["", "0", "3.", ".3", "1..3", "-3", "A3", "aa3", "1.1.1.1.3", "3 "]
)
def test_an_outlet_that_no_pdu_has(model: PduModel, outlet: str):
    with pytest.raises(PowerError, match="has no outlet") as error:
        model.instance(outlet)
    assert "outlet's number" in error.value.next_step


class TestAtAnAgent:
    pytestmark = NEEDS_SNMPD

    @every_model
    @pytest.mark.parametrize("version", list(SnmpVersion))
    def test_an_outlet_is_switched_and_read_back(
        self,
        wall_clock: WallClock,
        device: Device,
        user: UsmUser,
        model: PduModel,
        version: SnmpVersion,
    ):
        pdu, mib = pdu_of(device, model, version=version, user=user), MIBS[model.name]
        outlet = Outlet(pdu, str(OBEYS), History(wall_clock), PowerPolicy(minimum_off_s=0))
        before = len(device.taken)
        assert wall_clock.run(outlet.off()).attempts == 1
        assert wall_clock.run(pdu.state(str(OBEYS))) is OFF
        assert wall_clock.run(outlet.on()).attempts == 1
        assert wall_clock.run(pdu.state(str(OBEYS))) is ON
        assert device.taken[before:] == [
            (mib.off[0] % OBEYS, mib.off[1]),
            (mib.on[0] % OBEYS, mib.on[1]),
        ]

    @every_model
    def test_a_staggered_relay_is_waited_for(
        self, wall_clock: WallClock, device: Device, model: PduModel
    ):
        history = History(wall_clock)
        policy = PowerPolicy(minimum_off_s=0, poll_s=0.05)
        outlet = Outlet(pdu_of(device, model), str(STAGGERS), history, policy)
        for action, switch in ((OFF, outlet.off), (ON, outlet.on)):
            begun = wall_clock.now()
            assert wall_clock.run(switch()).attempts == 1
            assert wall_clock.now() - begun >= STAGGER_S * 1e9
            assert len(history.all(ev.PowerRequested, action=action)) == 1

    @every_model
    def test_a_state_between_on_and_off_is_named(
        self, wall_clock: WallClock, device: Device, model: PduModel
    ):
        pdu = pdu_of(device, model)
        for number, (name, value) in enumerate(MIBS[model.name].between.items(), BETWEEN):
            with pytest.raises(PowerError, match="neither on nor off") as error:
                wall_clock.run(pdu.state(str(number)))
            assert f"{name}({value})" in error.value.evidence

    @every_model
    @pytest.mark.parametrize(
        ("version", "reason"),
        [(SnmpVersion.V1, "noSuchName"), (SnmpVersion.V2C, "noAccess")],
    )
    def test_the_read_community_is_refused(
        self,
        wall_clock: WallClock,
        device: Device,
        model: PduModel,
        version: SnmpVersion,
        reason: str,
    ):
        pdu, before = pdu_of(device, model, version=version, write_community="public"), device.taken
        with pytest.raises(PowerRefused, match=reason) as error:
            wall_clock.run(pdu.off(str(OBEYS)))
        assert "write" in error.value.next_step
        assert device.taken == before

    @every_model
    def test_an_outlet_that_it_does_not_have(
        self, wall_clock: WallClock, device: Device, model: PduModel
    ):
        pdu = pdu_of(device, model)
        with pytest.raises(PowerRefused, match="noSuchInstance") as error:
            wall_clock.run(pdu.state(str(MISSING)))
        assert "outlet number" in error.value.next_step
        with pytest.raises(PowerRefused, match=r"notWritable|noCreation"):
            wall_clock.run(pdu.on(str(MISSING)))

    @every_model
    def test_a_state_that_is_no_integer(
        self, wall_clock: WallClock, device: Device, model: PduModel
    ):
        with pytest.raises(PowerRefused, match="OctetString"):
            wall_clock.run(pdu_of(device, model).state(str(TEXT)))

    def test_a_value_that_the_agent_does_not_take(self, wall_clock: WallClock, device: Device):
        """A PDU of another make under the same objects refuses, and says what is to be done."""
        wrong = replace(APC_RPDU, off=Command(APC_RPDU.off.column, 9))
        with pytest.raises(PowerRefused, match="wrongValue") as error:
            wall_clock.run(pdu_of(device, wrong).off(str(OBEYS)))
        assert "model" in error.value.next_step

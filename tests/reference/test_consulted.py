"""What the reference asks while it runs is noted; looking at readings as a whole asks nothing."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest

from hil.errors import UsageError
from hil.reference.consulted import watched
from hil.reference.decisions import random_delay, retry_delay
from hil.reference.interpretations import DEFAULT
from hil.reference.log_messages import LogKind
from hil.reference.parameters import Parameters
from hil.reference.peer_sharing import message


def test_each_question_that_is_looked_up_is_noted() -> None:
    asked: set[str] = set()
    readings = watched(DEFAULT.choose(redirect_limit=10), asked)
    assert readings.redirect_limit == 10
    assert readings.psn == "7832-3PCC"
    assert asked == {"redirect_limit", "psn"}


def test_readings_that_are_compared_hashed_or_copied_are_not_asked() -> None:
    asked: set[str] = set()
    readings = watched(DEFAULT, asked)
    assert readings == DEFAULT
    assert readings != watched(DEFAULT.choose(psn="V03"), asked)
    assert hash(readings) == hash(DEFAULT)
    assert copy.deepcopy(readings) == copy.copy(readings) == readings
    assert Parameters({}, readings) == Parameters({}, DEFAULT)
    assert asked == set()


def test_a_reading_that_is_supposed_is_no_question_any_more() -> None:
    asked: set[str] = set()
    supposed = watched(DEFAULT, asked).choose(upgrade_missing_server="dhcp")
    assert (supposed.upgrade_missing_server, supposed.psn) == ("dhcp", "7832-3PCC")
    assert asked == {"psn"}
    with pytest.raises(UsageError):
        supposed.choose(psn="none")


def test_to_watch_again_is_to_tell_somebody_else() -> None:
    first: set[str] = set()
    second: set[str] = set()
    assert watched(watched(DEFAULT, first), second).kdf_digest == "sha256"
    assert (first, second) == (set(), {"kdf_digest"})


@pytest.mark.parametrize(
    ("delays", "index", "asked"),
    [("60,120", 1, set()), ("60,120", 2, {"list_exhaustion"}), ("60,0", 2, set())],
)
def test_a_list_is_a_question_only_where_it_is_over(delays: str, index: int, asked: set) -> None:
    noted: set[str] = set()
    retry_delay(Parameters({"Resync_Error_Retry_Delay": delays}), index, watched(DEFAULT, noted))
    assert noted == asked


@pytest.mark.parametrize(("delay", "asked"), [("0", set()), ("1", {"random_delay_unit"})])
def test_no_delay_has_no_unit(delay: str, asked: set) -> None:
    noted: set[str] = set()
    random_delay(Parameters({"Resync_Random_Delay": delay}), watched(DEFAULT, noted))
    assert noted == asked


@pytest.mark.parametrize(
    ("kind", "asked"), [(LogKind.REQUEST, set()), (LogKind.UPGRADE_REQUEST, {"peer_sharing_log"})]
)
def test_what_peers_are_told_is_a_question_of_upgrades_alone(kind: LogKind, asked: set) -> None:
    noted: set[str] = set()
    table = SimpleNamespace(interpretations=watched(DEFAULT, noted), parameters=Parameters({}))
    message(kind, table)
    assert noted == asked

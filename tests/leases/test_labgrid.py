"""A handset that labgrid's own coordinator gives out, through labgrid's own client.

labgrid needs other versions of pysnmp and pyserial than hil, so it has an environment of its own, made
with ``python3 -m venv DIR && DIR/bin/pip install 'labgrid>=26,<27'``; HIL_LABGRID=DIR says where.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from programs import started

from hil.cli import main
from hil.errors import HandsetTaken, LeaseError, UsageError
from hil.leases.labgrid import acquire, look_up, named
from hil.net.namespace import Namespace
from hil.suite_location import suite_root

pytestmark = pytest.mark.peer("labgrid")
VIRTUAL = suite_root() / "testbeds" / "virtual.yaml"


def program(name: str) -> str:
    directory = os.environ.get("HIL_LABGRID", "")
    found = shutil.which(name, path=f"{directory}/bin" if directory else None)
    if found is None:
        pytest.skip(f"needs {name} (labgrid 26 in an environment that HIL_LABGRID names)")
    return found


@dataclass
class Lab:
    coordinator: str

    def client(self, *words: str, user: str = "me") -> str:
        environ = {**os.environ, "LG_COORDINATOR": self.coordinator}
        done = subprocess.run(
            [program("labgrid-client"), "-p", "desk-7", *words],
            env=environ | {"LG_HOSTNAME": "ci", "LG_USERNAME": user},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout

    @property
    def holder(self) -> str:
        (line,) = [e for e in self.client("show").splitlines() if "acquired:" in e]
        return line.partition(": ")[2]


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with ExitStack() as running:
        # It keeps its places in files of the directory that it is started in.
        command = ["env", "-C", str(tmp_path_factory.mktemp("coordinator"))]
        command += [program("labgrid-coordinator"), "-l", address]
        running.enter_context(started(command, Namespace.host())).expect("listening on")
        lab = Lab(address)
        lab.client("create")
        yield lab


@pytest.fixture
def lab(coordinator: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("LG_COORDINATOR", coordinator.coordinator)
    monkeypatch.setenv("LG_HOSTNAME", "ci")
    monkeypatch.setenv("LG_USERNAME", "me")
    coordinator.client("set-tags", f"hil-inventory={VIRTUAL}", "hil-handset=v2")
    yield coordinator
    if coordinator.holder != "None":
        coordinator.client("release", "--kick")


def test_a_places_tags_name_the_handset(lab: Lab) -> None:
    place = look_up("desk-7")
    assert (place.inventory, place.handset, place.holder) == (VIRTUAL, "v2", "")
    lab.client("set-tags", "hil-handset=")
    with pytest.raises(UsageError, match="no tag hil-handset"):
        _ = look_up("desk-7").handset


def test_a_place_is_acquired_and_given_back(lab: Lab) -> None:
    taken = acquire("desk-7")
    assert lab.holder == taken.place.holder == "ci/me"
    taken.release()
    assert lab.holder == "None"


def test_what_somebody_else_has_is_not_taken(lab: Lab) -> None:
    lab.client("acquire", user="other")
    with pytest.raises(HandsetTaken, match="ci/other"):
        acquire("desk-7")
    assert lab.holder == "ci/other"


def test_what_this_user_has_already_is_used_and_left_acquired(lab: Lab) -> None:
    lab.client("acquire")
    taken = acquire("desk-7")
    taken.release()
    assert lab.holder == "ci/me"
    assert taken.farewell == ()


def test_a_place_that_was_lost_is_told_and_nobody_elses_is_released(lab: Lab) -> None:
    taken = acquire("desk-7")
    lab.client("release", "--kick", user="other")
    lab.client("acquire", user="other")
    with pytest.raises(LeaseError, match=r"lost meanwhile(?s:.*)ci/other"):
        taken.release()
    assert lab.holder == "ci/other"
    subprocess.run(taken.farewell, timeout=30, check=False, capture_output=True)
    assert lab.holder == "ci/other"


def test_the_farewell_of_a_run_that_died_releases_its_place(lab: Lab) -> None:
    taken = acquire("desk-7")
    subprocess.run(taken.farewell, timeout=30, check=True, capture_output=True)
    assert lab.holder == "None"


def test_a_run_acquires_the_place_and_gives_it_back(lab: Lab, tmp_path: Path) -> None:
    document = tmp_path / "results.json"
    only = ("test_resync_on_reset.py", "-k", "test_a_reboot_triggers_a_resync")
    told = CliRunner().invoke(
        main, ["certify", "--testbed", "labgrid:desk-7", "--json", str(document), *only]
    )
    assert told.exit_code == 0, told.output
    assert "v2: " in told.output
    assert lab.holder == "None"


def test_a_run_on_a_place_of_somebody_elses_is_an_error_of_the_lab(lab: Lab) -> None:
    lab.client("acquire", user="other")
    told = CliRunner().invoke(main, ["certify", "--testbed", "labgrid:desk-7", "-k", "reboot"])
    assert told.exit_code == 3
    assert "acquired by somebody else" in told.output
    assert lab.holder == "ci/other"


def test_another_handset_than_the_places_is_a_usage_error(lab: Lab) -> None:
    del lab
    told = CliRunner().invoke(
        main, ["certify", "--testbed", "labgrid:desk-7", "--handset", "v1", "-k", "reboot"]
    )
    assert (told.exit_code, "is handset v2" in told.output) == (2, True)


def test_a_coordinator_that_is_not_there_is_an_error_of_the_lab(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program("labgrid-client")
    monkeypatch.setenv("LG_COORDINATOR", "127.0.0.1:1")
    with pytest.raises(LeaseError, match="refused show"):
        look_up("desk-7")


def test_without_labgrids_client_the_error_says_where_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HIL_LABGRID", "/no/such/place")
    with pytest.raises(LeaseError, match=r"no labgrid-client in /no/such/place"):
        look_up("desk-7")


@pytest.mark.parametrize("text", ["labgrid:", "labgrid:a b", "labgrid:../x", "labgrid:-p"])
def test_what_is_no_place_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="names no place"):
        named(text)


def test_a_file_is_no_place() -> None:
    assert named("testbeds/labgrid.yaml") is None

"""A state directory, leases of processes that are no more, and a rack with one handset."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from leased_rack import DEADLINE_S, INVENTORY, SUPPORT, Pdu, Rack

from hil.leases.record import Lease
from hil.leases.store import LeaseStore

MAC = "00:0e:08:00:00:01"

_TAKES = """
import sys, time
from pathlib import Path
from hil.leases.store import LeaseStore
store = LeaseStore(Path(sys.argv[1]), time.time)
lease = store.take("a01", sys.argv[2], "lab", ttl_s=3600).lease
if sys.argv[3] == "off":
    store.note_power(lease, off=True)
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> LeaseStore:
    return LeaseStore(tmp_path / "state", time.time)


@pytest.fixture
def lease_file(store: LeaseStore) -> Path:
    return store.state / "leases" / "00-0e-08-00-00-01.json"


@pytest.fixture
def another(store: LeaseStore):
    """Starts another process that takes the handset; it holds it until its stdin is closed."""
    running: list[subprocess.Popen[bytes]] = []

    def take(power: str = "on") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _TAKES, str(store.state), MAC, power]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        return process

    yield take
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def rewritten(lease_file: Path) -> Callable[..., Lease]:
    """Alters fields of the lease that lies there, as nobody but another machine could."""

    def rewrite(**fields: object) -> Lease:
        kept = msgspec.json.decode(lease_file.read_bytes(), type=Lease)
        changed = msgspec.structs.replace(kept, **fields)
        lease_file.write_bytes(msgspec.json.encode(changed))
        return changed

    return rewrite


@pytest.fixture(scope="module")
def pdu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pdu]:
    relays = tmp_path_factory.mktemp("pdu") / "relays"
    command = [sys.executable, str(SUPPORT / "pdu_process.py"), "8", str(relays)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield Pdu(process, relays, int(process.stdout.readline()))
    process.communicate(timeout=DEADLINE_S)


@pytest.fixture
def rack(
    pdu: Pdu, tmp_path: Path, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rack]:
    inventory = tmp_path / "lab.yaml"
    inventory.write_text(INVENTORY.format(port=pdu.port))
    # By this the watchdogs of this rack are told from those of another.
    monkeypatch.setenv("HIL_TEST_RACK", str(inventory))
    made = Rack(pdu, inventory, store)
    assert made.on
    yield made
    made.settled()

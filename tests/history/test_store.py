"""The history on disk: complete after SIGKILL, and plain about what is damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import HistoryError
from hil.history import History, HistoryFile, read
from hil.history import events as ev
from hil.virtual_clock import VirtualClock

KINDS: tuple[type[ev.Event], ...] = typing.get_args(ev.AnyEvent)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
octets = st.binary(max_size=20)


def events_of(kind: type[ev.Event]) -> st.SearchStrategy[ev.Event]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: values_of(hints[name]) for name in kind.__struct_fields__})


def values_of(hint: object) -> st.SearchStrategy[object]:
    if hint is str:
        return text
    if hint is bytes:
        return octets
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    if hint == dict[str, float]:
        # JSON has no others, and a handset's timing has none either.
        return st.dictionaries(text, st.floats(allow_nan=False, allow_infinity=False))
    return st.from_type(hint).filter(storable)  # type: ignore[arg-type]


def storable(value: object) -> bool:
    """Without lone surrogates and over-long numbers, which are tested by themselves."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value)) is not None or value is None
    except UnicodeEncodeError:
        return False


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_kind_of_event_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    written = [
        msgspec.structs.replace(data.draw(events_of(kind)), seq=seq)
        for seq, kind in enumerate(each for each in KINDS if each is not ev.RunEnded)
    ]
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    with HistoryFile(path) as file:
        for event in written:
            file.write(event)
        seal = file.seal(at=7, seq=len(written))
    stored = read(path)
    assert stored.events == (*written, seal)
    assert stored.ended
    assert stored.torn == b""


def test_no_kind_of_event_was_forgotten_in_the_union():
    def leaves(kind: type[ev.Event]) -> set[type[ev.Event]]:
        return {kind}.union(*map(leaves, kind.__subclasses__()))

    abstract = {ev.Event, ev.LabEvent, ev.ProvisioningRequest}
    here = {kind for kind in leaves(ev.Event) if kind.__module__.startswith("hil.")}
    assert here - abstract == set(KINDS)


WRITER = """
import sys
from pathlib import Path
from hil.clock import WallClock
from hil.history import History, HistoryFile
from hil.history import events as ev

history = History(WallClock(), file=HistoryFile(Path(sys.argv[1])))
number = 0
while True:
    history.append(ev.Note(text=str(number)))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_after_sigkill_everything_that_was_appended_is_there(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        for _ in range(500):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().splitlines()
        assert writer.wait() == -signal.SIGKILL
    if len(rest) > 1:
        acknowledged = int(rest[-2])
    stored = read(path)
    assert len(stored.events) > acknowledged >= 499
    texts = [event.text for event in stored.events if isinstance(event, ev.Note)]
    assert texts == [str(number) for number in range(len(texts))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    with HistoryFile(path) as file:
        for seq in range(5):
            file.write(ev.Note(text=f"event {seq}", seq=seq, at=seq))
    return path


def test_a_history_that_was_never_sealed_has_not_ended(path: Path):
    assert not read(path).ended


@pytest.mark.parametrize(
    "alter",
    [
        lambda lines: [lines[0].replace(b"event 0", b"event 9"), *lines[1:]],
        lambda lines: [*lines, lines[-1].replace(b'"seq":5', b'"seq":6')],
    ],
    ids=["a-line-altered", "a-line-behind-the-seal"],
)
def test_a_sealed_history_that_was_altered_is_refused(path: Path, alter):
    with HistoryFile(path) as file:
        for seq in range(5):
            file.write(ev.Note(text=f"event {seq}", seq=seq, at=seq))
        file.seal(at=5, seq=5)
    assert read(path).ended
    path.write_bytes(b"".join(alter(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(HistoryError, match="altered"):
        read(path)


def test_a_torn_last_line_is_reported_and_the_rest_is_read(path: Path):
    whole = path.read_bytes()
    for cut in range(whole.rindex(b"\n", 0, -1) + 2, len(whole)):
        path.write_bytes(whole[:cut])
        stored = read(path)
        assert [event.seq for event in stored.events] == [0, 1, 2, 3]
        assert stored.torn == whole[:cut].rpartition(b"\n")[2] != b""


def test_an_empty_file_is_a_history_without_events(tmp_path: Path):
    path = tmp_path / "empty"
    path.touch()
    assert read(path) == read(path)
    assert read(path).events == ()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"not JSON",
        b"{}",
        b'{"event": "Unheard", "seq": 2}',
        b'{"event": "Note", "seq": 2}',
        b'{"event": "Note", "text": 7, "seq": 2}',
        b'{"event": "Note", "text": "\xff", "seq": 2}',
        b'{"event": "Note", "text": "x", "seq": 2, "more": ' + b"[" * 100_000,
        b'{"event": "Note", "text": "x", "seq": 3}',
        b"\0" * 512,
    ],
)
def test_damage_in_the_middle_names_file_and_line(path: Path, damage: bytes):
    lines = path.read_bytes().split(b"\n")
    lines[2] = damage
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(HistoryError, match=rf"{path}:3: "):
        read(path)


def test_a_missing_line_is_damage_too(path: Path):
    lines = path.read_bytes().split(b"\n")
    del lines[1]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(HistoryError, match=r":2: event 2 where 1 belongs: lines were lost"):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(HistoryError, match="No such file"):
        read(tmp_path / "absent")


def test_a_full_disk_is_a_lab_fault_and_the_run_goes_on(virtual_clock: VirtualClock):
    history = History(virtual_clock, handset="phone-1", file=HistoryFile(Path("/dev/full")))
    first = history.append(ev.Note(text="first"))
    (fault,) = history.since(first)
    assert isinstance(fault, ev.LabFault)
    assert fault.evidence == "/dev/full: No space left on device"
    assert history.unwritten == fault.evidence
    assert (fault.seq, fault.handset) == (1, "phone-1")
    assert history.append(ev.Note(text="second")).seq == 2
    assert len(history.all(ev.LabFault)) == 1


def test_text_that_utf_8_cannot_hold_is_stored_escaped(tmp_path: Path, virtual_clock: VirtualClock):
    path = tmp_path / "new" / "history.jsonl"
    request = ev.HttpRequest(
        scheme="http",
        path="/\udcff",
        peer="",
        port=80,
        transfer=1,
        method="GET",
        version="1.1",
        headers=(("x", "\ud800"),),
    )
    with HistoryFile(path) as file:
        history = History(virtual_clock, file=file)
        history.append(request)
        history.append(ev.Note(text="goes on"))
    stored, note = read(path).events
    assert isinstance(stored, ev.HttpRequest)
    assert (stored.path, stored.headers) == ("/\\udcff", (("x", "\\ud800"),))
    assert note == history.last(ev.Note)


def test_the_file_is_not_inherited_by_child_processes(tmp_path: Path):
    with HistoryFile(tmp_path / "h") as file:
        assert not os.get_inheritable(file._descriptor)

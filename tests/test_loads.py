"""Test loads in a directory and in memory: what is made can be installed, what is spoilt cannot."""

from __future__ import annotations

import hashlib
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from hil.errors import LoadError, LoadErrorKind, UsageError
from hil.loads import Flaws, check_load, load_files, make_load, open_load, read_key, read_public_key
from hil.reference.loads import MAX_SIZE, check_member, read_load

VERSION = "11-3-2MPP0001-610"
NAME = f"sip7832.{VERSION}"
SIZE = 100_000


def why_not(path: Path, **options) -> LoadErrorKind:
    with pytest.raises(LoadError) as error:
        check_load(path, **options)
    return error.value.kind


def test_a_load_is_a_manifest_and_an_image_in_one_directory(tmp_path):
    path = make_load(tmp_path / "new" / "firmware", VERSION, SIZE)
    assert path == tmp_path / "new" / "firmware" / f"{NAME}.loads"
    image = path.parent / f"{NAME}.sbn"
    load = check_load(path)
    assert (load.name, load.model, load.size) == (NAME, "7832", SIZE)
    (member,) = load.members
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    assert (member.name, member.size, member.sha256) == (image.name, SIZE, digest)


def test_in_memory_it_is_the_same(tmp_path):
    path = make_load(tmp_path, VERSION, SIZE, seed="s")
    files = load_files(VERSION, SIZE, seed="s")
    assert list(files) == [f"{NAME}.loads", f"{NAME}.sbn"]
    assert files == {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_it_is_the_same_each_time_and_another_for_each_version_and_seed():
    images = [
        load_files(version, SIZE, seed=seed)[f"sip7832.{version}.sbn"]
        for version, seed in [(VERSION, ""), (VERSION, ""), (VERSION, "x"), ("11-3-2MPP0001-611", "")]
    ]  # fmt: skip
    assert images[0] == images[1]
    assert len(set(images)) == 3


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("11-0-1MPP-376", "sip7832.11-0-1MPP-376"),
        ("11-3-2MPP0001-609", "sip7832.11-3-2MPP0001-609"),
        ("sip7832.11-3-2MPP0001-609", "sip7832.11-3-2MPP0001-609"),
        ("sip8832.11-3-2MPP0001-609", "sip8832.11-3-2MPP0001-609"),
        ("sip7832.12.0.2MPP0001.116", "sip7832.12.0.2MPP0001.116"),
    ],
)
def test_a_version_becomes_the_name_that_swver_shows(version, name):
    assert read_load(load_files(version, 1)[f"{name}.loads"]).name == name


@pytest.mark.parametrize("version", ["", "a/b", "../x", "a b", "x" * 121, ".x", "x\n"])
def test_what_can_be_no_name_is_refused(version):
    with pytest.raises(UsageError, match="cannot be the name of a load"):
        load_files(version, 1)


@pytest.mark.parametrize("model", ["", "78 32", "7832\n", "x" * 17, "é"])
def test_what_can_be_no_model_is_refused(model):
    with pytest.raises(UsageError, match="no model"):
        load_files(VERSION, 1, model=model)


@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1])
def test_what_can_be_no_size_is_refused(tmp_path, size):
    with pytest.raises(UsageError, match="an image of"):
        make_load(tmp_path, VERSION, size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flaws", "kind"),
    [
        (Flaws(truncate=0), LoadErrorKind.WRONG_SIZE),
        (Flaws(truncate=SIZE - 1), LoadErrorKind.WRONG_SIZE),
        (Flaws(corrupt=0), LoadErrorKind.WRONG_DIGEST),
        (Flaws(corrupt=SIZE - 1), LoadErrorKind.WRONG_DIGEST),
        (Flaws(unsigned=True), LoadErrorKind.BAD_SIGNATURE),
    ],
    ids=str,
)
def test_a_flawed_load_is_not_to_be_installed(tmp_path, flaws, kind):
    path = make_load(tmp_path, VERSION, SIZE, flaws=flaws)
    assert why_not(path) is kind
    files = load_files(VERSION, SIZE, flaws=flaws)
    assert files == {each.name: each.read_bytes() for each in tmp_path.iterdir()}


def test_one_octet_is_corrupted_and_the_manifest_tells_of_the_right_image():
    right = load_files(VERSION, 3 << 20)
    wrong = load_files(VERSION, 3 << 20, flaws=Flaws(corrupt=(2 << 20) + 5))
    assert wrong[f"{NAME}.loads"] == right[f"{NAME}.loads"]
    one, other = wrong[f"{NAME}.sbn"], right[f"{NAME}.sbn"]
    at = (2 << 20) + 5
    assert one[at] == other[at] ^ 0xFF
    assert one[:at] + one[at + 1 :] == other[:at] + other[at + 1 :]


@pytest.mark.parametrize("flaws", [Flaws(truncate=SIZE), Flaws(corrupt=SIZE), Flaws(corrupt=-1)])
def test_a_flaw_outside_of_the_image_would_be_none(flaws):
    with pytest.raises(UsageError, match="no octet"):
        load_files(VERSION, SIZE, flaws=flaws)


def test_a_load_for_another_model(tmp_path):
    path = make_load(tmp_path, VERSION, SIZE, model="8832")
    assert path.name == f"{NAME}.loads"
    assert why_not(path) is LoadErrorKind.WRONG_MODEL
    assert check_load(path, model="8832").model == "8832"


def test_a_member_that_is_not_there(tmp_path):
    path = make_load(tmp_path, VERSION, SIZE)
    (tmp_path / f"{NAME}.sbn").unlink()
    assert open_load(path).name == NAME
    with pytest.raises(LoadError, match=r"610.sbn is not there"):
        check_load(path)


def test_a_manifest_under_another_name_is_not_that_load(tmp_path):
    path = make_load(tmp_path, VERSION, SIZE)
    assert why_not(path.rename(tmp_path / "sip7832.11-3-2MPP0001-999.loads")) is (
        LoadErrorKind.NOT_A_LOAD
    )


def test_30_mib_are_written_and_checked_without_being_held(tmp_path):
    tracemalloc.start()
    try:
        check_load(make_load(tmp_path, VERSION, 30 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_what_cannot_be_written_or_read_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write to .*file: File exists"):
        make_load(tmp_path / "file", VERSION, 1)
    for path in (tmp_path / "nowhere.loads", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            open_load(path)


# -- keys ------------------------------------------------------------------------------------------


@pytest.fixture
def openssl(tmp_path):
    """Runs openssl in the directory of the keys."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, timeout=30)

    return run


@pytest.mark.peer("openssl")
def test_a_key_of_ones_own(tmp_path, openssl):
    openssl("genpkey", "-algorithm", "ed25519", "-out", "private.pem")
    openssl("pkey", "-in", "private.pem", "-pubout", "-out", "public.pem")
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    files = load_files(VERSION, SIZE, key=read_key(private))
    manifest = files[f"{NAME}.loads"]
    with pytest.raises(LoadError, match="not signed with the key"):
        read_load(manifest)
    assert read_public_key(public) == read_public_key(private)
    (member,) = read_load(manifest, trusted_key=read_public_key(public)).members
    image = files[member.name]
    check_member(member, len(image), hashlib.sha256(image).hexdigest())


@pytest.mark.peer("openssl")
def test_openssl_verifies_the_signature(tmp_path, openssl):
    openssl("genpkey", "-algorithm", "ed25519", "-out", "private.pem")
    manifest = load_files(VERSION, SIZE, key=read_key(tmp_path / "private.pem"))[f"{NAME}.loads"]
    signed, _, signature = manifest.rpartition(b"signature ")
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "signature").write_bytes(bytes.fromhex(signature.decode()))
    openssl(
        *("pkeyutl", "-verify", "-inkey", "private.pem", "-rawin"),
        *("-in", "signed", "-sigfile", "signature"),
    )


@pytest.mark.peer("openssl")
def test_what_has_no_ed25519_key_is_refused(tmp_path, openssl):
    openssl("genpkey", "-algorithm", "x25519", "-out", "other.pem")
    openssl("pkey", "-in", "other.pem", "-pubout", "-out", "public.pem")
    (tmp_path / "junk.pem").write_bytes(b"\xff" * 100)
    for name in ("other.pem", "junk.pem", "public.pem"):
        for read in (read_key, read_public_key):
            with pytest.raises(UsageError, match="has no Ed25519 key"):
                read(tmp_path / name)
    with pytest.raises(UsageError, match="cannot read"):
        read_key(tmp_path / "nowhere.pem")

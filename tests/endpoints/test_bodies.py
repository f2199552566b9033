"""What is served comes from where the test says, and a history keeps it whole or as a digest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hil.endpoints.bodies import Kept, keep, octets
from hil.errors import UsageError
from hil.history.traffic import KEPT_OCTETS
from hil.reference.profiles import MAX_SIZE


@pytest.mark.parametrize("size", [0, 1, KEPT_OCTETS])
def test_a_body_is_kept_whole_up_to_the_limit(size):
    assert keep(bytes(size)) == Kept(bytes(size), 0, "")


def test_of_a_larger_body_size_and_digest_are_kept():
    body = os.urandom(KEPT_OCTETS + 1)
    assert keep(body) == Kept(b"", len(body), hashlib.sha256(body).hexdigest())


def test_every_body_that_a_phone_could_apply_as_a_profile_is_kept():
    assert KEPT_OCTETS >= MAX_SIZE


def test_octets_text_and_files_can_be_served(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\0\xff")
    assert octets(b"\0\xff") == b"\0\xff"
    assert octets("é") == "é".encode()
    assert octets(path) == b"\0\xff"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_file_that_cannot_be_read_is_the_tests_error(tmp_path, name):
    with pytest.raises(UsageError, match=r"cannot read .*(No such file|Is a directory)"):
        octets(Path(tmp_path, name))

"""What a profile is read as, or why it is not."""

from __future__ import annotations

import pytest

from hil.errors import ProfileError
from hil.reference.interpretations import DEFAULT
from hil.reference.profile_builder import flat_profile
from hil.reference.profiles import decode

KEY = "SecretPhrase1234"
SALT = bytes(range(8))
SALT16 = bytes(range(16))
XML = flat_profile(Resync_Periodic="600")


def kind(data: bytes, **options) -> str:
    with pytest.raises(ProfileError) as caught:
        decode(data, **options)
    assert caught.value.reason
    return caught.value.kind.value


def parameters(text: str, **readings) -> dict[str, str]:
    return dict(decode(text.encode(), interpretations=DEFAULT.choose(**readings)).parameters)

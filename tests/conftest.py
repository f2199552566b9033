"""What holds for all tests of hil itself."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is. What takes too long is for `benchmarks/`.
settings.register_profile("hil", deadline=None)
settings.load_profile("hil")

"""Readings that are a judge's tolerance and no behaviour of a phone.

Such a reading accepts whatever one of its strict readings does, so no experiment can tell a phone that
"follows" it; an experiment that leaves both names the strict one. The same holds for two readings that
nothing on a bench tells apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STRICT: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "log_request_servip": {"either": ("expanded", "literal")},
        "log_success_err": {"either": ("with", "without")},
        "notify_refusal": {"unspecified": ("489", "403", "200")},
        "check_sync": {"optional": ("supported", "unsupported")},
        "peer_sharing_log": {"unspecified": ("upgrade-messages",)},
        "dual_registration": {"either": ("fail-over",)},
        # They differ after a reboot that a profile causes; what causes one is not published.
        "resync_after_update": {"performed": ("web-only",)},
    }
)
"""By question, each reading that is a tolerance, with the strict readings that it contains."""

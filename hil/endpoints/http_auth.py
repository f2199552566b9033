"""Who may see a path of an HTTP server: Basic and Digest demanded and verified (RFC 7617, RFC 7616).

A `Gate` has one `Demand` a path, or one for all paths. Its nonces are numbers in disguise, so that a
test sees the same ones whenever it runs; each is good for requests whose nc rises. Right credentials
with a nonce that is not the gate's, or whose nc was there before, are told that it is stale, so that
a client asks again with a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from hil import digest
from hil.endpoints.http_response import Response, plain
from hil.errors import UsageError
from hil.history import events as ev

REALM = "hil"
_MOST_NONCES = 256
_CHALLENGE = {401: "www-authenticate", 407: "proxy-authenticate"}
_CREDENTIALS = {401: "authorization", 407: "proxy-authorization"}


@dataclass(frozen=True)
class Demand:
    """What a client has to prove, and in which forms it may.

    ``schemes`` are offered in their order: ``Basic``, or an algorithm of Digest (`ALGORITHMS` of
    `hil.digest`). ``qop`` False offers Digest in its legacy form without qop (RFC 2069). ``status`` is
    401, or 407 with the headers of a proxy. UsageError for anything else.
    """

    user: str
    password: str
    schemes: tuple[str, ...] = ("Basic",)
    qop: bool = True
    status: int = 401

    def __post_init__(self) -> None:
        known = ("Basic", *digest.ALGORITHMS)
        if not self.schemes or any(each not in known for each in self.schemes):
            raise UsageError(f"schemes {self.schemes!r}", remedy="some of " + ", ".join(known))
        if self.status not in _CHALLENGE:
            raise UsageError(f"status {self.status} asks for no credentials", remedy="401 or 407")
        if not self.qop and any(each.endswith("-sess") for each in self.schemes):
            raise UsageError("-sess without qop has no cnonce to hash", remedy="MD5 or SHA-256")

    def __str__(self) -> str:
        form = "" if self.qop else " without qop"
        return f"{' or '.join(self.schemes)}{form} as {self.user!r}, status {self.status}"


class Gate:
    """Lets requests through, or answers with a challenge. `demand` may come from any thread."""

    def __init__(self) -> None:
        self._demands: Mapping[str | None, Demand] = {}
        self._nonces: dict[str, int] = {}
        self._issued = 0

    def demand(self, path: str | None, demand: Demand) -> None:
        """Want this of whoever asks for ``path``, or with None for any path that has no own demand."""
        self._demands = {**self._demands, path: demand}

    def clear(self) -> None:
        """Let everybody see everything, and know no nonce."""
        self._demands = {}
        self._nonces = {}

    def refusal(self, path: str, request: ev.HttpRequest) -> Response | None:
        """The challenge that answers a request, or None where it may pass."""
        demand = self._demand_for(path)
        if demand is None:
            return None
        credentials = _shown(request, demand)
        if credentials is None:
            return self._challenge(demand, "credentials are wanted")
        if not self._is_offered(credentials, demand) or not digest.proves(
            credentials, demand.user, demand.password, method=request.method, uri=request.path
        ):
            return self._challenge(demand, "these credentials are wrong")
        if credentials.name == "digest" and not self._is_fresh(credentials):
            return self._challenge(demand, "the nonce is stale", stale=True)
        return None

    def call_stale(self, path: str, request: ev.HttpRequest) -> Response | None:
        """The challenge that calls the nonce of a request that may pass stale; None if it has none."""
        demand = self._demand_for(path)
        credentials = None if demand is None else _shown(request, demand)
        if demand is None or credentials is None or credentials.name != "digest":
            return None
        return self._challenge(demand, "the nonce is called stale", stale=True)

    def _demand_for(self, path: str) -> Demand | None:
        return self._demands.get(path, self._demands.get(None))

    def _is_offered(self, credentials: digest.Scheme, demand: Demand) -> bool:
        if credentials.name == "basic":
            return "Basic" in demand.schemes
        legacy = not credentials.get("qop")
        return (
            credentials.algorithm in demand.schemes
            and credentials.get("realm") == REALM
            and legacy != demand.qop
        )

    def _is_fresh(self, credentials: digest.Scheme) -> bool:
        """Take note of the use of a nonce; whether it was good for it."""
        nonce = credentials.get("nonce")
        last = self._nonces.get(nonce)
        if last is None:
            return False
        if not credentials.get("qop"):
            return True
        count = int(credentials.get("nc"), 16)
        if count <= last:
            return False
        self._nonces[nonce] = count
        return True

    def _challenge(self, demand: Demand, why: str, *, stale: bool = False) -> Response:
        name = _CHALLENGE[demand.status]
        nonce = self._new_nonce()
        headers = [(name, _challenge(scheme, demand, nonce, stale)) for scheme in demand.schemes]
        return plain(demand.status, why, tuple(headers))

    def _new_nonce(self) -> str:
        self._issued += 1
        nonce = hashlib.sha256(f"nonce {self._issued}".encode()).hexdigest()[:32]
        if len(self._nonces) >= _MOST_NONCES:
            del self._nonces[next(iter(self._nonces))]
        self._nonces[nonce] = 0
        return nonce


def _shown(request: ev.HttpRequest, demand: Demand) -> digest.Scheme | None:
    shown = digest.read_schemes(request.header(_CREDENTIALS[demand.status]) or "")
    return shown[0] if shown else None


def _challenge(scheme: str, demand: Demand, nonce: str, stale: bool) -> str:
    if scheme == "Basic":
        return f'Basic realm="{REALM}", charset="UTF-8"'
    parts = [f'realm="{REALM}"', f'nonce="{nonce}"', 'opaque="68696c"', f"algorithm={scheme}"]
    parts += ['qop="auth"'] if demand.qop else []
    parts += ["stale=true"] if stale else []
    return "Digest " + ", ".join(parts)

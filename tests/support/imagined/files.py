"""The imagined bench's servers of files: profiles, loads and reports, served well or badly."""

from __future__ import annotations

import functools

from histories import LAB, TIMING

from hil import digest
from hil import loads as test_loads
from hil.history import events as ev
from hil.reference.loads import FORMAT_LINE
from hil.reference.phone import Retrieve
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer
from imagined.configuration import LOADS, configured
from imagined.world import World

LOCATIONS = ("/moved.xml", "beside.xml", "https://prov.example/m.xml", f"tftp://{LAB}/m.xml")
CHALLENGES = (
    "",
    'Basic realm="a"',
    'Digest realm="a", nonce="n"',
    'Digest realm="a", nonce="n", qop="auth", algorithm=SHA-256',
    "Negotiate",
)
_KINDS = {200: "complete", 404: "not-found", 302: "redirected", 401: "unauthorized"}


class Files:
    """Answers a `Retrieve`, and tells what its server has seen of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def fetch(self, retrieve: Retrieve) -> Answer:
        world, fetch = self._world, retrieve.fetch
        if retrieve.server != LAB or fetch.port not in (69, 80, 443):
            world.wait(world.chance.uniform(0, 0.9 * TIMING.give_up))
            return NoAnswer("unreachable", unreachable=True)
        return self._tftp(retrieve) if fetch.scheme == "tftp" else self._http(retrieve)

    # -- tftp --------------------------------------------------------------------------------------

    def _tftp(self, retrieve: Retrieve) -> Answer:
        world, chance = self._world, self._world.chance
        path, port = retrieve.fetch.path, chance.choice((5000, chance.randint(1, 60000)))
        outcome = chance.choice(
            ("complete",) * 6
            + ("not-found", "error")
            + (() if world.calm else ("silent", "silent once", "stall", "timed-out"))
        )
        number = world.story.request(world.now, path, from_port=port)
        if outcome in ("silent", "silent once"):
            patience = world.now + chance.uniform(3, 0.9 * TIMING.give_up)
            while True:
                world.story.fault(world.now, "Silence", "tftp").end(world.now, number, "aborted")
                world.wait(chance.uniform(1, 5))
                if world.now > patience:
                    return NoAnswer("silence")
                number = world.story.request(world.now, path, from_port=port)
                if outcome == "silent once":
                    break
        if outcome in ("stall", "timed-out"):
            return self._stalled(number, outcome)
        self._takes_long(retrieve)
        if outcome in ("not-found", "error"):
            missing = outcome == "not-found"
            world.story.end(world.now, number, outcome, status=1 if missing else 2)
            return TftpAnswer(error=1 if missing else 2)
        body = self._document(retrieve)
        # The server knows as soon as the last acknowledgement is there.
        at = 0.0 if world.calm else chance.choice((0.0, 0.002))
        world.later(at, lambda: self._complete(number, body), outlasts=True)
        world.wait(0.0)
        return TftpAnswer(body)

    def _complete(self, number: int, body: bytes) -> None:
        self._world.story.end(self._world.now, number, body=body)

    def _stalled(self, number: int, outcome: str) -> Answer:
        world, chance = self._world, self._world.chance
        world.story.fault(world.now, "Stall", "tftp")
        patience = chance.uniform(3, 0.8 * TIMING.give_up)
        noticed = chance.uniform(0.5, patience) if outcome == "timed-out" else 0.0
        world.wait(noticed)
        if outcome == "timed-out":
            world.story.end(world.now, number, "timed-out")
        world.wait(patience - noticed)
        return NoAnswer("stalled")

    # -- http --------------------------------------------------------------------------------------

    def _http(self, retrieve: Retrieve) -> Answer:
        world, chance = self._world, self._world.chance
        fetch, scheme = retrieve.fetch, retrieve.fetch.scheme
        connection = world.story.connected(world.now, retrieve.destination.port)
        if scheme == "https" and not world.calm and chance.random() < 0.2:
            return self._no_handshake(connection)
        number = world.story.request(
            world.now,
            fetch.path,
            scheme=scheme,
            host=fetch.host,
            method=retrieve.method,
            headers=_credentials(retrieve),
            body=retrieve.body.encode(),
        )
        status = chance.choice((200,) * 7 + (404, 500, 403, 302, 401))
        if not world.calm and chance.random() < 0.2:
            return self._no_answer(scheme, number)
        self._takes_long(retrieve)
        location = chance.choice(LOCATIONS) if status == 302 else None
        challenge = chance.choice(CHALLENGES) if status == 401 else ""
        headers = (("Location", location),) if location else ()
        headers += (("WWW-Authenticate", challenge),) if challenge else ()
        body = self._document(retrieve) if status == 200 else b""
        world.story.end(
            world.now,
            number,
            _KINDS.get(status, "error"),
            scheme=scheme,
            status=status,
            body=body,
            headers=headers,
        )
        world.wait(chance.choice((0.0, 0.002)))
        return HttpAnswer(status, body, location, challenge=challenge)

    def _no_handshake(self, connection: int) -> Answer:
        world, chance = self._world, self._world.chance
        if chance.random() < 0.5:
            world.story.fault(world.now, "SilentHandshake", "https")
            world.wait(chance.uniform(1, 0.9 * TIMING.give_up))
            closed = ev.Disconnected(source="https", connection=connection, peer="", reason="fin")
            world.tell(closed)
            return NoAnswer("handshake timeout")
        refused = ev.TlsHandshake(source="https", connection=connection, peer="", succeeded=False)
        world.tell(refused)
        return NoAnswer("certificate expired")

    def _no_answer(self, scheme: str, number: int) -> Answer:
        world, chance = self._world, self._world.chance
        fault = chance.choice(("Silence", "Stall", "Truncate", "Reset"))
        world.story.fault(world.now, fault, scheme)
        if fault in ("Silence", "Stall"):
            world.wait(chance.uniform(1, 0.9 * TIMING.give_up))
        world.story.end(world.now, number, "aborted", scheme=scheme)
        world.wait(chance.uniform(0, 2))
        return NoAnswer("no whole answer")

    # -- what is served ----------------------------------------------------------------------------

    def _takes_long(self, retrieve: Retrieve) -> None:
        """Most files are there at once; a load is large."""
        slow = retrieve.rule == "Upgrade_Rule" and self._world.chance.random() < 0.3
        self._world.wait(self._world.chance.uniform(0, 40.0 if slow else 0.5))

    def _document(self, retrieve: Retrieve) -> bytes:
        chance = self._world.chance
        if retrieve.rule == "Report_Rule":
            return b""
        spoilt = chance.random() < 0.1
        if retrieve.rule == "Upgrade_Rule":
            body = _files().get(retrieve.fetch.path.rpartition("/")[2], FORMAT_LINE)
            return body[: max(len(FORMAT_LINE), len(body) // 2)] if spoilt else body
        return b"this is no profile" if spoilt else flat_profile(**configured(self._world))


@functools.cache
def _files() -> dict[str, bytes]:
    """Every file of every load by its name; images are small."""
    return {name: body for load in LOADS for name, body in test_loads.load_files(load, 64).items()}


def _credentials(retrieve: Retrieve) -> tuple[tuple[str, str], ...]:
    if retrieve.authorize is None or not retrieve.authorize.text:
        return ()
    answered = digest.answer(
        digest.read_schemes(retrieve.authorize.text),
        retrieve.fetch.options["uid"],
        retrieve.fetch.options["pwd"],
        method=retrieve.method,
        uri=retrieve.fetch.path,
        cnonce="c",
    )
    return (("authorization", answered or ""),)

"""The imagined bench's DNS server, and the phone's resolver with its memory."""

from __future__ import annotations

from histories import LAB

from hil.reference.phone import Destination, Locate
from imagined.configuration import DEAD, ELSEWHERE, NAME
from imagined.world import World

Records = tuple[tuple[int, int, str], ...]
"""SRV records: priority, port, target."""


class Names:
    """What the phone asks, and what it is told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cached: tuple[str, ...] = ()
        self._cached_until = 0.0
        self._services: dict[str, Records] = {}

    def forget(self) -> None:
        """The phone boots."""
        self._cached_until = 0.0
        self._services.clear()

    def find(self, locate: Locate) -> tuple[Destination, ...]:
        services = self._records(locate) if locate.service else ()
        if services is None:
            return ()
        if not services:
            return tuple(Destination(address) for address in self.resolve(locate.host))
        found = [(port, self.resolve(target)) for _, port, target in services]
        return tuple(Destination(each, port) for port, addresses in found for each in addresses)

    def resolve(self, host: str, patience: float = 6.0) -> tuple[str, ...]:
        """The addresses of a host; the phone waits ``patience`` seconds for each answer."""
        world = self._world
        if host in (LAB, ELSEWHERE):
            return (host,)
        if host == NAME and world.now < self._cached_until:
            return self._cached
        if host == DEAD:
            world.story.look_up(world.now, host, ELSEWHERE)
            return (ELSEWHERE,)
        outcomes = ["yes"] * 6 + ["gone"]
        outcomes += [] if world.calm else ["silent", "servfail", "again", "late", "too late"]
        outcome = world.chance.choice(outcomes) if host == NAME else "gone"
        world.story.query(world.now, host)
        if not self._trouble(host, outcome, patience):
            return ()
        if outcome == "gone":
            world.story.resolved(world.now, host, rcode="NXDOMAIN")
            return ()
        found = [(LAB,), (LAB,), (LAB, ELSEWHERE)]
        # What asks a dead address first cannot be seen for a while.
        found += [] if world.calm else [(ELSEWHERE, LAB)]
        self._cached = world.chance.choice(found)
        world.story.resolved(world.now, host, *self._cached)
        self._cached_until = world.now + world.chance.choice((0.0, 30.0, 600.0, 86_400.0))
        return self._cached

    def _trouble(self, host: str, outcome: str, patience: float) -> bool:
        """What comes between query and answer; whether the phone still waits for one then."""
        world, chance = self._world, self._world.chance
        match outcome:
            case "again" | "servfail":
                world.story.resolved(world.now, host, rcode="SERVFAIL")
                world.wait(chance.uniform(0, patience / 2))
                world.story.query(world.now, host)
                if outcome == "servfail":
                    world.story.resolved(world.now, host, rcode="SERVFAIL")
                    return False
            case "silent":
                world.story.fault(world.now, "Silence", "dns")
                for _ in range(chance.randint(0, 3)):
                    world.wait(chance.uniform(patience / 6, patience))
                    world.story.query(world.now, host)
                world.wait(chance.uniform(patience / 6, patience))
                return False
            case "late" | "too late":
                world.story.fault(world.now, "Delay", "dns")
                world.wait(0.6 + chance.uniform(0, 2 * patience))
                if outcome == "too late":
                    # The phone has given up by then; the answer finds nobody.
                    world.story.resolved(world.now, host, LAB)
                    return False
        return True

    def _records(self, locate: Locate) -> Records | None:
        """The SRV records in the order of their priority; None if they cannot be had."""
        world, name = self._world, locate.service
        if self._services.get(name) and world.chance.random() < 0.5:
            return self._services[name]
        port = 80 if name.startswith("_http.") else 443
        first, second = (10, port, NAME), (20, port, DEAD)
        known: list[Records] = [(first,), (first, second), ()]
        known += [] if world.calm else [((5, port, DEAD), first)]
        records = world.chance.choice(known)
        self._services[name] = records
        told = [f"{priority} 0 {port} {target}" for priority, port, target in records]
        world.chance.shuffle(told)
        world.story.look_up_service(world.now, name, *told)
        world.wait(world.chance.uniform(0, 0.1))
        return records if records or locate.fallback else None

"""Power that labgrid switches, for labs whose boards labgrid's coordinator gives out.

Its own command line is used, ``labgrid-client -p PLACE power on``, in whatever environment it is
installed: its library needs other versions of ours. An outlet is a place, which has to be acquired.

Proven against labgrid 26, with its coordinator, its exporter and its ``rest`` power driver.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from hil.errors import UsageError
from hil.hosts import no_name, no_port, no_text
from hil.power.command import CommandConfig, CommandPower


def labgrid(
    name: str,
    *,
    coordinator: str = "",
    client: str = "labgrid-client",
    resource: str = "",
    timeout_s: float = 9.0,
) -> CommandPower:
    """The driver of a coordinator's places.

    ``coordinator`` is its HOST or HOST:PORT, labgrid's own setting if it is empty. ``client`` is the
    program. ``resource`` names the power resource of a place that has several. ``timeout_s`` is the
    deadline of one call in seconds; the client itself takes one or two. `UsageError` for what is no
    coordinator.
    """
    if coordinator and (problem := _wrong(coordinator)):
        raise UsageError(
            f"no coordinator: {problem}", remedy="HOST or HOST:PORT, such as lab:20408"
        )
    before = (client, "-p", "{outlet}", "power")
    after = ("--name", resource) if resource else ()
    return CommandPower(
        CommandConfig(
            name=f"labgrid {name}",
            on=(*before, "on", *after),
            off=(*before, "off", *after),
            state=(*before, "get", *after),
            state_on=r"(?m)^power .* is on$",
            state_off=r"(?m)^power .* is off$",
            environment={"LG_COORDINATOR": coordinator} if coordinator else {},
            timeout_s=timeout_s,
            # What the client says of labgrid itself; all else may be one place's.
            device_failure="Could not connect to coordinator",
        )
    )


def _wrong(coordinator: str) -> str:
    if problem := no_text(coordinator):
        return problem
    if "/" in coordinator:
        return f"{coordinator!r} is no host"
    try:
        parts = urlsplit(f"//{coordinator}")
    except ValueError:
        return f"{coordinator!r} has a bracket too many or too few"
    return no_port(parts) or no_name(parts.hostname or "")

"""What the phone is told to do: parameters at random, so that something comes of them soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from histories import LAB, NANOSECONDS

from hil.reference import phone_clock
from imagined.world import World

NAME = "prov.example"
DEAD = "dead.example"
ELSEWHERE = "192.0.2.99"
RULES = (
    "/a.xml",
    f"tftp://{LAB}/b/$MA.xml",
    f"http://{LAB}/c.xml?v=$PRVST",
    f"http://{NAME}/d.xml",
    f"https://{NAME}/e.xml",
    f'($PRVST eq 0)? http://{LAB}/first.xml | ("$A" ne "")? /$A.xml',
    f'(GPP_A = "n$PRVST";)! [--uid u --pwd p] http://{LAB}/f.xml',
    f"[--srv] http://{NAME}/g.xml",
    f"[--srv --uid u --pwd p] https://{NAME}/h.xml",
    f"[--post a] http://{LAB}/i.cgi",
    "# nothing",
    "",
)
TIMED_RULES = (f"http://{LAB}/t.xml?since=$PRVTMR", "($REGTMR1 lt 60)? /r.xml | /$REGTMR1.xml")
UNSEEN_RULES = (f"tftp://{ELSEWHERE}/x", f"http://{LAB}:8081/x", "http://nowhere.example/x")
SCHEDULES = ("0", "60", "600", "30,90,30", "120+60", "20+5,40,0", "3600")
LOADS = ("sip7832.11-3-2MPP0001-610", "sip7832.11-3-2MPP0001-700", "sip7832.11-3-2MPP0001-609")
UPGRADE_RULES = (
    *(f"tftp://{LAB}/fw/{load}.loads" for load in LOADS),
    f"http://{LAB}/{LOADS[0]}.loads",
    f"http://{NAME}/fw/{LOADS[1]}.loads",
    f"($SWVER ne {LOADS[1]})? https://{NAME}/{LOADS[1]}.loads",
    f'("$A" eq "one")? http://{LAB}/{LOADS[0]}.loads | http://{LAB}/{LOADS[1]}.loads',
    f"http://{LAB}/no-load.bin",
    f"[--key k] http://{LAB}/{LOADS[0]}.loads",
    "",
)
REPORT_RULES = (
    f"http://{LAB}/report/$MA",
    f"[--status] http://{NAME}/status",
    f"[--delta] http://{LAB}/delta http://{LAB}/all",
    f"tftp://{LAB}/report",
    "",
)
TRIGGERS = (
    "$PRVTMR ge 700",
    "$UPGTMR gt 100",
    "$REGTMR1 gt 50 and $PRVTMR ge 100",
    '"$A" eq "two"',
    "$REGTMR2 ge 20",
    "$PRVTMR gt",
    "",
)
_OFFSET = 5
"""Minutes, at least, from the beginning to Resync_At."""


def choices(world: World) -> dict[str, tuple[str, ...]]:
    """The values that each parameter may get."""
    rules = RULES if world.calm else RULES + UNSEEN_RULES + TIMED_RULES
    common: dict[str, tuple[str, ...]] = {
        "Profile_Rule": rules[:-2],
        "Profile_Rule_B": ("", *rules),
        "Profile_Rule_C": ("", "", "", *rules),
        "Resync_Periodic": SCHEDULES,
        "Resync_Error_Retry_Delay": SCHEDULES,
        "Resync_Fails_On_FNF": ("Yes", "No"),
        "Syslog_Server": (LAB, LAB, LAB, "", NAME, f"{LAB}:5514", ELSEWHERE),
        "Resync_On_Reset": ("Yes",) * 9 + ("No",),
        "Provision_Enable": ("Yes",) * 12 + ("No",),
        "Log_Success_Msg": ("", "$MA done $PRVST: $ERR", "$MA done"),
        "GPP_A": ("", "one", "two"),
    }
    return common | _of_features(world)


def _of_features(world: World) -> dict[str, tuple[str, ...]]:
    features = world.features
    more: dict[str, tuple[str, ...]] = {}
    if features.lines:
        more["User_ID_1_"] = ("101", "101", "")
        more["User_ID_2_"] = ("102", "102", "101", "")
        more["Forced_Resync_Delay"] = ("0", "30", "300")
        more["Resync_From_SIP"] = ("Yes", "Yes", "No")
    if features.screen:
        more["User_Configurable_Resync"] = ("Yes", "Yes", "No")
    if features.clock:
        more["Primary_NTP_Server"] = (LAB,)
        more["Resync_At__HHmm_"] = ("", "9999", *_times(world))
        more["Resync_At_Random_Delay"] = ("600", "0", "601", "1200")
    if features.triggers:
        more["Resync_Trigger_1"] = more["Resync_Trigger_2"] = TRIGGERS
    if features.firmware:
        more["Upgrade_Rule"] = UPGRADE_RULES
        more["Upgrade_Enable"] = ("Yes",) * 5 + ("No",)
        more["Upgrade_Error_Retry_Delay"] = SCHEDULES
        more["Resync_After_Upgrade_Attempt"] = ("Yes", "No")
        more["Log_Upgrade_Success_Msg"] = ("", "$MA runs $PATH, $UPGST: $ERR")
        more["Log_Upgrade_Failure_Msg"] = ("", "$MA has no $PATH: $ERR after $UPGERR")
    if features.reports:
        more["Report_Rule"] = REPORT_RULES
        more["Report_To_Server"] = ("On Request", "On Request", "On Local Change", "Periodically")
        more["HTTP_Report_Method"] = ("POST", "PUT")
        more["Periodic_Upload_To_Server"] = ("600", "1000")
        more["Upload_Delay_On_Local_Change"] = ("10", "60")
    return more


def _times(world: World) -> tuple[str, ...]:
    """Times of the day that the phone's clock shows within two hours."""
    zone = phone_clock.time_zone(world.phone.parameters, {})
    began = world.utc0 // NANOSECONDS
    local = datetime.fromtimestamp(began + zone.utc_offset(began), UTC)
    soon = (local + timedelta(minutes=_OFFSET + minutes) for minutes in (0, 10, 40, 110))
    return tuple(f"{when:%H%M}" for when in soon)


def configured(world: World, *, at_boot: bool = False) -> dict[str, str]:
    """What the flash holds at first, or what a profile says."""
    chance, known = world.chance, choices(world)
    chosen = {
        name: chance.choice(values)
        for name, values in known.items()
        if chance.random() < (0.7 if at_boot else 0.12)
    }
    if at_boot:
        chosen["Resync_Random_Delay"] = chance.choice(("0", "2", "40", "600"))
    return chosen

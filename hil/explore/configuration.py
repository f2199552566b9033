"""What a phone may be configured to do: parameters in fields, each with values that make things happen.

A scenario takes a few fields and of them some parameters, so that what belongs together meets
(swarm testing): a handful of parameters at random out of a hundred would hardly ever have a clock,
a Resync_At and a time zone at once. Values are legal ones, and those that the specification gives a
meaning although they are not, such as a Resync_At of 9999.

A value here is what a flash holds and a profile says; `hil.explore.surroundings` has the servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hil.explore.scenario import LAB

NAME = "prov.example"
"""A host name that the bench's DNS server knows, the one of the HTTPS server's certificate."""

UNKNOWN = "nowhere.example"
"""One that it does not know."""

ELSEWHERE = "192.0.2.99"
"""An address at which there is nobody."""

PATHS = ("/7832-3PCC.xml", "/a.xml", "/b.xml", "/c.xml")
"""Where profiles may be."""

MISSING = "/missing.xml"
"""Where there is never one."""

LOADS = ("sip7832.11-3-2MPP0001-610", "sip7832.11-3-2MPP0001-700", "sip7832.11-3-2MPP0001-609")
"""Loads that may be served; the last one is what the handset runs."""

KEY = "secret"

Pool = Mapping[str, tuple[str, ...]]
Fields = tuple[str, ...]

YES = ("Yes", "No")
_GOOD_RULES = (
    "/a.xml",
    "/b.xml",
    f"tftp://{LAB}/c.xml",
    f"http://{LAB}/a.xml",
    f"http://{LAB}/b.xml?v=$PRVST",
    f"http://{NAME}/c.xml",
    f"https://{NAME}/a.xml",
    f'($PRVST eq 0)? /a.xml | ("$A" ne "")? /$A.xml | http://{LAB}/c.xml',
    '(GPP_B = "n$PRVST"; c = "$MAU";)! /b.xml',
)
_ODD_RULES = (
    "",
    MISSING,
    f"http://{LAB}{MISSING}",
    "/$A.xml",
    f"http://{LAB}/moved.xml",
    f"[--uid u --pwd p] http://{LAB}/private.xml",
    f"[--uid $SA --pwd $SB] https://{NAME}/private.xml",
    f"http://{LAB}/private.xml",
    f"[--key {KEY}] /sealed.xml",
    f'[--key "$SC"] http://{LAB}/sealed.xml',
    f"[--post a] http://{LAB}/form",
    f"[--srv] http://{NAME}/a.xml",
    f"[--srv] tftp://{NAME}/a.xml",
    '("$A" eq "a")? /b.xml',
    '($SWVER ge sip7832.11-0-1MPP-312 and "$CCERT" eq "Installed")? /a.xml | /b.xml',
    "# /a.xml",
    "/with space",
    "http://",
    f"tftp://{ELSEWHERE}/a.xml",
    f"http://{LAB}:8081/a.xml",
    f"http://{UNKNOWN}/a.xml",
)
RULES = _GOOD_RULES * 2 + _ODD_RULES
SCHEDULES = ("0", "60", "600", "30,90,30", "120+60", "40+5,60,0", "3600", "")

RESYNCS: Pool = {
    "Profile_Rule": RULES,
    "Profile_Rule_B": RULES,
    "Profile_Rule_C": RULES,
    "Profile_Rule_D": RULES,
    "Resync_On_Reset": (*YES, "Yes", "Yes"),
    "Resync_Random_Delay": ("0", "2", "40", "600"),
    "Resync_Periodic": SCHEDULES,
    "Resync_Error_Retry_Delay": SCHEDULES,
    "Resync_Fails_On_FNF": YES,
    "Provision_Enable": ("Yes", "Yes", "Yes", "No"),
    "DHCP_Option_To_Use": ("66,160,159,150,60,43,125", "160,66", "150", "43, 60", ""),
}
MACROS: Pool = {
    "GPP_A": ("", "a", "b", "a b", "$MA", "x$$y"),
    "GPP_B": ("", "one", "$A", "{lab}"),
    "GPP_C": ("", "two"),
    "GPP_SA": ("u", "wrong"),
    "GPP_SB": ("p", ""),
    "GPP_SC": (KEY, "other"),
    "Profile_Rule": (
        f"http://{LAB}/$PN/$PSN/$SN/$MAC.xml",
        "/$(A:0:1).xml",
        "/$(B:1)$(A).xml",
        f"$SCHEME://$SERVIP:$PORT$PATH http://{LAB}/x",
        f"http://{LAB}/$SWVER/$HWVER/$UNKNOWN/$IP?e=$EXTIP&u=$UID1",
        f"http://{LAB}/a.xml?t=$PRVTMR&u=$UPGTMR&r=$REGTMR1",
        f"http://{LAB}/$$A$UPGCOND.xml",
        "http://$B/a.xml",
    ),
}
LOGS: Pool = {
    "Syslog_Server": (LAB, LAB, NAME, f"{LAB}:514", ELSEWHERE, UNKNOWN),
    "Log_Request_Msg": ("", "$PN asks $PATH $PRVST", "$SCHEME $SERV $SERVIP $PORT $PATH"),
    "Log_Success_Msg": ("", "$MA done $PRVST: $ERR"),
    "Log_Failure_Msg": ("", "$MA failed $PRVST"),
    "Debug_Level": ("NOTICE", "DEBUG", "ERROR", "EMERGENCY"),
    "Syslog_Identifier": ("None", "$MA", "$SN"),
}
CLOCK: Pool = {
    "Primary_NTP_Server": (LAB, LAB, NAME, ELSEWHERE, ""),
    "Secondary_NTP_Server": (LAB, NAME),
    "Resync_At__HHmm_": ("0005", "0030", "0100", "1605", "2400", "9999", ""),
    "Resync_At_Random_Delay": ("600", "0", "599", "601", "1200"),
    "Time_Zone": ("GMT", "GMT-08:00", "GMT+01:00"),
    "Daylight_Saving_Time_Enable": YES,
    "Time_Offset__HH_mm_": ("00/00", "-00/30"),
    "Ignore_DHCP_Time_Offset": YES,
    "Resync_Periodic": ("600", "0"),
}
CONDITIONS = (
    "$PRVTMR ge 700",
    "$UPGTMR gt 100",
    "$REGTMR1 gt 50 and $PRVTMR ge 100",
    '"$A" eq "a"',
    '"$B" ne "" and $PRVTMR gt 40',
    "$PRVTMR gt",
    "# $PRVTMR ge 60",
    "",
)
TRIGGERS: Pool = {"Resync_Trigger_1": CONDITIONS, "Resync_Trigger_2": CONDITIONS}
UPGRADES: Pool = {
    "Upgrade_Rule": (
        *(f"tftp://{LAB}/firmware/{load}.loads" for load in LOADS),
        f"http://{LAB}/firmware/{LOADS[0]}.loads",
        f"http://{NAME}/firmware/{LOADS[1]}.loads",
        f"($SWVER ne {LOADS[1]})? http://{LAB}/firmware/{LOADS[1]}.loads",
        f'("$A" eq "a")? http://{LAB}/firmware/{LOADS[0]}.loads',
        f"http://{LAB}/firmware/none.loads",
        f"[--key k] http://{LAB}/firmware/{LOADS[0]}.loads",
        f"/firmware/{LOADS[0]}.loads",
        "",
    ),
    "Upgrade_Enable": ("Yes", "Yes", "No"),
    "Upgrade_Error_Retry_Delay": SCHEDULES,
    "Resync_After_Upgrade_Attempt": YES,
    "Log_Upgrade_Request_Msg": ("", "$MA wants $PATH $UPGST"),
    "Log_Upgrade_Success_Msg": ("", "$MA runs $PATH, $UPGST: $ERR"),
    "Log_Upgrade_Failure_Msg": ("", "$MA has no $PATH: $ERR after $UPGERR"),
    "Peer_Firmware_Sharing": YES,
    "Peer_Firmware_Sharing_Log_Server": (f"{LAB}:514", ""),
}
REPORTS: Pool = {
    "Report_Rule": (
        f"http://{LAB}/report/$MA",
        f"[--status] http://{NAME}/status",
        f"[--delta] http://{LAB}/delta http://{LAB}/all",
        f"[--uid u --pwd p] http://{LAB}/private.xml",
        f"http://{LAB}{MISSING}",
        f"tftp://{LAB}/report",
        "",
    ),
    "Report_To_Server": ("On Request", "On Local Change", "Periodically"),
    "HTTP_Report_Method": ("PUT", "POST"),
    "Periodic_Upload_To_Server": ("600", "1000"),
    "Upload_Delay_On_Local_Change": ("10", "60"),
}
LINES: Pool = {
    "Proxy_1_": (LAB, LAB, LAB, NAME, ELSEWHERE),
    "User_ID_1_": ("line1", "line1", "line1", "nobody"),
    "Password_1_": ("password1", "password1", "wrong"),
    "Proxy_2_": (LAB,),
    "User_ID_2_": ("line2",),
    "Password_2_": ("password2",),
    "SIP_Transport_1_": ("UDP", "TCP", "TLS", "AUTO"),
    "Auth_Resync-Reboot_1_": YES,
    "Forced_Resync_Delay": ("0", "30", "300"),
    "Resync_From_SIP": ("Yes", "Yes", "No"),
    "Register_Expires_1_": ("60", "300"),
    "Reg_Retry_Intvl": ("10", "30"),
    "Reg_Retry_Long_Intvl": ("90", "1200"),
    "Retry_Reg_RSC": ("5??", "404,X*", ""),
    "Try_Backup_RSC": ("5??", ""),
    "Alternate_Proxy_1_": (f"{LAB}:5070",),
    "Dual_Registration_1_": YES,
    "Proxy_Fallback_Intvl_1_": ("60", "3600"),
    "Voice_Mail_Server_1_": ("", LAB),
    "Make_Call_Without_Reg_1_": YES,
    "Use_Pref_Codec_Only_1_": YES,
}
FACES: Pool = {
    "User_Configurable_Resync": YES,
    "Enable_Direct_Action_Url": ("Yes", "Yes", "No"),
    "Enable_Web_Server": ("Yes", "Yes", "No"),
    "Enable_Web_Admin_Access": ("Yes", "Yes", "No"),
    "Admin_Password": ("", "pw"),
    "HTTP_User_Agent_Name": ("$VERSION ($MA)", "lab $MAU $SN", ""),
    "Enable_CDP": YES,
    "Enable_LLDP-MED": YES,
    "Network_Startup_Delay": ("0", "3", "10"),
}

FIELDS: Mapping[str, Pool] = MappingProxyType(
    {
        "resyncs": RESYNCS,
        "macros": MACROS,
        "logs": LOGS,
        "clock": CLOCK,
        "triggers": TRIGGERS,
        "upgrades": UPGRADES,
        "reports": REPORTS,
        "lines": LINES,
        "faces": FACES,
    }
)
"""The parameters of each field with the values that they may get."""

BASES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "logs": (("Syslog_Server", LAB),),
        "clock": (("Primary_NTP_Server", LAB), ("Time_Zone", "GMT"), ("Resync_At__HHmm_", "0030")),
        "upgrades": (("Upgrade_Rule", f"http://{LAB}/firmware/{LOADS[0]}.loads"),),
        "reports": (("Report_Rule", f"http://{LAB}/report"),),
        "lines": (("Proxy_1_", LAB), ("User_ID_1_", "line1"), ("Password_1_", "password1")),
    }
)
"""What a phone needs for anything to happen in a field."""


def joined(fields: Fields) -> Pool:
    """The parameters of several fields, each with all its values."""
    pool: dict[str, tuple[str, ...]] = {}
    for field in fields:
        for name, values in FIELDS[field].items():
            pool[name] = pool.get(name, ()) + values
    return pool

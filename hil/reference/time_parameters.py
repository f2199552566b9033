"""The parameters of the phone's clock, which Resync_At leans on.

They are not in the chapter. Titles, defaults and notations are those that the *7800 Series
Multiplatform Phones Administration Guide* prints (System, Optional Network Configuration; Regional,
Time); the conference AG has the same rows.
"""

from __future__ import annotations

from hil.reference.parameter_row import Kind, row

_NETWORK = "Optional Network Configuration (7800 MPP Administration Guide)"
_TIME = "Regional, Time (7800 MPP Administration Guide)"

TIME_ROWS = (
    row(_NETWORK, "Primary NTP Server", Kind.TEXT, ""),
    row(_NETWORK, "Secondary NTP Server", Kind.TEXT, ""),
    row(_TIME, "Time Zone", Kind.TIME_ZONE, "GMT-08:00"),
    row(_TIME, "Time Offset (HH/mm)", Kind.TIME_OFFSET, "00/00"),
    row(_TIME, "Ignore DHCP Time Offset", Kind.BOOL, "Yes"),
    row(
        _TIME,
        "Daylight Saving Time Rule",
        Kind.DAYLIGHT_RULE,
        "start=3/-1/7/2;end=10/-1/7/2;save=1",
        also_published=("3/-1/7/2;end=10/-1/7/2;save=1.", "start=4/1/7;end=10/-1/7;save=1"),
        note="its first word is missing there; the SPA guides print the second",
    ),
    row(_TIME, "Daylight Saving Time Enable", Kind.BOOL, "Yes"),
)

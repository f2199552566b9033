"""GPP_A to GPP_P as registers: keys, URLs, states and parts of values, which rules make use of."""

from __future__ import annotations

from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import reading, requirement
from hil.reference.profile_builder import encrypt, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

KEY = "Secret phrase, 1234; with more than forty characters"


@reading(kdf_digest=("sha256", "either"))
@requirement("general.registers", "rules.key")
def test_a_register_holds_an_encryption_key(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve("/a.xml", encrypt(flat_profile(GPP_B="opened"), KEY, salt=bytes(range(8))))
    lease = boot_to_lease(
        history,
        handset,
        GPP_A=KEY,
        Profile_Rule=f'[--key "$A"] tftp://{tftp.address}/a.xml',
        Profile_Rule_B=f"tftp://{tftp.address}/$B.xml",
    )
    asked = fetched(history, handset, lease, 2)
    history.check("what is asked for", seen=asked, due=["/a.xml", "/opened.xml"])


@requirement("general.registers", "macros.general_purpose")
def test_a_register_holds_a_url(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    path = "/phones/7832/by-name/Reception-Desk.xml?site=North&floor=2"
    lease = boot_to_lease(history, handset, GPP_P=http.url(path), Profile_Rule="$P")
    history.check("what is asked for", seen=fetched(history, handset, lease, 1), due=[path])


@requirement("general.registers", "macros.general_purpose")
def test_registers_hold_the_parts_of_a_value(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        GPP_A=f"tftp://{tftp.address}",
        GPP_D="/One-Directory-With-A-Long-Name/And-Another",
        GPP_K="x.cfg",
        Profile_Rule="$A$D/$K",
    )
    due = ["/One-Directory-With-A-Long-Name/And-Another/x.cfg"]
    history.check("what is asked for", seen=fetched(history, handset, lease, 1), due=due)


@requirement("general.registers", "rules.assignments")
def test_a_register_holds_how_far_provisioning_has_come(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    state = "Stage 2: credentials are there, firmware is not"
    base = f"tftp://{tftp.address}"
    first = f'("$C" ne "{state}")? (GPP_C = "{state}")! {base}/first.xml'
    tftp.serve("/first.xml", flat_profile())
    lease = boot_to_lease(
        history, handset, Profile_Rule=f"{first} | {base}/second.xml", Resync_Periodic="600"
    )
    asked = fetched(history, handset, lease, 2, wait=600)
    history.check("what is asked for", seen=asked, due=["/first.xml", "/second.xml"])

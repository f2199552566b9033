"""The requirements: each clause that tests check, that findings name, and that defects break.

An id is the section's word and the parameter's. The text is our own; the authority is the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from hil.errors import UsageError
from hil.reference.requirement_rows import FACES, MACROS, SERVERS, SIP, TIMERS, UPGRADES


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause: what a phone must do, and where that is written."""

    id: str
    text: str
    source: str


_PROFILE = "Configuration Profile Parameters, "
_MACROS = "Macro Expansion Variables, "
_FORMATS = "Administration Guide 11.3, Provisioning Formats: "

_ROWS = (
    (
        "provision.enable",
        "With Provision_Enable set to No there is no resync of any kind; with Yes there is.",
        _PROFILE + "Provision Enable",
    ),
    (
        "resync.on_reset",
        "Every reboot but those that updates and upgrades cause triggers a resync if "
        "Resync_On_Reset is "
        "Yes, and none does if it is No.",
        _PROFILE + "Resync On Reset",
    ),
    (
        "resync.random_delay",
        "The resync after boot-up begins at a random moment within Resync_Random_Delay seconds.",
        _PROFILE + "Resync Random Delay",
    ),
    (
        "resync.periodic",
        "After a successful resync the next one begins after Resync_Periodic: a number of seconds, "
        "a list taken element by element, or a range; zero disables it.",
        _PROFILE + "Resync Periodic",
    ),
    (
        "resync.periodic.first_success",
        "The timer of Resync_Periodic runs only after the first successful resync.",
        _PROFILE + "Resync Periodic",
    ),
    (
        "resync.error_retry_delay",
        "After a failed resync the next attempt begins after Resync_Error_Retry_Delay: a number of "
        "seconds, a list taken element by element, or a range; zero means no further attempt.",
        _PROFILE + "Resync Error Retry Delay",
    ),
    (
        "resync.failure",
        "A resync fails if the profile cannot be retrieved, is corrupt, or an internal error "
        "occurs; "
        "the next attempt starts again with the first rule.",
        _PROFILE + "Resync Error Retry Delay; " + _FORMATS + "Profile Rule",
    ),
    (
        "resync.fails_on_fnf",
        "A file-not-found answer fails the resync unless Resync_Fails_On_FNF is No.",
        _PROFILE + "Resync Fails On FNF",
    ),
    (
        "rules.sequence",
        "During every resync the profiles of Profile_Rule, _B, _C and _D are applied in sequence.",
        _PROFILE + "Profile Rule",
    ),
    (
        "rules.default",
        "Without configuration the phone asks for /$PSN.xml.",
        _PROFILE + "Profile Rule",
    ),
    (
        "rules.alternatives",
        "Of a rule's alternatives the first whose condition holds is taken; if none holds, the "
        "rule "
        "is skipped.",
        _FORMATS + "conditional expressions",
    ),
    (
        "rules.assignments",
        "The assignments of the chosen alternative are made before its file is fetched.",
        _FORMATS + "assignment expressions",
    ),
    (
        "rules.url",
        "Without a scheme TFTP is used, without a port 69, 80 or 443, without a server the one "
        "that "
        "DHCP named.",
        "Firmware Upgrade Parameters, Upgrade Rule; " + _FORMATS + "URL",
    ),
    (
        "rules.key",
        "--key decrypts the profile with AES-256-CBC; the key may stand in double quotes.",
        _PROFILE + "Profile Rule",
    ),
    (
        "profile.format",
        "A flat-profile sets the parameters that it names, the last occurrence counting; the "
        "others "
        "keep their values.",
        _FORMATS + "XML",
    ),
    (
        "profile.compression",
        "A gzip file is recognised by its header and expanded, after decryption.",
        _FORMATS + "compression",
    ),
    (
        "profile.rfc8188",
        "An answer with Content-Encoding aes128gcm is decrypted with IKM_HTTP_Encrypt_Content.",
        _FORMATS + "RFC 8188",
    ),
    (
        "dhcp.option_to_use",
        "The provisioning server is taken from the DHCP options of DHCP_Option_To_Use, in the "
        "order "
        "in which they are listed.",
        _PROFILE + "DHCP Option To Use",
    ),
    (
        "dhcp.vendor_options",
        "DHCP options 43 and 125 name the server by the text of one of their sub-options; of 125 "
        "only Cisco's block counts.",
        _PROFILE + "DHCP Option To Use; RFC 2132 section 8.4; RFC 3925 section 4",
    ),
    (
        "dhcp.option_overload",
        "DHCP options are read in the file and sname fields where option 52 says that they are "
        "there.",
        "RFC 2132 section 9.3",
    ),
    (
        "dhcp.long_options",
        "The parts of a DHCP option that occurs several times in a message are one value.",
        "RFC 3396 section 7",
    ),
    (
        "dhcp.renewal",
        "At T1 the phone asks the server of its lease to extend it; the options of the newest "
        "acknowledgement count, and a refusal ends the lease.",
        "RFC 2131 section 4.4.5",
    ),
    (
        "dhcp.rebinding",
        "At T2 the phone asks all servers to extend its lease; when the lease has ended it begins "
        "anew.",
        "RFC 2131 section 4.4.5",
    ),
    (
        "log.request",
        "Log_Request_Msg is sent to the syslog server at the start of a resync attempt.",
        _PROFILE + "Log Request Msg",
    ),
    (
        "log.success",
        "Log_Success_Msg is sent upon successful completion of a resync attempt.",
        _PROFILE + "Log Success Msg",
    ),
    (
        "log.failure",
        "Log_Failure_Msg is sent after a failed resync attempt.",
        _PROFILE + "Log Failure Msg",
    ),
    (
        "macros.forms",
        "$NAME and $(NAME) expand alike; $$ is a single $; the text of a macro is not expanded "
        "again.",
        _MACROS + "introduction and $",
    ),
    (
        "macros.substring",
        "$(NAME:p) is the text from offset p, $(NAME:p:q) q characters of it.",
        _MACROS + "introduction",
    ),
    (
        "macros.unknown",
        "An unrecognised name stays as it is written.",
        _MACROS + "introduction",
    ),
    (
        "macros.general_purpose",
        "$A to $P are the contents of GPP_A to GPP_P.",
        _MACROS + "A through P",
    ),
    (
        "macros.secrets",
        "$SA to $SD are the contents of GPP_SA to GPP_SD, and only as arguments of --key, --uid and "
        "--pwd.",
        _MACROS + "SA through SD; " + _FORMATS + "--uid and --pwd",
    ),
    (
        "macros.mac",
        "$MA, $MAU and $MAC are the MAC address in lower case, upper case, and with colons.",
        _MACROS + "MA, MAU, MAC",
    ),
    (
        "macros.identity",
        "$PN, $PSN, $SN, $SWVER and $CCERT tell product, serial number, software and certificate.",
        _MACROS + "PN, PSN, SN, SWVER, CCERT",
    ),
    (
        "macros.address",
        "$IP is the phone's address within its local subnet.",
        _MACROS + "IP",
    ),
    (
        "macros.user_id",
        "$UIDn is the user id of line n.",
        _MACROS + "UIDn",
    ),
    (
        "macros.prvtmr",
        "$PRVTMR is the number of seconds since the last resync attempt.",
        _MACROS + "PRVTMR",
    ),
    (
        "macros.prvst",
        "$PRVST is -1 for a resync that was asked for, 0 for the power-up one, 1 for a periodic "
        "one, 2 for a "
        "retry.",
        _MACROS + "PRVST",
    ),
    (
        "macros.target",
        "$SCHEME, $SERV, $SERVIP, $PORT and $PATH tell what is being requested, and from where.",
        _MACROS + "SCHEME, SERV, SERVIP, PORT, PATH",
    ),
    (
        "transfer.redirect",
        "301 and 302 are followed at once.",
        "Administration Guide, Provisioning: HTTP status codes",
    ),
    (
        "transfer.http",
        "Profiles are fetched with complete, well-formed HTTP requests; an answer that is cut "
        "short "
        "or not 200 is no profile.",
        "Administration Guide, Provisioning: HTTP status codes",
    ),
    (
        "transfer.tftp",
        "Profiles are fetched by TFTP read requests; a transfer that ends in an error is no "
        "profile.",
        "RFC 1350; Firmware Upgrade Parameters, Upgrade Rule",
    ),
    (
        "transfer.https",
        "Over HTTPS the server's certificate must be valid, trusted and for the host of the URL.",
        "Administration Guide, Phone Security",
    ),
    (
        "transfer.client_certificate",
        "The phone shows its client certificate to a server that asks for one.",
        "Administration Guide, Phone Security",
    ),
    (
        "flash.persistence",
        "Parameters survive loss of power; a profile is applied whole or not at all.",
        _PROFILE + "Resync On Reset; " + _FORMATS + "XML",
    ),
)

_ALL_ROWS = (*_ROWS, *TIMERS, *UPGRADES, *MACROS, *SIP, *FACES, *SERVERS)

REQUIREMENTS = MappingProxyType({row[0]: Requirement(*row) for row in _ALL_ROWS})
"""Every requirement by its id, in the order of the specification."""


def requirement(name: str) -> Requirement:
    """The requirement of that id; UsageError with what would be right if there is none."""
    try:
        return REQUIREMENTS[name]
    except KeyError:
        raise UsageError(
            f"no requirement is called {name!r}", remedy="one of " + ", ".join(REQUIREMENTS)
        ) from None

"""Defects of DHCP: which option a phone goes by, how it reads options, how it keeps its lease."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hil.errors import ProtocolError
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import CISCO_ENTERPRISE, DEFAULT_ORDER
from hil.virtual.defect import Defect
from hil.virtual.deviations import (
    Choose,
    Options,
    Source,
    deviating,
    going_by,
    interpreting_options,
    seeing,
)
from hil.virtual.dhcp_deviations import (
    FILE,
    SNAME,
    deaf_to,
    deaf_to_refusals,
    first_ack_counts,
    first_parts,
    hearing,
    last_parts,
    lease_for_ever,
    lease_overstayed,
    no_rebinding,
    reading,
    renewal_by_broadcast,
    saying,
    without,
)
from hil.wire import dhcp_options as opt


def _by_code(parameters: Parameters) -> str:
    return ",".join(str(code) for code in sorted(parameters.option_codes("DHCP_Option_To_Use")))


def _and_all_others(parameters: Parameters) -> str:
    return f"{parameters.raw('DHCP_Option_To_Use')},{DEFAULT_ORDER}"


def _only_66(sent: Options) -> Options:
    return {code: content for code, content in sent.items() if code == 66}


def _all_but_66(sent: Options) -> Options:
    return {code: content for code, content in sent.items() if code != 66}


def _host_alone(
    right: Choose, options: Options, parameters: Parameters, reading: Interpretations
) -> Source:
    source = right(options, parameters, reading)
    return None if source is None else replace(source, scheme=None, port=None)


# -- vendor options ----------------------------------------------------------------------------------


def _whole_43(sent: Options) -> Options:
    """Option 43 only where it is one text, as sub-options are not."""
    is_text = sent.get(43, b"").decode("latin-1").isprintable()
    return {code: content for code, content in sent.items() if code != 43 or is_text}


def _first_sub_option(sent: Options) -> Options:
    """Of option 43 and of the blocks of 125 the first sub-option alone."""
    cut = {43: _first_of(sent[43])} if 43 in sent else {}
    blocks = [replace(each, data=_first_of(each.data)) for each in _blocks(sent)]
    if blocks:
        cut[125] = opt.VENDOR_IDENTIFYING.encode(blocks)
    return {**sent, **cut}


def _first_of(content: bytes) -> bytes:
    try:
        return opt.format_suboptions(opt.parse_suboptions(content)[:1])
    except ProtocolError:
        # One text and no sub-options: there is nothing to pass over.
        return content


def _blocks(sent: Options) -> tuple[opt.VendorBlock, ...]:
    try:
        return opt.VENDOR_IDENTIFYING.decode(sent.get(125, b""))
    except ProtocolError:
        return ()


def _any_enterprise(sent: Options) -> Options:
    """The first block of option 125, whoever's it is."""
    first = [replace(each, enterprise=CISCO_ENTERPRISE) for each in _blocks(sent)[:1]]
    return {**sent, 125: opt.VENDOR_IDENTIFYING.encode(first)} if first else sent


def _nothing_but_43(sent: Options) -> Options:
    return {43: sent[43]} if 43 in sent else sent


DEFECTS = (
    Defect(
        "dhcp-lowest-code-first",
        "dhcp.option_to_use",
        "takes the DHCP option with the lowest code instead of the first listed",
        going_by(_by_code),
    ),
    Defect(
        "dhcp-default-order",
        "dhcp.option_to_use",
        "goes by the default of DHCP_Option_To_Use, whatever it is set to",
        going_by(lambda parameters: DEFAULT_ORDER),
    ),
    Defect(
        "dhcp-unlisted-used",
        "dhcp.option_to_use",
        "uses DHCP options that DHCP_Option_To_Use does not list, after those that it does",
        going_by(_and_all_others),
    ),
    Defect(
        "dhcp-only-66",
        "dhcp.option_to_use",
        "looks at DHCP option 66 only",
        seeing(_only_66),
    ),
    Defect(
        "dhcp-66-ignored",
        "dhcp.option_to_use",
        "does not look at DHCP option 66",
        seeing(_all_but_66),
    ),
    Defect(
        "dhcp-urls-unknown",
        "dhcp.option_to_use",
        "uses DHCP options 66 and 160 only if they hold a bare host",
        interpreting_options(dhcp_server_name="host-only"),
    ),
    Defect(
        "dhcp-scheme-ignored",
        "dhcp.option_to_use",
        "uses TFTP although the DHCP option names another scheme",
        deviating(provisioning_from_dhcp=_host_alone),
    ),
    Defect(
        "dhcp-vendor-options-ignored",
        "dhcp.option_to_use",
        "does not look at DHCP options 43, 60 and 125",
        interpreting_options(dhcp_vendor_content="ignored"),
    ),
    Defect(
        "dhcp-43-whole-text",
        "dhcp.vendor_options",
        "takes DHCP option 43 for one text and knows no sub-options in it",
        seeing(_whole_43),
    ),
    Defect(
        "dhcp-first-sub-option",
        "dhcp.vendor_options",
        "looks at the first sub-option of DHCP options 43 and 125 only",
        seeing(_first_sub_option),
    ),
    Defect(
        "dhcp-125-any-enterprise",
        "dhcp.vendor_options",
        "takes the first block of DHCP option 125, whatever its enterprise number",
        seeing(_any_enterprise),
    ),
    Defect(
        "dhcp-43-ends-the-list",
        "dhcp.vendor_options",
        "looks at no other DHCP option where there is option 43, whatever that holds",
        seeing(_nothing_but_43),
    ),
    Defect(
        "dhcp-file-not-read",
        "dhcp.option_overload",
        "does not look for DHCP options in the file field",
        hearing(partial(deaf_to, FILE)),
    ),
    Defect(
        "dhcp-sname-not-read",
        "dhcp.option_overload",
        "does not look for DHCP options in the sname field",
        hearing(partial(deaf_to, SNAME)),
    ),
    Defect(
        "dhcp-long-first-part",
        "dhcp.long_options",
        "takes the first part of a long DHCP option for the whole",
        reading(first_parts),
    ),
    Defect(
        "dhcp-long-last-part",
        "dhcp.long_options",
        "takes the last part of a long DHCP option for the whole",
        reading(last_parts),
    ),
    Defect(
        "dhcp-t1-ignored",
        "dhcp.renewal",
        "renews its lease at half its time, whatever T1 the server gives",
        reading(partial(without, opt.RENEWAL_TIME.code)),
    ),
    Defect(
        "dhcp-lease-for-ever",
        "dhcp.renewal",
        "takes every lease for one without end",
        reading(lease_for_ever),
    ),
    Defect(
        "dhcp-renewal-broadcast",
        "dhcp.renewal",
        "asks all servers to extend the lease where its own is to be asked",
        saying(renewal_by_broadcast),
    ),
    Defect(
        "dhcp-renewed-options-ignored",
        "dhcp.renewal",
        "goes by the DHCP options of the first acknowledgement, whatever a renewal brings",
        first_ack_counts,
    ),
    Defect(
        "dhcp-refusal-ignored",
        "dhcp.renewal",
        "keeps its lease although its renewal was refused",
        reading(deaf_to_refusals),
    ),
    Defect(
        "dhcp-t2-ignored",
        "dhcp.rebinding",
        "asks all servers after seven eighths of the lease, whatever T2 the server gives",
        reading(partial(without, opt.REBINDING_TIME.code)),
    ),
    Defect(
        "dhcp-never-rebinds",
        "dhcp.rebinding",
        "asks no other server than its own to extend the lease",
        saying(no_rebinding),
    ),
    Defect(
        "dhcp-lease-overstayed",
        "dhcp.rebinding",
        "keeps an address for twice as long as it was leased",
        reading(lease_overstayed),
    ),
)

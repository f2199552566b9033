"""Defects of which DHCP option a phone goes by, and of what it makes of its content."""

from __future__ import annotations

from dataclasses import replace

from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import DEFAULT_ORDER
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
)

"""Defects of which DHCP option a phone goes by, and of what it makes of its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hil.reference import decisions as spec
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import DEFAULT_ORDER, ProvisioningSource
from hil.virtual.defect import Defect, decision
from hil.virtual.deviations import interpreting, listed, offered


def _by_code(parameters: Parameters) -> str:
    return ",".join(str(code) for code in sorted(parameters.option_codes("DHCP_Option_To_Use")))


def _host_alone(
    options: Mapping[int, bytes], parameters: Parameters, reading: Interpretations
) -> ProvisioningSource | None:
    source = spec.provisioning_from_dhcp(options, parameters, reading)
    return None if source is None else replace(source, scheme=None, port=None)


DEFECTS = (
    Defect(
        "dhcp-lowest-code-first",
        "dhcp.option_to_use",
        "takes the DHCP option with the lowest code instead of the first listed",
        decision(provisioning_from_dhcp=listed(_by_code)),
    ),
    Defect(
        "dhcp-default-order",
        "dhcp.option_to_use",
        "goes by the default of DHCP_Option_To_Use, whatever it is set to",
        decision(provisioning_from_dhcp=listed(lambda parameters: DEFAULT_ORDER)),
    ),
    Defect(
        "dhcp-unlisted-used",
        "dhcp.option_to_use",
        "uses DHCP options that DHCP_Option_To_Use does not list, after those that it does",
        decision(
            provisioning_from_dhcp=listed(
                lambda parameters: f"{parameters.raw('DHCP_Option_To_Use')},{DEFAULT_ORDER}"
            )
        ),
    ),
    Defect(
        "dhcp-only-66",
        "dhcp.option_to_use",
        "looks at DHCP option 66 only",
        decision(
            provisioning_from_dhcp=offered(lambda sent: {c: v for c, v in sent.items() if c == 66})
        ),
    ),
    Defect(
        "dhcp-66-ignored",
        "dhcp.option_to_use",
        "does not look at DHCP option 66",
        decision(
            provisioning_from_dhcp=offered(lambda sent: {c: v for c, v in sent.items() if c != 66})
        ),
    ),
    Defect(
        "dhcp-urls-unknown",
        "dhcp.option_to_use",
        "uses DHCP options 66 and 160 only if they hold a bare host",
        decision(provisioning_from_dhcp=interpreting(dhcp_server_name="host-only")),
    ),
    Defect(
        "dhcp-scheme-ignored",
        "dhcp.option_to_use",
        "uses TFTP although the DHCP option names another scheme",
        decision(provisioning_from_dhcp=_host_alone),
    ),
    Defect(
        "dhcp-vendor-options-ignored",
        "dhcp.option_to_use",
        "does not look at DHCP options 43, 60 and 125",
        decision(provisioning_from_dhcp=interpreting(dhcp_vendor_content="ignored")),
    ),
)

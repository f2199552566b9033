"""Defects of the phone's web pages: who may use them, what they show, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hil.errors import ProfileError
from hil.reference import decisions as spec
from hil.reference import direct_actions, reports
from hil.reference.direct_actions import ADMIN, USER, Command, Credentials, Decision
from hil.reference.due import BootCause
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile, decode
from hil.reference.status import SUCCEEDED, Status
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.face_deviations import deciding_as_if, opening_to, serving, showing, together


def _locked_out(
    command: Command, parameters: Parameters, requester: str, shown: Credentials | None = None
) -> Decision:
    del shown
    return direct_actions.decide(replace(command, credentials=None), parameters, requester)


_ACCESS = (
    Defect(
        "web-server-always-on",
        "web.access",
        "serves its pages although Enable_Web_Server is No",
        serving(is_enabled=lambda parameters: True),
    ),
    Defect(
        "web-server-port-fixed",
        "web.access",
        "serves its pages at port 80 whatever Web_Server_Port is",
        serving(port=lambda parameters: 80),
    ),
    Defect(
        "web-commands-always-allowed",
        "web.access",
        "obeys commands although Enable_Direct_Action_Url is No",
        deciding_as_if(Enable_Direct_Action_Url="Yes"),
    ),
    Defect(
        "web-password-not-asked",
        "web.access",
        "lets everybody do what Admin_Password guards",
        together(
            deciding_as_if(Admin_Password=""),
            serving(may_administrate=lambda parameters, shown: True),
        ),
    ),
    Defect(
        "web-password-case-ignored",
        "web.access",
        "takes the administrator's password in any case of its letters",
        opening_to(
            lambda shown, password: (
                shown.user == ADMIN and shown.password.lower() == password.lower()
            )
        ),
    ),
    Defect(
        "web-user-is-administrator",
        "web.access",
        "takes the administrator's password from the other account, too",
        opening_to(lambda shown, password: shown.user == USER and shown.password == password),
    ),
    Defect(
        "web-empty-password-opens",
        "web.access",
        "takes an empty password for the administrator's",
        opening_to(lambda shown, password: not shown.password),
    ),
    Defect(
        "web-status-open",
        "web.access",
        "shows its status to everybody although there is a User_Password",
        serving(may_look=lambda parameters, shown: True),
    ),
    Defect(
        "web-admin-access-always",
        "web.access",
        "shows and takes its configuration although Enable_Web_Admin_Access is No",
        serving(has_admin_pages=lambda parameters: True),
    ),
    Defect(
        "web-password-locks-out",
        "web.access",
        "refuses the administrator with the right password",
        serving(
            decide=_locked_out,
            may_administrate=lambda parameters, shown: not parameters.raw("Admin_Password"),
        ),
    ),
)


def _without_reasons(status: Status) -> Status:
    return replace(
        status, provisioning=tuple(replace(line, reason="") for line in status.provisioning)
    )


def _all_succeeded(status: Status) -> Status:
    return replace(
        status, provisioning=tuple(replace(line, what=SUCCEEDED) for line in status.provisioning)
    )


def _one_kind_of_reboot(status: Status) -> Status:
    return replace(status, reboots=tuple(replace(line, what="reboot") for line in status.reboots))


def _without_values(body: bytes) -> Profile:
    return replace(decode(body), parameters={})


def _anything(body: bytes) -> Profile:
    try:
        return decode(body)
    except ProfileError:
        return Profile({})


def _everything(parameters: Parameters) -> Mapping[str, str]:
    return {name: parameters[name] for name in parameters}


_PAGES = (
    Defect(
        "web-page-shows-secrets",
        "web.pages",
        "shows passwords and keys on its configuration page",
        serving(visible=_everything),
    ),
    Defect(
        "web-page-shows-defaults",
        "web.pages",
        "shows defaults on its configuration page in place of what is in force",
        serving(visible=lambda parameters: reports.visible(Parameters())),
    ),
    Defect(
        "web-page-shows-only-what-is-set",
        "web.pages",
        "leaves out of its configuration page what nobody has set",
        serving(
            visible=lambda parameters: {
                name: value
                for name, value in parameters.items_set().items()
                if not reports.is_secret(name)
            }
        ),
    ),
    Defect(
        "status-oldest-first",
        "web.pages",
        "lists the outcomes of resyncs with the oldest first",
        showing(lambda status: replace(status, provisioning=status.provisioning[::-1])),
    ),
    Defect(
        "status-without-reasons",
        "web.pages",
        "does not say why a resync failed",
        showing(_without_reasons),
    ),
    Defect(
        "status-all-succeeded",
        "web.pages",
        "shows failed resyncs as successful",
        showing(_all_succeeded),
    ),
    Defect(
        "status-without-version",
        "web.pages",
        "does not show its software version",
        showing(lambda status: replace(status, product=replace(status.product, swver=""))),
    ),
    Defect(
        "status-one-kind-of-reboot",
        "web.pages",
        "gives the same reason for every reboot",
        showing(_one_kind_of_reboot),
    ),
    Defect(
        "status-lines-always-registered",
        "web.pages",
        "shows every line as registered",
        showing(lambda status: replace(status, lines=dict.fromkeys(status.lines, "Registered"))),
    ),
    Defect(
        "submit-forgotten",
        "web.submit",
        "reboots after a submitted configuration and has forgotten it",
        serving(read=_without_values),
    ),
    Defect(
        "submit-takes-anything",
        "web.submit",
        "reboots for a submitted document that is no configuration",
        serving(read=_anything),
    ),
    Defect(
        "submit-without-reboot",
        "web.submit",
        "does not reboot after a submitted configuration",
        firmware(restarted=lambda cause: None if cause is BootCause.UPDATE else cause),
    ),
    Defect(
        "update-resyncs",
        "resync.after_update",
        "resyncs after the reboot of a parameter update as after any other",
        decision(resync_after_update=lambda parameters, reading: spec.resync_on_reset(parameters)),
    ),
    Defect(
        "update-ends-periodic-resyncs",
        "resync.after_update",
        "has no periodic resyncs after the reboot of a parameter update",
        firmware(remembered=lambda phone: replace(phone, synced=False)),
    ),
)

DEFECTS = (*_ACCESS, *_PAGES)

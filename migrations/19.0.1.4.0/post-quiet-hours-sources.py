# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Say of quiet-hours rules what was read of the law since."""

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

DATA = "helpdesk_mgmt_sms/data/sms_quiet_hours_data.xml"
#: What stood there.
FORMER = {
    "sms_quiet_hours_us_ok": (
        "Oklahoma Telephone Solicitation Act of 2022 (HB 3168; 15 O.S. 775C.4):"
        " 8 a.m. to 8 p.m., at most three on the same subject in 24 hours. Law "
        "firms' summaries; none of them names holidays, which are closed here "
        "until somebody has read the law."
    ),
    "sms_quiet_hours_us_tx": (
        "Tex. Bus. & Com. Code 301.051: 9 a.m. to 9 p.m. Monday to Saturday, "
        "noon to 9 p.m. on Sunday."
    ),
    "sms_quiet_hours_us_ma": (
        "8 a.m. to 8 p.m. by secondary sources; read the law before you rely on"
        " it. Days or holidays may be restricted besides."
    ),
    "sms_quiet_hours_us_il": (
        "9 a.m. to 9 p.m. by secondary sources; read the law before you rely on it."
    ),
    "sms_quiet_hours_us_ky": (
        "KRS 367.46955: 10 a.m. to 9 p.m. by secondary sources; read the law "
        "before you rely on it."
    ),
    "sms_quiet_hours_us_ri": (
        "R.I. Gen. Laws 5-61-2(2) and 5-61-3.6: unsolicited calls Monday to "
        "Friday 9 a.m. to 6 p.m. except on state and federal holidays, Saturday"
        " 10 a.m. to 5 p.m."
    ),
    "sms_quiet_hours_us_nm": (
        "9 a.m. to 9 p.m. by secondary sources; read the law before you rely on it."
    ),
    "sms_quiet_hours_us": (
        "47 CFR 64.1200(c)(1): no telephone solicitation before 8 a.m. or after 9 "
        "p.m., local time at the called party's location."
    ),
    "sms_quiet_hours_us_fl": (
        "Fla. Stat. 501.616(6), as changed by SB 1120 of 2021: not before 8 a.m. "
        "or after 8 p.m. in the called person's time zone, at most three on the "
        "same subject in 24 hours."
    ),
    "sms_quiet_hours_us_wa": (
        "RCW 80.36.390, as changed by HB 1497 of 2022: no solicitation before 8 "
        "a.m. or after 8 p.m. at the called party's place."
    ),
    "sms_quiet_hours_us_md": (
        "Stop the Spam Calls Act of 2023 (SB 90), Md. Code, Com. Law 14-4502: 8 "
        "a.m. to 8 p.m., at most three on the same subject in 24 hours, texts "
        "included."
    ),
    "sms_quiet_hours_us_or": (
        "Oregon HB 3865, signed on 24 July 2025: 8 a.m. to 8 p.m., texts included; "
        "at most three in 24 hours unless there was a purchase within 18 months. "
        "Law firms' summaries."
    ),
    "sms_quiet_hours_us_va": (
        "Va. Code 59.1-511: 8 a.m. to 9 p.m. local time at the called person's "
        "location, unless they agreed before. Texts count since 2020 (SB 812)."
    ),
    "sms_quiet_hours_us_al": (
        "8 a.m. to 8 p.m., not on Sundays nor on holidays, by secondary sources. "
        "The rule is said to be the Public Service Commission's, and to bind "
        "telephone companies alone."
    ),
    "sms_quiet_hours_us_la": (
        "La. Public Service Commission, General Order R-29617, V(A), and La. R.S. "
        "45:811 and following: 8 a.m. to 8 p.m. Monday to Saturday, not on Sundays "
        "nor on legal holidays. Quoted by a compliance service; sources differ on "
        "whether consent exempts."
    ),
    "sms_quiet_hours_us_ms": (
        "Miss. Code 77-3-723: 8 a.m. to 8 p.m. Central time, not on Sundays. "
        "Holidays by secondary sources."
    ),
    "sms_quiet_hours_us_nj": (
        "8 a.m. to 8 p.m. by secondary sources; read the law before you rely on "
        "it. Days or holidays may be restricted besides."
    ),
    "sms_quiet_hours_us_ca": (
        "9 a.m. to 9 p.m. by secondary sources; read the law before you rely on it."
    ),
    "sms_quiet_hours_us_mi": (
        "9 a.m. to 9 p.m. by secondary sources; read the law before you rely on it."
    ),
    "sms_quiet_hours_us_ut": (
        "Utah Code 13-25a-103(3): without prior express consent not between 9 p.m. "
        "and 8 a.m., on a Sunday or on a legal holiday."
    ),
    "sms_quiet_hours_us_pa": (
        "Telemarketer Registration Act, as changed in 2019: not on legal holidays. "
        "By secondary sources, which also count Good Friday, Flag Day and Election "
        "Day; those are not in the list of holidays that is used here."
    ),
    "sms_quiet_hours_us_nv": (
        "9 a.m. to 8 p.m. by secondary sources; read the law before you rely on it."
    ),
    "sms_quiet_hours_us_ct": (
        "Conn. Gen. Stat. 42-288a, as changed by P.A. 23-98: 9 a.m. to 8 p.m. "
        "local time, texts included. The hours by secondary sources."
    ),
    "sms_quiet_hours_us_mn": (
        "9 a.m. to 9 p.m. by secondary sources; read the law before you rely on it."
    ),
}
#: Whose hours turned out to be known at second hand alone.
NO_LONGER_CONFIRMED = ("sms_quiet_hours_us_md",)


def migrate(cr, version):
    """Take the sources of the data file, and whether the law was read."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    with file_open(DATA, "rb") as file:
        records = {it.get("id"): it for it in etree.parse(file).iter("record")}
    for name, former in FORMER.items():
        rule = env.ref(f"helpdesk_mgmt_sms.{name}", raise_if_not_found=False)
        if not rule or rule.source != former:
            continue
        record = records[name]
        rule.source = record.find("field[@name='source']").text
        if record.find("field[@name='is_confirmed']") is not None:
            rule.is_confirmed = True
        elif name in NO_LONGER_CONFIRMED:
            rule.is_confirmed = False

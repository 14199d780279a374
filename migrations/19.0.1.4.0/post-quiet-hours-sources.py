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
}


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

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fill in where each rule of law was read, when, and what makes it binding."""

from hashlib import sha256

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

FILES = ("sms_quiet_hours_data.xml", "sms_consent_law_data.xml")
#: Fields that are new in this version.
NEW_FIELDS = ("source_url", "read_on", "authority", "consent_kind")
#: Digests of the sources as formerly shipped; an edited source is kept.
FORMER = {
    *("e594812a7728", "2b35a1202e48", "0254ac1d7ea6", "97fc4826154c"),
    *("e6511823cfe4", "6154772d2537"),
}


def digest(source):
    """Return the digest by which a shipped source is recognized."""
    return sha256((source or "").encode()).hexdigest()[:12]


def migrate(cr, _version):
    """Fill the new fields as in a new database; update the others if not edited."""
    env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
    for name in FILES:
        with file_open(f"helpdesk_mgmt_sms/data/{name}", "rb") as file:
            records = etree.parse(file).findall(".//record")
        for record in records:
            rule = env.ref(f"helpdesk_mgmt_sms.{record.get('id')}", False)
            if rule:
                rule.write(get_values(rule, record))


def get_values(rule, record):
    """Return the values that a rule takes from its record in the data file."""
    shipped = {it.get("name"): it.text for it in record.findall("field")}
    values = {it: shipped[it] for it in NEW_FIELDS if it in shipped}
    if digest(rule.source) in FORMER:
        values["source"] = shipped["source"]
        values["is_confirmed"] = "is_confirmed" in shipped
        if "effective_from" in shipped:
            values["effective_from"] = shipped["effective_from"]
    return values

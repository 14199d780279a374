# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Say where each rule of law can be read, when it was, and what makes it binding."""

from hashlib import sha256

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

FILES = ("sms_quiet_hours_data.xml", "sms_consent_law_data.xml")
#: New with this version.
NEW_FIELDS = ("source_url", "read_on", "authority", "consent_kind")
#: Digests of the sources that were shipped: who has written another one keeps it.
FORMER = {
    *("e594812a7728", "2b35a1202e48", "0254ac1d7ea6", "97fc4826154c"),
    *("e6511823cfe4", "6154772d2537"),
}


def digest(source):
    """Return the digest by which a source is known again."""
    return sha256((source or "").encode()).hexdigest()[:12]


def migrate(cr, _version):
    """Fill what is new as in a new database, and what nobody has edited."""
    env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
    for name in FILES:
        with file_open(f"helpdesk_mgmt_sms/data/{name}", "rb") as file:
            records = etree.parse(file).findall(".//record")
        for record in records:
            rule = env.ref(f"helpdesk_mgmt_sms.{record.get('id')}", False)
            if rule:
                rule.write(get_values(rule, record))


def get_values(rule, record):
    """Return what a rule takes from its record in the data file."""
    shipped = {it.get("name"): it.text for it in record.findall("field")}
    values = {it: shipped[it] for it in NEW_FIELDS if it in shipped}
    if digest(rule.source) in FORMER:
        values["source"] = shipped["source"]
        values["is_confirmed"] = "is_confirmed" in shipped
        if "effective_from" in shipped:
            values["effective_from"] = shipped["effective_from"]
    return values

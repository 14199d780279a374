# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fill in where each rule of law was read, when, and what makes it binding."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import digest_words, read_shipped

MODELS = ("sms.quiet.hours", "sms.consent.law")
#: Fields that are new in this version.
NEW_FIELDS = ("source_url", "read_on", "authority", "consent_kind")
#: Digests of the sources as formerly shipped; an edited source is kept.
FORMER = {
    *("e594812a7728", "2b35a1202e48", "0254ac1d7ea6", "97fc4826154c"),
    *("e6511823cfe4", "6154772d2537"),
}


def migrate(cr, _version):
    """Fill the new fields as in a new database; update the others if not edited."""
    env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
    for name, shipped in read_shipped(*MODELS).items():
        rule = env.ref(f"helpdesk_mgmt_sms.{name}", raise_if_not_found=False)
        if rule:
            rule.write(get_values(rule, shipped))


def get_values(rule, shipped):
    """Return the values that a rule takes from the data file."""
    values = {it: shipped[it] for it in NEW_FIELDS if it in shipped}
    if digest_words(rule.source) in FORMER:
        values["source"] = shipped["source"]
        values["is_confirmed"] = "is_confirmed" in shipped
        if "effective_from" in shipped:
            values["effective_from"] = shipped["effective_from"]
    return values

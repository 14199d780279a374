# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Update the sources of quiet-hours rules to what was read of the law since."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import digest_words, read_shipped

#: Digests of the sources as formerly shipped; an edited source is kept.
DIGESTS = """
    1ac3b37c78b4 3c6557afaa4f 3f6ae91962ac 457691bb719f 59f42aec430a 62f382f86b58
    6bc3435cbe90 6be605d89101 7efc9f1b94db 88ee548840ab 93352ec91db1 9b71485be2d1
    a8158f8e6409 ba1989f4f011 ba3bce40d3cb bb27b756434f c9c5792e5499 d3164c1e715c
    d4b7ddf45468
"""
FORMER = set(DIGESTS.split())
#: Rules whose hours turned out to be known from secondary sources only.
NO_LONGER_CONFIRMED = ("sms_quiet_hours_us_md",)


def migrate(cr, version):
    """Take over the sources of the data file, and whether the law itself was read."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    for name, shipped in read_shipped("sms.quiet.hours").items():
        rule = env.ref(f"helpdesk_mgmt_sms.{name}", raise_if_not_found=False)
        if not rule or digest_words(rule.source) not in FORMER:
            continue
        rule.source = shipped["source"]
        if "is_confirmed" in shipped:
            rule.is_confirmed = True
        elif name in NO_LONGER_CONFIRMED:
            rule.is_confirmed = False

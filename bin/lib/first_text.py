# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Send a first text in the sandbox, as docs/setup.md describes; run by Odoo's shell.

The customer joins on the virtual phone, an agent texts from a ticket. It fails if the
customer does not get that text.
"""

import os
from pathlib import Path

from odoo.addons import helpdesk_mgmt_sms
from odoo.addons.helpdesk_mgmt_sms.models.privacy.sms_evidence_packet import SCRIPT

NUMBER = "+13035550142"
WORDS = "We are looking into it, and call you at ten."
#: At night the ticket's texts would wait for the morning.
ANY_HOUR = {
    "sms_courtesy_days": "all",
    "sms_courtesy_from": 0,
    "sms_courtesy_to": 24,
    "sms_courtesy_reason": "The first text is sent at any hour.",
}


def run_crons(env):
    """Do what Odoo's cron threads do after a commit."""
    env.cr.commit()
    for name in ("webhook", "automation", "dispatch"):
        env.ref(f"helpdesk_mgmt_sms.ir_cron_sms_{name}").method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()


def send_first_text(env):
    """Return the text that the agent has written and the customer has received."""
    env.company.country_id = env.ref("base.us")
    env.company.write({"sms_provider": "sandbox", **ANY_HOUR})
    customer = env["res.partner"].create({"name": "Dana Fields", "phone": NUMBER})
    for words in ("SUPPORT", "YES"):
        env["sms.virtual.phone"].send_text(NUMBER, words)
        run_crons(env)
    values = {
        "name": "VPN drops",
        "description": "<p>Since Monday.</p>",
        "partner_id": customer.id,
    }
    env["helpdesk.ticket"].create(values)._message_sms(WORDS)
    run_crons(env)
    texts = env["sms.sms"].search([("number", "=", NUMBER)])
    text = texts.filtered(lambda it: it.body.startswith(WORDS))
    assert text.state == "sent", texts.mapped(lambda it: (it.body, it.state))
    return text.body.splitlines()[0]


# The addon was imported from the place under test, and is complete.
assert Path(helpdesk_mgmt_sms.__file__).is_relative_to(os.environ["HELPDESK_SMS_PLACE"])
assert SCRIPT.is_file()
env = env(user=env.ref("base.user_admin"))  # noqa: F821
print(f"The customer has got: {send_first_text(env)}")

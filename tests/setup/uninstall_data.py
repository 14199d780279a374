# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prepare waiting texts, uninstall the addon, and run Odoo's own queue.

``test_upgrade.py`` feeds this to ``odoo shell``: uninstalling makes a new registry,
which no test may do in its own process.
"""

from unittest.mock import patch

import requests

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

#: States and verdicts of the texts when the addon is uninstalled.
STATES = (
    *(("outgoing", "send"), ("outgoing", "hold"), ("process", "send")),
    *(("unknown", "send"), ("pending", "send"), ("sent", "send")),
    *(("error", "send"), ("canceled", "block")),
)
#: Inserts a text of a company in a state, which its body names.
WAIT = """
    INSERT INTO sms_sms (uuid, number, body, state, gate_verdict, not_before,
                         record_company_id, provider, to_delete)
    VALUES (gen_random_uuid(), '+13035550199', %s, %s, %s,
            now() AT TIME ZONE 'UTC' - interval '1 hour', %s, %s, FALSE)
"""


class Leaving:
    """What an administrator does, and what Odoo's scheduled action does next."""

    def __init__(self, env, commit):
        self.env = env
        self.commit = commit
        self.asked, self.told = [], []

    def leave(self):
        """Run everything; return what was observed, as lines."""
        self.let_texts_wait()
        self.read_wizard()
        self.find_module().button_immediate_uninstall()
        with (
            patch.object(requests.Session, "send", self.refuse),
            Registry(self.env.cr.dbname).cursor() as cr,
        ):
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["sms.sms"]._process_queue()
            self.text_from_each(env)
        return [*self.told, f"Asked: {self.asked}"]

    def find_module(self):
        """Return the addon's ``ir.module.module``."""
        modules = self.env["ir.module.module"]
        return modules.search([("name", "=", "helpdesk_mgmt_sms")])

    def let_texts_wait(self):
        """Create a company per provider, each with a text in each state."""
        companies = self.env["res.company"]
        for provider in ("iap", "telnyx", "sandbox", "twilio"):
            company = companies.create({"name": provider, "sms_provider": provider})
            company.sms_twilio_account_sid = "AC" + "1" * 32
            company.sms_twilio_auth_token = f"token of {provider}"
            for state, verdict in STATES:
                words = f"{provider} {state} {verdict}"
                values = [words, state, verdict, company.id, provider]
                self.env.cr.execute(WAIT, values)
        # An archived company must not start to text either.
        companies.create({"name": "archived", "sms_provider": "sandbox"}).active = False
        self.env["ir.config_parameter"].set_param("helpdesk_mgmt_sms.anything", "x")
        self.commit()
        self.env.invalidate_all()

    def read_wizard(self):
        """Record what the dialog says, and the size of the exported chain."""
        wizard = self.env["base.module.uninstall"].create(
            {"module_ids": self.find_module().ids}
        )
        action = wizard.action_export_sms_ledger()
        attachment_id = int(action["url"].split("?")[0].rsplit("/")[-1])
        attachment = self.env["ir.attachment"].browse(attachment_id)
        self.told += [
            f"Offered: {wizard.sms_is_leaving} {wizard.sms_stranded_names}",
            f"Exported: {len(attachment.raw)} {wizard.sms_event_count}",
        ]
        self.commit()

    def text_from_each(self, env):
        """Text from the company that was in the sandbox, and from the one on Telnyx."""
        for name in ("sandbox", "telnyx"):
            company = env["res.company"].search([("name", "=", name)])
            sms = env["sms.sms"].with_company(company)
            sms = sms.create({"number": "+13035550198", "body": f"after {name}"})
            sms.send()

    def refuse(self, _session, request, **_options):
        """Record the URL, and refuse the connection."""
        self.asked.append(request.url)
        raise requests.ConnectionError("not from here")

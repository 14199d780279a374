# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: What these lead to is one person's, on whatever domain: their token would be stored
#: where every employee reads it.
PERSONAL_PATHS = ("^/sms/.*", "^/my/.*", "^/rate/.*", "^/mail/.*")


class LinkTracker(models.Model):
    """A short link in texts made of a template, by which clicks are counted."""

    _inherit = "link.tracker"

    sms_template_id = fields.Many2one(
        "sms.template", readonly=True, index="btree_not_null", ondelete="set null"
    )
    sms_company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")

    @api.model
    def _shorten_for_sms(self, body, template, company):
        """Return a text with its links made short, one for a template and company.

        Links that are a person's own (preferences, tickets) are left: what they lead to
        is nobody else's. The page behind a link is not fetched for its title: that
        would go over the network in the sender's transaction.
        """
        values = {
            "title": template.name,
            "label": f"Text message {template.id}/{company.id}",
            "sms_template_id": template.id,
            "sms_company_id": company.id,
        }
        return self.env["mail.render.mixin"]._shorten_links_text(
            body, values, blacklist=PERSONAL_PATHS
        )

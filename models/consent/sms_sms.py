# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools import consent, verdicts


class SmsSms(models.Model):
    """Links a text to its reader's preference page and to the consent form."""

    _inherit = "sms.sms"

    @api.model
    def _get_preference_urls(self, pairs):
        urls = super()._get_preference_urls(pairs)
        return urls | self.env["sms.preference.link"].sudo()._get_urls(pairs)

    @api.model
    def _get_masked_preference_url(self, company):
        return self.env["sms.preference.link"]._get_masked_url(company)

    def _open_consent(self):
        sms_sudo = self.sudo()
        record = self._get_post_record()
        facts = {"text_ids": repr(self.ids)}
        if isinstance(record, self.pool["sms.consent.mixin"]):
            facts.update(res_model=record._name, res_id=record.id)
        subject = (sms_sudo._get_sms_company(), sms_sudo.number)
        purpose = sms_sudo.purpose_id.sudo(False)
        action = self.env["sms.consent.record"]._get_action(*subject, purpose, **facts)
        return {**action, "name": self.env._("Record consent and send")}

    def _get_ways_note(self):
        """Return when and how the person opted out, and what undoes it."""
        sms_sudo, company = self.sudo(), self.sudo()._get_sms_company()
        if self.sent_again_id or sms_sudo._find_block_now() != verdicts.OPTED_OUT:
            return super()._get_ways_note()
        said = consent.Said(consent.GRANTED, "", fields.Datetime.now())
        subject = (company, sms_sudo.number, said, sms_sudo.purpose_id)
        obstacle = self.env["sms.consent"]._find_obstacle(*subject)
        return obstacle and self.env["sms.consent.details"]._tell_way_back(obstacle)

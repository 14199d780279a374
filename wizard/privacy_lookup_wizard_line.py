# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class PrivacyLookupWizardLine(models.TransientModel):
    """Erase what is ours by ``sms.erasure`` instead of deleting the record."""

    _inherit = "privacy.lookup.wizard.line"

    def action_unlink(self):
        """Erase what is ours; delete all else as Odoo does."""
        self.ensure_one()
        if self.is_unlinked or not self._is_sms_personal():
            return super().action_unlink()
        return self._erase_sms_person()

    def _is_sms_personal(self):
        """Return whether a line is ours; tickets are the helpdesk's."""
        model = self.env.get(self.res_model)
        is_personal = isinstance(model, self.pool["sms.personal.data"])
        return is_personal and self.res_model.startswith("sms.")

    def _erase_sms_person(self):
        """Erase the person of a line, and mark all lines that this empties.

        A record without number or company is forgotten alone.

        :raises AccessError: for anybody but compliance officers of the company
        """
        erasures = self.env["sms.erasure"]
        record_sudo = self.env[self.res_model].sudo().browse(self.res_id).exists()
        company = record_sudo[record_sudo._personal_company].sudo(False)
        self.env["sms.evidence"]._check_rights(company or self.env.company)
        number = self._get_sms_number(record_sudo, company)
        erased = [record_sudo]
        if company and number:
            erased += erasures._find(company, [number])
            erasures._erase(company, number, self.env._("Odoo's Privacy Lookup"))
        record_sudo.exists()._forget()  # what _erase does not know by that number
        self._note_sms_erased(erased)

    def _get_sms_number(self, record_sudo, company):
        """Return the record's number, in E.164 if it can be read so."""
        typed = (record_sudo.number or "").strip()
        country = company.country_id
        return self.env["res.partner"]._phone_format_number(typed, country) or typed

    def _note_sms_erased(self, erased):
        """Mark this line, and the others of its lookup, as erased.

        The name goes: it is the number.
        """
        gone = {(records._name, id_) for records in erased for id_ in records.ids}
        others = self.wizard_id.line_ids.filtered(
            lambda other: (
                other._is_sms_personal()
                and not other.is_unlinked
                and (other.res_model, other.res_id) in gone
            )
        )
        for line in self | others:
            details = self.env._(
                "Erased %(model)s #%(id)s",
                model=line.res_model_id.name,
                id=line.res_id,
            )
            line.write(
                {"execution_details": details, "is_unlinked": True, "res_name": False}
            )

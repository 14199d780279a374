# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class PrivacyLookupWizardLine(models.TransientModel):
    """Erases our records through ``sms.erasure`` instead of deleting them."""

    _inherit = "privacy.lookup.wizard.line"

    def action_unlink(self):
        """Erase our records; delete others as Odoo does."""
        self.ensure_one()
        if self.is_unlinked or not self._is_sms_personal():
            return super().action_unlink()
        return self._erase_sms_person()

    def _is_sms_personal(self):
        """Return whether a line's record is ours; tickets are not."""
        model = self.env.get(self.res_model)
        is_personal = isinstance(model, self.pool["sms.personal.data"])
        return is_personal and self.res_model.startswith("sms.")

    def _erase_sms_person(self):
        """Erase the person of a line, and mark all lines that this empties.

        Without a number or company only the record itself is erased.

        :raises AccessError: unless a compliance officer of the company
        """
        erasures = self.env["sms.erasure"]
        record_sudo = self.env[self.res_model].sudo().browse(self.res_id).exists()
        company = record_sudo[record_sudo._personal_company].sudo(False)
        self.env["sms.evidence"]._check_rights(company or self.env.company)
        number = company._read_sms_number(record_sudo.number)
        erased = [record_sudo]
        if company and number:
            erased += erasures._find(company, [number])
            erasures._erase(company, number, self.env._("Odoo's Privacy Lookup"))
        record_sudo.exists()._forget()  # in case _erase does not find it by number
        self._note_sms_erased(erased)

    def _note_sms_erased(self, erased):
        """Mark this line, and the others of its lookup, as erased.

        The name is emptied too, since it is the number.
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
                "Erased %(model)s #%(id)s", model=line.res_model_id.name, id=line.res_id
            )
            line.write(
                {"execution_details": details, "is_unlinked": True, "res_name": False}
            )

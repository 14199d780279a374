# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from .sms_evidence_lookup import EXPORT, READ, STORY

#: What the names of our models begin with, and of Odoo's own for text messages.
PREFIX = "sms."
#: Models with one of these are about people.
PEOPLE = {"number", "number_hash", "number_hashes"}


class SmsLookedUp(models.AbstractModel):
    """A model whose readers are recorded: lists, forms and RPC read this way.

    Our own code reads fields, or in ``sudo``, and is not.
    """

    _name = "sms.looked.up"
    _description = "What Is Looked Up on the Record"

    #: Fields that tell who it is, or what they said.
    _telling = frozenset()

    def _read_format(self, fnames, load="_classic_read"):
        """Record who reads what tells of a person.

        :param fnames: names of fields
        """
        rows = super()._read_format(fnames, load)
        if rows and not self.env.su and self._telling & set(fnames):
            self.env["sms.evidence.lookup"]._note(self, READ)
        return rows

    @api.model
    def web_search_read(self, domain, specification, *args, **options):
        """Record a search for a number of which nothing is known: that is an answer."""
        found = super().web_search_read(domain, specification, *args, **options)
        if not found["records"]:
            numbers = [
                condition.value
                for condition in Domain(domain).iter_conditions()
                if condition.field_expr in ("number", "searched_number")
                and isinstance(condition.value, str)
            ]
            if numbers:
                self.env["sms.evidence.lookup"]._note_nothing(self._name, numbers)
        return found


class SmsConsent(models.Model):
    """Answers, and the story behind them, are looked up on the record."""

    _name = "sms.consent"
    _inherit = ["sms.consent", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "partner_ids", "wording"))

    def get_story(self, before=False):
        """Record who reads the story; see the method that this extends."""
        story = super().get_story(before)
        if not before:
            self.env["sms.evidence.lookup"]._note(self, STORY)
        return story


class SmsConsentEvent(models.Model):
    """Events are looked up on the record."""

    _name = "sms.consent.event"
    _inherit = ["sms.consent.event", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "wording", "note"))


class SmsConsentEvidence(models.Model):
    """Evidence is looked up on the record."""

    _name = "sms.consent.evidence"
    _inherit = ["sms.consent.evidence", "sms.looked.up"]
    _telling = frozenset(
        (
            *("number", "display_name", "name", "wording", "note", "address"),
            *("device", "page", "witness", "attachment_ids"),
        )
    )


class Base(models.AbstractModel):
    """Whoever exports a list of ours is recorded, whatever list it is."""

    _inherit = "base"

    def export_data(self, fields_to_export):
        """Record who exports text messages, consents and the like, and how many."""
        result = super().export_data(fields_to_export)
        if self._name.startswith(PREFIX) and self._fields.keys() & PEOPLE and self:
            self.env["sms.evidence.lookup"]._note(self, EXPORT)
        return result

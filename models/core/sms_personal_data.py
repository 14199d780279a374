# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

#: Who holds what identifies a person by their number. A model that joins them inherits
#: ``sms.personal.data`` and is named here; nothing else must be changed for it.
HOLDERS = (
    "sms.consent.evidence",
    "sms.consent",
    "sms.preference.link",
    "sms.number.claim",
    "mail.notification",
    "sms.sms",
    "sms.broadcast.recipient",
    "sms.incident.mute",
    "sms.subscription",
    "sms.inbound",
    "sms.question",
    "sms.team.alert.entry",
    "sms.unusable.number",
    "sms.consent.review",
    "sms.consent.import",
    "sms.consent.import.row",
    "sms.consent.import.column",
    "sms.consent.paper.line",
    "sms.consent.record",
    "sms.composer",
    "sms.evidence.audit",
    "sms.evidence.wizard",
    "phone.blacklist",
    "sms.ticket.contact",
    "helpdesk.ticket",
    "bus.bus",
)


class SmsPersonalData(models.AbstractModel):
    """A model that holds what identifies a person, and can forget it.

    There is one way to forget, :meth:`_forget`, whoever asks: a person
    (``sms.erasure``) or time (``sms.retention``). Both run in ``sudo``, after the
    rights of who asks are checked.
    """

    _name = "sms.personal.data"
    _description = "Personal Data of Text Messages"

    #: The time from which a row is kept as long as texts are; None: other rules hold.
    _kept_since = None

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of what this model holds of some numbers.

        :param company: ``res.company``, one
        :param list numbers: E.164, or what the carrier calls the sender
        """
        return Domain("company_id", "=", company.id) & Domain("number", "in", numbers)

    @api.model
    def _find_personal(self, company, numbers):
        records = self.with_context(active_test=False)
        return records.search(self._get_personal_domain(company, numbers))

    def _describe_personal(self):
        """Return what would be forgotten, for people: pairs of a count and a label."""
        return [(len(self), self._description)]

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Return the domain of what has been kept for long enough.

        What is forgotten is out of it.
        """
        if not (self._kept_since and limits["text"]):
            return Domain.FALSE
        return (
            Domain("company_id", "=", company.id)
            & Domain(self._kept_since, "<", limits["text"])
            & Domain("number", "!=", False)
        )

    def _forget(self):
        raise NotImplementedError

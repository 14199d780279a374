# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import consent
from ..tools.consent import Answer

STATE_SELECTION = [
    (consent.NONE, "No consent"),
    (consent.PENDING, "Waiting for YES"),
    (consent.OPTED_IN, "May text"),
    (consent.OPTED_OUT, "Opted out"),
]


class SmsConsent(models.Model):
    """The current answer of a number for a purpose: what the ledger adds up to.

    Derived from ``sms.consent.event`` and written by :meth:`_apply` alone. A row
    without a purpose is about all of them. It exists so that the gate asks one index
    instead of reading a history.
    """

    _name = "sms.consent"
    _inherit = "sms.personal.data"
    _description = "Text Message Consent"
    _order = "since desc, id desc"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        readonly=True,
        help="What the gate looks up. It stays when the person's data is erased.",
    )
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    purpose_id = fields.Many2one(
        "sms.purpose",
        readonly=True,
        ondelete="restrict",
        help="Empty: the answer is about all purposes.",
    )
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    event_id = fields.Many2one(
        "sms.consent.event", required=True, readonly=True, ondelete="restrict"
    )
    event = fields.Selection(related="event_id.event", string="What Happened")
    method = fields.Selection(related="event_id.method")
    name = fields.Char(related="event_id.name")

    _key_unique = models.UniqueIndex(
        "(company_id, number_hash, COALESCE(purpose_id, 0))"
    )
    _number_index = models.Index("(number) WHERE number IS NOT NULL")
    # The gate asks for one number after the other: the fastest index for just that.
    _hash_index = models.Index("USING hash (number_hash)")

    @api.model
    def _get_stopped_at(self, company, number_hash, purposes):
        """Return when a number said the newest no to any of some purposes, or to all.

        :param str number_hash: see :meth:`SmsConsentKey._hash`
        :return: datetime (UTC), or None while it has said none that stands
        """
        query = SQL(
            """
            SELECT max(since) FROM sms_consent
             WHERE company_id = %s AND number_hash = %s AND state = %s
               AND (purpose_id IS NULL OR purpose_id = ANY(%s))
            """,
            company.id,
            number_hash,
            consent.OPTED_OUT,
            purposes.ids,
        )
        return self.env.execute_query(query)[0][0]

    @staticmethod
    def _get_answer(found, purpose_id):
        """Return the answer for one purpose out of a number's answers.

        :param dict found: a value of :meth:`_get_answers`
        :rtype: Answer
        """
        return consent.combine(
            found.get(purpose_id, Answer()), found.get(False, Answer())
        )

    @staticmethod
    def _is_stopped(found):
        """Tell if a person has stopped everything, and agreed to nothing since.

        :param dict found: a value of :meth:`_get_answers`
        """
        return consent.has_left(found)

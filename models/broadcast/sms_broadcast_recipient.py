# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import phone
from ..core.bulk_insert import update_many

#: Outcomes of those who get it, now or after their quiet hours.
WILL, HELD, QUEUED = REACHED = ("will", "held", "queued")
UNTEXTED = (WILL, HELD)
#: Other outcomes.
NEW, BLOCKED, NO_NUMBER = ("new", "blocked", "no_number")
DUPLICATE, MUTED, CALLED_OFF = ("duplicate", "muted", "cancelled")

#: Outcomes of those who will get it by e-mail, or did.
MAIL, MAILED = TOLD_BY_MAIL = ("mail", "mailed")
#: Reasons why others do not.
NO_ADDRESS, EXCLUDED, SAME_ADDRESS = ("no_address", "excluded", "same_address")
MAIL_CALLED_OFF = "cancelled"


class SmsBroadcastRecipient(models.Model):
    """A person whom a broadcast concerns: whether they get it, or why not.

    Somebody who gets no text of an incident's news may get an e-mail. Written only by
    the broadcast's job, in bulk, and when its text is sent again.
    """

    _name = "sms.broadcast.recipient"
    _description = "Recipient of a Broadcast"
    _inherit = ["sms.personal.data", "sms.masked.number"]
    _order = "id"
    _rec_name = "partner_id"
    _log_access = False

    broadcast_id = fields.Many2one(
        "sms.broadcast", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="broadcast_id.company_id")
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True, index=True)
    area_id = fields.Many2one("sms.area", readonly=True)
    number = fields.Char(
        readonly=True, help="E.164, or as it is in a list; empty once it is erased."
    )
    lang = fields.Char("Language", readonly=True)
    row = fields.Integer(readonly=True, help="Its number in the list.")
    name = fields.Char("Name in the List", readonly=True)
    outcome = fields.Selection(
        [
            (NEW, "Not checked yet"),
            (WILL, "Gets it"),
            (HELD, "Gets it when their quiet hours end"),
            (BLOCKED, "May not be texted"),
            (NO_NUMBER, "No number that can be texted"),
            (DUPLICATE, "Shares its number with another recipient"),
            (MUTED, "Wants no more texts about this incident (MUTE)"),
            (QUEUED, "Queued"),
            (CALLED_OFF, "Cancelled before it was sent"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Selection("_selection_reason", readonly=True)
    sms_id = fields.Many2one("sms.sms", "Message", readonly=True)
    shown_state = fields.Char(related="sms_id.shown_label", string="Message Status")

    # A constraint rather than a mere index: Odoo's merge of contacts looks for these.
    _partner_unique = models.Constraint("UNIQUE (broadcast_id, partner_id)")
    _outcome_index = models.Index("(broadcast_id, outcome, id)")
    _number_index = models.Index("(number, broadcast_id) WHERE number IS NOT NULL")
    _sms_index = models.Index("(sms_id) WHERE sms_id IS NOT NULL")

    mail_outcome = fields.Selection(
        [
            (MAIL, "Gets it by e-mail"),
            (MAILED, "By e-mail"),
            (NO_ADDRESS, "No text, and no e-mail address"),
            (EXCLUDED, "No text, and wants no e-mail (exclusion list)"),
            (SAME_ADDRESS, "Shares its e-mail address with another recipient"),
            (MAIL_CALLED_OFF, "Cancelled before it was mailed"),
        ],
        "E-mail",
        readonly=True,
        help="Empty: gets a text, or nothing.",
    )

    _mail_index = models.Index(
        "(broadcast_id, mail_outcome, id) WHERE mail_outcome IS NOT NULL"
    )

    @api.model
    def _selection_reason(self):
        field = self.env["sms.sms"]._fields["gate_reason"]
        return field._description_selection(self.env)

    def _write_rows(self, rows, *names):
        """Write different values to many recipients in one statement.

        :param rows: iterable of tuples: the id, then the value of each named field
        """
        self.env.flush_all()
        update_many(self, names, list(rows))
        self.invalidate_recordset()

    @api.model
    def _part_duplicates(self, sources, target):
        """Keep one row of merged contacts in each broadcast; detach the others.

        With duplicates Odoo would delete the sources' rows in all broadcasts. A row
        without a contact is still told at its number; one that is mailed needs its own.
        """
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient SET partner_id = NULL WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (
                               PARTITION BY broadcast_id
                               ORDER BY mail_outcome IN ('mail', 'mailed') IS TRUE
                                        DESC, partner_id != %s, id) AS place
                      FROM sms_broadcast_recipient WHERE partner_id = ANY(%s)
                ) own WHERE place > 1)
            """,
            [target.id, (sources | target).ids],
        )
        self.invalidate_model()

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Include rows of lists that contain a number which could not be read."""
        tails = [tail for it in numbers if len(tail := phone.get_tail(it)) == 7]

        def is_unread(_model, alias, _query):
            number = SQL.identifier(alias, "number")
            return SQL(
                r"%s !~ '^\+\d+$' AND regexp_replace(%s, '\D', '', 'g') LIKE ANY(%s)",
                number,
                number,
                [f"%{tail}%" for tail in tails],
            )

        own = Domain("number", "in", numbers)
        if tails:
            own |= Domain("row", ">", 0) & Domain.custom(to_sql=is_unread)
        return own & Domain("broadcast_id.company_id", "=", company.id)

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Keep those of incidents that go on, and of planned texts: they get more."""
        if not limits["text"]:
            return Domain.FALSE
        told = Domain("broadcast_id.company_id", "=", company.id)
        told &= Domain("broadcast_id.checked_at", "<", limits["text"])
        told &= Domain("broadcast_id.state", "!=", "planned")
        about = Domain("broadcast_id.incident_id", "=", False)
        told &= about | Domain("broadcast_id.incident_id.resolved_at", "!=", False)
        named = (Domain(it, "!=", False) for it in ("number", "name", "partner_id"))
        return told & Domain.OR(named)

    def _forget(self):
        """Erase the person; the row stays as a count."""
        self.write({"number": False, "partner_id": False, "name": False})

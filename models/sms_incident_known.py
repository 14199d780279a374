# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2 import OperationalError

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import reply_codes
from ..tools.verdicts import HAVE_OR_WILL

_logger = logging.getLogger(__name__)


class SmsIncident(models.Model):
    """Whom an incident concerns who gets in touch: they are told that we know.

    Once for each incident and number, and not those who have muted it.
    """

    _inherit = "sms.incident"

    @api.model
    def _find_concerning(self, company, partner, number):
        """Return what is going on that concerns a person, the newest, or none.

        :param company: ``res.company``
        :param partner: ``res.partner``, may be empty
        :param str number: E.164, may be empty
        :return: ``sms.incident`` in sudo
        """
        incidents_sudo = self.sudo().browse(self._get_going_on_ids(company.id))
        for incident_sudo in incidents_sudo:
            if incident_sudo._concerns(partner, number):
                return incident_sudo
        return incidents_sudo.browse()

    def _concerns(self, partner, number):
        """Tell if a person is in one of the areas, or was texted of it."""
        self.ensure_one()
        if partner and self.area_ids:
            areas = self.with_company(self.company_id).area_ids
            domain = Domain.OR(area._get_contact_domain() for area in areas)
            domain &= Domain("id", "=", partner.id)
            if partner.sudo().search_count(domain, limit=1):
                return True
        return bool(number) and self._has_texted(number)

    def _has_texted(self, number):
        """Tell if a number was texted of it."""
        domain = [
            ("incident_id", "=", self.id),
            ("number", "=", number),
            ("broadcast_id", "!=", False),
            ("state", "in", HAVE_OR_WILL),
        ]
        return bool(self.env["sms.sms"].sudo().search_count(domain, limit=1))

    @api.model
    def _find_newest_text(self, company, number):
        """Return the incident of the newest text to a number, of those that it has not
        muted and that are going on; empty if there is none.

        :param str number: E.164
        """
        going_on = self._get_going_on_ids(company.id)
        if not going_on:
            return self.browse()
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.incident_id FROM sms_sms sms
                 WHERE sms.incident_id = ANY(%s) AND sms.number = %s
                   AND sms.state = ANY(%s)
                   AND NOT EXISTS (SELECT 1 FROM sms_incident_mute mute
                                    WHERE mute.incident_id = sms.incident_id
                                      AND mute.number = sms.number
                                      AND mute.ended_at IS NULL)
              ORDER BY sms.sent_at DESC NULLS LAST, sms.id DESC LIMIT 1
                """,
                list(going_on),
                number,
                list(HAVE_OR_WILL),
            )
        )
        return self.browse(row[0] for row in rows)

    # ------------------------------------------------------------------
    # Telling that we know
    # ------------------------------------------------------------------

    def _is_to_be_told(self, number):
        """Tell if a number is to be told that we know: once, and not after MUTE.

        :param str number: E.164, may be empty
        """
        if not number or not self._is_going_on() or self._was_told(number):
            return False
        return (self.id, number) not in self.env["sms.incident.mute"]._get_muted(self)

    def _tell_we_know(self, number, partner, **values):
        """Queue the answer that we know. What fails here stops no ticket and no text.

        :param str number: E.164
        :param partner: ``res.partner``, may be empty
        :param values: of the message; at least ``purpose_id``
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._queue_known(number, partner, **values)
        except OperationalError:
            raise  # a conflict with another transaction: Odoo starts over
        except Exception:  # whatever another module's hook raises
            _logger.exception("Nobody was told that we know of incident %s", self.id)

    def _queue_known(self, number, partner, **values):
        """Queue the answer that we know; arguments as for :meth:`_tell_we_know`."""
        replies = self.env["sms.reply"]
        body = replies._render_for(
            reply_codes.INCIDENT_KNOWN,
            self.company_id,
            partner,
            self.env["sms.purpose"],
            **self._get_fillers(replies._get_lang(self.company_id, partner)),
        )
        replies._queue_text(
            body, self.company_id, number, partner, incident_id=self.id, **values
        )

    def _was_told(self, number):
        """Tell if a number has got the answer already, or it waits."""
        domain = [
            ("incident_id", "=", self.id),
            ("number", "=", number),
            ("broadcast_id", "=", False),
            ("state", "in", HAVE_OR_WILL),
        ]
        return bool(self.env["sms.sms"].sudo().search_count(domain, limit=1))

    def _get_fillers(self, lang):
        """Return what answers about the incident are filled in with."""
        self.ensure_one()
        sudo = self.sudo()
        return {"incident": self._get_name_in(lang), "status_page": sudo.status_page}

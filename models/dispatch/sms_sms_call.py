# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ...providers.outbound import CANCELED, DELIVERED, UNDELIVERED
from ...tools.texts import clean
from ..message.sms_sms import RECORDED
from .sms_sms import CALL_OVERDUE

#: Reports after which a call is over, whether or not somebody has answered it.
OVER = (UNDELIVERED, CANCELED)


class SmsSms(models.Model):
    """Calls: rows of the outbox whose words are spoken.

    They are claimed, committed, posted once, looked up and reported on like texts. When
    the carrier asks for a call's words, a person has answered: the call is delivered,
    whatever ends it later.
    """

    _inherit = "sms.sms"

    call_ended_at = fields.Datetime(
        **RECORDED, help="When the call was over, whatever came of it."
    )

    _call_index = models.Index("(number) WHERE is_call")

    def _get_answer_url(self, company, provider):
        """Return where the carrier asks for the words of a call, empty for a text."""
        endpoint = f"call/{self.uuid}"
        return company._get_sms_url(endpoint, provider) if self.is_call else ""

    def _follow_call(self, report):
        is_own = report.carrier_id in (False, "", self.carrier_id)
        if self.is_call and is_own and report.report in OVER:
            self._end_call()

    def _end_call(self):
        """Record that calls are over. Rooms extend this.

        :return: the calls that were not over before
        """
        ended = self.filtered(lambda sms: not sms.call_ended_at)
        ended.call_ended_at = fields.Datetime.now()
        return ended

    # === What is said ===

    @api.model
    def _answer_call(self, company, uuid, report, provider):
        """Record whether a person has answered a call, and return what to say.

        :param str uuid: our own key of the call, which nobody can guess
        :param report: ``DeliveryReport``
        :return: ``providers.voice.Spoken``, None if nothing is said: to a machine, or
            in a call that we do not know
        """
        call = self._find_call(company, uuid)
        if not call:
            return None
        self.env["sms.dispatcher"]._lock_messages(call.ids)
        call._record_locked_report(report, provider)
        return call._say_on_answer() if report.report == DELIVERED else None

    @api.model
    def _press_call_key(self, company, uuid, key, is_last):
        """Handle a key that was pressed in a call, and return what to say.

        :param str key: as the carrier reports it, empty for none
        :param bool is_last: the question is not repeated
        """
        call = self._find_call(company, uuid)
        return call._say_on_key(key, is_last) if call else None

    @api.model
    def _lock_unanswered_call(self, company, number):
        """Lock and return a call to a number that waits or rings; mostly there is none.

        Its words are asked for when somebody answers. If it is just being claimed, this
        waits: then the transaction starts over, and finds it claimed.
        """
        query = """
            SELECT id FROM sms_sms
             WHERE is_call AND number = %s AND record_company_id = %s
               AND call_ended_at IS NULL
               AND (state = 'outgoing' AND COALESCE(expires_at > %s, TRUE)
                    OR state IN ('process', 'unknown', 'pending') AND claimed_at > %s)
          ORDER BY id DESC LIMIT 1 FOR UPDATE
        """
        now = fields.Datetime.now()
        return self._select(SQL(query, number, company.id, now, now - CALL_OVERDUE))

    @api.model
    def _find_call(self, company, uuid):
        domain = [("uuid", "=", clean(uuid)), ("record_company_id", "=", company.id)]
        return self.search([*domain, ("is_call", "=", True)], limit=1)

    def _say_on_answer(self):
        """Return what to say on an answer; the room that places calls extends this."""
        return None

    def _say_on_key(self, key, is_last):
        """Return what to say after a key; the room that places calls extends this."""
        return None

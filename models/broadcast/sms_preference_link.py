# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: The posted field: the id of the subscription that its owner ends.
END_FIELD = "end"


class SmsPreferenceLink(models.Model):
    """The page of preferences shows of which areas a number is told, and ends that."""

    _inherit = "sms.preference.link"

    def _get_subscriptions(self):
        """Return what the number has subscribed to, what waits for its YES as well.

        :return: ``sms.subscription``
        """
        self.ensure_one()
        subscriptions_sudo = self.env["sms.subscription"].sudo()
        return subscriptions_sudo.search(
            subscriptions_sudo._get_current_domain(self.company_id, self.number),
            order="id",
        )

    def _take(self, form, trace):
        """Let the number's owner end one subscription; all else as before.

        :return: ``ended`` besides; also for one that had ended before
        """
        wanted = form.get(END_FIELD)
        if not wanted:
            return super()._take(form, trace)
        self._get_subscriptions().filtered(lambda it: str(it.id) == wanted)._end()
        return "ended"

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.tools.misc import hmac

from ..tools import links

FIRST_DAY = date(1970, 1, 1)


class SmsShortLink(models.AbstractModel):
    """A record has a short public address for a text.

    Signed with the database's secret over record, last day and what else the model
    names: nobody can make one for another record or a later day. Nothing is stored for
    it.
    """

    _name = "sms.short.link"
    _description = "Short Signed Address"

    #: path of the page, and what tells its signatures from those of other pages
    _short_link_path = ""
    _short_link_scope = ""

    def _make_short_link(self, last_day):
        """Return the record's address.

        :param date last_day: on which it can be opened
        :rtype: str
        """
        self.ensure_one()
        day = (last_day - FIRST_DAY).days
        token = links.make_token(self.id, day, self._sign_short_link(day))
        company = self.company_id
        base = company._get_sms_base_url() if company else self.get_base_url()
        return f"{base}{self._short_link_path}{token}"

    def _sign_short_link(self, day):
        """Return the HMAC of the record's address until a day.

        :param int day: days since 1970
        :rtype: str
        """
        self.ensure_one()
        values = (self.id, day, *self._get_short_link_facts())
        return hmac(self.sudo().env, self._short_link_scope, values)

    def _get_short_link_facts(self):
        """Return what ends the address when it changes."""
        return ()

    @api.model
    def _find_by_short_link(self, token):
        """Return the record of an address that is genuine and has not ended.

        An empty set in all other cases, which a visitor cannot tell apart.

        :param str token: what a visitor called
        :return: the record in sudo
        """
        none = self.sudo().browse()
        parts = links.read_token(token)
        if not parts or FIRST_DAY + timedelta(parts.day) < fields.Date.today():
            return none
        record_sudo = none.browse(parts.record_id).exists()
        if not record_sudo:
            return none
        digest = record_sudo._sign_short_link(parts.day)
        return record_sudo if links.is_genuine(parts, digest) else none

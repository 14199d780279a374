# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from ..core.bulk_insert import BULK_FROM, as_array

NAMES = ["phone_sanitized", "phone", "lang", "tz", "country_id", "state_id"]


class Reader(NamedTuple):
    """Facts about a contact that decide on the language and time of their texts.

    ``number`` is E.164 if it could be converted, else as typed; countries and states
    are ids. Unknown values are None or False.
    """

    partner_id: int | None = None
    number: str | None = None
    lang: str | None = None
    tz: str | None = None
    country_id: int | None = None
    state_id: int | None = None

    @property
    def address(self):
        """What decides on the place where they are, besides the number."""
        return self.tz, self.country_id, self.state_id


#: A reader who is no contact.
NOBODY = Reader()


class Readers(dict):
    """Readers by partner id, as a class that no client can put into a context."""


class ResPartner(models.Model):
    """Contacts as the readers of texts."""

    _inherit = "res.partner"

    def _get_sms_readers(self):
        """Return the facts that decide on texts to these contacts (:class:`Readers`).

        Many are read in SQL, since ORM records cost more than everything else done for
        a message; and one by one by primary key, since the planner prefers a scan of
        the whole table to thousands of ids.
        """
        if len(self) < BULK_FROM:
            partners_sudo = self.sudo()
            partners_sudo.fetch(NAMES)
            return Readers((it.id, it._get_sms_reader()) for it in partners_sudo)
        self.flush_model(NAMES)
        query = """
            SELECT partner.*
              FROM unnest(%s) AS wanted (id),
                   LATERAL (
                       SELECT id, COALESCE(NULLIF(phone_sanitized, ''), phone),
                              lang, tz, country_id, state_id
                         FROM res_partner
                        WHERE id = wanted.id
                       OFFSET 0
                   ) AS partner
        """
        rows = self.env.execute_query(SQL(query, as_array(self._ids, "int4")))
        return Readers((row[0], Reader(*row)) for row in rows)

    def _get_sms_reader(self):
        partner_sudo = self.sudo()
        return Reader(
            self.id,
            partner_sudo.phone_sanitized or partner_sudo.phone,
            partner_sudo.lang,
            partner_sudo.tz,
            partner_sudo.country_id.id,
            partner_sudo.state_id.id,
        )

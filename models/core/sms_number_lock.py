# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from psycopg2.errors import LockNotAvailable

from odoo import api, models
from odoo.tools import SQL

from ...tools.phone import canonical

#: How long a text waits for those before it. The carrier gives up after 15 seconds.
PATIENCE = "5s"


class SmsNumberLock(models.AbstractModel):
    """Serializes what concerns one number of one company.

    By advisory locks: they end with the transaction, or with the connection.
    """

    _name = "sms.number.lock"
    _description = "Lock of a Phone Number"

    @api.model
    def _try_acquire(self, company, number):
        """Lock a number until the transaction ends, or return False if it is locked."""
        key = self._get_key(company, number)
        query = SQL("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", key)
        return self.env.execute_query(query)[0][0]

    @api.model
    def _acquire(self, company, number):
        """Wait for a number's lock, then begin a transaction that sees its last work.

        For a request that has written nothing yet. In PostgreSQL's *repeatable read* a
        transaction sees the database as it was when it began, so a lock that is waited
        for inside of it would come too late: two texts would make two tickets. After
        :data:`PATIENCE` it goes on without: ``sms.rate.limit`` finds the conflict.
        """
        cr = self.env.cr
        key = self._get_key(company, number)
        query = SQL("SELECT pg_advisory_lock(hashtextextended(%s, 0))", key)
        try:
            cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            cr.execute(query)
        except LockNotAvailable:
            cr.rollback()
            return
        cr.commit()  # pylint: disable=invalid-commit
        release = partial(self._release, cr._cnx, key)
        cr.postcommit.add(release)
        cr.postrollback.add(release)

    @staticmethod
    def _release(connection, key):
        """Release a lock, on the connection: its cursor may be closed."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
        connection.rollback()

    @staticmethod
    def _get_key(company, number):
        return f"helpdesk_mgmt_sms:{company.id}:{canonical(number)}"

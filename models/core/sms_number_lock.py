# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import models
from odoo.tools import SQL

from ...tools.phone import canonical

#: How long a text waits for those before it. The carrier gives up after 15 seconds.
PATIENCE = "5s"


class SmsNumberLock(models.AbstractModel):
    """Serializes work on one number of one company.

    By advisory locks, which end with the transaction or the connection.
    """

    _name = "sms.number.lock"
    _description = "Lock of a Phone Number"

    def _try_acquire(self, company, number):
        """Lock a number until the transaction ends, or return False if it is locked."""
        key = self._get_key(company, number)
        query = SQL("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", key)
        return self.env.execute_query(query)[0][0]

    def _acquire(self, company, number, is_patient=True):
        """Wait for a number's lock, then begin a transaction that sees its last work.

        For a request that has written nothing yet. In PostgreSQL's *repeatable read* a
        transaction sees the database as it was when it began, so waiting for a lock
        inside it would be too late: two texts would create two tickets. After
        :data:`PATIENCE` it goes on without: ``sms.rate.limit`` finds the conflict.

        :param bool is_patient: False not to wait
        :return: whether the number is locked now
        """
        cr, key = self.env.cr, self._get_key(company, number)
        if not (self._wait(key) if is_patient else self._is_free(key)):
            return False
        cr.commit()  # pylint: disable=invalid-commit
        release = partial(self._release, cr._cnx, key)
        cr.postcommit.add(release)
        cr.postrollback.add(release)
        return True

    def _wait(self, key):
        try:
            self.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            query = SQL("SELECT pg_advisory_lock(hashtextextended(%s, 0))", key)
            self.env.cr.execute(query)
        except LockNotAvailable:
            self.env.cr.rollback()
            return False
        return True

    def _is_free(self, key):
        """Take a lock if nobody has it; return whether it was taken."""
        query = SQL("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", key)
        return self.env.execute_query(query)[0][0]

    @staticmethod
    def _release(connection, key):
        """Release a lock through the connection, as its cursor may be closed."""
        is_idle = connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
        if is_idle:  # else it is a test's transaction
            connection.rollback()

    @staticmethod
    def _get_key(company, number):
        return f"helpdesk_mgmt_sms:{company.id}:{canonical(number)}"

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What was there before a batch of an import: in its list, and in the ledger."""

import json

from odoo.tools import SQL


class Past:
    """Asks what is known of the rows of one import, with one query each.

    :param job: the ``sms.consent.import``, in sudo
    """

    def __init__(self, job):
        self.job = job

    def find_seen(self, keys):
        """Return which keys earlier batches had, and in which row."""
        rows = self.job.env.execute_query(
            SQL(
                """
                SELECT key, min("row") FROM sms_consent_import_row
                 WHERE import_id = %s AND key = ANY(%s) GROUP BY key
                """,
                self.job.id,
                keys,
            )
        )
        return dict(rows)

    def find_stopped(self, hashes):
        """Return what earlier batches of the list have stopped for some numbers."""
        rows = self.job.env.execute_query(
            SQL(
                """
                SELECT stopped, stopped_purposes FROM sms_consent_import_row
                 WHERE import_id = %s AND stopped = ANY(%s)
                """,
                self.job.id,
                list(hashes),
            )
        )
        found = {}
        for number_hash, ids in rows:
            found.setdefault(number_hash, []).append(json.loads(ids))
        return found

    def find_known(self, hashes):
        """Return what the ledger holds of some numbers that counts."""
        rows = self.job.env.execute_query(
            SQL(
                """
                SELECT number_hash, COALESCE(purpose_id, 0), event, happened_at
                  FROM sms_consent_event
                 WHERE company_id = %s AND number_hash = ANY(%s) AND %s
                """,
                self.job.company_id.id,
                list(hashes),
                self.job.env["sms.consent"]._get_counting_sql(self.job.company_id),
            )
        )
        return set(rows)

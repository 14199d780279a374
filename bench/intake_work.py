# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast each way creates messages: a part of ``outbox.py``.

Every way makes the same number of messages, each to a different person with a recorded
consent, and reports the time and the memory that it took.
"""

from common import COUNTRY, Usage, environment, make_people, phone, vacuum
from company import BATCH, agree, configure, make_messages

from odoo.tools import SQL


class Intake:
    """One measurement: a company, and people who agreed."""

    def __init__(self, env, carrier, count):
        """Prepare the company and its people, and fill the caches that stay."""
        self.env, self.count, self.partner_ids = env, count, []
        configure(env, carrier, workers=0)
        agree(env, count)
        make_messages(env, 100)
        self.clean()

    def clean(self):
        """Remove all messages.

        Not by DELETE: it would check each row's references with a cached query plan
        that was made when there were few rows.
        """
        self.env.cr.execute("TRUNCATE sms_sms CASCADE")
        self.env.cr.commit()
        self.env.invalidate_all()

    # Measurements, chosen by their name.

    def make_rows(self):
        """Create rows from code, as any app does, with a commit after each batch."""
        make_messages(self.env, self.count)

    def queue_people(self):
        """Queue texts to a list of contacts at once, as a broadcast does."""
        for _messages in self.env["sms.sms"]._queue_many(
            self.env.company,
            self.env["sms.purpose"]._get("marketing"),
            self.env["res.partner"].browse(self.partner_ids),
            {"en_US": "Hello, our office is closed."},
        ):
            self.env.cr.commit()

    def compose(self, mass_keep_log=False):
        """Send to contacts by the composer, as a user does: one transaction."""
        values = {
            "composition_mode": "mass",
            "res_model": "res.partner",
            "res_ids": repr(self.partner_ids),
            "body": "Hello {{ object.name }}, our office is closed.",
            "mass_keep_log": mass_keep_log,
        }
        self.env["sms.composer"].create(values)._action_send_sms()
        self.env.cr.commit()

    def compose_with_log(self):
        """Send by the composer, with a note on each contact."""
        self.compose(mass_keep_log=True)

    def insert(self):
        """Insert bare rows by SQL, to see what the database alone takes."""
        columns = ["number", "body", "state", "uuid", "record_company_id"]
        columns += ["create_uid", "write_uid", "create_date", "write_date"]
        for first in range(0, self.count, BATCH):
            numbers = map(phone, range(first, min(first + BATCH, self.count)))
            query = SQL(
                """
                INSERT INTO sms_sms (%s)
                SELECT number, 'Hello, our office is closed.', 'outgoing',
                       replace(gen_random_uuid()::text, '-', ''), %s, 1, 1, now(),
                       now()
                  FROM unnest(%s) AS new (number)
                """,
                SQL(", ").join(map(SQL.identifier, columns)),
                self.env.company.id,
                list(numbers),
            )
            self.env.cr.execute(query)
            self.env.cr.commit()


def intake(database, carrier, count, way):
    """Make messages in one way.

    :param str way: name of a method of :class:`Intake`
    :return: what that took, as :meth:`common.Usage.read` does
    """
    with environment(database) as env:
        work = Intake(env, carrier, count)
        if way not in ("make_rows", "insert"):
            numbers = map(phone, range(count))
            work.partner_ids = make_people(env, numbers, country=COUNTRY)
            env.cr.commit()
            vacuum(env, "res_partner")
        usage = Usage()
        getattr(work, way)()
        used = usage.read()
        env.cr.execute("SELECT count(*) FROM sms_sms WHERE state = 'outgoing'")
        assert env.cr.fetchone()[0] == count, "messages are missing, or were refused"
        # Contacts and notes stay, without a number: deleting takes longer than making.
        env.cr.execute(
            "UPDATE res_partner SET phone = NULL, phone_sanitized = NULL,"
            " active = FALSE WHERE id = ANY(%s)",
            [work.partner_ids],
        )
        work.clean()
        vacuum(env, "sms_sms")
    return used

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import re
import zipfile
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import Form, new_test_user
from odoo.tools import SQL

from ..common import phone_number
from ..consent.common import make_csv, make_row
from ..web import WebCase

#: Part of whatever the person says, and nowhere else in the database.
WORD = "quokka"
NUMBER = phone_number(777)
DIGITS = NUMBER[2:]

#: Columns where the person may remain, and why. The erasure form says so.
ALLOWED = {
    ("res_partner", "phone"): "the contact is the helpdesk's",
    ("res_partner", "phone_sanitized"): "the contact is the helpdesk's",
    ("sms_number_claim", "number"): "the contact's number, which was only typed",
}
#: Rows where the person may remain as well: a condition by table, with the reason.
ALLOWED_ROWS = {
    # The history of the contact itself.
    "mail_tracking_value": SQL(
        "field_id IN (SELECT id FROM ir_model_fields WHERE model = 'res.partner')"
    ),
}

#: Column types that cannot hold the person's words. All others are searched.
OTHER_TYPES = (
    *("smallint", "integer", "bigint", "real", "double precision", "numeric"),
    *("boolean", "date", "timestamp without time zone", "timestamp with time zone"),
)
#: What people and programs write between the digits of a number.
SEPARATORS = r"[-+()./\s\u00a0\u2010\u2011]|\\u00a0|\\u2011|&nbsp;|%20"


class ErasureCase(WebCase):
    """A person whose number and words are everywhere, and an officer who erases.

    The person has no e-mail address, so that Odoo uses the number instead.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.portal_user.partner_id
        cls.person.write(
            {
                "phone": "(617) 555-0177",
                "email": False,
                "country_id": cls.country.id,
                "city": "Denver",
            }
        )
        cls.person_ticket = cls.make_ticket(cls.person)
        cls.company.sms_join_page = True

    def open_wizard(self, user=None, **values):
        """Return the erasure form, filled in."""
        wizards = self.env["sms.erasure.wizard"].with_user(
            user or self.compliance_officer
        )
        return wizards.create(
            {"number": NUMBER, "reason": "Letter 117", "is_checked": True, **values}
        )

    def erase(self, **values):
        """Erase the person as a compliance officer does; return the ``sms.erasure``."""
        action = self.open_wizard(**values).action_erase()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["sms.erasure"].search(action["domain"])

    def find_everywhere(self):
        """Return where in the database the person's number or words are found.

        :return: set of ``(table, column)``; files count as ``("file", model)``
        """
        self.env.flush_all()
        self.cr.precommit.run()
        self.cr.execute(
            """
            SELECT columns.table_schema, columns.table_name,
                   json_agg(json_build_array(columns.column_name, data_type))
              FROM information_schema.columns
              JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_type = 'BASE TABLE'
               AND table_schema NOT IN ('pg_catalog', 'information_schema')
               AND data_type <> ALL(%s)
          GROUP BY columns.table_schema, columns.table_name
            """,
            [list(OTHER_TYPES)],
        )
        found = set()
        for schema, table, columns in self.cr.fetchall():
            found |= {
                (table, column) for column in self.search_table(schema, table, columns)
            }
        return found | self.find_in_files()

    def search_table(self, schema, table, columns):
        """Return the columns of a table in which the person is found.

        The number is found in any spelling, by its digits.

        :param list columns: pairs of a name and a type
        """
        texts = [
            SQL("encode(%s, 'escape')" if kind == "bytea" else "%s::text", column)
            for column, kind in ((SQL.identifier(name), kind) for name, kind in columns)
        ]
        tests = SQL(", ").join(
            SQL(
                "bool_or(%(text)s ILIKE %(word)s"
                " OR regexp_replace(%(text)s, %(between)s, '', 'g') LIKE %(digits)s)",
                text=text,
                word=f"%{WORD}%",
                between=SEPARATORS,
                digits=f"%{DIGITS}%",
            )
            for text in texts
        )
        [row] = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE (%s) IS NOT TRUE",
                tests,
                SQL.identifier(schema, table),
                ALLOWED_ROWS.get(table, SQL("FALSE")),
            )
        )
        return [name for (name, _), is_in in zip(columns, row, strict=True) if is_in]

    def find_in_files(self):
        """Return ``("file", model)`` of the attachments that contain the person."""
        attachments = self.env["ir.attachment"].search(
            [("res_model", "!=", "ir.ui.view"), ("id", "!=", 0)]
        )
        return {
            ("file", attachment.res_model)
            for attachment in attachments
            if any(map(self.is_in_file, self.unpack(attachment.raw or b"")))
        }

    def unpack(self, data):
        """Yield a file's content, and those of the files in a ZIP archive."""
        yield data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from map(archive.read, archive.namelist())

    @staticmethod
    def is_in_file(data):
        """Return whether a file contains the person; a calendar's lines are folded."""
        text = data.decode("utf-8", "ignore").lower()
        digits = re.sub(SEPARATORS, "", text)
        return WORD in text or DIGITS in digits

    # === Everything that can be done ===

    def plant(self):
        """Spread the person's number and words through every channel there is."""
        self.join_by_keyword()
        self.sign_on_paper()
        self.rate()
        self.book_visits()
        self.tell_of_outages()
        self.use_pages()
        self.import_lists()
        self.call_api()
        self.converse()
        self.send_texts()
        self.alert_colleague()
        self.env["sms.number.claim"]._note(self.company, self.person, NUMBER)
        self.export_evidence()
        self.env.flush_all()
        self.cr.precommit.run()

    def join_by_keyword(self):
        self.receive("SUPPORT", NUMBER)
        self.receive("YES", NUMBER)

    def sign_on_paper(self):
        scan = base64.b64encode(f"%PDF-1.4 {WORD} {DIGITS}".encode())
        form = self.env["sms.consent.record"].with_user(self.agent)
        form.create(
            {
                "number": "617 555 0177",
                "method": "paper",
                "purpose_ids": [(6, 0, self.purposes("alert").ids)],
                "note": f"{WORD} at the desk",
                "witness": f"{WORD} witness",
                "scan": scan,
                "scan_name": f"{WORD}.pdf",
                "res_model": self.person._name,
                "res_id": self.person.id,
            }
        ).action_record()
        stack = self.env["sms.consent.paper"].with_user(self.agent)
        line = {"name": WORD, "scan": scan, "scan_name": f"{WORD}.pdf"}
        stack = stack.create(
            {
                "purpose_ids": [(6, 0, self.purposes("appointment").ids)],
                "signed_on": "2026-03-02",
                "line_ids": [(0, 0, {**line, "number": "(617) 555-0177"})],
            }
        )
        stack.action_record()
        stack.line_ids = [(0, 0, {**line, "number": "1-617-555-0177", "scan": False})]
        stack.line_ids.action_record()
        self.assertTrue(stack.line_ids.problem)

    def book_visits(self):
        """Book a visit with an agent, and move it by the person's text."""
        start = datetime.combine(fields.Date.today(), datetime.min.time())
        start += timedelta(days=8 - start.weekday(), hours=16)
        self.agent.partner_id.email = "agent@example.com"
        self.visit = self.env["calendar.event"].with_user(self.manager)
        self.visit = self.visit.create(
            {
                "name": "Mend the printer",
                "start": start,
                "stop": start + timedelta(hours=1),
                "user_id": self.agent.id,
                "technician_id": self.agent.id,
                "ticket_id": self.person_ticket.id,
                "partner_ids": [(6, 0, (self.person | self.agent.partner_id).ids)],
            }
        )
        self.run_reminders()
        for body in ("2", f"1, says {WORD}"):
            self.receive(body, NUMBER)
            self.run_outbox()
        self.assertNotEqual(self.visit.start, start, "it was moved by text")

    def run_reminders(self):
        """Make all planned reminders due, and send them."""
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()
        planned = self.env["sms.reminder"].search([("state", "=", "planned")])
        planned.due_at = fields.Datetime.now() - timedelta(minutes=1)
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder"))
        self.run_outbox()

    def tell_of_outages(self):
        """Broadcast an incident to a subscribed person, who mutes it."""
        area = {"name": "Denver", "cities": "Denver", "takes_subscribers": True}
        area = self.env["sms.area"].create(area)
        self.env["sms.subscription"].with_user(self.agent).create(
            {"partner_id": self.person.id, "area_id": area.id}
        )
        incidents = self.env["sms.incident"].with_user(self.manager)
        incident = incidents.create({"name": "Outage", "area_ids": [(6, 0, area.ids)]})
        forms = self.env["sms.incident.publish"].with_user(self.manager)
        form = forms.browse(incident.action_publish()["res_id"])
        words = dict.fromkeys(("emergency_reason", "body"), "It is down")
        form.write({"is_emergency": True, **words})
        form.action_publish()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast"))
        self.run_outbox()
        self.receive("MUTE", NUMBER)
        self.assertTrue(self.env["sms.incident.mute"].search([("number", "=", NUMBER)]))

    def use_pages(self):
        self.post(
            f"/sms/join/{self.company.sms_join_key}",
            phone="617.555.0177",
            sms_agree_ticket=str(self.wording.id),
        )
        link = self.env["sms.preference.link"].sudo()
        url = link._get_urls([(self.company, NUMBER)])[self.company, NUMBER]
        page = self.get(url[len(self.company.get_base_url()) :])
        self.opener.headers["User-Agent"] = f"{WORD} browser"
        self.post(page.url, page, stop="alert")
        self.authenticate("sms-portal", "sms-portal")
        self.opener.headers["User-Agent"] = f"{WORD} browser"
        self.post(
            "/submitted/ticket",
            self.get("/new/ticket"),
            subject="Screen is black",
            description="Since noon.",
            sms_phone="(617) 555-0177",
            sms_agree_ticket=str(self.wording.id),
        )
        self.env.invalidate_all()

    def import_lists(self):
        rows = [
            make_row(Phone="(617) 555-0177", Name=f"{WORD} one", Evidence=WORD),
            make_row(Phone="+1 617 555 0177", Name=f"{WORD} two", Date="soon"),
            make_row(3, Name="Neighbour", Date="soon"),
        ]
        for is_imported in (True, False):
            job = self.env["sms.consent.import"].with_user(self.manager)
            job = job.create(
                {
                    "file": base64.b64encode(make_csv(rows)),
                    "file_name": "crm.csv",
                    "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                    "date_order": "ymd",
                    "tz": "UTC",
                }
            )
            job.action_check()
            if is_imported:
                job.action_import()
                self.assertEqual((job.state, job.wrong_count), ("done", 2))
                self.done_job = job
            else:
                self.open_job = job

    def call_api(self):
        self.env["sms.consent.api"].with_user(self.agent).record_consent(
            NUMBER,
            ["ticket"],
            "phone",
            "2026-03-02T09:00:00Z",
            f"{WORD} wording",
            f"{WORD} source",
            f"{WORD}-17",
            name=WORD,
        )

    def converse(self):
        self.receive(f"The {WORD} printer jams again", NUMBER)
        self.receive("I want to cancel", NUMBER)
        self.receive(f"I want to cancel, {WORD}", NUMBER)
        reviews = self.env["sms.consent.review"].search([("number", "=", NUMBER)])
        self.assertTrue(reviews)
        for review in reviews:
            review.deadline = "2026-01-05"
        self.env["sms.consent.review"]._remind()
        reviews.activity_ids[:1].action_feedback(feedback=f"{WORD} was read")
        reviews[0].with_user(self.manager).note = f"Asked {WORD}"
        reviews.with_user(self.manager).action_conversation()
        self.env["sms.virtual.phone"].with_user(self.agent).send_text(
            NUMBER, f"From the {WORD} phone"
        )

    def send_texts(self):
        tickets = self.person_ticket.with_user(self.agent)
        composer = Form(
            self.env["sms.composer"]
            .with_user(self.agent)
            .with_context(**tickets.action_send_sms()["context"])
        )
        composer.body = f"Is the {WORD} well?"
        composer.save().action_send_sms()
        composer = self.env["sms.composer"].with_user(self.administrator)
        composer.create(
            {"composition_mode": "numbers", "numbers": NUMBER, "body": f"{WORD} offer"}
        ).action_send_sms()
        composer.create(
            {
                "composition_mode": "mass",
                "res_model": "helpdesk.ticket",
                "res_ids": repr(self.person_ticket.ids),
                "body": f"To all: {WORD}",
                "mass_keep_log": True,
            }
        ).action_send_sms()
        self.run_outbox()
        self.person_ticket._message_sms(f"{WORD} waits")

    def rate(self):
        """Rate a ticket, as the person."""
        self.team.sms_ask_rating = True
        ticket = self.make_ticket(self.person, team_id=self.team.id)
        ticket.with_user(self.agent).stage_id = self.closed_stage
        self.run_outbox()
        self.receive(f"5, the {WORD} is happy", NUMBER)

    def alert_colleague(self):
        """Raise an alert for a colleague with the same phone, who acknowledges it."""
        groups = "helpdesk_mgmt.group_helpdesk_user_own"
        colleague = new_test_user(self.env, "sms-twin", groups=groups)
        colleague.partner_id.write({"phone": NUMBER, "country_id": self.country.id})
        self.record_consent(NUMBER, "internal")
        self.env["sms.oncall.shift"].create(
            {"team_id": self.team.id, "user_id": colleague.id}
        )
        self.env["sms.team.alert"]._raise(self.team, "Server 4 offline.")
        self.run_outbox()
        self.receive("1", NUMBER)

    def export_evidence(self):
        wizard = self.env["sms.evidence.wizard"].with_user(self.compliance_officer)
        wizard.create({"numbers": NUMBER, "kind": "packet"}).action_make()
        audits = self.env["sms.evidence.audit"].with_user(self.compliance_officer)
        audits.create({"date_from": "2020-01-01"}).action_make()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_evidence_audit"))
        self.assertEqual(audits.search([]).state, "ready")


class TestEverywhere(ErasureCase):
    """Whatever identified the person is gone from the whole database."""

    def test_nothing_is_found_of_an_erased_person(self):
        self.plant()
        before = self.find_everywhere()
        for place in (
            ("sms_sms", "body"),
            ("sms_sms", "number"),
            ("sms_inbound", "raw"),
            ("mail_message", "body"),
            ("mail_notification", "sms_number"),
            ("sms_consent_evidence", "note"),
            ("sms_consent_review", "body"),
            ("sms_consent_import_row", "cells"),
            ("sms_consent_import_column", "sample"),
            ("sms_consent_paper_line", "number"),
            ("sms_preference_link", "number"),
            ("helpdesk_ticket", "partner_phone"),
            ("bus_bus", "message"),
            ("file", "sms.consent.evidence"),
            ("file", "sms.consent.import"),
            ("sms_evidence_wizard", "numbers"),
            ("calendar_event", "description"),
            ("mail_mail", "body_html"),
            ("mail_message", "email_from"),
            ("mail_message", "reply_to"),
            ("rating_rating", "feedback"),
            ("sms_broadcast_recipient", "number"),
            ("sms_incident_mute", "number"),
            ("sms_number_claim", "number"),
            ("sms_question", "number"),
            ("sms_subscription", "number"),
            ("sms_team_alert_entry", "number"),
        ):
            self.assertIn(place, before, "this flow has planted nothing")
        self.erase()
        self.assertFalse(
            self.find_everywhere() - ALLOWED.keys(), "columns that hold the person"
        )
        self.assertFalse(
            self.env["sms.evidence.audit"].search([]), "files may be zipped"
        )

    def test_nothing_is_found_of_the_words_of_a_ticket(self):
        """Their text is its title, which Odoo copies."""
        self.person_ticket.active = False
        ticket = self.receive(f"The {WORD} fax jams", NUMBER).ticket_id
        self.agent.partner_id.email = "agent@example.com"
        ticket.with_user(self.manager).user_id = self.agent
        ticket.activity_schedule("mail.mail_activity_data_todo", user_id=self.agent.id)
        self.team.sms_ask_rating = True
        ticket.team_id = self.team
        self.record_consent(NUMBER)
        ticket.with_user(self.agent).stage_id = self.closed_stage
        self.run_outbox()
        self.receive("5", NUMBER)
        self.env.flush_all()
        before = self.find_everywhere()
        for place in (("rating_rating", "res_name"), ("mail_activity", "res_name")):
            self.assertIn(place, before)
        self.erase()
        self.assertFalse(self.find_everywhere() - ALLOWED.keys())

    def test_a_column_of_tomorrow_is_searched_too(self):
        """In any table, of any type, however the number is spelled."""
        self.cr.execute(
            "CREATE SCHEMA later; CREATE TABLE later.tomorrow"
            " (one varchar, two jsonb, three text[], four bytea, five xml, six text)"
        )
        self.cr.execute(
            "INSERT INTO later.tomorrow VALUES (%s, %s, %s, %s, %s, %s)",
            [
                "+1 617-555-0177",
                '{"to": "(617)\\u00a0555-0177"}',
                ["16175550177"],
                b"6175550177",
                "<a href='tel:617.555.0177'/>",
                "617 555 0178",
            ],
        )
        found = {place for place in self.find_everywhere() if place[0] == "tomorrow"}
        columns = ("one", "two", "three", "four", "five")
        self.assertEqual(found, {("tomorrow", column) for column in columns})

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo.tests import Form
from odoo.tools import SQL

from ..common import phone_number
from ..consent.common import make_csv, make_row
from ..web import WebCase

#: A word that nothing else in the database holds; whatever the person says has it.
WORD = "quokka"
NUMBER = phone_number(777)
DIGITS = NUMBER[2:]

#: Where the person may still be found, and why. The erasure says so beforehand.
ALLOWED = {
    ("res_partner", "phone"): "the contact is the helpdesk's",
    ("res_partner", "phone_sanitized"): "the contact is the helpdesk's",
    ("mail_tracking_value", "old_value_char"): "the contact's own history",
    ("mail_tracking_value", "new_value_char"): "the contact's own history",
}

#: Columns that cannot hold what a person says, by their types.
TEXT_TYPES = ("text", "character varying", "json", "jsonb", "ARRAY", "bytea")


class ErasureCase(WebCase):
    """A person whose number and words are everywhere, and an officer who erases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.portal_user.partner_id
        cls.person.write({"phone": "(617) 555-0177", "country_id": cls.country.id})
        cls.person_ticket = cls.make_ticket(cls.person)
        cls.company.sms_join_page = True

    def open_wizard(self, user=None, **values):
        """Return the filled form of an erasure."""
        wizards = self.env["sms.erasure.wizard"].with_user(
            user or self.compliance_officer
        )
        return wizards.create(
            {"number": NUMBER, "reason": "Letter 117", "is_checked": True, **values}
        )

    def erase(self, **values):
        """Erase the person as a compliance officer does; return the record of it."""
        action = self.open_wizard(**values).action_erase()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["sms.erasure"].search(action["domain"])

    def find_everywhere(self):
        """Return where in the database the person's number or words are.

        :return: set of ``(table, column)``; files count as ``("file", model)``
        """
        self.env.flush_all()
        self.cr.precommit.run()
        self.cr.execute(
            """
            SELECT columns.table_name, array_agg(columns.column_name::text)
              FROM information_schema.columns
              JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
               AND data_type = ANY(%s)
          GROUP BY columns.table_name
            """,
            [list(TEXT_TYPES)],
        )
        found = set()
        for table, columns in self.cr.fetchall():
            found |= {(table, column) for column in self.search_table(table, columns)}
        return found | self.find_in_files()

    def search_table(self, table, columns):
        """Return the columns of a table in which the person is."""
        tests = SQL(", ").join(
            SQL(
                r"bool_or(%(text)s ILIKE %(word)s OR %(text)s LIKE %(number)s"
                r" OR regexp_replace(%(text)s, '[-() .]', '', 'g') LIKE %(digits)s)",
                text=SQL("%s::text", SQL.identifier(column)),
                word=f"%{WORD}%",
                number=f"%{NUMBER}%",
                digits=f"%{DIGITS}%",
            )
            for column in columns
        )
        [row] = self.env.execute_query(
            SQL("SELECT %s FROM %s", tests, SQL.identifier(table))
        )
        return [column for column, is_in in zip(columns, row, strict=True) if is_in]

    def find_in_files(self):
        """Return in whose attachments the person is."""
        attachments = self.env["ir.attachment"].search(
            [("res_model", "!=", "ir.ui.view"), ("id", "!=", 0)]
        )
        return {
            ("file", attachment.res_model)
            for attachment in attachments
            if WORD.encode() in (attachment.raw or b"").lower()
            or DIGITS.encode() in (attachment.raw or b"")
        }

    # === Everything that can be done ===

    def plant(self):
        """Let the person's number and words come in by every way there is."""
        self.join_by_keyword()
        self.sign_on_paper()
        self.use_pages()
        self.import_lists()
        self.call_api()
        self.converse()
        self.send_texts()
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
        self.receive("stop it", NUMBER)
        self.receive(f"stop it, {WORD}", NUMBER)
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

    def export_evidence(self):
        wizard = self.env["sms.evidence.wizard"].with_user(self.compliance_officer)
        wizard.create({"numbers": NUMBER, "kind": "packet"}).action_make()
        audits = self.env["sms.evidence.audit"].with_user(self.compliance_officer)
        audits.create({"date_from": "2020-01-01"}).action_make()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_evidence_audit"))
        self.assertEqual(audits.search([]).state, "ready")


class TestEverywhere(ErasureCase):
    """The heart: what identified the person is nowhere any more."""

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
        ):
            self.assertIn(place, before, "this flow has planted nothing")
        self.erase()
        self.assertLessEqual(self.find_everywhere(), ALLOWED.keys())
        self.assertFalse(
            self.env["sms.evidence.audit"].search([]), "files may be zipped"
        )

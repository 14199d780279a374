# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import runpy

from odoo.tests import tagged
from odoo.tools import SQL

from ..appointment.common import AppointmentCase
from ..common import phone_number
from ..core.common import SCRIPTS
from .common import ErasureCase

COLLEAGUE = phone_number(5)
LINK = 'href="tel:'


@tagged("post_install", "-at_install")
class TestVisits(ErasureCase, AppointmentCase):
    """Odoo copies numbers into appointments and their invitations."""

    def setUp(self):
        super().setUp()
        self.agent.partner_id.write({"email": "a@example.com", "phone": COLLEAGUE})
        self.visit = self.plan_visit()

    def plan_visit(self, partner=None, **values):
        """Return a visit that a manager has booked for the agent, who is invited."""
        partners = (partner or self.customer) | self.agent.partner_id
        values = {
            "user_id": self.agent.id,
            "technician_id": self.agent.id,
            "partner_ids": [(6, 0, partners.ids)],
            **values,
        }
        return self.book(user=self.manager, **values).with_env(self.env)

    def find_invitations(self, visit=None):
        """Return the messages of a visit with calendar files attached."""
        messages = (visit or self.visit)._get_sms_messages()
        return messages.filtered("attachment_ids")

    def assertNamed(self, visit, number, is_named=True):
        """Assert that a number occurs in a visit, or that it does not."""
        messages = visit._get_sms_messages()
        mails = self.env["mail.mail"].search([("mail_message_id", "in", messages.ids)])
        texts = [
            visit.description,
            *messages.mapped("body"),
            *mails.mapped("body_html"),
            *(it.raw.decode().replace("\r\n ", "") for it in messages.attachment_ids),
        ]
        found = [number in (text or "") for text in texts]
        self.assertIs(any(found), is_named)
        if is_named:
            self.assertTrue(found[0])

    def test_the_number_goes_and_a_colleagues_stays(self):
        self.assertNamed(self.visit, self.number)
        self.assertTrue(self.find_invitations())
        self.erase()
        self.assertNamed(self.visit, self.number, is_named=False)
        self.assertNamed(self.visit, COLLEAGUE)
        self.assertIn("Dana Customer", self.visit.description)
        self.assertFalse(self.find_invitations())

    def test_it_is_counted_once(self):
        counts = dict(map(reversed, self.erasures._count(self.company, [self.number])))
        self.assertEqual(counts["Appointments: the number in their details"], 1)
        self.erase()
        self.assertFalse(self.erasures._count(self.company, [self.number]))

    def test_what_a_colleague_has_written_stays(self):
        self.visit.description = f"<p>Ring {self.number}</p>{self.visit.description}"
        self.erase()
        self.assertIn(f"Ring {self.number}", self.visit.description)
        self.assertNotIn(f"{LINK}{self.number}", self.visit.description)

    def test_an_invitation_goes_though_its_visit_was_edited(self):
        self.visit.description = "<p>By the back door</p>"
        self.erase()
        self.assertNamed(self.visit, self.number, is_named=False)
        self.assertFalse(self.find_invitations())

    def test_a_visit_of_a_contact_that_is_gone(self):
        self.customer.phone = False
        self.erase()
        self.assertNamed(self.visit, self.number, is_named=False)

    def test_however_it_is_spelled(self):
        for spelling in ("(303) 555-0100", "+1 303-555-0100", "303.555.0100"):
            with self.subTest(spelling):
                self.customer.phone = spelling
                visit = self.plan_visit()
                self.assertNamed(visit, spelling)
                self.erase()
                self.assertNamed(visit, spelling, is_named=False)

    def test_another_person_and_another_company_are_not_touched(self):
        theirs = self.plan_visit(self.neighbour, ticket_id=False)
        self.ticket.company_id = self.make_company("Other")
        self.settle()
        self.assertNotEqual(self.visit.sms_company_id, self.company)
        self.erase()
        self.assertNamed(theirs, self.neighbour.phone_sanitized)
        self.assertNamed(self.visit, self.number)

    def test_who_was_erased_before_is_forgotten_by_the_upgrade(self):
        """But not somebody who has returned since."""
        kept = self.visit.description
        self.erase()
        theirs = self.plan_visit(self.neighbour)
        self.erase(self.neighbour.phone_sanitized)
        for visit in (self.visit, theirs):
            visit.description = kept.replace(
                self.number, visit.sms_customer_id.phone_sanitized
            )
        self.record_consent(self.neighbour.phone_sanitized)
        self.settle()
        script = runpy.run_path(str(SCRIPTS / "19.0.1.7.0/post-erased-visits.py"))
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.6.0")
            self.assertNamed(self.visit, self.number, is_named=False)
            self.assertIn(self.neighbour.phone_sanitized, theirs.description)


@tagged("post_install", "-at_install")
class TestReplies(ErasureCase):
    """Without an e-mail address Odoo uses the number as the reply-to address."""

    def test_texts_that_were_erased_before_are_mended(self):
        message = self.receive("Hello").mail_message_id
        self.assertEqual(message.reply_to, message.email_from)
        spared = self.post_on(self.ticket, "Ours", email_from="it@example.com")
        self.env.flush_all()
        self.cr.execute(
            SQL("UPDATE mail_message SET email_from = NULL WHERE id = %s", message.id)
        )
        script = runpy.run_path(str(SCRIPTS / "19.0.1.7.0/post-erased-replies.py"))
        script["migrate"](self.cr, "19.0.1.6.0")
        self.env.invalidate_all()
        self.assertFalse(message.reply_to)
        self.assertEqual(spared.reply_to, "it@example.com")

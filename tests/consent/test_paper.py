# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
from datetime import date, datetime, timedelta

from PIL import Image

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ...models.consent.sms_consent_paper import KEEP_EMPTY
from ...tools import media
from ..common import SmsCase, phone_number

PDF = b"%PDF-1.4 signed by "


def make_scan(name="Dana"):
    """Return a scan as a browser sends it."""
    return base64.b64encode(PDF + name.encode()).decode()


def make_picture(shade):
    """Return a scan as a JPEG that is larger than Odoo's limit for resizing."""
    stream = io.BytesIO()
    Image.new("L", (2480, 40), shade).save(stream, "JPEG")
    return stream.getvalue()


@tagged("post_install", "-at_install")
class PaperCase(SmsCase):
    """Common base: an agent with a stack of signed forms."""

    def make_stack(self, *lines, user=None, **values):
        """Return a new stack; each line is valid except for the given changes."""
        stacks = self.env["sms.consent.paper"].with_user(user or self.agent)
        return stacks.create(
            {
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                "signed_on": "2026-03-02",
                "witness": "Alex at the desk",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "number": phone_number(index),
                            "name": f"Customer {index}",
                            "scan": make_scan(str(index)),
                            "scan_name": f"form {index}.pdf",
                            **changes,
                        },
                    )
                    for index, changes in enumerate(lines)
                ],
                **values,
            }
        )

    def events(self, number=None):
        """Return the ledger's events, of a number or of all, oldest first."""
        domain = [("number", "=", number)] if number else []
        return self.env["sms.consent.event"].search(domain, order="id")


class TestRecord(PaperCase):
    """A signed form is recorded in the ledger, with its scan as evidence."""

    def test_a_form_is_entered_with_its_scan(self):
        stack = self.make_stack(
            {"partner_id": self.customer.id, "name": "Dana Customer"}
        )
        stack.action_record()
        self.assertRecordValues(
            self.events(),
            [
                {
                    "company_id": self.company.id,
                    "number": self.number,
                    "name": "Dana Customer",
                    "event": "granted",
                    "method": "paper",
                    "purpose_id": self.purposes("ticket").id,
                    "happened_at": datetime(2026, 3, 2),
                    "user_id": self.agent.id,
                    "res_model": "res.partner",
                    "res_id": self.customer.id,
                }
            ],
        )
        evidence = self.events().sudo().evidence_id
        self.assertEqual(evidence.witness, "Alex at the desk")
        self.assertEqual(evidence.attachment_ids.name, "form 0.pdf")
        self.assertEqual(evidence.attachment_ids.raw, PDF + b"0")
        self.assertTrue(evidence._files_hold())
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_the_scan_is_for_compliance_alone(self):
        self.make_stack({}).action_record()
        scan = self.events().sudo().evidence_id.attachment_ids
        self.assertTrue(scan.with_user(self.compliance_officer).has_access("read"))
        for user in (self.agent, self.own_agent, self.manager, self.employee):
            with self.subTest(user=user.login):
                self.assertFalse(scan.with_user(user).has_access("read"))

    def test_what_is_recorded_leaves_the_stack(self):
        """With all personal data, including the scan."""
        stack = self.make_stack({}, {})
        attachments = self.env["ir.attachment"].sudo()
        domain = [
            ("res_model", "=", "sms.consent.paper.line"),
            ("res_field", "=", "scan"),
        ]
        self.assertEqual(attachments.search_count(domain), 2)
        stack.action_record()
        self.assertEqual(attachments.search_count(domain), 0)
        self.assertEqual((stack.line_count, stack.recorded_count), (0, 2))

    def test_words_that_are_published_name_their_version(self):
        both = self.purposes("ticket", "alert")
        stack = self.make_stack(
            {}, {"purpose_ids": [(6, 0, self.purposes("alert").ids)]},
            purpose_ids=[(6, 0, both.ids)],
        )  # fmt: skip
        self.assertIn("outages", stack.wording)
        stack.action_record()
        versions = self.env["sms.wording"]._get_published(self.company, both)
        self.assertEqual(len(self.events()), 3)
        for event in self.events():
            self.assertIn(event.wording_id, versions)
            self.assertEqual(event.wording_id.purpose_id, event.purpose_id)
        self.assertNotIn("tickets", self.events(phone_number(1)).wording)

    def test_words_that_were_superseded_before_the_forms_are_recorded(self):
        both = self.purposes("ticket", "alert")
        stack = self.make_stack(
            {}, {"purpose_ids": [(6, 0, self.purposes("alert").ids)]},
            purpose_ids=[(6, 0, both.ids)],
        )  # fmt: skip
        versions = self.env["sms.wording"]._get_published(self.company, both)
        for version in versions:
            version.copy({"body": f"{version.body} Thank you."}).action_publish()
        stack.action_record()
        self.assertEqual(self.events().wording_id, versions)
        alone = self.events(phone_number(1))
        self.assertEqual(alone.wording_id.purpose_id, self.purposes("alert"))
        self.assertNotIn("tickets", alone.wording)
        self.assertNotIn("Thank you", alone.wording)

    def test_words_that_were_typed_in_are_on_every_form(self):
        stack = self.make_stack(
            {}, {"purpose_ids": [(6, 0, self.purposes("alert").ids)]},
            wording="I agree to texts.",
        )  # fmt: skip
        stack.action_record()
        self.assertEqual(set(self.events().mapped("wording")), {"I agree to texts."})
        self.assertFalse(self.events().wording_id)

    def test_a_day_begins_where_the_agent_is(self):
        self.agent.tz = "America/Denver"
        self.make_stack({}).action_record()
        self.assertEqual(self.events().happened_at, datetime(2026, 3, 2, 7))

    def test_a_form_alone(self):
        stack = self.make_stack({}, {})
        stack.line_ids[1].action_record()
        self.assertEqual(self.events().number, phone_number(1))
        self.assertEqual((stack.line_count, stack.recorded_count), (1, 1))


class TestErrors(PaperCase):
    """Lines that cannot be recorded stay, with the reason."""

    def check(self, words, count=0, **changes):
        """Check that a line stays with these words, and how many events there are."""
        stack = self.make_stack(changes)
        stack.action_record()
        self.assertRegex(stack.line_ids.problem or "", words)
        self.assertEqual(len(self.events()), count)

    def test_what_is_missing_or_wrong(self):
        tomorrow = fields.Date.today() + timedelta(days=2)
        html = base64.b64encode(b"<html>I agree</html>")
        large = base64.b64encode(PDF + b"." * media.MAX_SCAN_BYTES)
        for words, changes in (
            ("Attach the scan", {"scan": False}),
            ("“form 0.pdf” is not a scan", {"scan": html}),
            ("has 15 MB; at most 15 MB", {"scan": large}),
            ("is not a phone number", {"number": "call me"}),
            ("is not a phone number", {"number": False}),
            ("date on which it was signed", {"signed_on": False}),
            ("in the future", {"signed_on": tomorrow}),
            ("Choose what the person agreed to", {"purpose_ids": [(5, 0, 0)]}),
        ):
            with self.subTest(words=words):
                self.check(words, **changes)

    def test_a_stack_is_recorded_but_for_what_is_wrong(self):
        stack = self.make_stack({}, {"number": "call me"}, {}, {"scan": False}, {})
        action = stack.action_record()
        self.assertIn("3 recorded. 2 left", action["params"]["message"])
        self.assertEqual(
            (stack.recorded_count, stack.line_count, stack.problem_count), (3, 2, 2)
        )
        self.assertEqual(stack.line_ids[1].name, "Customer 3")
        stack.line_ids[0].number = phone_number(1)
        stack.line_ids[1].scan = make_scan("3")
        stack.action_record()
        self.assertEqual((stack.recorded_count, stack.line_count), (5, 0))
        self.assertEqual(len(self.events()), 5)

    def test_a_form_from_before_a_stop(self):
        self.receive("STOP")
        self.check("opted out on .* after this consent", count=1)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_a_form_of_the_day_of_a_stop(self):
        self.record_consent(event="revoked", happened_at=datetime(2026, 3, 2, 10))
        self.check("opted out", count=1)

    def test_a_form_from_after_a_stop(self):
        self.record_consent(event="revoked", happened_at=datetime(2026, 3, 1, 10))
        self.make_stack({}).action_record()
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_a_form_from_before_another_holder(self):
        self.record_consent(happened_at=datetime(2026, 2, 1))
        gone_at = datetime(2026, 3, 2, 10)
        self.record_consent(event="expired", method="reassigned", happened_at=gone_at)
        self.check("another holder since .* ask the person", count=2)
        self.assertEqual(self.ticket.sms_consent_state, "none")
        self.make_stack({"signed_on": "2026-03-03"}).action_record()
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_two_scans_of_one_sheet(self):
        self.make_stack({}).action_record()
        self.check("in the ledger already", count=1)
        stack = self.make_stack(
            {"number": phone_number(5)}, {"number": phone_number(5)}
        )
        stack.action_record()
        self.assertEqual((stack.recorded_count, stack.line_count), (1, 1))

    def test_a_line_can_be_saved_with_nothing_in_it(self):
        stack = self.make_stack()
        stack.line_ids = [(0, 0, {})]
        self.assertEqual(stack.line_ids.purpose_ids, self.purposes("ticket"))
        self.assertEqual(stack.line_ids.signed_on, date(2026, 3, 2))


class TestScreen(PaperCase):
    """The screen saves typing."""

    def test_a_line_takes_what_the_stack_and_the_contact_know(self):
        form = Form(self.env["sms.consent.paper"].with_user(self.agent))
        self.assertEqual(form.witness, self.agent.name)
        form.purpose_ids.add(self.purposes("ticket"))
        form.signed_on = date(2026, 3, 2)
        with form.line_ids.new() as line:
            line.partner_id = self.customer
            self.assertEqual((line.number, line.name), (self.number, "Dana Customer"))
        with form.line_ids.new() as line:
            line.number = phone_number(1)
        stack = form.save()
        self.assertEqual(set(stack.line_ids.mapped("signed_on")), {date(2026, 3, 2)})
        self.assertEqual(stack.line_ids.purpose_ids, self.purposes("ticket"))

    def test_a_date_that_was_typed_stays_when_the_stacks_changes(self):
        """It is the day of that person's consent."""
        stack = self.make_stack({}, {}, {"signed_on": "2026-02-11"})
        with Form(stack) as form:
            with form.line_ids.edit(0) as line:
                line.signed_on = date(2026, 2, 10)
            form.signed_on = date(2026, 3, 3)
            form.signed_on = date(2026, 3, 4)
        days = [date(2026, 2, 10), date(2026, 3, 4), date(2026, 2, 11)]
        self.assertEqual(stack.line_ids.mapped("signed_on"), days)

    def test_purposes_that_were_unticked_for_one_form_stay_unticked(self):
        """Its signer has not agreed to them."""
        ticket, alert = self.purposes("ticket"), self.purposes("alert")
        appointment = self.purposes("appointment")
        stack = self.make_stack({}, {}, purpose_ids=[(6, 0, (ticket | alert).ids)])
        with Form(stack) as form:
            with form.line_ids.edit(0) as line:
                line.purpose_ids.remove(alert.id)
            form.purpose_ids.add(appointment)
        first, second = stack.line_ids
        self.assertEqual(first.purpose_ids, ticket)
        self.assertEqual(second.purpose_ids, ticket | alert | appointment)
        form = Form(self.env["sms.consent.paper"].with_user(self.agent))
        with form.line_ids.new() as line:
            line.number = self.number
        form.purpose_ids.add(ticket)
        form.purpose_ids.add(alert)
        with form.line_ids.edit(0) as line:
            self.assertEqual(set(line.purpose_ids.ids), set((ticket | alert).ids))
            line.purpose_ids.remove(alert.id)
        form.purpose_ids.add(appointment)
        self.assertEqual(form.save().line_ids.purpose_ids, ticket)

    def test_a_number_goes_with_the_contact_that_it_was_taken_from(self):
        """Or a consent of one person would be recorded for another's number."""
        others = (self.make_customer(False, "Nina None"), self.customer.browse())
        for other in others:
            form = Form(self.env["sms.consent.paper"].with_user(self.agent))
            with self.subTest(other.name), form.line_ids.new() as line:
                line.partner_id = self.customer
                self.assertEqual(line.number, self.number)
                line.partner_id = other
                self.assertFalse(line.number)
                self.assertEqual(line.name, other.name)
                line.partner_id = self.customer
            stack = form.save()
            with self.subTest(other.name, is_saved=True):
                with Form(stack) as form, form.line_ids.edit(0) as line:
                    self.assertEqual(line.number, self.number)
                    line.partner_id = other
                self.assertRecordValues(
                    stack.line_ids, [{"number": False, "name": other.name}]
                )

    def test_a_contact_abroad_brings_the_number_of_their_country(self):
        """Read in the company's country, it is that of somebody else."""
        india = self.env.ref("base.in")
        person = self.make_customer("91234 56789", "Indira", country_id=india.id)
        with Form(self.make_stack()) as form, form.line_ids.new() as line:
            line.partner_id = person
            self.assertEqual(line.number, "+919123456789")
            line.partner_id = self.customer
            self.assertEqual(line.number, self.number)

    def test_a_number_that_was_typed_stays(self):
        other = self.make_customer(False, "Nina None")
        with Form(self.make_stack()) as form, form.line_ids.new() as line:
            line.number = phone_number(1)
            line.partner_id = other
            self.assertEqual(line.number, phone_number(1))
            line.partner_id = self.customer
            line.number = phone_number(2)
            line.name = "Dana C."
            line.partner_id = self.customer.browse()
            self.assertEqual((line.number, line.name), (phone_number(2), "Dana C."))

    def test_each_file_that_is_added_becomes_a_line(self):
        stack = self.make_stack()
        files = self.env["ir.attachment"].with_user(self.agent)
        files = files.create(
            [
                {"name": name, "raw": PDF + name.encode(), "res_model": stack._name}
                for name in ("b.pdf", "a.pdf")
            ]
        )
        stack.upload_ids = files
        stack.action_add_scans()
        self.assertEqual(stack.line_ids.mapped("scan_name"), ["a.pdf", "b.pdf"])
        self.assertEqual(base64.b64decode(stack.line_ids[0].scan), PDF + b"a.pdf")
        self.assertFalse(stack.upload_ids or files.exists())

    def test_a_large_scan_is_kept_as_it_was_uploaded(self):
        """Also one that is put into a line, or replaces another there."""
        first, second, third = (make_picture(shade) for shade in (0, 100, 200))
        stack = self.make_stack({"scan": base64.b64encode(first)}, {})
        stack.line_ids[1].scan = base64.b64encode(second)
        uploads = self.env["ir.attachment"].with_user(self.agent)
        stack.upload_ids = uploads.create(
            {"name": "third.jpg", "raw": third, "res_model": stack._name}
        )
        stack.line_ids[2].number = phone_number(2)
        stack.action_record()
        scans = self.events().sudo().evidence_id.attachment_ids
        self.assertEqual(set(scans.mapped("raw")), {first, second, third})

    def test_the_scan_can_be_looked_at(self):
        line = self.make_stack({}).line_ids
        self.assertIn(f"/{line.id}/scan", line.action_view_scan()["url"])

    def test_an_empty_stack_goes_by_and_by(self):
        empty, full = self.make_stack(), self.make_stack({})
        self.env.flush_all()
        long_ago = fields.Datetime.now() - KEEP_EMPTY - timedelta(days=1)
        self.cr.execute("UPDATE sms_consent_paper SET write_date = %s", [long_ago])
        self.env.invalidate_all()
        self.env["sms.consent.paper"]._gc_recorded()
        self.assertEqual((empty + full).exists(), full)


class TestWhoRecords(PaperCase):
    """Helpdesk users record their own stacks, and managers see all."""

    def test_every_helpdesk_user_may(self):
        users = (self.own_agent, self.team_agent, self.agent, self.manager)
        for index, user in enumerate(users):
            stack = self.make_stack({"number": phone_number(index)}, user=user)
            stack.action_record()
            with self.subTest(user=user.login):
                self.assertEqual(self.events()[-1].user_id, user)

    def test_nobody_else_may(self):
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.make_stack({}, user=user)

    def test_a_stack_of_somebody_else_is_the_managers_to_see(self):
        stack = self.make_stack({})
        for records in (stack, stack.line_ids):
            self.assertFalse(records.with_user(self.own_agent).has_access("read"))
            self.assertTrue(records.with_user(self.manager).has_access("read"))
        with self.assertRaises(AccessError):
            stack.line_ids.with_user(self.own_agent).action_record()

    def test_a_form_is_not_put_into_the_stack_of_somebody_else(self):
        """They would record it unseen, under their words and in their name."""
        other = self.make_stack({}, user=self.agent)
        mine = self.make_stack({}, user=self.own_agent)
        with self.assertRaises(AccessError):
            mine.line_ids.write({"paper_id": other.id})
        self.assertEqual(len(other.line_ids), 1)

    def test_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            self.make_stack({}, company_id=company.id)

    def test_the_count_is_not_to_be_set(self):
        with self.assertRaises(AccessError):
            self.make_stack({}).recorded_count = 5

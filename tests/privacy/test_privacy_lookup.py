# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import phone_number
from .common import NEIGHBOUR, ErasureCase

LOOKUP = "privacy.lookup.wizard"
#: Models with personal data that Odoo's lookup lists and deletes by itself.
HOSTS = {"calendar.event", "helpdesk.ticket", "mail.notification"}


class LookupCase(ErasureCase):
    """An administrator who is a compliance officer; a customer with an e-mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "dana@example.com"
        cls.officer = new_test_user(
            cls.env,
            "sms-officer",
            groups="base.group_system,helpdesk_mgmt_sms.group_sms_compliance",
            company_id=cls.company.id,
        )

    def look_up(self, user=None, name="Dana Customer", email="dana@example.com"):
        """Look up a person; return the wizard."""
        wizards = self.env[LOOKUP].with_user(user or self.officer)
        wizard = wizards.create({"name": name, "email": email})
        wizard.action_lookup()
        return wizard

    def lines(self, wizard, *model_names):
        """Return the lines of some models, or all lines of ours."""
        if not model_names:
            return wizard.line_ids.filtered(lambda line: line._is_sms_personal())
        return wizard.line_ids.filtered(lambda line: line.res_model in model_names)

    def records(self, wizard):
        """Return our records among the lines: set of ``(model, id)``."""
        return {(line.res_model, line.res_id) for line in self.lines(wizard)}

    def consent(self, number=None, company=None):
        """Return the newest answer of a number."""
        domain = [("number", "=", number or self.number)]
        domain += [("company_id", "=", (company or self.company).id)]
        return self.env["sms.consent"].search(domain, order="id desc", limit=1)


@tagged("post_install", "-at_install")
class TestFinding(LookupCase):
    """A person looked up by name or e-mail address is also found by number."""

    def test_one_line_for_a_number_however_much_was_said(self):
        self.record_consent(None, "ticket", "alert")
        self.assertEqual(
            self.records(self.look_up()), {("sms.consent", self.consent().id)}
        )

    def test_each_company_has_its_own_line(self):
        other = self.make_company("Other")
        for company in (self.company, other):
            self.env["sms.consent.event"]._record(
                company, self.number, "revoked", "keyword"
            )
        self.assertEqual(
            self.records(self.look_up()),
            {
                ("sms.consent", self.consent().id),
                ("sms.consent", self.consent(company=other).id),
            },
        )

    def test_a_text_of_nobody_from_the_number_of_the_contact(self):
        self.customer.phone = False
        self.receive("Hello there")
        [inbound] = self.env["sms.inbound"].search([("number", "=", self.number)])
        self.assertFalse(inbound.partner_id)
        self.assertFalse(self.records(self.look_up()))
        self.customer.phone = self.number
        self.assertEqual(self.records(self.look_up()), {("sms.inbound", inbound.id)})

    def test_nothing_is_listed_twice(self):
        """A message found by its contact is not listed again by its number."""
        self.send(partner_id=self.customer.id)
        self.send()
        listed = self.lines(self.look_up())
        self.assertEqual(len(listed), 1)
        self.assertEqual(
            self.env["sms.sms"].browse(listed.res_id).partner_id, self.customer
        )

    def test_a_former_number_is_found_by_its_texts(self):
        former = phone_number(2)
        self.record_consent(former, "ticket")
        sms = self.send(former, partner_id=self.customer.id)
        self.assertEqual(
            self.records(self.look_up()),
            {("sms.sms", sms.id), ("sms.consent", self.consent(former).id)},
        )

    def test_who_gave_consent_is_found_by_name_without_a_contact(self):
        self.record_consent(name="Paula Paper")
        wizard = self.look_up(name="paula paper", email="paula@example.com")
        self.assertEqual(self.records(wizard), {("sms.consent", self.consent().id)})

    def test_others_are_not_found(self):
        self.record_consent(NEIGHBOUR, "ticket")
        self.send(NEIGHBOUR, partner_id=self.neighbour.id)
        self.receive("Hello", NEIGHBOUR)
        self.assertFalse(self.records(self.look_up()))

    def test_who_is_erased_is_not_found(self):
        self.record_consent()
        self.text()
        self.erase()
        self.assertFalse(self.records(self.look_up()))


@tagged("post_install", "-at_install")
class TestErasing(LookupCase):
    """*Delete* is the full erasure, and says so."""

    def test_it_is_the_erasure(self):
        self.record_consent()
        sms = self.text()
        wizard = self.look_up()
        [line] = self.lines(wizard, "sms.consent")
        line.action_unlink()
        self.assertTrue(sms.exists().erased_at)
        self.assertEqual(self.events()[-1:].event, "expired")
        [erasure] = self.env["sms.erasure"].search([])
        self.assertEqual(
            (erasure.user_id, erasure.company_id, erasure.reason),
            (self.officer, self.company, "Odoo's Privacy Lookup"),
        )
        self.assertFalse(erasure.is_opt_out)

    def test_an_opt_out_goes_on_to_block(self):
        self.receive("STOP")
        [line] = self.lines(self.look_up(), "sms.consent")
        line.action_unlink()
        self.assertBlocked(self.send(), "ticket", "opted_out")

    def test_all_lines_of_the_number_are_done_and_logged(self):
        self.record_consent()
        self.text()
        self.receive("Thank you")
        wizard = self.look_up()
        lines = self.lines(wizard)
        self.assertGreaterEqual(
            set(lines.mapped("res_model")), {"sms.consent", "sms.sms", "sms.inbound"}
        )
        self.lines(wizard, "sms.sms")[:1].action_unlink()
        self.assertEqual(lines.mapped("is_unlinked"), [True] * len(lines))
        self.assertFalse(any(lines.mapped("res_name")))
        consent = self.lines(wizard, "sms.consent")
        self.assertEqual(
            consent.execution_details,
            f"Erased Text Message Consent #{consent.res_id}",
        )
        self.env.flush_all()
        self.assertIn(consent.execution_details, wizard.log_id.execution_details)
        self.assertNotIn(self.number, str(wizard.log_id.read()))
        with self.assertRaisesRegex(UserError, "already unlinked"):
            consent.action_unlink()

    def test_the_lines_of_an_earlier_lookup_do_no_harm(self):
        self.record_consent()
        earlier = self.lines(self.look_up())
        self.lines(self.look_up()).action_unlink()
        events = self.events()
        earlier.action_unlink()
        self.assertTrue(earlier.is_unlinked)
        self.assertEqual(self.events(), events)
        self.assertEqual(self.env["sms.erasure"].search_count([]), 1)

    def test_the_button_for_all(self):
        self.record_consent()
        self.text()
        wizard = self.look_up()
        self.lines(wizard).action_unlink_all()
        self.assertEqual(self.env["sms.erasure"].search_count([]), 1)
        self.assertFalse(self.records(self.look_up()))

    def test_a_paper_form_is_found_however_its_number_is_written(self):
        self.record_consent()
        paper = self.env["sms.consent.paper"].create(
            {"line_ids": [(0, 0, {"partner_id": self.customer.id})]}
        )
        paper.line_ids.number = "(303) 555-0100"
        [line] = self.lines(self.look_up(), "sms.consent.paper.line")
        line.action_unlink()
        self.assertFalse(paper.line_ids.exists())
        self.assertFalse(self.consent())

    def test_a_text_without_a_number_is_forgotten_by_itself(self):
        sms = self.send(partner_id=self.customer.id)
        sms.number = False
        [line] = self.lines(self.look_up(), "sms.sms")
        line.action_unlink()
        self.assertTrue(sms.erased_at)
        self.assertFalse(self.env["sms.erasure"].search([]))

    def test_a_ticket_is_deleted_as_by_odoo(self):
        [line] = self.lines(self.look_up(), "helpdesk.ticket")
        line.action_unlink()
        self.assertFalse(self.ticket.exists())
        self.assertIn("Deleted", line.execution_details)

    def test_an_administrator_alone_may_not(self):
        self.record_consent()
        [line] = self.lines(self.look_up(self.administrator))
        with self.assertRaisesRegex(AccessError, "Only compliance officers"):
            line.action_unlink()
        self.assertFalse(line.is_unlinked)
        self.assertTrue(self.consent())

    def test_nor_an_officer_who_does_not_work_in_the_company(self):
        other = self.make_company("Other")
        self.env["sms.consent.event"]._record(other, self.number, "revoked", "keyword")
        [line] = self.lines(self.look_up())
        with self.assertRaisesRegex(AccessError, "do not work in Other"):
            line.action_unlink()
        self.assertTrue(self.consent(company=other))

    def test_a_compliance_officer_alone_does_not_get_at_the_lookup(self):
        with self.assertRaises(AccessError):
            self.look_up(self.compliance_officer)

    def test_archiving_leaves_ours_alone(self):
        self.record_consent()
        self.text()
        wizard = self.look_up()
        lines = self.lines(wizard)
        lines.action_archive_all()
        self.assertFalse(any(lines.mapped("has_active")))
        self.assertFalse(any(lines.mapped("execution_details")))
        self.assertTrue(self.consent())


@tagged("post_install", "-at_install")
class TestListed(LookupCase):
    """No model of ours is listed that Odoo would delete by itself."""

    def test_all_that_the_lookup_lists_of_ours_is_known(self):
        """Otherwise *Delete* would delete it."""
        blacklist = self.env[LOOKUP]._get_query_models_blacklist()
        holders = {it._name for it in self.env["sms.personal.data"]._get_holders()}
        for name in holders - HOSTS - set(blacklist):
            model = self.env[name]
            if model._transient:
                continue
            is_listed = any(
                field.store
                and (
                    field.comodel_name == "res.partner"
                    or field.name in ("email", "email_from", "email_normalized")
                )
                for field in model._fields.values()
            )
            with self.subTest(model=name):
                needed = {"number", model._personal_company}
                is_known = name.startswith("sms.") and needed <= model._fields.keys()
                self.assertLessEqual(is_listed, is_known)

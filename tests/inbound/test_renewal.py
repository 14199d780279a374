# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...providers.sandbox import SandboxProvider
from ..broadcast.common import SubscriptionCase
from ..clock import freeze_time
from .common import LedgerCase

JOINED = datetime(2025, 6, 1, 12)
#: A month before the consent would expire.
AGAIN = JOINED + relativedelta(months=17)
WORDING = "Texts about your tickets. Reply STOP to end them."


class RenewalCase(LedgerCase):
    """Common base: consent given long ago, in a company whose consents expire."""

    def setUp(self):
        super().setUp()
        self.company.sms_consent_months = 18

    def join(self, *codes, **facts):
        """Record consent given long ago."""
        self.record_consent(None, *codes, happened_at=JOINED, **facts)

    def text(self, words, moment=AGAIN):
        """Receive a text at a time."""
        with freeze_time(moment):
            return self.receive(words)

    def expire(self, moment):
        """Run the cron that expires consents, at a time."""
        with freeze_time(moment):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry"))
        # In reality the cron has another transaction, with its own cache.
        self.env["sms.consent"]._forget_answers()

    def granted(self):
        """Return the opt-ins by a joining keyword."""
        return self.events().filtered(
            lambda it: (it.event, it.method) == ("granted", "keyword")
        )


@tagged("post_install", "-at_install")
class TestRenewal(RenewalCase):
    """A joining keyword from a number that has joined renews its consent."""

    def test_a_joining_word_renews_what_it_names(self):
        self.join("ticket", "appointment", "alert", wording=WORDING)
        inbound = self.text("support")
        self.assertEqual(
            set(self.granted().purpose_id.mapped("code")),
            {"ticket", "appointment", "alert"},
        )
        for event in self.granted():
            self.assertRecordValues(
                event,
                [
                    {
                        "happened_at": AGAIN,
                        "wording": WORDING,
                        "note": "support",
                        "message_ref": inbound.provider_sid,
                        "res_model": "sms.inbound",
                        "res_id": inbound.id,
                    }
                ],
            )
        self.assertEqual(len(self.granted().evidence_id), 1)
        self.expire(JOINED + relativedelta(months=19))
        self.assertEqual(self.state("ticket"), "opted_in")
        self.expire(AGAIN + relativedelta(months=19))
        self.assertEqual(self.state("ticket"), "none")

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_conflict_with_a_text_does_not_put_the_expiry_off_for_a_day(self):
        """As when one of the many whose consent expires texts meanwhile."""
        self.join("ticket")
        events, tries = self.registry["sms.consent.event"], []
        record = events._record

        def collide_once(events, *args, **facts):
            tries.append(args)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")
            return record(events, *args, **facts)

        with patch.object(events, "_record", collide_once):
            self.expire(JOINED + relativedelta(months=19))
        self.assertEqual(self.state("ticket"), "none")

    def test_they_are_told_that_they_have_joined_and_asked_nothing(self):
        self.join("ticket", "appointment", "alert")
        self.assertEqual(self.text("SUPPORT").kind, "join")
        self.assertEqual(self.exemptions(), ["start"])

    def test_it_is_recorded_once(self):
        """Not again within 24 hours, nor for a text that is delivered twice."""
        self.join("ticket", "appointment", "alert")
        event = SandboxProvider.parse_inbound(
            {"id": "SB-twice", "from": self.number, "body": "SUPPORT"}
        )
        with freeze_time(AGAIN):
            for _delivery in range(2):
                self.env["sms.inbound"]._receive(self.company, event)
            self.receive("SUPPORT")
        self.text("SUPPORT", AGAIN + timedelta(hours=23))
        self.assertEqual(len(self.granted()), 3)
        self.text("SUPPORT", AGAIN + timedelta(hours=25))
        self.assertEqual(len(self.granted()), 6)

    def test_who_has_just_joined_has_not_joined_anew(self):
        self.record_consent(None, "ticket", "appointment", "alert")
        self.receive("SUPPORT")
        self.assertFalse(self.granted())

    def test_what_they_have_not_joined_is_asked_as_ever(self):
        self.join("ticket")
        self.text("SUPPORT")
        self.assertEqual(self.granted().purpose_id.code, "ticket")
        self.assertEqual(self.state("alert"), "pending")
        self.assertEqual(self.exemptions(), ["opt_in_question"])
        self.text("YES", AGAIN + timedelta(minutes=1))
        self.assertEqual(self.state("alert"), "opted_in")

    def test_what_was_said_and_is_no_proof_any_more_is_asked_anew(self):
        self.join("ticket", "appointment", "alert", method="phone")
        self.purposes("ticket").accepts_spoken = False
        self.text("SUPPORT")
        self.assertNotIn("ticket", self.granted().purpose_id.mapped("code"))
        self.assertEqual(self.exemptions(), ["opt_in_question"])
        self.text("YES", AGAIN + timedelta(minutes=1))
        self.assertEqual(self.events()[-1].event, "confirmed")
        self.assertEqual(self.events()[-1].purpose_id.code, "ticket")

    def test_a_question_that_is_open_stays_open(self):
        """Another keyword, for what they have joined already, does not close it."""
        self.join("ticket", "appointment")
        self.env["sms.keyword"].create(
            {
                "word": "TICKETS",
                "action": "join",
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
            }
        )
        self.text("SUPPORT")
        self.text("TICKETS", AGAIN + timedelta(days=2))
        self.assertEqual(len(self.granted()), 3)
        self.text("YES", AGAIN + timedelta(days=2, minutes=1))
        self.assertEqual(self.state("alert"), "opted_in")

    def test_it_expires_in_an_archived_company_too(self):
        """Else its evidence would be kept for ever: a consent would need it."""
        other = self.make_company("Other", sms_consent_months=18)
        self.record_consent(None, "ticket", happened_at=JOINED, company=other)
        other.active = False
        self.expire(JOINED + relativedelta(months=19))
        said = self.env["sms.consent.event"].search([("company_id", "=", other.id)])
        self.assertEqual(said.sorted("id").mapped("event"), ["granted", "expired"])

    def test_nobody_else_joins_by_the_word_alone(self):
        self.text("SUPPORT")
        self.text("SUPPORT", AGAIN + timedelta(days=2))
        self.assertFalse(self.granted())
        self.assertEqual(self.state("ticket"), "pending")
        self.text("STOP", AGAIN + timedelta(days=3))
        self.text("SUPPORT", AGAIN + timedelta(days=5))
        self.assertFalse(self.granted())
        self.assertEqual(self.state("ticket"), "opted_out")


@tagged("post_install", "-at_install")
class TestRenewalByArea(SubscriptionCase):
    """An area's keyword renews the consent as well as it subscribes."""

    def test_an_areas_word(self):
        number = self.agreed[0].phone
        hashes = self.env["sms.consent.key"]._hash([number])
        answer = self.env["sms.consent"].search(
            [
                ("number_hash", "=", hashes[number]),
                ("purpose_id", "=", self.purposes("alert").id),
            ]
        )
        later = answer.since + timedelta(days=100)
        with freeze_time(later):
            self.receive("MAIL", number)
        self.assertEqual((answer.state, answer.since), ("opted_in", later))
        self.assertEqual(answer.event, "granted")
        self.assertEqual(self.subscriptions(number).state, "active")

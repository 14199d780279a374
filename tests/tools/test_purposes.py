# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools.purpose_rules import MessageSource, find_purpose, is_proof_accepted

OURS, THEIRS = 1, 2
RULES = {
    ("model", "sale.order", False): 10,
    ("model", "sale.order", OURS): 11,
    ("template", 1, False): 20,
    ("template", 1, OURS): 21,
    ("action", 9, False): 30,
}


@tagged("post_install", "-at_install")
class TestPurposes(BaseCase):
    """The most specific rule decides."""

    def assertFound(self, purpose_id, company_id=OURS, **source):
        self.assertEqual(
            find_purpose(RULES, MessageSource(**source), company_id), purpose_id
        )

    def test_each_level_by_itself(self):
        self.assertFound(11, model_name="sale.order")
        self.assertFound(21, template_id=1)
        self.assertFound(30, action_id=9)

    def test_the_more_specific_comes_first(self):
        source = {"model_name": "sale.order", "template_id": 1}
        self.assertFound(21, **source)
        self.assertFound(30, **source, action_id=9)

    def test_a_companys_own_rule_comes_before_that_for_all(self):
        self.assertFound(10, THEIRS, model_name="sale.order")
        self.assertFound(20, THEIRS, template_id=1)

    def test_a_general_rule_for_an_action_beats_an_own_one_for_its_model(self):
        self.assertFound(30, OURS, model_name="sale.order", action_id=9)

    def test_what_no_rule_names(self):
        self.assertFound(None)
        self.assertFound(None, model_name="res.partner", template_id=6, action_id=1)
        self.assertFound(10, THEIRS, model_name="sale.order", template_id=6)

    def test_a_text_that_was_written_over_is_not_the_templates(self):
        self.assertFound(None, template_id=1, is_own_text=True)
        source = {"model_name": "sale.order", "template_id": 1, "is_own_text": True}
        self.assertFound(11, **source)
        self.assertFound(30, **source, action_id=9)


@tagged("post_install", "-at_install")
class TestProofs(BaseCase):
    """Offers need written consent (47 CFR 64.1200(a)(2)); spoken is not enough."""

    def test_each_way(self):
        in_writing = {"web", "text", "paper", "written"}
        for way, expected in (
            ("web", True),
            ("keyword", True),
            ("text", True),
            ("paper", True),
            ("written", True),
            ("phone", False),
            ("in_person", False),
            # Judged when it was entered, by the way it was given there.
            ("import", True),
            ("api", True),
        ):
            with self.subTest(way=way):
                self.assertIs(is_proof_accepted(way, in_writing), expected)
        self.assertTrue(is_proof_accepted("phone", {"spoken"}))
        self.assertFalse(is_proof_accepted("keyword", {"web"}))

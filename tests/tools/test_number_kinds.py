# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import phone
from ...tools.phone import BAD_COUNTRY, BAD_KIND, LANDLINE, MOBILE, VOIP


@tagged("post_install", "-at_install")
class TestNumberKinds(BaseCase):
    """Numbers that a form accepts."""

    def test_what_a_number_is(self):
        for number, country, kind in (
            ("+13035550142", "US", MOBILE),
            ("+17875550100", "US", MOBILE),
            ("+12505550123", "CA", MOBILE),
            ("+18765550100", "JM", MOBILE),
            ("+18095550100", "DO", MOBILE),
            ("+447911123456", "GB", MOBILE),
            ("+442071234567", "GB", LANDLINE),
            ("+447640123456", "GB", ""),
            ("+447011123456", "GB", ""),
            ("+33612345678", "FR", MOBILE),
            ("+33899123456", "FR", ""),
            ("+19005550123", "US", ""),
            ("+18005550100", "US", ""),
            ("+15005550006", "US", ""),
            ("+8816123456789", "", MOBILE),
            ("+882123456789", "", ""),
            ("+88812345678", "", ""),
            ("+97912345678", "", ""),
            ("+878101234567890", "", VOIP),
            ("+99912345678", "", ""),
            ("+15555550100", "", ""),
            ("x", "", ""),
            ("", "", ""),
        ):
            with self.subTest(number=number):
                self.assertEqual(phone.read_kind(number), (country, kind))

    def test_what_a_form_takes(self):
        for number, taken, refusal in (
            ("+13035550142", MOBILE, ""),
            ("+18765550100", LANDLINE, BAD_COUNTRY),
            ("+8816123456789", LANDLINE, BAD_COUNTRY),
            ("+19005550123", LANDLINE, BAD_KIND),
            ("+18005550100", LANDLINE, BAD_KIND),
            ("+447640123456", LANDLINE, BAD_KIND),
            ("+442071234567", MOBILE, BAD_KIND),
            ("+442071234567", VOIP, BAD_KIND),
            ("+442071234567", LANDLINE, ""),
            ("+445601234567", MOBILE, BAD_KIND),
            ("+445601234567", VOIP, ""),
        ):
            with self.subTest(number=number, taken=taken):
                found = phone.find_kind_refusal(
                    number, taken, lambda country: country in ("US", "GB")
                )
                self.assertEqual(found, refusal)

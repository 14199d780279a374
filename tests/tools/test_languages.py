# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools.languages import find_nearest, find_of_number, get_language

ACTIVE = ("de_DE", "en_US", "es_MX", "fr_FR", "pt_BR")


@tagged("post_install", "-at_install")
class TestLanguages(BaseCase):
    """The nearest active language; for a number its country's, if that ships."""

    def test_the_nearest(self):
        for wanted, found in (
            ("fr_FR", "fr_FR"),
            ("fr_BE", "fr_FR"),
            ("fr-CA", "fr_FR"),
            ("es-MX", "es_MX"),
            ("es_ES", "es_MX"),
            ("es_419", "es_MX"),
            ("es", "es_MX"),
            ("en_GB", "en_US"),
            ("pt_PT", "pt_BR"),
            ("it_IT", ""),
            ("e", ""),
            ("*", ""),
            ("", ""),
            (None, ""),
            (False, ""),
        ):
            with self.subTest(wanted=wanted):
                self.assertEqual(find_nearest(wanted, ACTIVE), found)
        # Of several the usual one, whatever their order.
        self.assertEqual(find_nearest("fr_CH", ("fr_CA", "fr_FR")), "fr_FR")
        self.assertEqual(find_nearest("fr_CH", ("fr_BE", "fr_CA")), "fr_BE")
        self.assertEqual(find_nearest("fr_CA", ("fr_FR", "fr_CA")), "fr_CA")

    def test_the_language_of_a_code(self):
        for code, language in (
            *(("es_MX", "es"), ("sr@latin", "sr"), ("sr_RS@latin", "sr")),
            *(("es", "es"), ("", ""), (False, "")),
        ):
            with self.subTest(code=code):
                self.assertEqual(get_language(code), language)

    def test_the_country_of_a_number(self):
        for number, own, found in (
            ("+13035550100", "de_DE", "en_US"),
            ("+447911123456", "de_DE", "en_US"),
            ("+34612345678", "en_US", "es_MX"),
            ("+525512345678", "en_US", "es_MX"),
            ("+33612345678", "en_US", "fr_FR"),
            ("+4915112345678", "en_US", "de_DE"),
            ("+436641234567", "en_US", "de_DE"),
            # Several are official: the company's own, else the main one.
            ("+15145550100", "fr_FR", "fr_FR"),
            ("+15145550100", "en_US", "en_US"),
            ("+41791234567", "fr_FR", "fr_FR"),
            ("+41791234567", "en_US", "de_DE"),
            ("+17875550100", "fr_FR", "es_MX"),
            # The main one does not ship.
            ("+32470123456", "de_DE", "de_DE"),
            ("+32470123456", "en_US", "en_US"),
            ("+390612345678", "en_US", "en_US"),
            ("+5511961234567", "en_US", "en_US"),
            # Of no country.
            ("+18005550100", "fr_FR", "fr_FR"),
            ("22395", "fr_FR", "fr_FR"),
            ("", "fr_FR", "fr_FR"),
        ):
            with self.subTest(number=number, own=own):
                self.assertEqual(find_of_number(number, own, ACTIVE), found)

    def test_what_is_not_active_is_not_spoken(self):
        self.assertEqual(find_of_number("+4915112345678", "en_US", ("en_US",)), "en_US")

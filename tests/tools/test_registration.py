# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

from odoo.tests import BaseCase, tagged

from ...tools.registration import (
    Packet,
    Problem,
    get_problems,
    has_link,
    has_phone,
    list_keywords,
    show_placeholders,
)

GOOD = Packet(
    company="Acme",
    description="Acme texts customers who asked for it about their support tickets.",
    opt_in_flow="People text SUPPORT to our number, are asked, and answer YES.",
    samples=(
        "Acme: your ticket #[number] has been received. Reply STOP to opt out.",
        "Acme: we come today at [time]. Reply STOP to opt out.",
    ),
    opt_in_keywords="SUPPORT",
    opt_in_text="Acme: you have joined. Reply STOP to opt out, HELP for help.",
    opt_out_keywords="STOP",
    opt_out_text="Acme: you have opted out and get no more texts.",
    help_keywords="HELP",
    help_text="Acme IT support. Call 303-555-0100. Reply STOP to opt out.",
    privacy_url="https://acme.example.com/privacy",
    terms_url="https://acme.example.com/terms",
)
LINK = "Acme: see https://bit.ly/abc or reply STOP to opt out."


@tagged("post_install", "-at_install")
class TestRegistration(BaseCase):
    """One fault at a time, and the problem reported for it."""

    CASES = (
        ({}, None),
        ({"description": "x" * 39}, ("short", "description", "40")),
        ({"description": "x" * 40}, None),
        ({"opt_in_flow": "x" * 2049}, ("long", "opt_in_flow", "2048")),
        ({"opt_in_flow": "x" * 2048}, None),
        ({"samples": GOOD.samples[:1]}, ("few_samples", "samples", "2")),
        ({"samples": (GOOD.samples * 3)[:5]}, None),
        ({"samples": GOOD.samples * 3}, ("many_samples", "samples", "5")),
        ({"samples": (*GOOD.samples, LINK)}, ("sample_shortener", "samples", "3")),
        (
            {"samples": (*GOOD.samples, "Acme: we come today at [time].")},
            ("sample_stop", "samples", "3"),
        ),
        *(
            ({"samples": (*GOOD.samples, "Acme STOP ".ljust(length, "x"))}, problem)
            for length, problem in (
                (19, ("sample_length", "samples", "3")),
                (20, None),
                (1024, None),
                (1025, ("sample_length", "samples", "3")),
            )
        ),
        (
            {"samples": tuple(it.replace("Acme", "We") for it in GOOD.samples)},
            ("names_nobody", "samples", ""),
        ),
        (
            {"opt_out_text": "You have opted out of everything."},
            ("names_nobody", "opt_out_text", ""),
        ),
        (
            {"opt_in_text": "Acme: you have joined. Reply STOP to leave."},
            ("not_said", "opt_in_text", "HELP"),
        ),
        (
            {"help_text": "Acme IT support. Call 303-555-0100."},
            ("not_said", "help_text", "STOP"),
        ),
        ({"opt_in_keywords": ""}, ("no_keyword", "opt_in_keywords", "")),
        ({"help_keywords": "H" * 255}, None),
        ({"help_keywords": "H" * 256}, ("long", "help_keywords", "255")),
        ({"privacy_url": ""}, ("no_page", "privacy_url", "")),
        ({"terms_url": "www.example.com"}, ("no_page", "terms_url", "")),
    )

    def test_each_fault(self):
        for values, problem in self.CASES:
            found = get_problems(replace(GOOD, **values))
            with self.subTest(values=values):
                self.assertEqual(found, [Problem(*problem)] if problem else [])

    def test_what_samples_hold(self):
        self.assertTrue(has_link([LINK]))
        self.assertTrue(has_link(["See [link to the ticket]"]))
        self.assertFalse(has_link(GOOD.samples))
        self.assertTrue(has_phone([GOOD.help_text]))
        self.assertFalse(has_phone(["Ticket #12345 at 10:30"]))

    def test_placeholders_are_shown_in_brackets(self):
        words = {"object.sms_customer_name": "Customer"}
        for body, shown in (
            ("Hi {{ object.sms_customer_name }}", "Hi [customer]"),
            ("#{{object.number}}", "#[number]"),
            ("{{ object.zip_code }}", "[zip code]"),
            ("{{ object.state_id.name or object.city or 'local' }}", "[state]"),
            ("{{ object.name }}", "[name]"),
            ("{{ object.partner_id.city }}", "[city]"),
            ("{{ object.number\n or 'no' }}", "[number]"),
            ("No placeholder", "No placeholder"),
            (False, ""),
        ):
            with self.subTest(body=body):
                self.assertEqual(show_placeholders(body, words), shown)

    def test_keywords_are_single_words(self):
        self.assertEqual(list_keywords({"B", "A", "OPT OUT"}, ["C"]), "A,B,C")

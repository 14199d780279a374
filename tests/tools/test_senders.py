# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo.tests import BaseCase, tagged

from ...tools.dispatch import (
    NEEDED,
    WANTED,
    Candidate,
    Reach,
    choose_sender,
    country_of,
    filter_allowed,
)
from ...tools.sender_rules import (
    ALLOWED,
    OWN,
    REFUSED,
    SenderRule,
    find_reach,
    get_rulings,
    is_name,
)

US, GB = Candidate(1, ("US",)), Candidate(2, ("GB",))
NETWORK, PRINT, PRINT_GB = (
    Candidate(3, ("US",), team_id=1),
    Candidate(4, ("US",), team_id=8),
    Candidate(5, ("GB",), team_id=8),
)
POOL = Candidate(6, (), is_pool=True)
US_PERSON, GB_PERSON = "+13035550191", "+447700900191"


@tagged("post_install", "-at_install")
class TestChoice(BaseCase):
    """The choice of a text's sender."""

    def test_the_nearest_country_decides(self):
        for number, sender in (
            (US_PERSON, US),
            (GB_PERSON, GB),
            ("+15145550191", US),  # Canada: under the same country code
            ("+61491570156", US),  # nobody's country: the first
            ("+99912345678", US),  # no country at all
            ("what", US),
            ("", US),
        ):
            with self.subTest(number=number):
                self.assertEqual(choose_sender(number, [US, GB]), sender.id)
        self.assertEqual(choose_sender("+15145550191", [GB, US]), US.id)
        canada = Candidate(9, ("CA",))
        self.assertEqual(choose_sender("+15145550191", [US, canada]), canada.id)

    def test_a_number_may_be_for_several_countries(self):
        wide = Candidate(9, ("GB", "AU"))
        self.assertEqual(choose_sender("+61491570156", [US, wide]), wide.id)

    def test_the_teams_number_comes_first(self):
        every = [US, NETWORK, PRINT, PRINT_GB]
        self.assertEqual(choose_sender(US_PERSON, every, team_id=1), NETWORK.id)
        self.assertEqual(choose_sender(GB_PERSON, every, team_id=1), NETWORK.id)
        self.assertEqual(choose_sender(GB_PERSON, every, team_id=8), PRINT_GB.id)

    def test_a_team_without_one_takes_nobody_elses(self):
        every = [NETWORK, US, PRINT]
        self.assertEqual(choose_sender(US_PERSON, every, team_id=99), US.id)
        self.assertEqual(choose_sender(US_PERSON, every), US.id)

    def test_if_all_are_teams_somebody_must(self):
        self.assertEqual(choose_sender(GB_PERSON, [NETWORK, PRINT_GB]), PRINT_GB.id)

    def test_a_conversation_keeps_its_number(self):
        every = [US, GB, PRINT, PRINT_GB]
        self.assertEqual(choose_sender(US_PERSON, every, known_id=GB.id), GB.id)
        self.assertEqual(choose_sender(US_PERSON, every, 8, PRINT_GB.id), PRINT_GB.id)
        # The sender that was texted answers: STOP and HELP are about no ticket.
        self.assertEqual(choose_sender(US_PERSON, every, known_id=PRINT.id), PRINT.id)

    def test_a_team_rules_over_the_conversation(self):
        self.assertEqual(choose_sender(US_PERSON, [US, NETWORK], 1, US.id), NETWORK.id)

    def test_a_number_that_is_gone_is_forgotten(self):
        self.assertEqual(choose_sender(GB_PERSON, [US, GB], known_id=42), GB.id)

    def test_a_pool_picks_for_itself_unless_a_team_has_a_number(self):
        every = [POOL, US, NETWORK]
        self.assertEqual(choose_sender(US_PERSON, every), POOL.id)
        self.assertEqual(choose_sender(US_PERSON, every, known_id=US.id), POOL.id)
        self.assertEqual(
            choose_sender(US_PERSON, every, known_id=NETWORK.id), NETWORK.id
        )
        self.assertEqual(choose_sender(US_PERSON, every, team_id=1), NETWORK.id)

    def test_nothing_to_choose_from(self):
        self.assertEqual(choose_sender(US_PERSON, []), 0)

    def test_the_country_of_a_number(self):
        for number, country in (
            (US_PERSON, "US"),
            (GB_PERSON, "GB"),
            ("+15145550191", "CA"),
            ("+19995550100", "US"),  # under the code of several countries
            ("12345", ""),
            ("", ""),
            ("+99912345678", ""),
            ("+80012345678", ""),  # free in many countries
        ):
            with self.subTest(number=number):
                self.assertEqual(country_of(number), country)


class TestRules(BaseCase):
    """The countries that each kind of sender may text."""

    rules = (
        SenderRule("name", "", OWN),
        SenderRule("name", "US", REFUSED),
        SenderRule("name", "ES", REFUSED, date(2026, 9, 15)),
        SenderRule("code", "", OWN),
        SenderRule("free", "GB", REFUSED),
        SenderRule("free", "GB", ALLOWED),
        SenderRule("free", "ES", REFUSED, None, date(2026, 9, 15)),
        SenderRule("shut", "", REFUSED),
    )

    def reach(self, kind, *countries, day=date(2026, 11, 27)):
        """Return those of the given countries that a sender may text."""
        rulings = get_rulings(self.rules, kind, day)
        reach = find_reach(rulings, countries, kind == "name")
        asked = ("US", "PR", "GB", "ES", "")
        return [it for it in asked if not reach or reach.has(it)]

    def test_what_a_sender_may_text(self):
        self.assertEqual(self.reach("name", "GB", "US", "ES"), ["GB"])
        self.assertEqual(
            self.reach("name", "GB", "ES", day=date(2026, 9, 14)), ["GB", "ES"]
        )
        self.assertEqual(self.reach("name", "GB", "ES", day=date(2026, 9, 15)), ["GB"])
        self.assertEqual(self.reach("name"), [])
        self.assertEqual(self.reach("shut", "GB"), [])
        self.assertEqual(self.reach("code", "US"), ["US", "PR"])
        self.assertEqual(len(self.reach("code")), 5)  # its country is not known
        self.assertEqual(self.reach("free", "US"), ["US", "PR", "ES", ""])
        last_day = date(2026, 9, 15)
        self.assertEqual(self.reach("free", "US", day=last_day), ["US", "PR", ""])
        self.assertEqual(len(self.reach("plain", "US")), 5)
        self.assertIsNone(find_reach({}, ("US",), False))

    def test_what_is_a_name(self):
        for address in ("ACME", "Acme IT", "4You", "A-B_C&D+E", "x" * 11):
            with self.subTest(address=address):
                self.assertTrue(is_name(address))
        for address in ("x" * 12, "12345", "+13035550100", "A", " Acme", "Ácme", ""):
            with self.subTest(address=address):
                self.assertFalse(is_name(address))

    def test_two_way_before_one_way(self):
        french = Candidate(7, ("FR",), is_one_way=True, reach=Reach(frozenset(["FR"])))
        every = [french, US, GB]
        self.assertEqual(filter_allowed("+33612345678", every), [US, GB, french])
        self.assertEqual(choose_sender("+33612345678", every), french.id)
        self.assertEqual(choose_sender("+33612345678", every, answer=NEEDED), US.id)
        self.assertEqual(choose_sender("+33612345678", every, answer=WANTED), US.id)
        self.assertEqual(choose_sender("+33612345678", [french], answer=WANTED), 7)
        self.assertEqual(choose_sender("+33612345678", [french], answer=NEEDED), 0)
        self.assertEqual(choose_sender(US_PERSON, [french]), 0)
        anywhere = Candidate(8, ("GB",), is_one_way=True)
        found = choose_sender(US_PERSON, [US, anywhere], known_id=anywhere.id)
        self.assertEqual(found, US.id)
        self.assertEqual(choose_sender(US_PERSON, [anywhere], answer=NEEDED), 0)
        at_home = Candidate(9, ("FR",), reach=Reach(frozenset(["FR"])))
        self.assertEqual(choose_sender(US_PERSON, [at_home]), 0)
        # A name cannot have a conversation.
        self.assertEqual(choose_sender(GB_PERSON, every, known_id=french.id), GB.id)

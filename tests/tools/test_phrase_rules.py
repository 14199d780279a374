# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from odoo.tests import BaseCase

from ...tools import phrases
from ...tools.phrases import (
    CONVERSATION,
    DOUBTFUL,
    MAX_LENGTH,
    MAX_SURE_WORDS,
    OPT_OUT,
    TRIED,
    WRONG_NUMBER,
    classify,
    explain,
    judge,
)


def share(opt_out=0, wrong_number=0, doubtful=0):
    """Return how likely each class is."""
    ending = {OPT_OUT: opt_out, WRONG_NUMBER: wrong_number, DOUBTFUL: doubtful}
    return {**ending, CONVERSATION: 1 - sum(ending.values())}


#: Words that end consent, and likelihoods that agree.
SAID, SURE = "stop texting me", share(opt_out=1)


class Weights:
    """A model with given likelihoods for some texts, and default ones for others."""

    def __init__(self, shares, **of_clauses):
        self.shares, self.of_clauses = shares, of_clauses

    def rate(self, tokens):
        return self.of_clauses.get("_".join(tokens), self.shares)


class WordsWeigh:
    """A model in which each word counts for an opt-out by its weight."""

    def __init__(self, **weights):
        self.weights = weights

    def rate(self, tokens):
        return {CONVERSATION: 1 - sum(self.weights.get(it, 0) for it in tokens)}


class TestRules(BaseCase):
    """Classes by given likelihoods, whatever was learned."""

    def classify(self, text, shares, **of_clauses):
        with patch.object(phrases, "get_model", lambda: Weights(shares, **of_clauses)):
            return classify(text)

    def explain(self, text, **weights):
        with patch.object(phrases, "get_model", lambda: WordsWeigh(**weights)):
            return explain(text)

    def test_words_and_the_rating_must_agree(self):
        for text, shares, kind in (
            (SAID, share(opt_out=0.4), OPT_OUT),
            (SAID, share(opt_out=0.2, wrong_number=0.2), OPT_OUT),
            (SAID, share(opt_out=0.39), DOUBTFUL),
            (SAID, share(opt_out=0.6, doubtful=0.39), OPT_OUT),
            (SAID, share(opt_out=0.6, doubtful=0.4), DOUBTFUL),
            (SAID, share(doubtful=0.11), DOUBTFUL),
            (SAID, share(doubtful=0.09), CONVERSATION),
            ("wrong number", share(opt_out=0.4), WRONG_NUMBER),
            # Without words a rating only asks a person.
            ("we go our way", share(opt_out=1), DOUBTFUL),
            ("we go our way", share(opt_out=0.35), DOUBTFUL),
            ("we go our way", share(doubtful=0.34), CONVERSATION),
        ):
            with self.subTest(text=text, shares=shares):
                self.assertEqual(self.classify(text, shares), kind)

    def test_the_reason_is_those_words(self):
        with patch.object(phrases, "get_model", lambda: Weights(SURE)):
            for text, reason in (
                ("Hi. Please stop texting me!", "stop texting"),
                ("You have the WRONG NUMBER", "wrong number"),
                ("S.T.O.P.", "s t o p"),
                ("🛑", "🛑"),
            ):
                with self.subTest(text=text):
                    self.assertEqual(judge(text).reason, reason)

    def test_no_word_no_end(self):
        for text in (None, "", "?!", "👍", "12 34"):
            with self.subTest(text=text):
                self.assertEqual(self.classify(text, SURE), CONVERSATION)

    def test_a_word_of_the_law_among_courtesies(self):
        for text in (
            *("stop", "please stop", "stop please", "thank you stop", "stop thank you"),
            *("opt out", "opt please out", "opt out please", "S.T.O.P.", "stop, all"),
            *("thanks a lot, stop now", "Hello. Stop. Please"),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.classify(text, share()), OPT_OUT)
        self.assertEqual(self.classify("stop it", share()), CONVERSATION)
        self.assertEqual(self.classify("it is late. stop. bye", share()), DOUBTFUL)
        self.assertEqual(self.classify("it is late. stop. bye", SURE), OPT_OUT)
        self.assertEqual(self.classify("it is late", SURE), DOUBTFUL)

    def test_what_is_never_sure(self):
        for text, kind in (
            (f"{SAID} {'go ' * (MAX_SURE_WORDS - 3)}", OPT_OUT),
            (f"{SAID} {'go ' * (MAX_SURE_WORDS - 2)}", DOUBTFUL),
            (SAID.ljust(MAX_LENGTH), OPT_OUT),
            (SAID.ljust(MAX_LENGTH + 1), DOUBTFUL),
            (f"“{SAID}”", OPT_OUT),
            (f"please “{SAID}”, thanks", OPT_OUT),
            (f"they “{SAID}”", DOUBTFUL),
            (f"please, they “{SAID}” thanks", DOUBTFUL),
            (f"he says: {SAID}", DOUBTFUL),
            (f"HE SAID : {SAID}", DOUBTFUL),
            (f"why did you {SAID}", DOUBTFUL),
            (f"{SAID}?", DOUBTFUL),
            (f"{SAID}?!", OPT_OUT),
            (f"don't {SAID}", DOUBTFUL),
            (f"{SAID} before nine", DOUBTFUL),
        ):
            with self.subTest(text=text[:40]):
                self.assertEqual(self.classify(text, SURE), kind)

    def test_one_clause_is_enough(self):
        clause = {"stop_texting_me": share(opt_out=0.4)}
        for text, doubtful, of_clauses, kind in (
            ("it rains. stop texting me", 0.39, clause, OPT_OUT),
            ("it rains. stop texting me", 0.4, clause, DOUBTFUL),
            ("it rains. stop texting me", 0.09, {}, CONVERSATION),
            ("they say “stop texting me”", 0, {}, CONVERSATION),
        ):
            with self.subTest(text=text, doubtful=doubtful):
                shares = share(doubtful=doubtful)
                self.assertEqual(self.classify(text, shares, **of_clauses), kind)

    def test_the_three_words_that_weigh_most_in_their_order(self):
        weights = {"we": 0.1, "may": 0.02, "go": 0.3, "now": 0.2, "0": 0.4, "?": 0.5}
        for text, reason in (
            ("we may go now", "we … go … now"),
            ("we may", "we … may"),
            ("may 7 ?", "may"),
            ("7", ""),
            ("", ""),
            (None, ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.explain(text, **weights), reason)

    def test_of_a_long_text_the_part_that_weighs_most(self):
        first, second = (" ".join([it, *["so"] * (TRIED - 1)]) for it in ("we", "go"))
        text = f"{first} {second} so now"
        for weights, reason in (
            ({"we": 0.2, "go": 0.1}, "we … "),
            ({"we": 0.1, "go": 0.2}, "go … "),
            ({"we": 0.1, "now": 0.2}, "so … now"),
        ):
            with self.subTest(weights=weights):
                self.assertIn(reason, self.explain(text, **weights))
        beyond = f"{'so ' * MAX_LENGTH}"[:MAX_LENGTH] + " go"
        self.assertNotIn("go", self.explain(beyond, go=0.5))

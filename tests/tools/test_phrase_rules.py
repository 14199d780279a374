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
)


def share(opt_out=0, wrong_number=0, doubtful=0):
    """Return how likely each class is."""
    ending = {OPT_OUT: opt_out, WRONG_NUMBER: wrong_number, DOUBTFUL: doubtful}
    return {**ending, CONVERSATION: 1 - sum(ending.values())}


#: A text without a mandatory word, and likelihoods by which it ends consent.
SAID, SURE = "we go our way", share(opt_out=1)


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

    def test_how_likely_each_class_must_be(self):
        for shares, kind in (
            (share(opt_out=0.75), OPT_OUT),
            (share(opt_out=0.25, wrong_number=0.5), WRONG_NUMBER),
            (share(opt_out=0.5, wrong_number=0.25), OPT_OUT),
            (share(opt_out=0.5, wrong_number=0.24), DOUBTFUL),
            (share(opt_out=0.35), DOUBTFUL),
            (share(doubtful=0.35), DOUBTFUL),
            (share(opt_out=0.1, wrong_number=0.1, doubtful=0.14), CONVERSATION),
        ):
            with self.subTest(shares=shares):
                self.assertEqual(self.classify(SAID, shares), kind)

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
        self.assertEqual(self.classify("it is late", SURE), OPT_OUT)

    def test_what_is_never_sure(self):
        for text, kind in (
            ("bye", OPT_OUT),
            ("by", DOUBTFUL),
            ("go " * MAX_SURE_WORDS, OPT_OUT),
            ("go " * (MAX_SURE_WORDS + 1), DOUBTFUL),
            (SAID.ljust(MAX_LENGTH), OPT_OUT),
            (SAID.ljust(MAX_LENGTH + 1), DOUBTFUL),
            (f"“{SAID}”", OPT_OUT),
            (f"please “{SAID}”, thanks", OPT_OUT),
            (f"they “{SAID}”", DOUBTFUL),
            (f"please, they “{SAID}” thanks", DOUBTFUL),
            (f"he says: {SAID}", DOUBTFUL),
            (f"HE SAID : {SAID}", DOUBTFUL),
        ):
            with self.subTest(text=text[:40]):
                self.assertEqual(self.classify(text, SURE), kind)

    def test_one_clause_is_enough(self):
        half = {"opt_out": 0.3, "wrong_number": 0.1}
        plain = share(opt_out=0.5, wrong_number=0.45)
        for text, doubtful, of_clauses, kind in (
            ("it rains, we go now. bye", 0.29, {"we_go_now": plain}, OPT_OUT),
            ("it rains, we go now. bye", 0.3, {"we_go_now": plain}, DOUBTFUL),
            ("it rains, we go. bye", 0.29, {"we_go": plain}, DOUBTFUL),
            ("it rains, we go now? bye", 0.29, {"we_go_now_?": plain}, DOUBTFUL),
            (
                *("it rains, we go now. bye", 0.29),
                *({"we_go_now": share(opt_out=0.5, wrong_number=0.44)}, DOUBTFUL),
            ),
            (
                *("not my phone, bye", 0.29),
                *({"not_my_phone": share(wrong_number=0.95)}, WRONG_NUMBER),
            ),
            ("they say “we go now”, bye", 0.29, {"we_go_now": plain}, DOUBTFUL),
        ):
            with self.subTest(text=text, doubtful=doubtful):
                shares = share(**half, doubtful=doubtful)
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

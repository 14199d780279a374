# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import math
import zlib

from odoo.tests import BaseCase

from ...tools.phrase_model import BUCKETS, Model, read_features, read_tokens


def place(feature):
    """Return the slot of a feature's weights."""
    return zlib.crc32(feature.encode()) % BUCKETS


class TestFeatures(BaseCase):
    """The features of a text: if they change, the weights must be retrained."""

    def test_words(self):
        for text, tokens in (
            ("", []),
            ("Don't text ME!!", ["dont", "text", "me"]),
            ('"Stop", (please); it\'s: #1/2', ["stop", "please", "its", "0", "0"]),
            ("Ｓｔｏｐ １２", ["stop", "0"]),
            ("stоp", ["stop"]),
            ("S T O P my s.m.s", ["stop", "my", "sms"]),
            ("plan a b", ["plan", "a", "b"]),
            ("Arrêtez, Straße", ["arretez", "strasse"]),
            ("nooooo, soon", ["noo", "soon"]),
            ("why? 👍", ["why", "?", "👍"]),
            ("! \u0301", []),
        ):
            with self.subTest(text=text):
                self.assertEqual(read_tokens(text), tokens)

    def test_words_in_a_row_and_parts_of_words(self):
        found = read_features(["no", "sms"])
        wanted = (
            *("<", "no", "sms", ">"),
            *("< no", "no sms", "sms >"),
            *("< no sms", "no sms >"),
            # Others between them.
            *("<_sms", "no_>", "<__>"),
            *("~_no", "~no_", "~_no_"),
            *("~_sm", "~sms", "~ms_", "~_sms", "~sms_", "~_sms_"),
        )
        self.assertEqual(found, set(map(place, wanted)))

    def test_of_a_long_word_the_parts_of_its_beginning(self):
        self.assertIn(place("~aa_"), read_features([f"{'a' * 30}b"]))


class TestModel(BaseCase):
    """Ratings by given weights of two classes."""

    def make(self, tokens, **values):
        """Return a model whose only weighted features are some tokens."""
        packed = bytearray(2 * BUCKETS)
        for word, weights in (("stop", b"\x08\xfb"), ("sms", b"\x02\x0e")):
            start = 2 * place(word)
            packed[start : start + 2] = weights
        return Model(
            {
                "classes": ["leaves", "stays"],
                "lists": "",
                "bias": [0.5, 1.0],
                "weights": base64.b85encode(zlib.compress(bytes(packed))),
                "scale": math.sqrt(len(read_features(tokens))) / 2,
                **values,
            }
        )

    def test_shares(self):
        for tokens, lead in (
            # 8 and -5, halved, and the biases.
            (["stop"], 4.5 - (-1.5)),
            # 10 and 9.
            (["stop", "sms"], 5.5 - 5.5),
        ):
            with self.subTest(tokens=tokens):
                shares = self.make(tokens).rate(tokens)
                self.assertEqual(list(shares), ["leaves", "stays"])
                self.assertAlmostEqual(shares["leaves"], 1 / (1 + math.exp(-lead)))
                self.assertAlmostEqual(sum(shares.values()), 1)

    def test_what_is_far_more_likely(self):
        model = self.make(["stop"], bias=[1000.0, 0.0])
        self.assertEqual(model.rate(["stop"]), {"leaves": 1, "stays": 0})

    def test_weights_that_do_not_fit_together(self):
        for values in (
            {"classes": ["leaves"]},
            {"bias": [0.0] * 3},
            {"weights": base64.b85encode(zlib.compress(b"\0"))},
        ):
            with self.subTest(values=values), self.assertRaises(ValueError):
                self.make(["stop"], **values).rate(["stop"])

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Classify texts with weights that were learned from lists of texts.

The features of a text are its words, pairs and triples of them, and parts of words, so
that typing slips and endings do not matter. Each feature has a weight for each class:
a logistic regression. It is deterministic: a text always gets the same rating.
``bin/phrases`` learns the weights, and writes them.
"""

import base64
import hashlib
import json
import math
import re
import unicodedata
import zlib
from array import array
from functools import cache
from pathlib import Path

from .keywords import unmix
from .texts import fold

WEIGHTS = Path(__file__).with_name("phrase_weights.json")
#: Slots into which features are hashed.
BUCKETS = 2**18
#: Lengths of the parts of words, in letters.
PARTS = (3, 4, 5)
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
_APOSTROPHE = re.compile(r"(?<=\w)['’`´](?=\w)")
#: A word with separated letters: "S T O P".
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][ .*-]){2,}[^\W\d_](?!\w)")
_REPEATED = re.compile(r"(.)\1\1+")
#: Punctuation that separates words and is no token itself.
_SILENT = frozenset("!,.;:-–—()/&+*_\"'’`´«»“”„#@")


def read_tokens(text):
    """Return the tokens of a text: words, emojis, question marks, "0" for numbers."""
    text = unmix(unicodedata.normalize("NFKC", text))
    text = _SPACED.sub(lambda it: re.sub(r"\W", "", it[0]), _APOSTROPHE.sub("", text))
    tokens = []
    for token in _TOKEN.findall(text):
        if token.isdigit():
            tokens.append("0")
        elif token not in _SILENT:
            tokens.append(_REPEATED.sub(r"\1\1", fold(token)))
    # Folding leaves nothing of an accent alone.
    return list(filter(None, tokens))


def read_features(tokens):
    """Return the slots of the features of a list of tokens, each once."""
    found = set()
    words = ["<", *tokens, ">"]
    for at, word in enumerate(words):
        found.add(word)
        found.add(" ".join(words[at : at + 2]))
        found.add(" ".join(words[at : at + 3]))
        found.add("_".join(words[at : at + 3 : 2]))
        found.add("__".join(words[at : at + 4 : 3]))
    for word in set(tokens):
        edged = f"_{word[:30]}_"
        for size in PARTS:
            for start in range(len(edged) - size + 1):
                found.add("~" + edged[start : start + size])
    return {zlib.crc32(feature.encode()) % BUCKETS for feature in found}


def digest_lists(paths):
    """Return the SHA-256 (hex) of the lists from which weights are learned."""
    lists = (path.read_bytes() for path in sorted(paths))
    return hashlib.sha256(b"".join(lists)).hexdigest()


class Model:
    """The weight of each feature for each class.

    :param dict values: as ``bin/phrases`` writes them
    """

    def __init__(self, values):
        self.classes, self.lists = values["classes"], values["lists"]
        self.bias, self._scale = values["bias"], values["scale"]
        packed = base64.b85decode(values["weights"])
        self._weights = array("b", zlib.decompress(packed))

    def rate(self, tokens):
        """Return the likelihood of each class: ``{class: 0 to 1}``."""
        features, size = read_features(tokens), len(self.bias)
        factor = self._scale / math.sqrt(len(features))
        sums = [0] * size
        for feature in features:
            row = self._weights[feature * size : (feature + 1) * size]
            sums = list(map(int.__add__, sums, row))
        ratings = [
            one * factor + bias for one, bias in zip(sums, self.bias, strict=True)
        ]
        most = max(ratings)
        powers = [math.exp(one - most) for one in ratings]
        shares = (power / sum(powers) for power in powers)
        return dict(zip(self.classes, shares, strict=True))


@cache
def get_model():
    """Return the model; its weights are read once."""
    return Model(json.loads(WEIGHTS.read_text()))

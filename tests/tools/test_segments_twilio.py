# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Our two counters against Twilio's own calculator (npm: sms-segments-calculator)."""

import json
import random
import shutil
import subprocess
import unittest
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ...tools.segments import GSM7_BASIC, GSM7_EXTENSION, count_segments

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parents[1] / ".dev" / "node" / "node_modules"
COUNTER = HERE.parents[1] / "static" / "src" / "core" / "segments.esm.js"
PEER = HERE / "segments_peer.mjs"
NODE = shutil.which("node")
COUNT = 10_000

#: Typed characters by encoding. Without CR: browsers and phones send LF, and
#: Twilio's calculator takes CR LF for one character that is not in GSM-7.
GSM7 = sorted(GSM7_BASIC - {"\r"})
EXTENSION = sorted(GSM7_EXTENSION - {"\f"})
OTHERS = "çáíóúâêôœčşğ’“”–…\tαАБвгд漢字かな가나عربיתहिन्दी"
EMOJI = [
    *("😀", "🎉", "👍", "❤️", "👍🏽", "🇫🇷", "🇺🇸", "👩‍👩‍👧", "👨‍💻", "🏳️‍🌈"),
    *("e\u0301", "n\u0303", "o\u0308"),
]
#: Lengths near which another segment begins.
EDGES = (1, 66, 67, 68, 70, 71, 134, 135, 153, 154, 160, 161, 201, 306, 307, 460)


def make_texts(count, seed=19):
    """Return generated texts, always the same: mostly letters, some of each kind."""
    dice = random.Random(seed)
    texts = []
    while len(texts) < count:
        kinds = [GSM7]
        kinds += [EXTENSION] * dice.choice((0, 0, 1))
        kinds += [OTHERS] * dice.choice((0, 0, 1))
        kinds += [EMOJI] * dice.choice((0, 0, 1))
        length = max(1, dice.choice(EDGES) + dice.choice((-1, 0, 0, 1)))
        weights = [dice.choice((1, 8, 30)) for _kind in kinds]
        chosen = dice.choices(kinds, weights, k=length)
        texts.append("".join(dice.choice(kind) for kind in chosen))
    return texts


@tagged("post_install", "-at_install")
@unittest.skipUnless(
    NODE and (NODE_MODULES / "sms-segments-calculator").is_dir(),
    "needs Node and Twilio's calculator: bin/lint installs both",
)
class TestSegmentsLikeTwilio(BaseCase):
    """The server, the browser and the carrier's calculator agree."""

    def test_all_three_agree_on_generated_texts(self):
        texts = make_texts(COUNT)
        done = subprocess.run(
            [NODE, PEER, NODE_MODULES, COUNTER],
            input=json.dumps(texts),
            capture_output=True,
            check=True,
            text=True,
            timeout=300,
        )
        answers = json.loads(done.stdout)
        self.assertEqual(len(answers), COUNT)
        wrong = []
        for text, (twilio, browser) in zip(texts, answers, strict=True):
            server = [
                *count_segments(text),
                not set(text) <= GSM7_BASIC | GSM7_EXTENSION,
            ]
            if not server == browser == twilio:
                wrong.append((text, server, browser, twilio))
        self.assertFalse(wrong[:3], f"{len(wrong)} differ")
        encodings = {answer[0][0] for answer in answers}
        self.assertEqual(encodings, {"GSM-7", "UCS-2"}, "both kinds were compared")

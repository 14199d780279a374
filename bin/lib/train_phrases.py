# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Learn the weights of ``tools/phrase_model.py`` from lists of texts; measure them.

Several small nets, each started from different random weights, are merged into one
larger net: their outputs are averaged. Dropout of input features and hidden units keeps
the nets from relying on any single one.
"""

import argparse
import base64
import csv
import json
import sys
import types
import zlib
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, diags

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("opt_out", "wrong_number", "doubtful", "conversation")
UNITS, NETS, EPOCHS, BATCH = 8, 3, 10, 32
RATE, DROP, DROP_UNITS, DECAY = 0.1, 0.4, 0.2, 1e-5
#: Number of texts that must have a feature for it to be learned.
SEEN = 2
#: Length to which the features of each text are scaled; it affects the learning rate.
LENGTH = 4.0


def load(name):
    """Import one of the modules of ``tools/`` without Odoo, and return it."""
    for package, folder in (("addon", ROOT), ("addon.tools", ROOT / "tools")):
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [str(folder)]
    return import_module(f"addon.tools.{name}")


def read_list(path):
    """Return the rows of a list: ``language``, ``class``, ``text``."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make_matrix(model, texts):
    """Return the features of texts, one row each, scaled to the same length."""
    starts, columns, values = [0], [], []
    for text in texts:
        found = sorted(model.read_features(model.read_tokens(text)))
        columns += found
        values += [LENGTH / len(found) ** 0.5] * len(found)
        starts.append(len(columns))
    shape = (len(texts), model.BUCKETS)
    values = np.array(values, dtype=np.float32)
    return csr_matrix((values, columns, starts), shape=shape)


class Net:
    """One small net, trained by AdaGrad."""

    def __init__(self, seed, buckets):
        self.draw = np.random.default_rng(seed)
        self.weights = {
            "hidden": self.make(buckets, UNITS) * 0.1,
            "bias": np.zeros(UNITS, np.float32),
            "output": self.make(UNITS, len(CLASSES)) / UNITS**0.5,
            "output_bias": np.zeros(len(CLASSES), np.float32),
        }
        self.moved = {name: np.zeros_like(it) for name, it in self.weights.items()}

    def make(self, *shape):
        """Return weights to start with."""
        return self.draw.standard_normal(shape).astype(np.float32)

    def learn(self, features, classes):
        """Learn from all rows, several times."""
        count = features.shape[0]
        for epoch in range(EPOCHS):
            order = self.draw.permutation(count)
            for start in range(0, count, BATCH):
                chosen = order[start : start + BATCH]
                rate = RATE * (1 - epoch / EPOCHS)
                self.step(features[chosen], classes[chosen], rate)

    def step(self, rows, classes, rate):
        """Learn from one batch of rows."""
        own = self.weights
        rows.data *= (self.draw.random(len(rows.data)) > DROP) / (1 - DROP)
        columns = np.unique(rows.indices)
        rows = rows[:, columns]
        raw = rows @ own["hidden"][columns] + own["bias"]
        kept = (self.draw.random(raw.shape) > DROP_UNITS) / (1 - DROP_UNITS)
        units = np.maximum(raw, 0) * kept
        logits = units @ own["output"] + own["output_bias"]
        error = np.exp(logits - logits.max(1, keepdims=True))
        error /= error.sum(1, keepdims=True)
        error[np.arange(len(classes)), classes] -= 1
        back = (error @ own["output"].T) * kept * (raw > 0)
        self.move(
            "hidden", rows.T @ back + DECAY * own["hidden"][columns], rate, columns
        )
        self.move("bias", back.sum(0), rate)
        self.move("output", units.T @ error, rate)
        self.move("output_bias", error.sum(0), rate)

    def move(self, name, slope, rate, rows=slice(None)):
        """Move weights against their gradient, less the more they have moved before."""
        self.moved[name][rows] += slope**2
        self.weights[name][rows] -= (
            rate * slope / (np.sqrt(self.moved[name][rows]) + 1e-6)
        )


def pack(nets, seen, digest):
    """Return the weights of all nets as one net, as the model reads them."""
    hidden = np.concatenate([net.weights["hidden"] for net in nets], axis=1)
    hidden[~seen] = 0
    scale = float(np.abs(hidden).max() / 127)
    small = np.clip(np.round(hidden / scale), -127, 127).astype(np.int8)
    outputs = [net.weights["output"] / len(nets) for net in nets]
    biases = [net.weights["output_bias"] for net in nets]

    def as_list(values):
        return np.round(values.astype(float), 5).tolist()

    return {
        "lists": digest,
        "classes": CLASSES,
        "scale": scale * LENGTH,
        "bias": as_list(np.concatenate([net.weights["bias"] for net in nets])),
        "output": as_list(np.concatenate(outputs).T),
        "output_bias": as_list(np.mean(biases, axis=0)),
        "hidden": base64.b85encode(zlib.compress(small.tobytes(), 9)).decode(),
    }


def learn(folder, target):
    """Learn from the lists in a folder, and write the weights to a file."""
    model = load("phrase_model")
    lists = sorted(folder.glob("*.csv"))
    rows = [row for path in lists for row in read_list(path)]
    features = make_matrix(model, [row["text"] for row in rows])
    classes = np.array([CLASSES.index(row["class"]) for row in rows])
    # A feature of a single text says little and takes much room: it is left out.
    seen = np.asarray((features > 0).sum(0)).ravel() >= SEEN
    features = features @ diags(seen.astype(np.float32)).tocsr()
    features.eliminate_zeros()
    nets = [Net(seed, model.BUCKETS) for seed in range(NETS)]
    for net in nets:
        net.learn(features, classes)
        print(f"... learned from {len(rows):,} texts", file=sys.stderr)
    values = pack(nets, seen, model.digest_lists(lists))
    target.write_text(json.dumps(values, indent=1) + "\n")


def measure(*folders):
    """Print as Markdown how the texts of each list in the folders are classified."""
    phrases = load("phrases")
    heads = "list|language|ended|of|put to a person|conversation|ended|put to a person"
    print("| " + heads.replace("|", " | ") + " |\n" + "|---" * 8 + "|")
    for path in [it for folder in folders for it in sorted(folder.glob("*.csv"))]:
        rows = read_list(path)
        for language in sorted({row["language"] for row in rows}):
            cells = [path.stem, language]
            own = [row for row in rows if row["language"] == language]
            for kinds in (phrases.ENDING, (phrases.CONVERSATION,)):
                texts = [row["text"] for row in own if row["class"] in kinds]
                found = Counter(phrases.classify(text) for text in texts)
                ended = sum(found[kind] for kind in phrases.ENDING)
                counts = [ended, len(texts), found[phrases.DOUBTFUL]]
                cells += (
                    counts if kinds == phrases.ENDING else [len(texts), *counts[::2]]
                )
            print("| " + " | ".join(map(str, cells)) + " |")


def main():
    """Read the command line: what to do, with which paths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("learn", "measure"))
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    (learn if options.what == "learn" else measure)(*options.paths)


if __name__ == "__main__":
    main()

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Learn the weights of ``tools/phrase_model.py`` from lists of texts; measure them.

A list is a CSV file with a language, class and text in each row. Texts that real people
wrote come from outside the repository, one ordinary text a line. The weights are those
of a logistic regression; dropout keeps it from relying on any single feature.
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
EPOCHS, BATCH, RATE, DROP, DECAY = 10, 32, 0.5, 0.3, 1e-5
#: Number of texts that must have a feature for it to be learned.
SEEN = 2
#: Length to which the features of each text are scaled; it affects the learning rate.
LENGTH = 4.0
#: Texts of a file that are shown: those that are most likely mistakes.
WORST = 20


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


def read_texts(path):
    """Return the texts of a file, one a line, each once."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return list(dict.fromkeys(filter(None, map(str.strip, lines))))


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


def fit(features, classes):
    """Return the weights and the biases of a logistic regression, trained by AdaGrad.

    :param features: sparse matrix, a row for each text
    :param classes: index of the class of each text
    """
    draw, (count, buckets) = np.random.default_rng(0), features.shape
    weights = np.zeros((buckets, len(CLASSES)), np.float32)
    bias = np.zeros(len(CLASSES), np.float32)
    moved, bias_moved = np.zeros_like(weights), np.zeros_like(bias)
    for epoch in range(EPOCHS):
        order = draw.permutation(count)
        rate = RATE * (1 - epoch / EPOCHS)
        for start in range(0, count, BATCH):
            chosen = order[start : start + BATCH]
            rows = features[chosen]
            rows.data *= (draw.random(len(rows.data)) > DROP) / (1 - DROP)
            columns = np.unique(rows.indices)
            rows = rows[:, columns]
            ratings = rows @ weights[columns] + bias
            error = np.exp(ratings - ratings.max(1, keepdims=True))
            error /= error.sum(1, keepdims=True)
            error[np.arange(len(chosen)), classes[chosen]] -= 1
            # A weight moves less the more it has moved before.
            slope = rows.T @ error + DECAY * weights[columns]
            moved[columns] += slope**2
            weights[columns] -= rate * slope / (np.sqrt(moved[columns]) + 1e-6)
            slope = error.sum(0)
            bias_moved += slope**2
            bias -= rate * slope / (np.sqrt(bias_moved) + 1e-6)
    return weights, bias


def pack(weights, bias, digest):
    """Return the weights as the model reads them: each in one byte."""
    scale = float(np.abs(weights).max() / 127)
    small = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
    return {
        "lists": digest,
        "classes": CLASSES,
        "scale": scale * LENGTH,
        "bias": np.round(bias.astype(float), 5).tolist(),
        "weights": base64.b85encode(zlib.compress(small.tobytes(), 9)).decode(),
    }


def learn(folder, target, files):
    """Learn from the lists in a folder, and write the weights to a file.

    :param files: files of further texts, all ordinary
    """
    model = load("phrase_model")
    lists = sorted(folder.glob("*.csv"))
    rows = [row for path in lists for row in read_list(path)]
    texts, kinds = [row["text"] for row in rows], [row["class"] for row in rows]
    for path in files:
        found = read_texts(path)
        print(f"... {len(found):,} ordinary texts of {path.name}", file=sys.stderr)
        texts += found
        kinds += ["conversation"] * len(found)
    features = make_matrix(model, texts)
    classes = np.array([CLASSES.index(kind) for kind in kinds])
    # A feature of a single text says little and takes much room: it is left out.
    seen = np.asarray((features > 0).sum(0)).ravel() >= SEEN
    features = features @ diags(seen.astype(np.float32)).tocsr()
    features.eliminate_zeros()
    weights, bias = fit(features, classes)
    print(f"... learned from {len(texts):,} texts", file=sys.stderr)
    values = pack(weights, bias, model.digest_lists(lists))
    target.write_text(json.dumps(values, indent=1) + "\n")


def measure_lists(*folders):
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


def get_interval(found, total):
    """Return in what interval a rate lies, with 95 % confidence (Wilson's score)."""
    share, square = found / total, 1.96**2 / total
    middle = share + square / 2
    width = (square * share * (1 - share) + square**2 / 4) ** 0.5
    return (middle - width) / (1 + square), (middle + width) / (1 + square)


def measure_texts(*files):
    """Print for files of texts, one a line, how many in 1,000 are ended or doubtful.

    Below each, its worst texts: those that are ended, then the doubtful ones, the least
    ordinary first.
    """
    phrases, model = load("phrases"), load("phrase_model")
    for path in files:
        if not read_texts(path):
            raise SystemExit(f"{path} has no text: one a line is expected")
        verdicts = [(phrases.judge(text), text) for text in read_texts(path)]
        counts = []
        for name, kinds in (
            ("ended", phrases.ENDING),
            ("doubtful", (phrases.DOUBTFUL,)),
        ):
            found = sum(verdict.kind in kinds for verdict, _text in verdicts)
            low, high = get_interval(found, len(verdicts))
            counts.append(
                f"{1000 * found / len(verdicts):.1f} in 1,000 {name} ({found}; "
                f"95 % confidence: {1000 * low:.1f} to {1000 * high:.1f})"
            )
        print(f"{path.name}: {len(verdicts):,} texts, {', '.join(counts)}")
        rate = model.get_model().rate
        worst = sorted(
            (
                verdict.kind == phrases.DOUBTFUL,
                rate(model.read_tokens(text))[phrases.CONVERSATION],
                text,
                verdict,
            )
            for verdict, text in verdicts
            if verdict.kind != phrases.CONVERSATION
        )
        for *_order, text, verdict in worst[:WORST]:
            print(f"    {verdict.kind:12}  {text}  [{verdict.reason}]")


def main():
    """Read the command line: what to do, with which paths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("learn", "lists", "texts"))
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--ordinary", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    if options.what == "learn":
        learn(*options.paths, options.ordinary)
    else:
        measure = measure_lists if options.what == "lists" else measure_texts
        measure(*options.paths)


if __name__ == "__main__":
    main()

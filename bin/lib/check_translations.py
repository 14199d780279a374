"""Check that each language is translated completely, with the same placeholders.

Takes the template and the languages' files, prints a line for each fault, and exits
with 1 if there is any. An empty translation is accepted where the comment :data:`SAME`
precedes it: OCA's checks refuse one that repeats the English text.
"""

import re
import sys

import polib

SAME = "The same in this language."
#: Placeholders of printf (%s, %(name)s) and of templates ({name}, {{ name }}).
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{.*?\}\}|\{\w*\}")
#: String literals within a template's expression, which are translated.
WORDS = re.compile(r"'[^']*'")


def find_faults(template, language):
    """Yield sentences about what a language's file lacks.

    :param template: ``polib.POFile``, likewise the language's
    """
    entries = {entry.msgid: entry for entry in language}
    for wanted in template:
        entry = entries.get(wanted.msgid)
        if entry is None or not (entry.msgstr or SAME in entry.tcomment):
            yield f"not translated: {wanted.msgid!r}"
        elif entry.fuzzy:
            yield f"fuzzy: {wanted.msgid!r}"
        elif entry.msgstr and find_placeholders(entry.msgstr) != find_placeholders(
            entry.msgid
        ):
            yield f"other placeholders: {wanted.msgid!r}"


def find_placeholders(text):
    """Return the placeholders of a text, sorted: languages have their own order."""
    return sorted(WORDS.sub("''", found) for found in PLACEHOLDER.findall(text))


def main(template_path, *paths):
    """Check files; return how many faults were found."""
    template, count = polib.pofile(template_path), 0
    for path in paths:
        for fault in find_faults(template, polib.pofile(path)):
            print(f"{path}: {fault}")
            count += 1
    return count


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))

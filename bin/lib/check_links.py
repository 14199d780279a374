"""Check that what the pages refer to exists: links, anchors, pictures, files, tests.

Takes the folder of the checkout and its pages, prints a line for each fault, and exits
with 1 if there is any. Nothing is requested over the network: external addresses are
only checked for their form.

Besides links, a page names files in code spans (``models/desk/helpdesk_ticket.py``) and
tests after their file (``core/test_rooms.py``, then ``test_arrows``). They must exist
as well.
"""

import re
import sys
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

#: GitHub leaves these out of an anchor.
NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")
#: A file or a folder of the checkout.
NAMED_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
#: A test, where a file was named before it in the same paragraph or cell.
NAMED_TEST = re.compile(r"test_\w+")


class Named(NamedTuple):
    """Something that a page names, with its line and, for a test, the test's file."""

    line: int
    target: str
    file: str = ""


class Page(NamedTuple):
    """A page's anchors, links and code spans."""

    anchors: set
    links: list
    codes: list


class HtmlPage(HTMLParser):
    """Collect the links and pictures of an HTML page."""

    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, _tag, attrs):
        """Collect links and pictures."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(Named(self.getpos()[0], value))


@cache
def read_page(path):
    """Return the :class:`Page` in a file."""
    if path.suffix == ".html":
        parser = HtmlPage()
        parser.feed(path.read_text())
        return Page(set(), parser.links, [])
    page, seen = Page(set(), [], []), Counter()
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    line = 1
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        line = token.map[0] + 1 if token.map else line
        if token.type == "heading_open":
            anchor = make_anchor(following)
            page.anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        for child in token.children or ():
            if child.type in ("link_open", "image"):
                target = child.attrs.get("href") or child.attrs.get("src")
                page.links.append(Named(line, target))
        page.codes.extend(find_codes(line, token.children or ()))
    return page


def find_codes(line, children):
    """Yield the code spans of a paragraph or cell, each test with its file."""
    file = ""
    for child in children:
        if child.type == "code_inline":
            is_test = NAMED_TEST.fullmatch(child.content)
            yield Named(line, child.content, file if is_test else "")
            if child.content.endswith(".py"):
                file = child.content


def make_anchor(inline):
    """Return the anchor that GitHub gives a heading."""
    text = "".join(child.content for child in inline.children)
    return NOT_IN_ANCHOR.sub("", text.strip().lower()).replace(" ", "-")


def find_link_fault(root, path, target):
    """Return what is wrong with a link of a page, or None."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        is_whole = parts.scheme in ("http", "https") and "." in parts.netloc
        return None if is_whole else "not an address"
    place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not place.is_relative_to(root):
        return "outside the repository"
    if not place.exists():
        return "no such file"
    is_heading = parts.fragment and place.suffix == ".md"
    if is_heading and parts.fragment not in read_page(place).anchors:
        return "no such heading"
    return None


def find_code_fault(root, tops, named):
    """Return what is wrong with a file or test named in a code span, or None."""
    path = named.file or named.target
    if not NAMED_FILE.fullmatch(path) or path.split("/")[0] not in tops:
        return None
    # A page about tests may leave out their folder.
    places = [root / path, root / "tests" / path]
    place = next(filter(Path.exists, places), None)
    if place is None:
        return "no such file"
    if named.file and f"def {named.target}(" not in place.read_text():
        return f"no such test in {path}"
    return None


def find_faults(root, path, tops):
    """Yield what a page names but does not exist, each with what is wrong."""
    page = read_page(path)
    for named in page.links:
        if fault := find_link_fault(root, path, named.target):
            yield named, fault
    for named in page.codes:
        if fault := find_code_fault(root, tops, named):
            yield named, fault


def main(folder, *names):
    """Check pages; return how many faults were found."""
    root, count = Path(folder).resolve(), 0
    entries = [*root.iterdir(), *(root / "tests").iterdir()]
    tops = {it.name for it in entries if it.is_dir() and it.name[0] != "."}
    for name in names:
        for named, fault in find_faults(root, root / name, tops):
            print(f"{name}:{named.line}: {fault}: {named.target}")
            count += 1
    return count


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))

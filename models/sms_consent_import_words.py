# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which words the people of a list agreed to."""

from ..tools import consent
from ..tools.import_rows import Fault

#: Different words that are remembered; lists mostly hold a few.
MAX_WORDS = 1000


class Words:
    """Finds what the rows of one import mean by words or a version, each kind once."""

    def __init__(self, env, company):
        """Begin with nothing remembered.

        :param env: in sudo
        :param company: ``res.company`` whose wordings count, beside those of all
        """
        self._env, self._company = env, company
        self._found = {}

    def find(self, said, purposes):
        """Return the wordings that a row means, and the words as they were shown.

        :param import_rows.Said said: the row
        :param purposes: ``sms.purpose`` that it is about
        :raises Fault: for a version that there is not
        """
        if said.event != consent.GRANTED:
            return None, said.wording
        key = (purposes._ids, said.version, said.wording)
        if key not in self._found:
            if len(self._found) >= MAX_WORDS:
                self._found.clear()
            self._found[key] = self._match(said, purposes)
        return self._found[key]

    def _match(self, said, purposes):
        """Return what :meth:`find` does, by asking the database."""
        if not said.version:
            wordings = self._env["sms.consent.entry"]._match_wordings(
                self._company, purposes, said.wording
            )
            return wordings, said.wording
        found = self._env["sms.wording"]
        for purpose in purposes:
            found += self._find_version(purpose, said.version)
        return found, said.wording or found._render(self._company)

    def _find_version(self, purpose, version):
        """Return a purpose's wording by its version's number or digest."""
        text = version.casefold().lstrip("v").strip()
        domain = [
            ("purpose_id", "=", purpose.id),
            ("company_id", "in", [False, self._company.id]),
            ("state", "!=", "draft"),
        ]
        if len(text) == 64:
            domain.append(("digest", "=", text))
        elif text.isdecimal() and len(text) < 6:
            domain.append(("version", "=", int(text)))
        else:
            raise Fault("bad_version", version)
        found = self._env["sms.wording"].search(domain)
        if not found:
            raise Fault("bad_version", f"{purpose.name}: {version}")
        own_lang = self._company.partner_id.lang
        return found.sorted(
            lambda wording: (not wording.company_id, wording.lang != own_lang)
        )[0]

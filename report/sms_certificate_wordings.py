# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import evidence


class SmsCertificate(models.AbstractModel):
    """The words that people saw, each once, as the certificate prints them."""

    _inherit = "report.helpdesk_mgmt_sms.sms_certificate"

    @api.model
    def _get_shown_wordings(self, facts):
        """Return the different words that were shown, each once, with a letter.

        Where they were erased, the published versions that the events name stand for
        them.
        """
        versions = {wording["digest"]: wording for wording in facts["wordings"]}
        found = {}
        for event in facts["events"]:
            version = versions.get(event["content"]["wording_digest"])
            shown = (event["evidence"] or {}).get("wording")
            text = shown or (version and version["body"])
            if not text:
                continue
            entry = found.setdefault(
                text, {"text": text, "is_template": not shown, "events": [], "used": {}}
            )
            entry["events"].append(event)
            if version:
                entry["used"][version["digest"]] = version
        return [
            {
                "letter": evidence.say_letter(index),
                "title": self.env._("Wording %s", evidence.say_letter(index)),
                "origin": self._say_origin(entry),
                "text": entry["text"],
                "event_ids": [e["content"]["event_id"] for e in entry["events"]],
                "digests": list(entry["used"]),
            }
            for index, entry in enumerate(found.values())
        ]

    @api.model
    def _say_origin(self, entry):
        """Return where a wording comes from: published versions, and events."""
        parts = list(map(self._say_version, entry["used"].values()))
        if links := evidence.say_ranges([e["sequence"] for e in entry["events"]]):
            parts.append(self.env._("link %s", links))
        if entry["is_template"]:
            parts.append(
                self.env._("the published text; the words as shown were erased")
            )
        return "; ".join(parts)

    @api.model
    def _say_version(self, wording):
        return self.env._(
            "%(purpose)s (%(lang)s, version %(version)s)",
            purpose=wording["purpose_name"],
            lang=wording["lang"],
            version=wording["version"],
        )

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models

from ..tools.chain import CONTENT_FIELDS, GENESIS
from ..tools.evidence import CHAIN_FORMAT, make_reference
from .sms_evidence_export import CHAIN


class SmsConsentCheck(models.Model):
    """The ledger in a file, which anybody can verify without Odoo."""

    _inherit = "sms.consent.check"

    def action_export(self):
        """Make the file of the company's whole chain, and offer it for download.

        :return: the action that downloads it
        :raises AccessError: for who may not read the ledger's links
        """
        self.ensure_one()
        self.check_access("read")
        self.env["sms.consent.link"].check_access("read")
        data = self._export(self.company_id).encode()
        name = f"consent-ledger-{fields.Date.today()}.json"
        reference = make_reference(fields.Date.today())
        self.env["sms.evidence.export"]._note(
            self.company_id, CHAIN, reference, name, data
        )
        # Who reads the check may read its file, and nobody may write either.
        attachment_sudo = self.env["ir.attachment"].sudo()
        attachment_sudo = attachment_sudo.create(
            {
                "name": name,
                "raw": data,
                "mimetype": "application/json",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment_sudo.id}?download=true",
            "target": "download",
        }

    @api.model
    def _export(self, company):
        """Return a company's chain as JSON.

        One object with ``company``, ``exported_at``, and ``links``: number, hash of the
        link before, own hash, and the content that is hashed. It names nobody: numbers
        are keyed hashes, evidence is a digest.

        :param company: ``res.company``
        :rtype: str
        """
        links, after = [], 0
        while rows := self._read_links(company, after):
            contents = self.env["sms.consent.event"]._read_content(
                [row[1] for row in rows if row[1]]
            )
            links += [self._export_link(row, contents.get(row[1])) for row in rows]
            after = rows[-1][0]
        return json.dumps(
            {
                "format": CHAIN_FORMAT,
                "company": company.name,
                "company_id": company.id,
                "exported_at": fields.Datetime.to_string(fields.Datetime.now()),
                "genesis": GENESIS,
                "content_fields": CONTENT_FIELDS,
                "key": self._get_fingerprint(),
                "links": links,
            },
            ensure_ascii=False,
            indent=1,
        )

    @api.model
    def _export_link(self, row, content):
        """Return a link as the file has it.

        :param row: of :meth:`_read_links`
        :param dict content: what the chain seals of its event, None if it is gone
        """
        link = self._make_link(row, content)
        exported = {
            "sequence": link.sequence,
            "previous": link.previous,
            "hash": link.hash,
            "seal": link.seal,
        }
        if link.statement is not None:
            return {**exported, "content": None, "statement": link.statement}
        return {**exported, "content": link.content and self._to_json(link.content)}

    @api.model
    def _get_fingerprint(self):
        """Return which key the seals were made with, without giving it away."""
        keys = self.env["sms.consent.key"]
        return keys._fingerprint(keys._get())

    @staticmethod
    def _to_json(content):
        """Return a content with its times as text, as they are hashed."""
        return {
            name: value.strftime("%Y-%m-%dT%H:%M:%SZ")
            if name in ("happened_at", "recorded_at")
            else value
            for name, value in content.items()
        }

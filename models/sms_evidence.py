# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import evidence
from ..tools.chain import CONTENT_FIELDS
from ..tools.consent import Answer

COMPLIANCE_GROUP = "helpdesk_mgmt_sms.group_sms_compliance"


class SmsEvidence(models.AbstractModel):
    """Gathers what proves a person's consent, as plain data.

    The PDF, the JSON and the tables are all made of what :meth:`_gather` returns, so
    that they cannot differ. Read with the rights of the compliance officer who asks,
    in one company. The format is described in ``docs/evidence.md``.
    """

    _name = "sms.evidence"
    _description = "Evidence of Text Message Consent"

    @api.model
    def _check_rights(self, company):
        """Refuse who is no compliance officer of ``company``, or is not in it now.

        :raises AccessError: then
        """
        if not self.env.user.has_group(COMPLIANCE_GROUP):
            raise AccessError(
                self.env._("Only compliance officers may take evidence out.")
            )
        company.with_env(self.env)._check_user_works_here()

    @api.model
    def _gather(self, company, numbers, number_hashes=()):
        """Return all evidence about some numbers of one person.

        :param company: ``res.company``, one
        :param numbers: E.164
        :param number_hashes: keyed hashes of numbers that were erased
        :return: JSON values, see ``docs/evidence.md``; times in UTC
        :rtype: dict
        :raises AccessError: as :meth:`_check_rights`
        :raises UserError: when the ledger knows none of the numbers
        """
        self._check_rights(company)
        hashes = dict.fromkeys(number_hashes)
        for number, value in self.env["sms.consent.key"]._hash(numbers).items():
            hashes[value] = number
        event_ids = self._find_event_ids(company, list(hashes))
        if not event_ids:
            raise UserError(
                self.env._(
                    "The consent ledger of %(company)s knows nothing of %(numbers)s.",
                    company=company.name,
                    numbers=", ".join(numbers),
                )
            )
        self._seal(company)
        events = self._read_events(event_ids)
        numbers = list(filter(None, hashes.values()))
        messages = self._get_messages_domain(company, numbers, event_ids)
        received = Domain("company_id", "=", company.id) & Domain(
            "number", "in", numbers
        )
        return {
            **self._get_head(company, evidence.PERSON),
            "person": self._get_person(hashes, events),
            "answers": self._get_answers(company, hashes),
            "events": events,
            "statements": self._read_statements(company),
            "wordings": self._read_wordings(
                {event["content"]["wording_digest"] for event in events}
            ),
            "opt_outs": self._read_opt_outs(events),
            "messages": list(self._iter_messages(messages)),
            "received": list(self._iter_received(received)),
            "chain": self._get_chain(
                company, Counter(event["seal"] for event in events)
            ),
        }

    @api.model
    def _get_head(self, company, segment):
        """Return what every document of evidence begins with."""
        now = fields.Datetime.now()
        return {
            "format": evidence.FORMAT,
            "reference": evidence.make_reference(now),
            "made_at": evidence.plain(now),
            "made_by": self.env.user.name,
            "company": company.name,
            "company_id": company.id,
            "segment": segment,
            "sandbox": self.env["sms.consent.event"]._is_on_sandbox(company),
            "key": self.env["sms.consent.check"]._get_fingerprint(),
            "content_fields": list(CONTENT_FIELDS),
        }

    @api.model
    def _get_person(self, hashes, events):
        """Return whose numbers these are, by what was recorded with the events."""
        names = [(event["evidence"] or {}).get("name") for event in events]
        return {
            "names": list(dict.fromkeys(filter(None, names))),
            "numbers": [
                {
                    "number": number,
                    "number_hash": value,
                    **self._list_events(events, value),
                }
                for value, number in hashes.items()
            ],
        }

    @staticmethod
    def _list_events(events, number_hash):
        """Return which events a number has, so that none can be left out unseen."""
        own = [it for it in events if it["content"]["number_hash"] == number_hash]
        return {
            "event_ids": [event["content"]["event_id"] for event in own],
            "links": [event["sequence"] for event in own],
        }

    @api.model
    def _find_event_ids(self, company, hashes):
        """Return the ids of the events of some numbers, also of erased ones."""
        return (
            self.env["sms.consent.event"]
            .search(
                [("company_id", "=", company.id), ("number_hash", "in", hashes)],
                order="id",
            )
            .ids
        )

    @api.model
    def _find_numbers(self, company, partner):
        """Return the numbers of a contact that the ledger knows, the present one first.

        Its own, those that consent was recorded for on it, and those of its tickets.

        :param company: ``res.company``
        :param partner: ``res.partner``
        :return: E.164
        :rtype: list
        """
        self._check_rights(company)
        recorded = self.env["sms.consent.evidence"].search(
            [
                ("company_id", "=", company.id),
                ("res_model", "=", "res.partner"),
                ("res_id", "=", partner.id),
            ]
        )
        received_sudo = self.env["sms.inbound"].sudo()
        received_sudo = received_sudo.search(
            [("company_id", "=", company.id), ("partner_id", "=", partner.id)]
        )
        tickets_sudo = self.env["helpdesk.ticket"].sudo()
        tickets_sudo = tickets_sudo.search(
            [("company_id", "=", company.id), ("partner_id", "=", partner.id)]
        )
        candidates = [
            partner.phone_sanitized,
            *recorded.mapped("number"),
            *received_sudo.mapped("number"),
            *tickets_sudo.mapped("partner_phone_sanitized"),
        ]
        numbers = list(dict.fromkeys(filter(None, candidates)))
        hashes = self.env["sms.consent.key"]._hash(numbers)
        known = self._filter_known(company, list(hashes.values()))
        return [number for number in numbers if hashes[number] in known]

    @api.model
    def _filter_known(self, company, hashes):
        """Return which hashes of numbers the ledger has events of."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT number_hash FROM sms_consent_event
                 WHERE company_id = %s AND number_hash = ANY(%s)
                """,
                company.id,
                hashes,
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _get_answers(self, company, hashes):
        """Return the current answer of each number for each purpose.

        :param dict hashes: numbers, or None, by their keyed hash
        """
        found = {value: {} for value in hashes}
        since = {value: {} for value in hashes}
        consents = self.env["sms.consent"].search(
            [("company_id", "=", company.id), ("number_hash", "in", list(hashes))]
        )
        for row in consents:
            answer = Answer(row.state, row.event_id.id)
            found[row.number_hash][row.purpose_id.id] = answer
            since[row.number_hash][row.purpose_id.id] = row.since
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        rows = []
        for value, number in hashes.items():
            for purpose in purposes:
                answer = consents._get_answer(found[value], purpose.id)
                # A yes that a STOP for everything interrupted counts since its end.
                began = [since[value].get(purpose.id), since[value].get(False)]
                rows.append(
                    {
                        "number": number,
                        "number_hash": value,
                        "purpose": purpose.code,
                        "purpose_name": purpose.name,
                        "state": answer.state,
                        "since": evidence.plain(
                            answer.event_id and max(filter(None, began))
                        ),
                        "event_id": answer.event_id or None,
                    }
                )
        return rows

    @api.model
    def _get_labels(self):
        """Return the words for the codes, in the reader's language.

        :return: ``{field: {code: words}}``
        """

        def words(model, name):
            """Return the words of a field's codes."""
            field = self.env[model]._fields[name]
            return dict(field._description_selection(self.env))

        return {
            "event": words("sms.consent.event", "event"),
            "method": words("sms.consent.event", "method"),
            "answer": words("sms.consent", "state"),
            "message": words("sms.sms", "shown_state"),
            "exemption": words("sms.sms", "exemption"),
            "decision": words("sms.sms", "gate_reason"),
            "received": words("sms.inbound", "kind"),
            "check": words("sms.consent.check", "state"),
            "seal": {
                evidence.HOLDS: self.env._("holds"),
                evidence.CHANGED: self.env._("changed"),
                evidence.UNSEALED: self.env._("not sealed yet"),
            },
        }

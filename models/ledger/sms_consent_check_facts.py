# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import dropwhile, islice, takewhile

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import chain
from ...tools.evidence import parse_time
from ..core.bulk_insert import update_all
from ..core.moments import say_moment
from . import ledger_guards
from . import sms_consent_check as checks
from .sms_consent_key import KEY_OPTION, KEY_VARIABLE

#: Fields of the checks from before there were seals; the first seal covers them.
OLD_FIELDS = ("id", "checked_at", "state", "link_count", "head_hash")
#: Fields that a check's seal covers.
SEALED_FIELDS = (
    ["company_id", "checked_at", "state", "link_count", "head_hash", "unsealed_count"]
    + ["broken_sequence", "broken_reason", "broken_event_id", "findings", "remarks"]
    + ["key_place", "previous_seal"]
)


class SmsConsentCheck(models.Model):
    """Checks besides the chain: of triggers, answers, evidence and earlier checks."""

    _inherit = "sms.consent.check"

    @api.model
    def _find_others(self, company, key):
        """Return all other findings: pairs of a reason and a sentence."""
        kinds = [
            (checks.CHECK, self._find_changed_checks(company, key)),
            (checks.TRIGGER, self._find_faulty_triggers()),
            (checks.ENTRY_COPIED, self._find_copied_events(company)),
            (checks.EVIDENCE_ALONE, self._find_lone_evidence(company)),
            (checks.ANSWER, self._find_wrong_answers(company)),
        ]
        found = []
        for reason, sentences in kinds:
            named = list(islice(sentences, checks.NAMED + 1))
            if len(named) > checks.NAMED:
                named[checks.NAMED] = self.env._("There are more of this kind.")
            found += [(reason, sentence) for sentence in named]
        return found

    @api.model
    def _say_break(self, found, event_id):
        reasons = dict(self._fields["broken_reason"]._description_selection(self.env))
        values = {"reason": reasons[found.reason], "sequence": found.sequence}
        if not event_id:
            return self.env._("%(reason)s (link %(sequence)s).", **values)
        return self.env._(
            "%(reason)s (link %(sequence)s, event %(event)s).", event=event_id, **values
        )

    @api.model
    def _find_faulty_triggers(self):
        sentences = {
            ledger_guards.GONE: self.env._(
                "The trigger %(name)s of %(table)s is gone."
            ),
            ledger_guards.DISABLED: self.env._(
                "The trigger %(name)s of %(table)s is disabled."
            ),
            ledger_guards.REPLACED: self.env._(
                "The trigger %(name)s of %(table)s does something else than what was "
                "installed."
            ),
        }
        for table, name, fault in ledger_guards.find_faulty_guards(self.env):
            yield sentences[fault] % {"table": table, "name": name}

    @api.model
    def _find_copied_events(self, company):
        query = """
            SELECT min(id), max(id) FROM sms_consent_event
             WHERE company_id = %s AND seal IS NOT NULL
          GROUP BY seal HAVING count(*) > 1 ORDER BY 1
        """
        for event_id, copy_id in self.env.execute_query(SQL(query, company.id)):
            copied = {"event": event_id, "copy": copy_id}
            yield self.env._("Event %(copy)s is a copy of event %(event)s.", **copied)

    @api.model
    def _find_lone_evidence(self, company):
        query = """
            SELECT evidence.id FROM sms_consent_evidence evidence
             WHERE evidence.company_id = %s
               AND NOT EXISTS (SELECT 1 FROM sms_consent_event event
                                WHERE event.evidence_id = evidence.id)
          ORDER BY evidence.id
        """
        for (evidence_id,) in self.env.execute_query(SQL(query, company.id)):
            yield self.env._(
                "The event of evidence %s was removed, or names other evidence.",
                evidence_id,
            )

    @api.model
    def _find_wrong_answers(self, company):
        consents = self.env["sms.consent"]
        tried = None
        if self._is_copy() and self.env["sms.consent.event"]._is_on_sandbox(company):
            tried = set(consents._get_tried_hashes(company))
        for number_hash, *answer in consents._find_underived(company):
            if tried is None or number_hash not in tried:
                yield self._say_answer(number_hash, *answer)

    @api.model
    def _is_copy(self):
        """Return whether this is a neutralized copy of a database.

        SQL has switched its companies to the sandbox, so old events of the sandbox
        count only for numbers that have new ones.
        """
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return bool(parameters_sudo.get_param("database.is_neutralized"))

    @api.model
    def _say_answer(self, number_hash, purpose_id, found, derived):
        """Return a finding of :meth:`SmsConsent._find_underived` as a sentence."""
        states = dict(
            self.env["sms.consent"]._fields["state"]._description_selection(self.env)
        )
        if purpose_id is None:
            return self.env._(
                "The answers of number %s name another number.", number_hash[:12]
            )
        purpose = self.env["sms.purpose"].sudo().browse(purpose_id or ())
        values = {
            "number": number_hash[:12],
            "purpose": purpose.name or self.env._("all purposes"),
            "found": found and states[found[0].state],
            "derived": derived and states[derived[0].state],
        }
        if not found:
            return self.env._(
                "The answer of number %(number)s for %(purpose)s is missing; the "
                "events give “%(derived)s”.",
                **values,
            )
        if not derived:
            return self.env._(
                "The answer of number %(number)s for %(purpose)s says “%(found)s”; no "
                "event gives any.",
                **values,
            )
        if found[0].state == derived[0].state:
            return self.env._(
                "The answer of number %(number)s for %(purpose)s says “%(found)s” "
                "under another event or date than the events give.",
                **values,
            )
        return self.env._(
            "The answer of number %(number)s for %(purpose)s says “%(found)s”; the "
            "events give “%(derived)s”.",
            **values,
        )

    @api.model
    def _get_remarks(self, verifier):
        """Return what this verification cannot detect, as sentences."""
        remarks = []
        if self.env["sms.consent.key"]._is_inside():
            remarks.append(self._say_key_is_inside())
        if carried := verifier.carried:
            moment = parse_time(carried["at"])
            remarks.append(
                self.env._(
                    "Links 1 to %(count)s are from before the ledger had seals. They "
                    "were taken over as they were on %(when)s.",
                    count=carried["links"],
                    when=say_moment(self.env, moment, lasting=True),
                )
            )
        return remarks

    @api.model
    def _say_key_is_inside(self):
        if self.env["sms.consent.key"]._is_copied_outside():
            return self.env._(
                "The key of the ledger lies outside the database, and a copy still "
                "lies in it. Who owns the database can compute the ledger anew until "
                "it is removed: an administrator does it in Set-up and health, or the "
                "next daily verification does."
            )
        return self.env._(
            "The key of the ledger lies in the database: who owns the database can "
            "compute the ledger anew, and no verification finds it. Copy the system "
            "parameter's value to %(variable)s in the server's environment (or to "
            "%(option)s in its configuration file), restart, and remove it from the "
            "database in Set-up and health.",
            variable=KEY_VARIABLE,
            option=KEY_OPTION,
        )

    # === The record of verifications ===

    # Each contains the seal of the one before; the company contains that of the newest.
    # So the next check detects one that was changed or removed.

    @api.model
    def _enter(self, company, key, values):
        """Append a sealed check after the newest one."""
        is_inside = self.env["sms.consent.key"]._is_inside()
        newest = company.sudo().sms_check_seal
        checked = {
            **values,
            "company_id": company.id,
            "checked_at": fields.Datetime.now(),
            "unsealed_count": len(self.env["sms.consent.link"]._get_unsealed(company)),
            "key_place": checks.INSIDE if is_inside else checks.OUTSIDE,
            "previous_seal": newest or self._digest_old(self._read_checks(company)),
        }
        checked["seal"] = chain.seal(key, chain.CHECK, self._get_sealed(checked))
        check = self.create(checked)
        self.flush_model()
        # If two verifications run at once, the later starts over and sees the other.
        update_all(company, sms_check_seal=checked["seal"])
        company.invalidate_recordset(["sms_check_seal"], flush=False)
        return check

    @staticmethod
    def _get_sealed(values):
        """Return the values that a check's seal covers, as the database has them."""
        return {name: values.get(name) or None for name in SEALED_FIELDS}

    @staticmethod
    def _digest_old(rows):
        old = takewhile(lambda row: not row["seal"], rows)
        return chain.digest({"old": [[row[it] for it in OLD_FIELDS] for row in old]})

    @api.model
    def _read_checks(self, company):
        """Return a company's checks, oldest first, bypassing the ORM's cache."""
        self.flush_model()
        names = ("id", "seal", *SEALED_FIELDS)
        columns = SQL(", ").join(map(SQL.identifier, names))
        query = "SELECT %s FROM sms_consent_check WHERE company_id = %s ORDER BY id"
        rows = self.env.execute_query(SQL(query, columns, company.id))
        return [dict(zip(names, row, strict=True)) for row in rows]

    @api.model
    def _find_changed_checks(self, company, key):
        """Yield a sentence for each check that was changed, removed or forged."""
        rows = self._read_checks(company)
        previous = self._digest_old(rows)
        sealed = list(dropwhile(lambda row: not row["seal"], rows))
        for row in sealed:
            when = say_moment(self.env, row["checked_at"], lasting=True)
            if not row["seal"]:
                yield self.env._("The verification of %s was made up.", when)
                continue
            values = self._get_sealed(row)
            if not chain.is_sealed(key, chain.CHECK, values, row["seal"]):
                yield self.env._("The verification of %s was changed.", when)
            elif row["previous_seal"] != previous:
                yield self.env._("A verification before that of %s is missing.", when)
            previous = row["seal"]
        newest = company.sudo().sms_check_seal
        if (newest or sealed) and newest != previous:
            yield self.env._("The newest verification is missing.")

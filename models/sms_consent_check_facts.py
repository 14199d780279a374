# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import islice

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..tools.evidence import parse_time
from . import ledger_guards
from .sms_consent_check import (
    ANSWER,
    CHECK,
    ENTRY_COPIED,
    EVIDENCE_ALONE,
    NAMED,
    TRIGGER,
)
from .sms_consent_key import KEY_OPTION, KEY_VARIABLE


class SmsConsentCheck(models.Model):
    """What else must be so: triggers, answers, evidence, and the checks themselves."""

    _inherit = "sms.consent.check"

    @api.model
    def _find_others(self, company, key):
        """Return what is not as it must be, beside the chain.

        :param company: ``res.company``
        :param str key: the ledger's secret
        :return: list of pairs of a reason and a sentence
        """
        kinds = [
            (CHECK, self._find_changed_checks(company, key)),
            (TRIGGER, self._find_faulty_triggers()),
            (ENTRY_COPIED, self._find_copied_events(company)),
            (EVIDENCE_ALONE, self._find_lone_evidence(company)),
            (ANSWER, self._find_wrong_answers(company)),
        ]
        found = []
        for reason, sentences in kinds:
            named = list(islice(sentences, NAMED + 1))
            if len(named) > NAMED:
                named[NAMED] = self.env._("There are more of this kind.")
            found += [(reason, sentence) for sentence in named]
        return found

    @api.model
    def _say_break(self, found, event_id):
        """Return the first place where the chain does not hold, as a sentence.

        :param Break found: see :class:`tools.chain.Break`
        """
        reasons = dict(self._fields["broken_reason"]._description_selection(self.env))
        if not event_id:
            return self.env._(
                "%(reason)s (link %(sequence)s).",
                reason=reasons[found.reason],
                sequence=found.sequence,
            )
        return self.env._(
            "%(reason)s (link %(sequence)s, event %(event)s).",
            reason=reasons[found.reason],
            sequence=found.sequence,
            event=event_id,
        )

    @api.model
    def _find_faulty_triggers(self):
        """Yield a sentence for each trigger that is not as it was installed."""
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
        """Yield a sentence for each event that was entered once and is there twice."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT min(id), max(id) FROM sms_consent_event
                 WHERE company_id = %s AND seal IS NOT NULL
              GROUP BY seal HAVING count(*) > 1 ORDER BY 1
                """,
                company.id,
            )
        )
        for first_id, last_id in rows:
            yield self.env._(
                "Event %(copy)s is a copy of event %(event)s.",
                copy=last_id,
                event=first_id,
            )

    @api.model
    def _find_lone_evidence(self, company):
        """Yield a sentence for each piece of evidence whose event is not there."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT evidence.id FROM sms_consent_evidence evidence
                 WHERE evidence.company_id = %s
                   AND NOT EXISTS (SELECT 1 FROM sms_consent_event event
                                    WHERE event.evidence_id = evidence.id)
              ORDER BY evidence.id
                """,
                company.id,
            )
        )
        for (evidence_id,) in rows:
            yield self.env._(
                "The event of evidence %s was removed, or names other evidence.",
                evidence_id,
            )

    @api.model
    def _find_wrong_answers(self, company):
        """Yield a sentence for each answer that does not follow from the events."""
        consents = self.env["sms.consent"]
        tried = None
        if self._is_copy() and self.env["sms.consent.event"]._is_on_sandbox(company):
            tried = set(consents._get_tried_hashes(company))
        for number_hash, *answer in consents._find_underived(company):
            if tried is None or number_hash not in tried:
                yield self._say_answer(number_hash, *answer)

    @api.model
    def _is_copy(self):
        """Tell if this is a neutralized copy of a database.

        Its companies were put on the sandbox by SQL: what was said there once was not
        counted before, and is again only where something new is said.
        """
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return bool(parameters_sudo.get_param("database.is_neutralized"))

    @api.model
    def _say_answer(self, number_hash, purpose_id, found, derived):
        """Return what an answer says, and what the events give instead.

        :param found: the stored answer, see :meth:`SmsConsent._find_underived`; None if
            there is none
        :param derived: that of the events
        """
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
        """Return what this verification could not have found, as sentences.

        :param Verifier verifier: which has walked the chain
        """
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
                    when=format_datetime(self.env, moment),
                )
            )
        return remarks

    @api.model
    def _say_key_is_inside(self):
        """Return what it means that the key lies in the database, and what to do."""
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

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls by Twilio's Programmable Voice: placed, looked up, spoken.

Calls: https://www.twilio.com/docs/voice/api/call-resource
Gather: https://www.twilio.com/docs/voice/twiml/gather
Say: https://www.twilio.com/docs/voice/twiml/say
Voicemail: https://www.twilio.com/docs/voice/answering-machine-detection
"""

import re

from twilio.twiml.voice_response import VoiceResponse

from . import faults, outbound, shared
from .twilio_words import CODES, STATUSES, to_utc
from .voice import RING_SECONDS

#: The form of a call's SID.
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}\Z")
#: Calls that a lookup reads, newest first: a page of Twilio's.
LOOKUP_LIMIT = 1000
#: Seconds that a key is waited for, and after which a call ends whatever happens.
KEY_SECONDS, TIME_LIMIT = 8, 180
#: Call status of Twilio: our word. ``completed`` is a call that was answered and is
#: over; that a person was told is known before it, when their words are asked for.
#: https://www.twilio.com/docs/voice/api/call-resource#call-status-values
REPORTS = {
    "queued": outbound.QUEUED,
    "initiated": outbound.QUEUED,
    "ringing": outbound.QUEUED,
    "in-progress": outbound.SENT,
    "completed": outbound.UNDELIVERED,
    "busy": outbound.UNDELIVERED,
    "no-answer": outbound.UNDELIVERED,
    "failed": outbound.UNDELIVERED,
    "canceled": outbound.CANCELED,
}
#: Why nobody was told; ``completed`` without a person is an answering machine's.
FAULTS = {
    "completed": faults.VOICEMAIL,
    "busy": faults.BUSY,
    "no-answer": faults.UNANSWERED,
    "failed": faults.NO_CALL,
}
#: Odoo's failure type of all of these.
FAILURE = "sms_not_delivered"
#: Error codes of a post that mean the same as for a text, and one more: too many calls
#: at once. With any other the carrier cannot place this call: its caller is not
#: verified (21210), the country not enabled (21215), the number none (21211, 21214).
#: https://www.twilio.com/docs/api/errors
SHARED = {faults.AUTHENTICATION, faults.TOO_FAST, faults.ACCOUNT_LIMIT}
CALL_CODES = {
    **{code: known for code, known in CODES.items() if known[0] in SHARED},
    "10004": (faults.TOO_FAST, "sms_server"),
}
#: Languages that Twilio speaks without a voice being chosen; the first of each is for
#: those of its speakers whose country is not here.
LANGUAGES = (
    *("en-US", "en-AU", "en-CA", "en-GB", "en-IN", "da-DK", "de-DE", "es-ES", "es-MX"),
    *("ca-ES", "fi-FI", "fr-FR", "fr-CA", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL"),
    *("pl-PL", "pt-PT", "pt-BR", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW"),
)


def fields_of(message):
    """Return the arguments of Twilio's call for a call."""
    return {
        "to": message.number,
        "from_": message.sender,
        "url": message.answer_url,
        "method": "POST",
        "status_callback": message.callback,
        # Whatever ends a call is "completed".
        "status_callback_event": ["completed"],
        "machine_detection": "Enable",
        "timeout": RING_SECONDS,
        "time_limit": TIME_LIMIT,
    }


def find_known(code, status):
    """Return the fault and Odoo's failure type of a refused post."""
    known = CALL_CODES.get(code) or STATUSES.get(status)
    return known or (faults.NO_CALL, FAILURE)


def read_report(carrier_id, status, answered_by, code="", raw=None, price=None):
    """Return how a call stands in our words.

    :param str status: Twilio's own
    :param answered_by: Twilio's own, empty or None if it has not looked
    :param dict raw: every field as it came
    :param price: ``Price``, None as long as Twilio has not charged it
    """
    report = REPORTS.get(status, outbound.UNKNOWN)
    fault = FAULTS.get(status, "")
    if fault == faults.VOICEMAIL and not is_machine(answered_by):
        fault = faults.UNANSWERED
    failure_type = FAILURE if fault else ""
    return outbound.DeliveryReport(
        carrier_id, report, code, failure_type, fault, raw or {}, price
    )


def read_answer(form):
    """Return the report that a call was answered: by a person, or by a machine."""
    report, fault, failure_type = outbound.DELIVERED, "", ""
    if is_machine(form.get("AnsweredBy")):
        report, fault = outbound.UNDELIVERED, faults.VOICEMAIL
        failure_type = FAILURE
    return outbound.DeliveryReport(
        form.get("CallSid", ""), report, "", failure_type, fault, dict(form)
    )


def is_machine(answered_by):
    """Tell if it was no person; whoever may be one is told."""
    return bool(answered_by and answered_by.startswith(("machine", "fax")))


def find(provider, message, since, until):
    """List the calls from us to a number; the words of a call are shown nowhere.

    Not by the time of its start, which a call that was not dialed yet does not have.
    """
    listed = provider.api.ask(
        lambda client: client.calls.list(
            to=message.number, from_=message.sender, limit=LOOKUP_LIMIT
        )
    )
    calls = (
        outbound.Found(read_call(it), created_at=to_utc(it.date_created))
        for it in listed
    )
    return shared.pick_in_time(calls, since, until)


def fetch(provider, carrier_id):
    """Read one call at Twilio."""
    return read_call(provider.api.ask(lambda client: client.calls(carrier_id).fetch()))


def read_call(instance):
    """Return a call of Twilio's in our words."""
    price = outbound.read_price(instance.price, instance.price_unit)
    sid, answered_by = instance.sid or "", instance.answered_by
    return read_report(sid, instance.status, answered_by, price=price)


def say(spoken, key_url):
    """Return the TwiML that says some words, and waits for a key if they ask.

    Nobody there is an answer too, so that what is next is ours to say.

    :param spoken: ``Spoken``, None for nothing: the call ends
    :param str key_url: where the key goes
    """
    response = VoiceResponse()
    if spoken and spoken.asks:
        gather = response.gather(
            num_digits=1,
            timeout=KEY_SECONDS,
            # A hash is a wrong key, and not the end of none.
            finish_on_key="",
            action=key_url,
            method="POST",
            action_on_empty_result=True,
        )
        gather.say(spoken.words, language=to_language(spoken.lang))
        return str(response)
    if spoken:
        response.say(spoken.words, language=to_language(spoken.lang))
    response.hangup()
    return str(response)


def to_language(lang):
    """Return Twilio's name of a language that it speaks: English for one it does not.

    :param str lang: Odoo's code, such as ``de_CH``, may be empty
    """
    wanted = (lang or LANGUAGES[0]).partition("@")[0].replace("_", "-")
    wanted = {"es-419": "es-MX", "no-NO": "nb"}.get(wanted, wanted)
    if wanted in LANGUAGES:
        return wanted
    near = (it for it in LANGUAGES if it.split("-")[0] == wanted.split("-")[0])
    return next(near, LANGUAGES[0])

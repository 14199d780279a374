# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Place and look up calls by Twilio's Programmable Voice, and write what they say.

Calls: https://www.twilio.com/docs/voice/api/call-resource
Gather: https://www.twilio.com/docs/voice/twiml/gather
Say: https://www.twilio.com/docs/voice/twiml/say
Voicemail: https://www.twilio.com/docs/voice/answering-machine-detection
"""

import re

from twilio.twiml.voice_response import VoiceResponse

from ..tools.texts import by_word
from . import faults, outbound, shared
from .twilio_words import CODES, STATUSES, to_utc
from .voice import RING_SECONDS

#: The form of a call SID.
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}\Z")
#: Calls that a lookup reads, newest first: one page at Twilio.
LOOKUP_LIMIT = 1000
#: Seconds to wait for a key, and the maximum duration of a call.
KEY_SECONDS, TIME_LIMIT = 8, 180
#: Our report for each call status of Twilio's. ``completed`` is an answered call that
#: has ended; that a person heard it is known earlier, when Twilio asks what to say.
#: https://www.twilio.com/docs/voice/api/call-resource#call-status-values
REPORTS = by_word(
    {
        outbound.QUEUED: "queued initiated ringing",
        outbound.SENT: "in-progress",
        outbound.UNDELIVERED: "completed busy no-answer failed",
        outbound.CANCELED: "canceled",
    }
)
#: Why nobody heard it; a ``completed`` call that no person heard met a machine.
FAULTS = {
    "completed": faults.VOICEMAIL,
    "busy": faults.BUSY,
    "no-answer": faults.UNANSWERED,
    "failed": faults.NO_CALL,
}
#: Odoo's failure type for all of these.
FAILURE = "sms_not_delivered"
#: Faults that mean the same as for a text; one more code means too many calls at once.
#: With any other code the carrier cannot place this call: the caller ID is not verified
#: (21210), the country is not enabled (21215), the number is invalid (21211, 21214).
#: https://www.twilio.com/docs/api/errors
SHARED = {faults.AUTHENTICATION, faults.TOO_FAST, faults.ACCOUNT_LIMIT}
CALL_CODES = {
    **{code: known for code, known in CODES.items() if known[0] in SHARED},
    "10004": (faults.TOO_FAST, "sms_server"),
}
#: Languages that Twilio speaks without choosing a voice. The first of each also serves
#: its speakers in countries that are not listed.
LANGUAGES = (
    *("en-US", "en-AU", "en-CA", "en-GB", "en-IN", "da-DK", "de-DE", "es-ES", "es-MX"),
    *("ca-ES", "fi-FI", "fr-FR", "fr-CA", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL"),
    *("pl-PL", "pt-PT", "pt-BR", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW"),
)


def fields_of(message):
    """Return the arguments of Twilio's request for a call."""
    return {
        "to": message.number,
        "from_": message.sender,
        "url": message.answer_url,
        "method": "POST",
        "status_callback": message.callback,
        # Twilio sends this event for every end of a call.
        "status_callback_event": ["completed"],
        "machine_detection": "Enable",
        "timeout": RING_SECONDS,
        "time_limit": TIME_LIMIT,
    }


def find_known(code, status):
    """Return the fault and Odoo's failure type for a refused call."""
    return CALL_CODES.get(code) or STATUSES.get(status) or (faults.NO_CALL, FAILURE)


def read_report(carrier_id, status, answered_by, code="", raw=None, price=None):
    """Return the state of a call as a report.

    :param str status: Twilio's status
    :param answered_by: Twilio's ``AnsweredBy``, empty or None without detection
    :param dict raw: every field as received
    :param price: ``Price``, None until Twilio has charged it
    """
    report = REPORTS.get(status, outbound.UNKNOWN)
    fault = FAULTS.get(status, "")
    if fault == faults.VOICEMAIL and not is_machine(answered_by):
        fault = faults.UNANSWERED
    return shared.make_report(carrier_id, report, (fault, FAILURE), code, raw, price)


def read_answer(form):
    """Return the report of an answered call: by a person, or by a machine."""
    was_machine = is_machine(form.get("AnsweredBy"))
    report = outbound.UNDELIVERED if was_machine else outbound.DELIVERED
    known = (faults.VOICEMAIL, FAILURE)
    return shared.make_report(form.get("CallSid", ""), report, known, raw=dict(form))


def is_machine(answered_by):
    """Tell whether a machine answered; in doubt it was a person."""
    return bool(answered_by and answered_by.startswith(("machine", "fax")))


def find(provider, message, since, until):
    """List our calls to a number; Twilio does not keep what they said.

    Do not filter by start time: a call that was not dialed yet has none.
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
    """Return a call at Twilio as a report."""
    price = outbound.read_price(instance.price, instance.price_unit)
    sid, answered_by = instance.sid or "", instance.answered_by
    return read_report(sid, instance.status, answered_by, price=price)


def say(spoken, key_url):
    """Return the TwiML that speaks, and waits for a key if it asks a question.

    Twilio reports silence too, so that we decide what comes next.

    :param spoken: ``Spoken``, None to end the call
    :param str key_url: URL that Twilio posts the key to
    """
    response = VoiceResponse()
    if spoken and spoken.asks:
        gather = response.gather(
            num_digits=1,
            timeout=KEY_SECONDS,
            # Report the hash as a wrong key instead of taking it for the end of input.
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
    """Return Twilio's code for a language, English if Twilio does not speak it.

    :param str lang: Odoo's code, such as ``de_CH``, may be empty
    """
    wanted = (lang or LANGUAGES[0]).partition("@")[0].replace("_", "-")
    wanted = {"es-419": "es-MX", "no-NO": "nb"}.get(wanted, wanted)
    if wanted in LANGUAGES:
        return wanted
    near = (it for it in LANGUAGES if it.split("-")[0] == wanted.split("-")[0])
    return next(near, LANGUAGES[0])

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Phone numbers: canonical form, kinds, and the ways in which people write them.

Numbers arrive in odd forms that a carrier accepts all the same: with the trunk prefix
that is dialed inside the country ("+4407911…", "+1120255…"), with the country's code
twice, with digits of another script, as a URI ("tel:…") or with an extension. A STOP
from +447911… must hold for each of them.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from . import verdicts
from .geography import TERRITORIES, is_assigned, is_mobile
from .texts import by_word, plain_digits

#: E.164: a plus sign, then 8 to 15 digits that do not start with 0 (ITU-T E.164).
#: ASCII digits only, and nothing after them, not even a line break.
E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")
#: A well-formed North American number, which needs no lookup.
_PLAIN_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}\Z")
#: International prefixes, dialed in place of the plus.
_INTERNATIONAL = re.compile(r"(?:00|011)\W*(?=[1-9])")
_LONGEST = 100
_SCHEME = re.compile(r"\s*(?:tel|sms|smsto|callto):[\s/]*", re.IGNORECASE)
#: The trunk zero in parentheses after the country's code, dialed only inside it.
_TRUNK_ZERO = re.compile(r"((?:\+|00|011)[\s\d]{1,6})\(\s*0\s*\)")
#: What spreadsheets and scripts add to a number that they take for a figure.
_DECIMAL_ZERO = re.compile(r"(?<=\d{7})\.0+\Z")
#: Extensions whose word the library does not know: French, German, Spanish. And what
#: words say with figures ("after 6 pm"), which would make it another number.
_EXTENSION = re.compile(
    r"\d\W*(?:poste|p\.|durchwahl|dw|apparat|app|nebenstelle|nst|klappe|interno|anexo"
    r"|ext\w*)\W*\d{1,7}\W*\Z|(?:\d\W*){8}[^\W\d_](?:[^\d=]*\d){1,7}\D*\Z",
    re.IGNORECASE,
)
#: Only a text that matches can contain an extension.
_MARKED = re.compile(r"\d.*[^\d\s()+./-].*\d")
#: A number with this many digits is complete: letters beside them are words, not keys
#: on a keypad ("1-800-FLOWERS").
_WHOLE = 8


def canonical(number):
    """Return a number in E.164; anything else is returned unchanged.

    :param str number: with its country's code, in any form; or a carrier's name for a
        sender, such as a short code or an alphanumeric one
    :return: E.164, or ``number``
    """
    if not number or _PLAIN_AMERICAN.match(number):
        return number
    return _canonical(number)


@lru_cache(maxsize=2**16)
def _canonical(number):
    """Parse and repair a number, and return it in E.164."""
    # Not with digits of another script, which the patterns match as well.
    if number.isascii() and is_assigned(number[1:]):
        return number
    if len(number) > _LONGEST:
        return number
    parsed = _parse(number)
    if not parsed:
        return number
    # Without its extension.
    return phonenumbers.format_number(_repair(parsed), PhoneNumberFormat.E164)


def parse(number, country=None):
    """Return a number as the library parses it, None if it cannot.

    :param str country: ISO code of the country in which it is dialed, None if it must
        have its country's code
    """
    try:
        return phonenumbers.parse(number, country)
    except NumberParseException:
        return None


def _parse(number):
    """Parse a number in any form, None if it has no country's code."""
    text = tidy(number)
    if dialed := _INTERNATIONAL.match(text):
        text = f"+{text[dialed.end() :]}"
    if text[:1] != "+":
        return None
    return parse(text)


def _repair(parsed):
    """Return a number without a surplus country's code or trunk zero."""
    if phonenumbers.is_valid_number(parsed):
        return parsed
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    for prefix in (code, "0", f"0{code}", f"{code}0", f"00{code}"):
        if national.startswith(prefix):
            other = parse(f"+{code}{national[len(prefix) :]}")
            if other and phonenumbers.is_valid_number(other):
                return other
    return parsed


# Numbers as people write them.


def tidy(text):
    """Return a written number in plain characters, without parts that are not dialed.

    Full-width and Arabic digits become ASCII; invisible characters, a link's ``tel:``,
    the "(0)" after a country's code and a spreadsheet's decimal zero are removed.
    """
    if len(text) > _LONGEST:
        return text
    plain = text
    if not text.isascii():
        plain = plain_digits(unicodedata.normalize("NFKC", text))
        plain = "".join(map(_make_plain, plain))
    if scheme := _SCHEME.match(plain):
        plain = unquote(plain[scheme.end() :])
    return _DECIMAL_ZERO.sub("", _TRUNK_ZERO.sub(r"\1", plain).strip())


def _make_plain(char):
    return {"Pd": "-", "Cf": ""}.get(unicodedata.category(char), char)


def has_extension(text):
    """Tell if a written number has an extension, and so belongs to a switchboard.

    :param str text: as :func:`tidy` returns it
    """
    if len(text) > _LONGEST or not _MARKED.search(text):
        return False
    if _EXTENSION.search(text):
        return True
    parsed = parse(text, "US")  # the country does not matter
    return bool(parsed and parsed.extension)


def get_spellings_to_read(text):
    """Return the possible readings of a written number, the likeliest first.

    "011…" is dialed in North America for "+…", but in Britain begins a number: so the
    number as written comes first.

    :param str text: as :func:`tidy` returns it
    """
    if sum(map(str.isdigit, text)) >= _WHOLE:
        text = re.sub(r"[^\W\d_]+", " ", text).strip(" :.")
    dialed = _INTERNATIONAL.match(text)
    return [text, f"+{text[dialed.end() :]}"] if dialed else [text]


# Numbers that are never texted, whatever their owners have agreed to.
#
# Source: Twilio's errors 21268 (no premium rate or information numbers) and 21265 (no
# short codes), its guidelines for France (21614: no landlines); read on 2026-11-27 at
# https://www.twilio.com/docs/api/errors and https://www.twilio.com/guidelines/fr/sms.

#: Countries whose emergency numbers are recognized.
_EMERGENCY_COUNTRIES = ("US", "CA", "GB", "FR", "DE", "ES")
_FEW_DIGITS = re.compile(r"(?:\+(?:1|33|34|44|49))?([0-9]{2,6})\Z")
_SHORT_CODE = re.compile(r"[0-9]{3,6}\Z")
_REFUSED_KINDS = {
    PhoneNumberType.PREMIUM_RATE: verdicts.PREMIUM,
    PhoneNumberType.FIXED_LINE: verdicts.LANDLINE,
    **dict.fromkeys(
        (
            *(PhoneNumberType.SHARED_COST, PhoneNumberType.UAN),
            *(PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL),
            *(PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.TOLL_FREE),
        ),
        verdicts.SERVICE_NUMBER,
    ),
}
#: Refusals by the number plan, about which a carrier may know better: they do not apply
#: to numbers that have texted us.
DOUBTFUL = (verdicts.LANDLINE, verdicts.SERVICE_NUMBER, verdicts.BAD_NUMBER)
#: Of these, the ones that can be called.
CALLABLE = (verdicts.LANDLINE, verdicts.SERVICE_NUMBER)


@lru_cache(maxsize=2**16)
def find_refusal(number):
    """Return why a number is never texted: a reason of ``verdicts``, or empty.

    In North America landlines cannot be distinguished from mobiles, and toll-free
    numbers can be texted.

    :param str number: E.164, or as written if it could not be converted
    """
    if not E164.match(number):
        return find_refusal_of_words(number)
    if _PLAIN_AMERICAN.match(number):
        return _find_american_refusal(number[2:5])
    if is_mobile(number[1:]):
        return ""
    parsed = parse(number)
    if not parsed:
        return verdicts.BAD_NUMBER
    refusal = _REFUSED_KINDS.get(phonenumbers.number_type(parsed), "")
    # A possible number that is not in the plan yet may be new.
    is_possible = parsed.country_code != 1 and phonenumbers.is_possible_number(parsed)
    return refusal if refusal or is_possible else verdicts.BAD_NUMBER


def find_refusal_of_words(text):
    """Return why a number could not be converted to E.164: a reason of ``verdicts``.

    :param str text: the number as written
    """
    text = tidy(text)
    if has_extension(text):
        return verdicts.EXTENSION
    digits = re.sub(r"[\s().-]", "", text)
    few = _FEW_DIGITS.match(digits)
    if not few:
        return verdicts.BAD_NUMBER
    for country in _EMERGENCY_COUNTRIES:
        if phonenumbers.is_emergency_number(few[1], country):
            return verdicts.EMERGENCY
    return verdicts.SHORT_CODE if _SHORT_CODE.match(digits) else verdicts.BAD_NUMBER


@lru_cache(maxsize=1024)
def _find_american_refusal(area_code):
    """Return why numbers of an area code are not texted, or empty."""
    kind = phonenumbers.number_type(phonenumbers.parse(f"+1{area_code}5550100"))
    if kind == PhoneNumberType.TOLL_FREE:
        return ""
    is_unknown = kind == PhoneNumberType.UNKNOWN
    return verdicts.BAD_NUMBER if is_unknown else _REFUSED_KINDS.get(kind, "")


# Kind and country of a number that somebody has typed into a form.
#
# Premium and satellite numbers are typed into forms by people who earn money with each
# text to them. The number plans are those of ``phonenumbers``.

#: Territories: the country to which their numbers count.
PARTS = dict.fromkeys(TERRITORIES, "US") | by_word(
    {"GB": "GG IM JE", "AU": "CC CX", "FI": "AX", "NO": "SJ", "IT": "VA"}
)

MOBILE, VOIP, LANDLINE = ("mobile", "voip", "landline")
#: Kinds that a form accepts, by the company's setting. Never premium, shared-cost,
#: toll-free or personal numbers, pagers, voicemail or unknown ones.
TAKEN = {MOBILE: (MOBILE,), VOIP: (MOBILE, VOIP), LANDLINE: (MOBILE, VOIP, LANDLINE)}
_KINDS = {
    PhoneNumberType.MOBILE: MOBILE,
    # North America's number plan does not distinguish the two.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: MOBILE,
    PhoneNumberType.VOIP: VOIP,
    PhoneNumberType.FIXED_LINE: LANDLINE,
}

BAD_COUNTRY, BAD_KIND = ("bad_country", "bad_kind")


def read_kind(number):
    """Return the country (ISO code) and the kind of a number (E.164).

    Either is empty if there is none, or none that we text.
    """
    parsed = parse(number)
    if not parsed:
        return "", ""
    # "001": satellites, premium numbers and others without a country.
    code = phonenumbers.region_code_for_number(parsed) or ""
    country = PARTS.get(code, code) if code.isalpha() else ""
    return country, _KINDS.get(phonenumbers.number_type(parsed), "")


def find_kind_refusal(number, taken, is_country_taken):
    """Return why a form does not accept a number (E.164), or an empty text.

    :param str taken: a key of :data:`TAKEN`
    :param is_country_taken: function from an ISO code to a bool
    :return: :data:`BAD_COUNTRY`, :data:`BAD_KIND` or empty
    """
    country, kind = read_kind(number)
    if not country or not is_country_taken(country):
        return BAD_COUNTRY
    return "" if kind in TAKEN[taken] else BAD_KIND


# Spellings of a person's number, to find it where it was typed.
#
# The ledger and messages contain numbers in E.164. Uploaded lists, and forms that
# nobody has recorded yet, contain them as they were typed.

#: Prefixes that people dial before a country code.
_DIALED = ("", "00", "011")
#: Prefixes that people dial before a national number.
_NATIONAL = ("", "0", "1", "8")


def digits(text):
    """Return the digits that are dialed of a written number."""
    return re.sub(r"\D", "", tidy(text or ""))


def get_tail(number):
    """Return the last seven digits of a number, which every spelling contains."""
    return digits(number)[-7:]


def get_spellings(number):
    """Return the digits of all spellings of a number.

    :param str number: E.164; of anything else only its own digits are returned
    """
    parsed = parse(number or "")
    if not parsed:
        return {digits(number)} - {""}
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    return {
        *(prefix + code + national for prefix in _DIALED),
        *(prefix + national for prefix in _NATIONAL),
    }


def is_written(text, number):
    """Tell if a text is a number (E.164) in any spelling."""
    is_same = bool(text) and text.strip() == number
    return is_same or digits(text) in get_spellings(number)


def mentions(text, number):
    """Tell if a text seems to contain a number (E.164), by its last seven digits."""
    tail = get_tail(number)
    return len(tail) == 7 and tail in digits(text)

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""German. Umlauts are folded ("höre" is "hore"); the spelling with "oe" is listed."""

from .grammar import ALL, ANYWHERE, BEGINNING, LIKELY, MAYBE, SURE, make_language

WORDS = {
    "cease": "horen hort hor hore hoeren hoert hoer",
    "write": "schreiben schicken senden belastigen belaestigen texten kontaktieren "
    "nerven simsen",
    "dont_write": "schreiben schreibt schreib schreibe kontaktieren kontaktiert "
    "kontaktiere belastigen belaestigen belastigt texten textet simsen nerven nervt",
    "dont_send": "schicken schickt schick schicke senden sendet sende",
    "texts": "sms nachrichten nachricht textnachrichten texte mitteilungen",
    "the": "die diese diesen den der eure euren ihre ihren alle weiteren weitere "
    "solche dieser",
    "no": "keine keinerlei kein",
    "erase": "loschen loeschen loscht losche entfernen entfernt entferne streichen "
    "streicht streiche nehmen nehmt nimm",
    "number": "nummer handynummer telefonnummer mobilnummer rufnummer",
    "list": "liste verteiler datenbank system kartei",
    "want": "will mochte moechte wollen mochten wunsche wuensche",
}

TABLE = (
    (
        ("opt_out", ALL, SURE),
        "Carriers' stop words and their German equals, as the whole text.",
        "stop|abmelden|abmeldung|abbestellen|abbestellung|austragen|widerruf",
        "stop mit? {the}? {texts}",
        "{the}? {texts} abbestellen|stoppen|beenden|abmelden",
        "{no} {the}? {texts} mehr? senden|schicken|schreiben?",
        "schluss mit {the}? {texts}",
        "mir|mich nicht|nie mehr schreiben|anschreiben|kontaktieren|texten",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, as the whole text.",
        "mich|uns abmelden|austragen",
        "mich|uns abmelden|austragen von {the} {texts}",
        "mich|uns von|aus {the}|ihrer|ihrem {texts}|{list} abmelden|austragen|loschen",
        "melden|meldet|melde|tragen|tragt sie? mich|uns ab|aus",
        "{erase} sie? mich",
        "{erase} sie? meine {number}",
        "meine {number} loschen|loeschen|entfernen",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person or the texts as its object.",
        "{cease} sie? auf mir|mich|uns {texts}? zu {write}",
        "{cease} sie? auf mit {the} {texts}",
        "{dont_write} sie? mir|mich|uns nicht|nie|nichts|nix mehr|wieder",
        "{dont_write} sie? mir|uns {no} {the}? {texts}",
        "{dont_send} sie? mir|uns {no} {the}? {texts}",
        "lasst|lassen|lass sie? mich|uns in ruhe",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Wants none, with the texts as its object.",
        "ich|wir {want} {no} {the}? {texts} mehr|von|bekommen|erhalten|empfangen|haben",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same, without more.",
        "ich|wir {want} {no} {the}? {texts}",
        "ich|wir {want} das|sie|diese nicht mehr? bekommen|erhalten",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Off the list, or the consent taken back by its name.",
        "{erase} sie? mich|uns von|aus "
        "der|dem|ihrer|ihrem|eurer|eurem|den|ihren {list}",
        "{erase} sie? meine {number} aus|von der|dem|ihrer|ihrem|eurer|eurem {list}",
        "ich widerrufe hiermit? meine|die? einwilligung|zustimmung|erlaubnis",
        "ich ziehe meine einwilligung|zustimmung zuruck|zurueck",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "die? falsche|verkehrte {number}|person",
        "falscher empfanger|empfaenger",
        "falsch verbunden",
        "ich bin nicht herr|frau _",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "da|hier? sie|ihr|du haben|habt|hast die|eine falsche|verkehrte "
        "{number}|person",
        "da haben|habt|hast sie|ihr|du die|eine falsche {number}|person",
        "da? sie|haben|ihr|habt haben|sie|habt|ihr sich|euch "
        "verwahlt|verwaehlt|vertippt",
        "da? sie|haben haben|sie sich in|mit der {number} geirrt|vertan",
        "das|dies ist nicht|nimmer mehr? die|das {number}|handy|telefon von",
        "hier gibt|wohnt|ist es? {no}|keinen @|herr|frau|herrn",
        "ich kenne {no}|keinen @|herr|herrn|frau",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "{cease} sie? auf damit?",
        "aufhoren|aufhoeren|ende|schluss|reicht|kundigen|kuendigen|genug damit?",
        "es|das|mir|jetzt reicht s?",
        "reichts",
        "das|ihr|sie nervt|nerven",
        "kein interesse mehr?",
        "nicht|nie mehr schreiben|anschreiben|kontaktieren|texten|senden|schicken",
        "das ist spam",
        "ich brauche das|die|diese nicht mehr",
        "ich bin nicht @",
    ),
    (
        ("doubtful", BEGINNING, LIKELY),
        "No more of some of them.",
        "{no} {the}? {texts} mehr zu|zum|zur|wegen|uber|ueber",
        "wie kann|konnen|melde|bestelle ich|man|wir mich|die|das? "
        "abmelden|abbestellen|ab",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "{dont_write} sie? mir|mich nicht mehr",
        "{dont_send} sie? mir {no} {texts} mehr",
        "{want} {no} {texts} mehr",
        "{cease} auf mir zu? {write}",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how or why.",
        "abbestellen",
        "zu viele {texts}",
        "so viele {texts}",
        "warum {dont_write}|{dont_send} sie|ihr mir",
        "woher haben|habt|hast sie|ihr|du meine {number}",
        "wer hat ihnen|euch meine {number}",
        "ich habe mich nie|nicht angemeldet",
    ),
)

LANGUAGE = make_language(
    "de",
    WORDS,
    TABLE,
    lead_ins=(
        "ich|wir {want}|wurde|wuerde|muss gerne|gern?",
        "konnen|koennen|konnten|koennten|konnt|kannst sie|ihr|du",
        "ich glaube|denke|furchte",
        "dann|also|und|aber?",
    ),
    exceptions=(
        "nicht auf",
        "hort|hoert nicht|immer",
        "nicht stoppen|abbrechen|abbestellen",
        "stop fehler|code",
        "nicht am|vom|im _? _? abmelden",
        "{number} gewahlt|gewaehlt|angegeben",
    ),
    qualifiers=(
        ""
        "aber|ausser|sondern|nur|bis|wenn|falls|weil|solange|jedoch|doch|wann|wie|warum",
        "wegen|zum|zur|uber|ueber|bezuglich|vor|nach|statt",
        "rufen sie? mich?",
    ),
    matters="""
        drucker laptop pc rechner computer server outlook mail mails postfach teams
        excel
        vpn wlan netz netzwerk ticket tickets bildschirm monitor tastatur maus fehler
        passwort konto portal button link newsletter dienst termin besprechung ordner
        datei lizenz lizenzen kalender gruppe bestellung router update einkauf domane
        benutzer handy posteingang toner
    """,
)

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""German: du, ihr and Sie; Austria and Switzerland. Umlauts stand also for "oe"."""

from .grammar import (
    ALL,
    ALONE,
    ANYWHERE,
    BEGINNING,
    CLOSED,
    LIKELY,
    MAYBE,
    SURE,
    make_language,
)

WORDS = {
    "cease": "hören hört hör höre höred hörts",
    "write": "schreiben schicken senden belästigen texten kontaktieren nerven simsen "
    "spammen bombardieren zusenden zuschicken stören schicke",
    "to_write": "anzuschreiben zuzusenden zuzuschicken vollzuspammen zuzuspammen "
    "zuzumüllen anzusimsen anzutexten",
    "dont_write": "schreiben schreibt schreib schreibe schreibts kontaktieren "
    "kontaktiert kontaktiere informieren informiert benachrichtigen benachrichtigt "
    "belästigen belästigt belästige texten textet texte simsen simst nerven nervt "
    "nerv stören stört stör",
    "dont_send": "schicken schickt schick schicke schickts senden sendet sende send "
    "sendets",
    "infinitive": "schreiben anschreiben kontaktieren texten simsen belästigen stören "
    "nerven schicken senden zusenden zuschicken anschriben schriibe schicke zustellen "
    "übersenden verschicken versenden zukommen zuzuschicken zuzusenden anzuschreiben",
    "texts": "sms nachrichten nachricht textnachrichten textnachricht mitteilungen "
    "kurznachrichten messages message smsen smse sms'se sms-nachrichten nachrichtn "
    "werbesms smsnachrichten",
    "many": "sms nachrichten textnachrichten mitteilungen kurznachrichten messages "
    "smsen smse nachrichtn werbesms smsnachrichten",
    "the": "die diese diesen den der das dem dieser eure euren eurer eurem ihre ihren "
    "ihrer ihrem alle allen weiteren weitere weiterer solche solchen deine deinen "
    "irgendwelche so eine einzige blöden automatischen nervigen ständigen dauernden",
    "no": "keine keinerlei kein keinen kei koa ka kane keene",
    "more": "mehr meh mer mea weiter länger",
    "not": "nicht nie niemals ned net nit nid nimmer nimma",
    "never": "nie niemals",
    "nothing": "nichts nix nüt nichs",
    "erase": "löschen löscht lösche lösch entfernen entfernt entferne streichen "
    "streicht streiche streich nehmen nehmt nimm werfen werft schmeißen schmeißt "
    "tilgen",
    "to_erase": "löschen entfernen streichen nehmen austragen abmelden rausnehmen "
    "herausnehmen entfernt gelöscht gestrichen genommen ausgetragen tilgen",
    "number": "nummer handynummer telefonnummer mobilnummer rufnummer natelnummer "
    "handynr telefonnr nr number mobilfunknummer",
    "list": "liste verteiler datenbank system kartei listen verteilerliste smsliste "
    "adressliste kontakten kontaktliste sms-verteiler smsverteiler",
    "want": "will möchte möcht wollen möchten wünsche wünschen mag mögen wott wü",
    "get": "bekommen erhalten empfangen haben kriegen lesen sehen erhalte bekommen",
    "filler": "doch halt bloß mal ja gefälligst einfach künftig zukünftig",
    "consent": "einwilligung zustimmung erlaubnis einverständnis genehmigung",
    "sending": "zusendung zustellung erhalt empfang versand zusenden übermittlung "
    "senden versenden schicken",
}

TABLE = (
    (
        ("opt_out", ALL, SURE),
        "Carriers' stop words and their German equals, as the whole text.",
        "stop|abmelden|abmeldung|abbestellen|abbestellung|austragen|widerruf",
        "stop mit? {the}? {texts}",
        "{the}? {texts} abbestellen|stoppen|beenden|abmelden|unterlassen",
        "{no} {the}? {texts} mehr?",
        "schluss|genug|ende|aufhören jetzt? mit {the}? {the}? {texts}",
        "mir|mich nicht|nie mehr schreiben|anschreiben|kontaktieren|texten",
        "{not} {more} an? mich? schreiben|anschreiben|kontaktieren|belästigen|stören",
        "{never} wieder|{more} schreiben|anschreiben|kontaktieren|belästigen|{texts}",
        "{nothing} {more} schicken|senden|schreiben|zusenden|zuschicken",
        "nimmer|nimma schreiben|anschreiben|kontaktieren|schicken",
        "aufhören|hören mir|mich zu {write}",
    ),
    (
        ("opt_out", ALONE, SURE),
        "None to be sent, as the whole text.",
        "{no} {the}? {texts} mehr? senden|schicken|schreiben",
        "nicht anschreiben|kontaktieren",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, as the whole text.",
        "mich|uns abmelden|austragen|rausnehmen",
        "mich|uns abmelden|austragen von {the} {texts}",
        "mich|uns von|aus {the}|ihrer|ihrem {texts}|{list} abmelden|austragen|löschen",
        "melden|meldet|melde|meld|tragen|tragt|trag sie|ihr|du? mich|uns ab|aus",
        "ich melde|trage mich hiermit? ab|aus",
        "{erase} sie|ihr? mich",
        "{erase} sie|ihr? mich da? raus|heraus",
        "{erase} sie|ihr? meine|diese {number} da? raus|heraus?",
        "meine|diese {number} löschen|entfernen|streichen|rausnehmen",
        "aus|von dem|der|ihrem|ihrer|eurem|eurer|diesem|dieser {texts}? {list} "
        "{to_erase}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person or the texts as its object.",
        "{cease} sie|ihr|du|dann? auf|uf damit? mir|mich|uns ständig|dauernd|immer|"
        "weiter? {the}? {texts}? zu {write}",
        "{cease} sie|ihr|du? auf|uf mir|mich|uns ständig|dauernd|immer? {the}? "
        "{texts}? {to_write}",
        "{cease} sie|ihr|du? auf|uf|damit? auf? mit {the}? {the}? {texts}",
        "{dont_write}|{dont_send} sie|ihr|du|ma? mir|mich|uns|ma? {filler}? "
        "{not}|{nothing} {more}|wieder|nochmal an?",
        "{dont_write}|{dont_send} sie|ihr|du? mir|mich|uns {filler}? nimmer|nimma an?",
        "{dont_write}|{dont_send} sie|ihr|du|ma? mir|uns|ma? {filler}? {no} {the}? "
        "{the}? {texts} {more}",
        "{dont_write}|{dont_send} sie|ihr|du? mir|uns {never} wieder|mehr {the}? "
        "{texts}",
        "{dont_write}|{dont_send} sie|ihr|du? mir|uns {no} weiteren|weitere|sms "
        "{texts}?",
        "lasst|lassen|lass|lassts|lönd|lönt sie|ihr|du? mich|uns|mi in|i "
        "ruhe|frieden|rueh|ruah",
        "gehen|geht|geh sie|ihr|du? mir nicht {more}? auf die nerven",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "The same with little else.",
        "{dont_write}|{dont_send} sie|ihr|du? mir|uns {no} {the}? {the}? {texts}",
        "{dont_write}|{dont_send} sie|ihr|du? {no} {the}? {the}? {texts} {more}?",
        "{dont_write} sie|ihr|du? {not} {more} an|per? {texts}?",
        "{no} {the}? {the}? {texts} {more} zu? {infinitive}?",
        "{no} weiteren|weitere {texts} an|auf? mich|mir|diese|meine? {number}? zu? "
        "{infinitive}?",
        "{never} wieder|{more} {the}? {texts}",
        "{no} kontakt|kontaktaufnahme|zusendung|zusendungen {more} per|von|via? "
        "{texts}?",
        "mir|mich|uns {no} {the}? {the}? {texts} {more} zu? {infinitive}|schickt|"
        "schreibt|sendet|schickst|schreibst",
        "{no} {the}? {the}? {texts} {more} an mich|uns zu? {infinitive}",
        "mir|mich|uns {not}|{nothing} {more}|wieder zu? {infinitive}",
        "mir|mich|uns {not} {infinitive}",
        "{not} {more} per|mit|via|an|mich|mir? {texts}|mich|mir? {infinitive}",
        "stop|stoppt|stoppen|beenden|beendet|unterlassen|unterlasst|unterlass "
        "sie|ihr|du? {the} {the}? {texts}",
        "unterlassen|unterlasst|unterlass sie|ihr|du? es? {the}? {sending}? "
        "von|weiterer? mir? {the}? {texts} zu? {write}?",
        "stellen|stellt|stell sie|ihr|du? {the} {the}? {texts}|sms-versand|versand "
        "von? {texts}? ein|ab",
        "schluss|genug|ende jetzt? mit {the}? {the}? {texts}",
        "aufhören|hören auf? mit {the}? {the}? {texts}",
        "aufhören mir|mich|uns {the}? {the}? {texts}? zu {write}",
        "aufhören mir|mich|uns {the}? {the}? {texts}? {to_write}",
        "mir|mich|uns {the}? {texts}? zu {write} aufhören",
        "bestellen|bestelle|bestellt sie|ich|ihr? {the} {texts} ab",
        "ich bestelle hiermit? {the}? {texts} ab",
        "es reicht mit {the} {texts}",
        "ich|wir? habe|hab|haben genug von {the} {texts}",
        "{the}? {texts} an mich|uns|diese|meine {number}? einstellen|stoppen|beenden",
        "machen|macht|mach sie|ihr? schluss mit {the}? {the}? {texts}",
        "dass sie|ihr|du mich|uns aus|von|vom {the}? {texts}? {list} "
        "{to_erase}|nehmt|löscht",
        "dass meine {number} gelöscht|entfernt wird",
        "raus|heraus aus|von {the} {texts}? {list}",
        "verwenden|benutzen|nutzen|verwendet|benutzt|nutzt sie|ihr? meine|diese "
        "{number} nicht mehr für? {texts}?",
        "meine|diese {number} nicht mehr für? {texts}? verwenden|benutzen|nutzen",
        "lassen|lasst|lass sie|ihr|du? das|es bleiben|sein? mit {the} {the}? {texts}",
        "das|es bleiben|sein? lassen mit {the} {the}? {texts}",
        "sehen|seht sie|ihr? von {the}? {the}? {texts} ab",
        "{no} {the}? {texts} an|auf diese|meine|mich|uns {number}?",
        "abgemeldet|ausgetragen werden",
        "um sofortige|umgehende? abmeldung|austragung|löschung|abbestellung|"
        "entfernung aus|von|meiner|der? dem|der|ihrem|ihrer? {list}|{texts}|{number}?",
        "meine|die {consent} ist|wird hiermit? widerrufen|zurückgezogen|entzogen",
        "widerruf der|meiner|von? {consent}",
        "{consent} widerrufen|zurückgezogen|entzogen",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Wants none, with the texts as its object.",
        "ich|wir|i? {want} {no} {the}? {the}? {texts} {more}? von|per? "
        "ihnen|euch|dir? {get}?",
        "ich|wir|i? {want} {no} {the}? {sending} von|weiterer {the}? {texts} {more}?",
        "ich|wir? {want} {not} {more} kontaktiert|angeschrieben|belästigt|"
        "benachrichtigt|informiert|gestört|angesimst werden",
        "ich|wir? {want} per|mit|via {texts} {not} {more} kontaktiert|angeschrieben|"
        "belästigt|benachrichtigt|informiert werden",
        "ich|wir? {want} {not} {more}? per|mit|via|von|durch {texts}|ihnen|euch per? "
        "{texts}? kontaktiert|angeschrieben|belästigt|benachrichtigt|informiert werden",
        "ich|wir? {want} {nothing} {more} von ihnen|euch|dir hören|{get}?",
        "ich|wir? {want} von ihnen|euch|dir {nothing}|{no} {texts}? {more}? "
        "hören|{get}",
        "ich|wir? {want} {not} {more}? dass sie|ihr|du mir|mich weiter|noch|mehr? "
        "{texts}? {infinitive}|schreibt|schickt|schreibst|schickst",
        "dass sie|ihr|du mir|mich|uns {no}|{not} {the}? {texts}? {more} {infinitive}|"
        "schreibt|schickt|schreibst|schickst|kontaktiert|senden|sendet",
        "ich|wir? brauche|brauchen|benötige|benötigen {no} {the}? {texts} {more}",
        "ich|wir? verzichte|verzichten auf {the}? {the}? {texts}",
        "ich|wir? habe|haben {no} interesse {more}? an {the}? {the}? {texts}",
        "{no} interesse {more}? an {the}? {the}? {texts}",
        "ich|wir {want} aus {the} {texts}? {list} {to_erase}? werden?",
        "ich|wir {want} in ruhe gelassen werden",
        "ich|wir? {want} {not} {more}? auf|in {the} {texts}? {list} stehen|sein",
        "{cease} sie|ihr? auf mit dem|diesem|eurem|ihrem spam|terror|spammen",
        "meine {consent} löschen|streichen|entfernen",
        "mich|uns in ruhe lassen",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same, without more.",
        "ich|wir {want} {no} {the}? {texts}",
        "ich|wir {want} das|sie|diese nicht mehr? bekommen|erhalten",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Unsubscribes from the texts by their name.",
        "melden|meldet|melde|meld|tragen|tragt sie|ihr|du? mich|uns von|aus|vom "
        "{the}? {the}? {texts}|{list} {list}|dienst|service|versand? ab|aus",
        "melden|meldet|melde|meld sie|ihr|du? {the}|meine {number} ab",
        "mich|uns von|vom|aus {the}? {the}? {texts}|{list} {list}|dienst|service|"
        "versand? {to_erase}",
        "ich|wir|mich? {want}? mich|uns? von|vom|aus {the}? {the}? {texts}|{list} "
        "{list}|dienst|service|versand? abmelden|austragen|abmelde",
        "meine|diese {number} aus|von {the} {list} {to_erase}",
        "meine|diese {number} abmelden|austragen|sperren",
        "{the}? {texts} für|an meine|diese {number} abstellen|abschalten|einstellen|"
        "abbestellen|deaktivieren",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Off the list, or the consent taken back by its name.",
        "{erase} sie|ihr|du? mich|uns hier? von|aus|vom der|dem|ihrer|ihrem|eurer|"
        "eurem|den|ihren|dieser|diesem|deiner|deinem? {texts}? {list}",
        "{erase} sie|ihr|du? meine|diese {number} aus|von|in der|dem|ihrer|ihrem|"
        "eurer|eurem|deiner {list}",
        "ich|wir widerrufe|widerrufen hiermit? meine|unsere|die? {consent} zum|zur|"
        "für|in|zu|bezüglich|betreffend? {the}? {sending}? von? {the}? {texts}?",
        "hiermit widerrufe|widerrufen ich|wir meine|unsere|die {consent} "
        "zum|zur|für|in|zu? {the}? {sending}? von? {the}? {texts}?",
        "widerrufe|widerrufen hiermit? meine|die? {consent} zum|zur|für|in|zu? {the}? "
        "{sending}? von? {the}? {texts}?",
        "meine|die {consent} widerrufe|ziehe|widerrufen|zurückziehen|entziehe|"
        "entzogen ich? hiermit? zurück?",
        "ich ziehe hiermit? meine|die {consent} zum|zur|für? {sending}? von? {texts}? "
        "hiermit? zurück",
        "ich|wir widerspreche|widersprechen hiermit? {the}? {the}? {sending} von? "
        "{the}? {texts}",
        "ich|wir widerspreche|widersprechen hiermit? weiteren|ihren|euren|allen|den "
        "{texts}",
        "hiermit widerspreche ich {the}? {the}? {sending} von? {the}? {texts}",
        "hiermit widerspreche ich weiteren|ihren|euren|allen|den {texts}",
        "sie|ihr|du haben|habt|hast {no}|nicht {consent} {more}? um? mir|mich {the}? "
        "{texts}? zu {write}|kontaktieren",
        "sie|ihr|du haben|habt|hast meine {consent} nicht mehr? um? mir|mich? "
        "{texts}? zu? {write}?",
        "ich stimme dem|der|den weiteren? {sending} von? {the}? {texts} nicht mehr? zu",
        "ich stimme ihren|euren|weiteren|den|keinen {texts} nicht|mehr? mehr? zu",
        "ich entziehe ihnen|euch die|meine {consent}",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "die? falsche|verkehrte {number}|person",
        "falscher empfänger",
        "falsch verbunden",
        "ich bin nicht herr|frau _",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "da|hier? sie|ihr|du haben|habt|hast die|eine falsche|verkehrte "
        "{number}|person",
        "da haben|habt|hast sie|ihr|du die|eine falsche {number}|person",
        "da? sie|haben|ihr|habt haben|sie|habt|ihr sich|euch verwählt|vertippt",
        "da? sie|haben haben|sie sich in|mit der {number} geirrt|vertan",
        "das|dies ist nicht|nimmer mehr? die|das {number}|handy|telefon von",
        "hier gibt|wohnt|ist es? {no}|keinen @|herr|frau|herrn",
        "ich kenne {no}|keinen @|herr|herrn|frau",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "{cease} sie? auf damit?",
        "aufhören|ende|schluss|reicht|kündigen|genug damit?",
        "schluss jetzt? damit?",
        "es|das|mir|jetzt reicht s?",
        "reichts",
        "das|ihr|sie nervt|nerven",
        "kein interesse mehr?",
        "nicht|nie mehr senden|schicken",
        "das ist spam",
        "ich brauche das|die|diese nicht mehr",
        "ich bin nicht @",
        "{number} löschen|entfernen",
        "rausnehmen|austragen",
    ),
    (
        ("doubtful", BEGINNING, LIKELY),
        "No more of some of them.",
        "{no} {the}? {texts} mehr zu|zum|zur|wegen|über",
        "wie kann|können|melde|bestelle ich|man|wir mich|die|das? "
        "abmelden|abbestellen|ab",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "{dont_write} sie? mir|mich nicht mehr",
        "{dont_send} sie? mir {no} {texts} mehr",
        "{want} {no} {texts} mehr",
        "{cease} ihr|sie|du? auf mir|mich {texts}? zu? {write}",
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
        "ich|wir? {want}|würde|muss|bitte|ersuche|fordere|wünsche|wäre "
        "sie|euch|dich|dankbar? auf? gerne|gern|darum? wenn?",
        "ich|wir habe|haben|hab ihnen|euch|dir|sie? schon|bereits|doch? "
        "mehrfach|oft|mehrmals? gesagt|geschrieben|mitgeteilt|gebeten",
        "beachten|nehmen|bitte sie? zur|zu? kenntnis? dass?",
        "stop|halt",
        "können|könnten|könnt|kannst|könntet|könntest|würden|würdet|würdest|mögen|"
        "möchten|dürfte sie|ihr|du|ich? vielleicht|eventuell|mal?",
        "sie|ihr|du sollen|sollt|sollst|dürfen",
        "ich glaube|denke|fürchte",
        "dann|also|und|aber|ab|so|na|he|hey|oida|hiermit|nochmals|nochmal|wirklich|"
        "einfach|mal|doch",
        "ab sofort|jetzt|heute",
        "wäre|wären es|sie möglich|nett|so nett|freundlich|lieb|und? mich|mir?",
        "seien|seid sie|ihr so nett|gut|lieb|freundlich und",
        "ich sage|sag es? nochmal|nochmals|noch|zum einmal|letzten? mal?",
        "zum letzten mal",
        "es wäre nett|schön|gut wenn sie|ihr?",
        "könnte man",
        "in zukunft",
        "nein",
        "ich|wir hätte|hätten gerne|gern|lieber",
        "wäre|wär nett|super|toll|lieb|schön|gut|freundlich wenn sie|ihr|du",
        "mit sofortiger wirkung",
        "ab heute|morgen",
        "künftig|zukünftig|sofort",
        "ich|wir sie|euch|dich|darum darum?",
    ),
    exceptions=(
        "nicht auf mir|mich|zu|damit|mit",
        "{cease} sie|ihr|du|er|es? nicht|nie|immer",
        "ich|wir|man|sie|ihr {want}|muss|müssen|kann|können|könnt|darf|soll|brauche "
        "{no} {texts} {more}? zu? schreiben|schicken|senden|versenden|verschicken|"
        "texten",
        "nicht mehr? heute|morgen|nachts|sonntags|jetzt",
        "mir|mich heute|morgen|jetzt nicht",
        "nicht stoppen|abbrechen|abbestellen|abmelden|löschen|austragen",
        "stop fehler|code",
        "diese|die|dieser nachricht",
        "nicht am|vom|im _? _? abmelden",
        "{number} gewählt|angegeben",
        "kunde|kunden|kundin|kundinnen|benutzer|nutzer|kollege|kollegin|user",
        "vor|nach|zwischen|bis _ uhr",
        "vor|nach|bis acht|neun|zehn|8|9|10|17|18|20|morgen|montag|freitag|mittag",
        "auf|im|am|per dem? festnetz|büro|mail|email|teams|telefon|whatsapp|englisch",
    ),
    qualifiers=(
        "aber|außer|sondern|nur|bis|wenn|falls|solange|jedoch|doch|wann|wie|warum",
        "wegen|zum|zur|über|bezüglich|bzgl|vor|nach|statt",
        "rufen sie? mich?",
        "nachts|abends|sonntags|morgens|wochenende",
    ),
    matters="""
        drucker laptop pc rechner computer server outlook mail mails postfach teams
        excel email emails
        vpn wlan netz netzwerk ticket tickets bildschirm monitor tastatur maus fehler
        passwort konto portal button link newsletter dienst termin besprechung ordner
        datei lizenz lizenzen kalender gruppe bestellung router update einkauf domäne
        benutzer posteingang toner app programm software windows chrome google
        facebook linkedin amazon bank code techniker festplatte backup spam virus
        antivirus office word scanner kabel anruf mailbox warteschlange fehlern
        fehlermeldung fehlermeldungen alarme system
    """,
    tails="""
        an auf aus von vom per via für in im bei zu zum zur mit um mich mir uns unsere
        unser meine mein meinem meiner mein's ihnen euch dir ihrer ihrem eurer eurem
        eure ihre der die das den dem diese dieser diesen diesem nummer handynummer
        telefonnummer mobilnummer rufnummer natelnummer handy mobiltelefon telefon natel
        firma unternehmen seite sms nachrichten message messages text mehr nie niemals
        wieder weiterhin sofort ab zukunft künftig zukünftig überhaupt
        generell grundsätzlich gar wirklich endlich bekommen erhalten haben kriegen
        lassen werden wollen empfangen ständig dauernd täglich jeden tag
        werbung privat nix nichts ja irgendwelche art solche und her ein einfach mal
        verdammt herrgott nochmal ok da
        hier
        privathandy diensthandy tlf nr danke nötig notwendig erforderlich gewünscht
        erwünscht
    """,
    links="an aus von vom für auf bei in im mit",
    senses={
        "negation": "{no} nicht nie niemals ned net nit nid nimmer nimma {nothing}",
        "more": "mehr meh mea weiteren weitere weiterer weiterhin wieder länger "
        "nochmal",
        "stop_of": "hören hört hör höred hörst",
        "stop": "aufhören aufzuhören stop stoppen stoppt stoppe beenden beendet "
        "unterlassen unterlasst unterlass abmelden abmeldung abbestellen kündigen "
        "kündigung sparen spart verschonen verschont absehen unerwünscht abzumelden "
        "abgemeldet aufhört",
        "refuse": "kündige verzichte verzichten verbiete verbitte untersage "
        "widerspreche widersprechen widerrufe widerrufen widerruf verweigere",
        "erase": "löschen löscht lösche lösch entfernen entfernt entferne streichen "
        "streicht streiche austragen rausnehmen herausnehmen gelöscht gestrichen "
        "ausgetragen löschung austragung entfernung",
        "me": "mich uns",
        "to_me": "mir mi ma",
        "my": "meine meiner meinen meinem mein",
        "write": "{dont_write} anzuschreiben anzusimsen anzutexten vollzuspammen "
        "anschreiben spammen bombardieren angeschrieben kontaktiert belästigt "
        "benachrichtigt angesimst schreibst",
        "send": "zuzusenden zuzuschicken zuzumüllen zuzuspammen {dont_send} zusenden "
        "zuschicken zustellen übersenden verschicken versenden zukommen schickst "
        "zuzusenden z",
        "get": "bekommen erhalten empfangen kriegen haben habe hab werden",
        "text": "{many} zusendungen",
        "thing": "das nachricht message textnachricht mitteilung benachrichtigung "
        "benachrichtigungen kontakt kontaktaufnahme meldungen",
        "off": "aus von vom",
        "list": "{list}",
        "plan": "abo abonnement",
        "number": "{number}",
        "need": "brauche brauchen brauchst braucht benötige nötig notwendig brauch",
        "want": "{want} sollen sollt sollst darf dürfen dürft einverstanden interesse "
        "erwünscht gewünscht stimme mecht {consent} fordere ersuche erlaube lust bock "
        "interessieren interessiert",
        "can": "können könnten könnt kannst könntest könntet",
        "subject": "ich wir es er man i",
        "you": "sie ihr du",
        "filler": "der die den dem des diese dieser diesen diesem eine einen einer "
        "ihre ihrer ihren ihrem eure eurer euren eurem deine deiner deinen ihnen euch "
        "dir an auf uf per via für in im zu zum zur mit um bei dass sich ab sofort "
        "zukunft künftig zukünftig überhaupt generell grundsätzlich gar wirklich "
        "endlich doch mal halt bloß einfach ja ständig dauernd immer weiter und "
        "hiermit alle allen solche so weg zu lassen gefälligst seite firma dienst "
        "service bin ist verwenden benutzen nutzen {sending} raus heraus jede "
        "jegliche jeglichen jeder spam werbung werbliche automatische automatischen "
        "tuet tut tuat wirkung sofortiger",
    },
)

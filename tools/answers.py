# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers that people give to a question, in the four languages that ship.

The single words (YES, SÍ, OUI, JA, NO, NON, NEIN) are also rows of ``sms.keyword``, to
which managers can add.
"""

from .grammar import compile_patterns
from .texts import by_word

#: A plain yes; what follows it must be in :data:`AGREEING`.
YES = compile_patterns(
    # English
    "yes|y|yess|yeah|yea|yep|yup|aye|affirmative|agreed",
    "i|we do? agree|accept|consent|confirm to? this|that|it?",
    "yes|yeah i|we do|will|would|can|want|am|agree|accept|consent|confirm to? "
    "this|that|it?",
    "of course",
    # Spanish
    "sí|sip|sii|simón|afirmativo|acepto|aceptamos|confirmo|confirmamos|autorizo",
    "claro que sí",
    "por supuesto que? sí?",
    "desde luego",
    "estoy|estamos? de acuerdo",
    # French
    "oui|ouais|ouaip|ouip|yep",
    "je|j|nous accepte|acceptons|confirme|confirmons|consens",
    "je? suis? d accord",
    "bien sûr que? oui?",
    # German
    "ja|jap|jep|jup|jawohl|jo|joa|jaja|klaro|einverstanden",
    "ja|jo|jawohl ich|wir will|möchte|bin|bestätige|wollen|möchten das|dabei?",
    "na|ja|aber klar|sicher|ja",
    "ich bin? einverstanden|bestätige das|es?",
    "ich|wir stimme|stimmen zu",
    "auf jeden fall",
)

#: Agrees after a yes, but is no yes alone: "sure" can be said of anything.
AGREEING = compile_patterns(
    "ok|okay|sure|definitely|absolutely|certainly|correct|right|great|perfect|good|"
    "fine",
    "go ahead",
    "sign me|us up",
    "count me|us in",
    "text|message me",
    "that|thats|it|its|all is? fine|ok|okay|right|correct|good|works|great",
    "i|id would? like|love|want to? join|that|it|them|texts|messages|this?",
    "claro|vale|dale|va|ok|okey|correcto|exacto|perfecto|genial|adelante|bueno|bien",
    "quiero|deseo|me apunto|gustaría? recibirlos|recibir|los? mensajes|sms?",
    "me|está|todo muy? parece|va|viene|está? bien|perfecto|genial",
    "como no",
    "absolument|exactement|parfait|super|volontiers|entendu|évidemment|certainement",
    "tout à fait",
    "bien sûr",
    "avec plaisir",
    "c|ca est|me? bon|ok|parfait|va|marche|convient",
    "je le|les|l? veux|souhaite|accepte|confirme bien?",
    "vas|allez y",
    "klar|gern|gerne|gut|super|genau|richtig|passt|stimmt|natürlich|sicher|prima|toll",
    "das|es passt|stimmt|ist|geht gut|ok|okay|richtig|in? ordnung?",
    "ich möchte|will das|sie|sms|die? nachrichten? erhalten|bekommen|haben?",
    "machen|schicken|senden sie das|mir|sie? sms|nachrichten?",
    "selbstverständlich",
)

#: Agrees to a proposal (a time), but not to anything that needs consent.
WEAK_YES = compile_patterns(
    "ok|okay|k|sure|fine|perfect|great|works|confirmed|confirm",
    "thats|that|it|its is? fine|ok|good|works|great|perfect",
    "works for me",
    "sounds good|great",
    "vale|ok|okey|claro|dale|listo|perfecto|confirmado|confirmada|confirmar|bueno",
    "me|está|todo va|parece|viene|queda|está? bien|perfecto|genial",
    "de acuerdo",
    "d accord",
    "entendu|parfait|volontiers|confirmé|confirmée|confirmer|ok|noté",
    "c est bon|parfait|ok|noté|confirmé",
    "je? confirme|confirmo|confirmamos|bestätige la|el|mi|le|mon|den|ma? cita|rdv|"
    "termin|visita|visite|rendez vous?",
    "ça|ca me? va|marche|convient|joue",
    "bien sûr",
    "klar|gern|gerne|passt|super|okay|bestätigt|bestätigen|bestätige|prima|geht",
    "das|der? termin? passt|geht|klappt mir|uns? gut|prima?",
    "geht|ist klar|gut|ok|okay|in? ordnung?",
    "alles klar",
    "in ordnung",
)

#: A plain no.
NO = compile_patterns(
    "no|n|nope|nah|nay|noo|never",
    "no|nope i|we do? dont|not|wont|cant|want|agree|accept|consent to? this|that|it|"
    "them|texts?",
    "i|we dont|wont want|agree|accept|consent|like to? this|that|it|them|texts?",
    "no way",
    "not at all",
    "not now|today|really|interested",
    "nel|nop|nones|negativo|nunca|jamás|tampoco",
    "no|ya no? quiero|acepto|deseo|autorizo|puedo|gracias nada?",
    "para nada",
    "en absoluto",
    "de ninguna manera",
    "claro que no",
    "mejor|ahora|todavía|aún|por ahora? no",
    "no por ahora",
    "non|nan|nenni|jamais|négatif",
    "pas du tout|question",
    "pas vraiment|maintenant|encore",
    "je ne|n? veux|souhaite|accepte|suis|désire pas d? accord?",
    "je refuse",
    "surtout pas",
    "certainement|bien sûr? pas|que? non",
    "nein|nee|nö|nei|niemals|nicht|ne",
    "auf keinen fall",
    "lieber|bitte|eher|gar|überhaupt|noch|jetzt|besser nicht",
    "ich|wir möchte|will|wollen|möchten das|es? nicht",
    "ich lehne ab",
    "ich|bin bin|nicht nicht|einverstanden einverstanden?",
    "kein|keine interesse|bedarf",
)

#: Refuses after a no, but is no answer alone.
REFUSING = compile_patterns(
    "i|we do? dont|wont|not want|agree|accept|consent|like|need to? this|that|it|them|"
    "texts?",
    "not interested",
    "no me interesa",
    "no lo? quiero|acepto|deseo|necesito|hace falta?",
    "ça|ca|cela ne? m? intéresse pas",
    "je ne|n? en? veux|souhaite|accepte|suis|désire pas d? accord?",
    "ich|wir möchte|will|wollen|brauche|möchten das|es? nicht",
)

#: Answers "Is your ticket solved?" with: it is not.
NOT_SOLVED = compile_patterns(
    "no|nope|nah",
    "its|it|is|still|ticket? is? not solved|fixed|resolved|working|done|yet yet?",
    "it|its? still? isnt|doesnt solved|fixed|resolved|working|done|work yet?",
    "unsolved|unresolved",
    "its|it|is? still broken|failing|down",
    "nop|nel|negativo",
    "no está|quedó|fue|se|ha|han|lo|le|está? ha|han|sido|quedado|resolvió|solucionó|"
    "arregló? resuelto|resuelta|solucionado|solucionada|arreglado|arreglada|listo|"
    "reparado|terminado? todavía|aún?",
    "no se resolvió|solucionó|arregló|soluciona|resuelve",
    "todavía|aún|sigue no|sin está|funciona|funcionar|anda|andar|va|ir|resolver|"
    "solucionar|arreglar|jala|sirve? resuelto|solucionado|arreglado|listo|bien|igual?",
    "sigue|continúa igual|mal|fallando|roto|rota|dañado|el|sin? problema|error|"
    "funcionar|arreglar|resolver?",
    "sin resolver|solucionar|arreglar",
    "no funciona|anda|sirve|va|jala todavía|aún|bien?",
    "non|nan",
    "ce|c|il|elle? ne|n? est? pas|toujours|non pas? encore|vraiment? résolu|résolue|"
    "réglé|réglée|réparé|réparée|fini|fonctionnel|bon|corrigé|terminé",
    "toujours|encore pas|en résolu|réglé|réparé|panne?",
    "pas encore",
    "ça|cela|il|elle? ne? marche|fonctionne|va toujours|encore? pas|plus encore|bien?",
    "nein|nee|nö|nei",
    "es|ist|das|problem|ticket|noch|immer? problem|ticket|es|ist|noch|immer? "
    "ist|noch|immer? noch|immer|leider? nicht gelöst|erledigt|behoben|fertig|"
    "repariert|geklärt|weg",
    "es|das|er|sie? geht|funktioniert|läuft|klappt leider? immer|noch? noch|immer? "
    "nicht mehr?",
    "noch|leider|immer noch|immer? nicht",
    "ungelöst",
    "problem|fehler besteht|ist|bleibt weiterhin|weiter|noch|da immer? da?",
    "immer|noch noch|immer kaputt|defekt|da",
)

_FIGURES = (
    "ONE UNO UNA UN UNE EINS EIN",
    "TWO DOS DEUX ZWEI",
    "THREE TRES TROIS DREI",
    "FOUR CUATRO QUATRE VIER",
    "FIVE CINCO CINQ FUNF FUENF",
)
#: Numbers in words, from 1 to 5.
FIGURES = by_word(dict(enumerate(_FIGURES, 1)))
#: Units after a rating's figure: a regular expression without accents.
UNITS = (
    r"/\s*5|(?:OUT OF|OF|DE|SUR|VON) 5|STARS?|POINTS?|ESTRELLAS?|PUNTOS?|ETOILES?"
    r"|STERNE?|PUNKTE?"
)
#: Phrases that merely thank: a regular expression without accents.
THANKS = (
    r"OK(?:AY)?|GREAT|PERFECT|SUPER|YES|MANY|VERY GOOD|ALL GOOD|SOLVED"
    r"|IT WORKS(?: NOW)?|FIXED|THANKS?(?: YOU| U)?|THX|TY|CHEERS|SO MUCH|A LOT"
    r"|VERY MUCH|AGAIN|BYE"
    r"|MUCHAS|MUCHISIMAS|GRACIAS|MIL|PERFECTO|GENIAL|VALE|LISTO|RESUELTO|SOLUCIONADO"
    r"|YA FUNCIONA|TODO BIEN|EXCELENTE|MUY AMABLES?|SALUDOS"
    r"|MERCI|BEAUCOUP|MILLE|GRAND|PARFAIT|NICKEL|RESOLU|REGLE|C.EST (?:BON|REGLE)"
    r"|CA MARCHE|TRES BIEN|BONNE JOURNEE|A VOUS"
    r"|DANKE(?:SCHON|SCHOEN)?|VIELEN DANK|HERZLICHEN DANK|DANK|SCHON|SCHOEN|BESTEN"
    r"|PRIMA|TOLL|ERLEDIGT|GELOST|GELOEST|JETZT|WIEDER|(?:ES )?(?:GEHT|LAUFT"
    r"|FUNKTIONIERT)|ALLES (?:GUT|KLAR)|VIELMAL"
)

#: Replies of customers about an appointment.
APPOINTMENT_WORDS = {
    "confirm": "1 C CONFIRM CONFIRMED OK OKAY Y YES CONFIRMAR CONFIRMO CONFIRMADO "
    "CONFIRMADA CONFIRMAMOS VALE CONFIRMER CONFIRME BESTATIGEN BESTAETIGEN BESTATIGT "
    "BESTAETIGT PASST",
    "move": "2 R RESCHEDULE MOVE CAMBIAR MOVER REPROGRAMAR APLAZAR POSPONER REAGENDAR "
    "DEPLACER REPORTER CHANGER DECALER VERSCHIEBEN VERLEGEN UMBUCHEN",
    "call_off": "3 CALLOFF CANCELAR ANULAR ANNULER ABSAGEN STORNIEREN",
}

#: Replies of technicians to a team alert, between bars.
ALERT_WORDS = {
    "acknowledge": "ACK|ACKNOWLEDGE|ACKNOWLEDGED|ON IT|I'M ON IT|IM ON IT|ON MY WAY|"
    "OMW|TAKE|TAKEN|GOT IT|RECIBIDO|ENTERADO|ENTERADA|VOY|YO VOY|EN CAMINO|LO TOMO|"
    "ME ENCARGO|YO ME ENCARGO|ESTOY EN ELLO|YA VOY|RECU|BIEN RECU|PRIS|J'Y VAIS|"
    "J'ARRIVE|EN ROUTE|JE PRENDS|JE M'EN OCCUPE|JE M'EN CHARGE|UBERNOMMEN|UEBERNOMMEN|"
    "UBERNEHME|UEBERNEHME|ICH UBERNEHME|ICH UEBERNEHME|BIN DRAN|BIN UNTERWEGS|"
    "UNTERWEGS|ICH BIN DRAN|HAB ICH|MACHE ICH|ICH MACHE DAS",
    "resolve": "RESOLVE|RESOLVED|DONE|FIXED|SOLVED|RESUELTO|SOLUCIONADO|ARREGLADO|"
    "LISTO|HECHO|TERMINADO|RESOLU|REGLE|REPARE|FAIT|TERMINE|C'EST REGLE|C'EST FAIT|"
    "GELOST|GELOEST|ERLEDIGT|BEHOBEN|FERTIG",
    "escalate": "ESCALATE|ESCALATED|PASS ON|ESCALAR|ESCALADO|PASAR|ESCALADER|"
    "TRANSMETTRE|TRANSMIS|ESKALIEREN|WEITERGEBEN",
}

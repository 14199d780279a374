# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sample footers and opt-out confirmations, with what they lack or say too much."""

HELP_WORDS = ("AIDE", "AYUDA", "HILFE")

#: A footer, and the words that it lacks.
FOOTERS = (
    ("Reply STOP to opt out, HELP for help.", ()),
    ("STOP to leave, HELP for help.", ()),
    ("Reply END or INFO.", ()),
    ("Répondez STOP pour vous désabonner, AIDE pour de l'aide.", ()),
    ("ARRÊT pour ne plus rien recevoir, AIDE pour de l'aide.", ()),
    ("Responda ALTO para salir, AYUDA para ayuda.", ()),
    ("Antworten Sie STOPP zum Abmelden, HILFE für Hilfe.", ()),
    ("Reply STOP to opt out.", ("HELP",)),
    ("HELP for help.", ("STOP",)),
    ("Reply 2 to unsubscribe, 3 for help.", ("STOP", "HELP")),
    ("We never stop to help.", ("STOP", "HELP")),
    ("Répondez NON pour vous désabonner, AIDE pour de l'aide.", ("STOP",)),
)
#: Texts that only confirm an opt-out.
CONFIRMATIONS = (
    "{company}: you have opted out and will get no more text messages from us. Reply "
    "START to rejoin.",
    "{company}: you have opted out of text messages about: {purposes}. Reply STOPALL "
    "to get none at all, START to rejoin.",
    "{company} : vous ne recevrez plus de SMS de notre part. Répondez START pour "
    "revenir.",
    "{company}: ya no recibirá mensajes nuestros. Responda START para volver.",
    "{company}: Sie erhalten keine SMS mehr von uns. Antworten Sie mit START, um sich "
    "wieder anzumelden.",
)
#: Texts that do more.
PROMOTIONS = (
    "You are out. Visit https://acme.example/offers",
    "You are out. See www.acme.example",
    "You are out. More at acme.com",
    "You are out. Rejoin and get 20% off!",
    "You are out. Only $5 a month",
    "You are out. Nur 5 Euro",
    "You have opted out. Don't miss out on our summer sale.",
    "You have opted out. Reply JOIN to come back.",
    "You have opted out. Text YES to stay with us.",
    "You have opted out. Buy one, get one free.",
    "You have opted out. A gift waits for you.",
    "Vous êtes désinscrit. Profitez de nos soldes.",
    "Vous êtes désinscrit. Répondez OUI pour une remise.",
    "Ha salido. Aproveche nuestras ofertas.",
    "Ha salido. Responda SI para un descuento.",
    "Sie sind abgemeldet. Jetzt sparen mit unserer Aktion.",
    "Sie sind abgemeldet. Antworten Sie mit JA, wenn Sie es bereuen.",
    "You have opted out. " + "We are sad to see you go. " * 12,
)

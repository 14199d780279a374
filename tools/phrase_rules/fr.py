# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""French. Accents are folded and elisions parted: "n'écrivez" is "n ecrivez" here."""

from .grammar import ALL, ANYWHERE, BEGINNING, LIKELY, MAYBE, SURE, make_language

WORDS = {
    "stop": "arretez arrete arreter arret cessez cesse cesser stop stoppez stopper "
    "arretiez",
    "write": "ecrire contacter texter harceler deranger spammer embeter importuner",
    "send": "envoyer adresser",
    "dont_write": "ecrivez ecris contactez contacte textez derangez harcelez embetez "
    "importunez spammez",
    "dont_send": "envoyez envoie adressez",
    "texts": "sms message messages texto textos text texts",
    "the": "de des vos ces les aucun aucuns tous cet ce d",
    "leave": "desabonner desinscrire desabonnement desinscription resilier",
    "leave_me": "desabonnez desabonne desinscrivez desinscris",
    "erase": "retirez retire enlevez enleve supprimez supprime effacez efface otez "
    "rayez sortez",
    "number": "numero telephone portable tel mobile num",
    "list": "liste listes base fichier",
}

TABLE = (
    (
        ("opt_out", ALL, SURE),
        "Carriers' stop words and their French equals, as the whole text.",
        "stop|arret|arreter|desabonner|desinscrire|desabonnement|desinscription",
        "{stop} {the}|aux|au|avec? {the}? {texts}",
        "stop tout|tous|a?",
        "plus {the} {texts}",
        "plus jamais de {texts}",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, or left alone, as the whole text.",
        "me|nous? {leave} de|a? {the}|cette|la? {texts}|liste?",
        "{erase} moi",
        "{erase} mon {number}",
        "laissez|laisse|foutez|fous|fichez|fiche moi tranquille|la paix?",
        "laissez|laisse moi en paix",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person as its object.",
        "{stop} de|d me|m|nous {write}",
        "{stop} de|d me|m|nous {send} {the}? {the}? {texts}",
        "{stop} de|d {send} {the}? {the}? {texts}",
        "ne? me|m|nous {dont_write} plus|jamais",
        "ne? me|m|nous {dont_send} plus {the}? {the}? {texts}",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same without its object.",
        "ne? me|m|nous {dont_send} plus rien?",
        "ne plus me|m {write}",
        "ne plus me|m {send} {the}? {texts}",
        "je|j ne? veux|souhaite|desire plus etre contacte|contactee",
        "{stop} de|d me|m|nous {send} ca|cela?",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Wants none, with the texts as its object.",
        "je|j|on|nous ne? veux|souhaite|desire|voulons|souhaitons|veut plus|pas "
        "recevoir {the}? {the}? {texts}",
        "je|j|on|nous ne? veux|souhaite|desire|voulons|veut plus|pas {the} "
        "{the}? {texts}",
        "ne plus recevoir {the}? {texts}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Off the list, or the consent taken back by its name.",
        "{leave_me} moi|nous|mon",
        "{erase} moi de la|votre|cette|vos {list}",
        "{erase} mon {number} de la|votre|cette|vos {list}",
        "je|j? retire|revoque mon|ma consentement|accord|autorisation",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "mauvais|faux {number}",
        "mauvaise personne",
        "{number} errone|incorrect",
        "c|ce? est? une? erreur de {number}|personne|destinataire",
        "je|j ne? suis pas @ @?",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "vous|tu avez|as le|fait|un un? mauvais|faux {number}",
        "vous etes? trompez|trompe|trompes|trompee de {number}|personne",
        "tu te|t es? trompes|trompe de {number}|personne",
        "ce|c n? est pas|plus le|la {number} de|d",
        "il n? y a pas|aucun de? @ a|ici",
        "je ne? connais pas|aucun de? @",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "arretez|arrete|cessez|stoppez|fin|assez ca|cela?",
        "ca suffit",
        "je|j en ai assez|marre",
        "pas interesse|interessee|interesses",
        "je ne? suis pas interesse|interessee",
        "c est du spam",
        "plus besoin",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "ne me|m|nous {dont_write} plus",
        "ne me|m|nous {dont_send} plus de|ces|vos {texts}",
        "{stop} de|d me|m {write}",
        "ne me|m appelez|appelle plus",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how or why.",
        "{leave}",
        "trop de {texts}",
        "autant|tant de {texts}",
        "pourquoi vous? me|m {dont_write}|{dont_send}|{write}|{send}",
        "je n ai rien demande",
        "qui vous a donne mon {number}",
        "ou|comment avez vous eu|trouve mon {number}",
    ),
)

LANGUAGE = make_language(
    "fr",
    WORDS,
    TABLE,
    lead_ins=(
        "je veux|voudrais|souhaite|souhaiterais|desire|aimerais|demande que|a? vous?",
        "pouvez|pourriez|peux vous|tu",
        "vous pouvez|devez",
        "merci? de|d",
        "veuillez",
        "je crois|pense que",
        "donc|alors",
    ),
    exceptions=(
        "n arrete|arretez|arretent|arreter pas|plus",
        "s arrete|arretent|arreter",
        "n annulez pas",
        "ne s",
        "avant|apres h",
    ),
    qualifiers=(
        ""
        "mais|sauf|excepte|seulement|jusqu|jusque|quand|si|lorsque|parce|car|uniquement",
        "pour ce|cette|le|la|les ticket|panne|pannes|demande|incident",
        "concernant|comment|pourquoi|avant|apres|pendant",
        "d inventaire|serie",
        "appelez|appelle moi",
    ),
    matters="""
        imprimante ordinateur portable pc serveur outlook mail mails courriel teams
        excel vpn wifi reseau ticket tickets ecran clavier souris erreur mot compte
        comptes portail bouton lien newsletter service rdv reunion dossier fichier
        licence licences agenda groupe commande routeur diffusion signature inventaire
        papier son salle reservation
    """,
)

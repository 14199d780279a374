# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""French: tu and vous. Compared without accents; elisions are parted: "n écrivez"."""

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
    "stop": "arrêtez arrête arrêter arrêt arrêté arrêtes arrêtiez arrêteriez cessez "
    "cesse cesser cessiez stop stoppez stoppe stopper évitez évite éviter finissez",
    "write": "écrire réécrire écrivez écris contacter contacté texter texté harceler "
    "déranger spammer spamer embêter importuner relancer solliciter ennuyer emmerder "
    "saouler soûler gonfler achaler écœurer ecoeurer bombarder notifier emmerdez",
    "send": "envoyer envoyé envoyez envoie adresser adressez expédier transmettre",
    "dont_write": "écrivez écris écrit écrire écriviez contactez contacte contactes "
    "contactiez contacter contacté textez texte text textes texter textiez dérangez "
    "dérange dérangiez harcelez harcèle embêtez embête importunez spammez spamme "
    "spamez relancez relance sollicitez sollicite ennuyez emmerdez emmerde achalez "
    "achale notifiez notifie",
    "dont_send": "envoyez envoie envoies envoyer envoyé envoyiez envoye adressez "
    "adresse adressiez",
    "plus": "plus pu pus +",
    "no_more": "plus pu pus + pas jamais aucun aucune",
    "texts": "sms message messages texto textos text texts txt msg mms sextos notifs "
    "textes texte",
    "many": "sms messages texto textos texts txt mms notifs",
    "the": "de des d du vos votre ces les le la l ce cet cette aucun aucuns aucune "
    "tous toutes tes ton autre autres un une seul nouveaux nouveau autant leurs son "
    "ses",
    "leave": "désabonner désinscrire désabonnement désinscription résilier désabonne "
    "désinscris desabonnez désinscrivez",
    "leave_me": "désabonnez désabonne désinscrivez désinscris désinscrit désabonner "
    "désinscrire",
    "erase": "retirez retire enlevez enlève supprimez supprime effacez efface ôtez "
    "ôte rayez raye sortez sors virez vire excluez radiez dégagez",
    "to_erase": "retirer enlever supprimer effacer ôter rayer sortir virer radier "
    "désinscrire désabonner exclure retiriez enleviez supprimiez effaciez "
    "désinscriviez désabonniez",
    "gone": "désinscrit désinscrite désabonné désabonnée retiré retirée supprimé "
    "supprimée enlevé enlevée rayé rayée effacé effacée radié",
    "number": "numéro téléphone portable tel mobile num cell cellulaire natel gsm "
    "number",
    "list": "liste listes base bases fichier fichiers contacts envois système "
    "registre registres bdd",
    "wish": "veux voudrais souhaite souhaiterais désire désirerais aimerais voulons "
    "souhaitons désirons veut veu veus souhaitais préfère préférerais voulais",
    "want": "veux voudrais souhaite souhaiterais désire désirerais aimerais voulons "
    "souhaitons désirons veut veu veus souhaitais préfère préférerais voulais accepte "
    "acceptons",
    "consent": "consentement accord autorisation permission",
    "consents": "consens autorise accepte permets",
}

TABLE = (
    (
        ("opt_out", ALL, SURE),
        "Carriers' stop words and their French equals, as the whole text.",
        "stop|désabonner|désinscrire|désabonnement|désinscription",
        "{stop} {the}|aux|au|avec|à? {the}? {texts}",
        "stop tout|tous|à?",
        "{plus} {the} {texts}",
        "zéro|non aux|à? {texts}",
        "désabonnement|désinscription immédiat|immédiate",
        "désabonnement|désinscription {the}|aux? {texts}|liste",
        "annuler|résilier|annulez|résiliez l|mon abonnement",
    ),
    (
        ("opt_out", ALONE, SURE),
        "Stop words that are said of much, alone.",
        "arrêt|arrêter",
    ),
    (
        ("opt_out", ALONE, SURE),
        "No texts, as the whole text, with where or from whom.",
        "pas de {texts} sur|à mon|ce {number}",
        "pas de vos|tes {texts}",
        "plus de {texts} à|sur|vers|pour? ce|mon|cette? {number}|adresse?",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, or left alone, as the whole text.",
        "{erase} moi",
        "{erase} mon|ce numéro|num de? {number}?",
        "laissez|laisse|laisser|foutez|fous|fichez|fiche|foutre|crissez|crisse|lâchez "
        "moi|nous tranquille|tranquilles|la|en|patience paix? avec? {the}? {texts}?",
        "lâchez|lâche moi|nous les|la? grappe|baskets|basket?",
        "oubliez|oublie moi",
        "me laisser tranquille|en paix?",
        "être {gone} de|d? {the}? {list}?",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Unsubscribes, or cancels the texts, by their name.",
        "me|nous {leave}",
        "je|j me désabonne|désinscris|désinscrit",
        "{leave_me} moi|nous|mon {number}?",
        "{leave_me} moi|nous de|d|des {the}? {list}|{texts} de|d? {texts}|diffusion|"
        "envoi?",
        "se désabonner|désinscrire",
        "{stop} vos|tes|tous|tout {the}? envois|envoi|spams|spam|spamming|relances "
        "{the}? {texts}?",
        "{stop} {the}|aux {the}? envois|envoi|spams|spam|spamming|relances {the}? "
        "{texts}",
        "{stop} le spam|spamming",
        "annuler|annulez|résilier|résiliez|annule|résilie|résiliation l|mon|d|de|cet? "
        "abonnement|inscription aux|au|à|de|des|pour|par {the}? {texts}",
        "je|j résilie|annule|résilier|annuler l|mon|cet abonnement|inscription "
        "aux|à|de {the}? {texts}",
        "désactivez|désactiver|désactive|coupez|suspendez|supprimez|bloquez {the} "
        "{texts} pour|sur|vers|de mon|ce {number}",
        "ça suffit {the}|avec|vos {the}? {texts}",
        "assez|marre de vos|tes|ces {texts}",
        "{plus} besoin de vos|tes {texts}",
        "mettez|mettre|mets|mettiez fin aux|à {the}? {the}? {texts}|envois",
        "{stop} tout contact",
        "inutile de|d me|m {write}|{send} {the}? {the}? {texts}?",
        "fini|terminé {the} {texts}",
        "ne plus utiliser mon numéro",
        "n utilisez|utilise plus mon numéro",
        "oubliez|oublie mon numéro",
        "je|j me retire de|d {the}? {list}",
        "sortir|quitter de|d? {the}? {list}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person as its object.",
        "{stop} de|d me|m|nous {write} {the}? {the}? {texts}?",
        "{stop} de|d me|m|nous en? {send} {the}? {the}? {texts}",
        "ne|n? me|m|nous {dont_write} {plus}|jamais jamais?",
        "ne|n? me|m|nous {dont_send} {plus}|jamais|aucun jamais? {the}? {the}? {texts}",
        "ne? plus|jamais me|m|nous {write} {the}? {the}? {texts}?",
        "ne? plus|jamais me|m|nous en? {send} {the}? {the}? {texts}",
        "{stop} de? me|m|nous faire chier|suer avec? {the}? {texts}?",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "The same with little else.",
        "{stop} de|d {send} {the}? {the}? {texts}",
        "n {dont_send} {plus}|jamais {the} {the}? {texts}",
        "ne? plus|jamais {send} {the} {texts}",
        "ne|n? me|m|nous {dont_send} pas|aucun {the}? {the}? {texts}",
        "ne|n? me|m|nous en? {dont_send} {plus}|jamais|pas rien|d autres?",
        "ne|n? m|me en {dont_send} {plus}",
        "ne|n? me|m|nous {dont_write} pas par|de? {texts}?",
        "ne? plus|pas|jamais me|m|nous {write} par|de? {texts}?",
        "ne? pas me|m|nous {send} {the}? {texts}",
        "que vous|tu {stop} de|d me|m|nous {write}|{send} {the}? {texts}?",
        "que vous|tu ne? me|m|nous {dont_write}|{dont_send} {plus}|jamais {the}? "
        "{the}? {texts}?",
        "que vous|tu me|m {to_erase} {the}? {the}? {list}?",
        "que l|on on? me|m arrête|cesse de|d me|m {write}|{send} {the}? {texts}?",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same without its object.",
        "ne|n? me|m|nous {dont_send} {plus} rien?",
        "{stop} de|d me|m|nous {send} ça|cela?",
        "{stop} de|d {write}",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Wants none, with the texts as its object.",
        "je|j|on|nous? ne|n? {want} {no_more} recevoir {the}? {the}? {texts}",
        "je|j|on|nous ne|n? {want} {no_more} {the} {the}? {texts}",
        "je|j|on|nous ne|n? {want} {plus}|aucun|aucuns {texts}",
        "je|j|on|nous ne|n? {want} {no_more} recevoir quoi que ce soit",
        "je|j|on|nous ne|n? {want} {no_more} être contacté|contactée|contacter|"
        "dérangé|dérangée|sollicité|sollicitée|embêté|embêtée|relancé|relancée|"
        "harcelé|harcelée|importuné|importunée|spammé|texté|textée|notifié|notifiée",
        "je|j|on|nous {want} arrêter|cesser de|d recevoir {the}? {the}? {texts}",
        "je|j|on|nous n en veux plus|pas de? {the}? {texts}",
        "je|j|on|nous ne|n? {want} {plus} entendre parler de|d vous",
        "ne? plus|pas|jamais recevoir {the}? {the}? {texts}",
        "que je ne reçoive plus {the}? {the}? {texts}",
        "je|j|on ne|n? {want} {no_more} être|faire|figurer|rester|apparaître "
        "sur|dans|partie de? {the}? {list}",
        "je|j refuse|refusons de|d? recevoir|vos|les|tous|des|ces {the}? {texts}",
        "je|j n ai plus besoin de vos|tes|ces {texts}",
        "je|j ne? suis plus|pas intéressé|intéressée par vos|tes|ces|recevoir|les "
        "{the}? {texts}",
        "pas|plus intéressé|intéressée par vos|tes|ces|les {texts}",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Off the list, or the consent taken back by its name.",
        "{erase} moi de|d la|votre|cette|vos|ta|tes|ces|l? {the}? {list} de|d? "
        "données|contacts|sms?",
        "{erase} moi de|d votre|vos|ta|tes {list} de|d diffusion|envoi|contacts|"
        "distribution|sms",
        "me {to_erase} de|d la|votre|cette|vos|ta|tes|ces? {the}? {list} de|d? "
        "diffusion|envoi|sms|données?",
        "{to_erase} mon numéro|num de? {number}? de|d? la|votre|vos|cette|ta|tes? "
        "{list}?",
        "{erase} mon|ce {number} de|d la|votre|cette|vos|ta|tes {list} de|d? données|"
        "contacts|sms|envoi?",
        "désabonnez|désinscrivez|désabonne|désinscris ce|mon {number}",
        "je|j? retire|révoque|annule|retirer|révoquer|reprends mon|ma|le {consent} "
        "aux|pour|à|de|d|concernant? les|vos|recevoir|l? envoi|réception? de? {texts}?",
        "je|j ne? vous|t? {consents} plus|pas à|de|que|d? me|m|recevoir|l|vous|vos|"
        "les? {write}|{dont_write}|{send}|{dont_send}|envoi|réception? {the}? {the}? "
        "{texts}",
        "je|j ne? vous|t {consents} plus|pas à|de|que|d me|m|vous vous? me|m? {write}|"
        "{dont_write}|{send}|{dont_send}",
        "vous|tu n? avez|as plus|pas mon|l|le|d|de|ma {consent} pour|de|à? me|m|vous? "
        "{write}|{send}? {the}? {texts}?",
        "vous|tu n? êtes|es plus|pas autorisé|autorisés à me|m {write}|{send} {the}? "
        "{texts}?",
        "je|j? m oppose à|au ce|recevoir|la|l|toute|tout|traitement|vos|que? que|"
        "réception|envoi|vous|l|le? vous|de|me|m? me|m? {write}|{dont_write}|{send}|"
        "{dont_send}? {the}? {the}? {texts}?",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "mauvais|faux {number}",
        "mauvaise personne",
        "{number} erroné|incorrect",
        "c|ce? est? une? erreur de {number}|personne|destinataire",
        "je|j ne? suis pas @ @?",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "vous|tu avez|as le|fait|un un? mauvais|faux {number}",
        "vous êtes? trompez|trompé|trompés|trompée de {number}|personne",
        "tu te|t es? trompes|trompé de {number}|personne",
        "ce|c n? est pas|plus le|la {number} de|d",
        "il n? y a pas|aucun de? @ à|ici",
        "je ne? connais pas|aucun de? @",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "arrêtez|arrête|cessez|stoppez|fin|assez ça|cela?",
        "ça suffit",
        "je|j en ai assez|marre",
        "pas intéressé|intéressée|intéressés",
        "je ne? suis pas intéressé|intéressée",
        "c est du spam",
        "plus besoin",
        "pas|aucun de? {texts}",
        "{dont_write} moi|nous {plus} par|avec|de? {the}? {texts}?",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "ne me|m|nous {dont_write} plus",
        "ne me|m|nous {dont_send} plus de|ces|vos {texts}",
        "{stop} de|d me|m {write}|{send}",
        "ne me|m appelez|appelle plus",
        "marre|assez de vos {texts}",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how or why.",
        "{leave}",
        "trop de {texts}",
        "autant|tant de {texts}",
        "pourquoi vous? me|m {dont_write}|{dont_send}|{write}|{send}",
        "je n ai rien demandé",
        "qui vous a donné mon {number}",
        "où|comment avez vous eu|trouvé mon {number}",
    ),
)

LANGUAGE = make_language(
    "fr",
    WORDS,
    TABLE,
    lead_ins=(
        "je|j|on|nous {want} demande|demandons|exige|prie|aimerais? que|à|bien? vous?",
        "je|j vous|te demande|prie|saurais|serais|remercie|demanderais|supplie|"
        "ordonne gré|reconnaissant? de|d",
        "pouvez|pourriez|peux|pourrais|voulez|pouvons|vous|tu|puis vous|tu|pouvez|"
        "pourriez|peux|je bien?",
        "vous|tu pouvez|devez|peux|dois",
        "merci|prière|svp|mrc? bien|vouloir? de|d bien? vouloir? bien?",
        "veuillez|veuiller|daignez",
        "faites en sorte",
        "je crois|pense que",
        "je|j vous|t|te|l ai déjà? dit|demandé|répété|écrit de|d|que?",
        "prendre|prenez|noter|notez|sachez bien? note? que",
        "je vous informe|signale|rappelle|répète que",
        "non|donc|alors|et|maintenant|bon|allez|hey|bah|ben",
        "est ce que|qu vous|tu? pouvez|pourriez|peux|pourrais|il? est? possible? de|d?",
        "serait|est il possible de|d",
        "est|serait il possible|serait de|d",
        "il|ça faut|suffit maintenant? de|d?",
        "mais",
        "à l avenir",
        "par la présente je",
        "c est|ça bon|suffit",
        "dorénavant|désormais|stop",
    ),
    exceptions=(
        "n arrête|arrêtez|arrêtent|arrêter pas|plus|surtout|jamais",
        "s arrête|arrêtent|arrêter",
        "n annulez|supprimez|effacez|désactivez pas",
        "ne s",
        "ce message|texto",
        "ne supprimez|supprime|désabonnez|désinscrivez|retirez|enlevez pas",
        "avant|après|entre|jusqu|jusque _",
        "{dont_write}|{dont_send} plus|pas aujourdhui|demain|maintenant|ce|tout|si",
        "pas me|m {leave}",
        "ne me|m {leave_me} pas",
        "avant|après|entre|jusque|jusqu|jusquà à|au? demain|lundi|midi|ce|soir|matin|"
        "d|_ h",
        "un|une|le|la|les|des|aux|du|notre|nos|ce client|clients|cliente|utilisateur|"
        "utilisateurs|usager|usagers",
        "sur|par|au|en le? fixe|bureau|mail|mails|courriel|email|whatsapp|téléphone|"
        "anglais",
        "arrêt maladie|travail",
    ),
    qualifiers=(
        "mais|sauf|excepté|seulement|jusqu|jusque|quand|si|lorsque|uniquement",
        "pour ce|cette|le|la|les ticket|panne|pannes|demande|incident",
        "concernant|comment|pourquoi|avant|après|pendant",
        "d inventaire|série",
        "appelez|appelle moi",
        "la nuit|matin|soir",
        "le matin|soir|dimanche|weekend",
        "via|depuis",
    ),
    matters="""
        imprimante ordinateur pc serveur outlook mail mails courriel courriels teams
        excel vpn wifi réseau ticket tickets écran clavier souris erreur mot compte
        comptes portail bouton lien newsletter service rdv réunion dossier fichier
        licence licences agenda groupe commande routeur diffusion signature inventaire
        papier son salle réservation application appli logiciel windows chrome google
        facebook linkedin amazon banque code technicien disque sauvegarde virus spam
        antivirus mise office word scanner câble appel téléchargement backup messagerie
        boîte erreurs alertes vide vides pub pubs publicité
    """,
    tails="""
        à a de d du des en par pour sur vers le la les l un une ce cet cette ces mon ma
        mes votre vos ton ta tes notre moi nous vous toi part société entreprise
        compagnie boîte numéro téléphone portable mobile cell cellulaire natel gsm tel
        num sms message messages texto textos text texts mms plus jamais maintenant
        désormais avenir l'avenir rien tout tous toute toutes jour jours fois bonne
        définitivement immédiatement quoi soit que ce genre type sorte là ici
        publicitaires promotionnels commerciaux automatiques quotidiens inutiles chose
        svp merci urgent vite personnel privé adresse non autre autres
    """,
    links="à a de d du des en par pour sur vers chez dans",
    senses={
        "negation": "ne n pas jamais aucun aucune aucuns ni",
        "lone": "plus pu pus +",
        "more": "rien autre autres nouveaux nouveau encore",
        "stop": "{stop} basta suspendez suspendre désactiver désactivez coupez "
        "résilier résiliez résiliation désabonner désabonnement désinscription "
        "désinscrire",
        "refuse": "refuser refuse refusons refus oppose opposition retire révoque "
        "résilie renonce interdis interdit interdisons interdiction",
        "cancel": "annuler annulez annule",
        "erase": "{erase} {to_erase} suppression retrait {gone}",
        "me": "m me moi",
        "my": "mon ma mes",
        "write": "{write} {dont_write} réécrire contacté contactée dérangé dérangée "
        "sollicité sollicitée relancé harcelé embêté importuné notifié communiquer "
        "communiquez parler parlez parle écrive contacte",
        "send": "{send} {dont_send} envoie",
        "get": "recevoir être",
        "text": "{many} communications",
        "thing": "message texte textes ça cela notification notifications",
        "list": "liste listes base bases fichier fichiers répertoire contacts",
        "plan": "abonnement",
        "number": "numéro num nom numéros coordonnées",
        "need": "besoin peine nécessaire utile",
        "want": "{wish} demande exige prie intéressé intéressée intéresse {consent} "
        "autorise consens donne envie intéressent",
        "can": "pouvez pourriez peux pourrais allez vas",
        "subject": "je j on nous il elle nos",
        "you": "vous tu",
        "off": "de d du des",
        "filler": "à a au aux le la les l un une ce cet cette ces votre vos ton ta "
        "tes te t ai en y par pour sur que qu et tout tous toute toutes biais moyen "
        "part immédiat immédiate immédiatement définitivement avec c est désormais "
        "vers seul quelconque via voie bien fois soit envoi envois réception relances "
        "diffusion données pub pubs publicité publicitaires commerciaux promotionnels "
        "automatiques toute svp faites faire",
        "phone": "{number}",
    },
)

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words with which people leave, in the four languages that ship.

A text ends consent only by words of this page, or of the law (:mod:`slips`): a verb of
stopping, refusing, leaving or removing that belongs to texts, contact, number, list, me
or us; or words by which a stranger says that the number is theirs. They are the reason
that is shown to people. They suffice only if the rating agrees (:mod:`phrases`).

To teach it a new way to leave, add a pattern. Patterns are those of :mod:`grammar`;
``<texts>`` stands for the words of that name in the same language, ``$`` for the end of
the clause, ``@`` for a name that our texts have used.
"""

from typing import NamedTuple

from .grammar import compile_patterns

#: In a clause: its end, a name, and a name with an "s".
END, NAME, OF_NAME = "$", "@", "@s"
#: Before any of them a clause tells of a case only: "tell me if it is a wrong number".
_CONDITIONS = frozenset(["if", "whether", "si", "wenn", "falls", "ob"])


class Language(NamedTuple):
    """How people leave in one language.

    :ivar says: patterns of the words that end consent
    :ivar strangers: patterns of the words that say that somebody else has the number
    :ivar unless: words with which, before those, a clause says something else: "don't
        stop texting me", "why did you stop texting me"
    :ivar until: such words after those: "don't text me before nine"
    :ivar keeps: patterns of words with which a clause says the opposite
    """

    says: tuple
    strangers: tuple
    keeps: tuple
    unless: frozenset
    until: frozenset


def _make(words, says, strangers, keeps, unless, until):
    """Return a :class:`Language` from texts as they are written below."""
    return Language(
        compile_patterns(*says, words=words),
        compile_patterns(*strangers, words=words),
        compile_patterns(*keeps, words=words),
        frozenset(unless.split()),
        frozenset(until.split()),
    )


ENGLISH = _make(
    words={
        "stop": (
            "stop|stopp|stops|stopping|quit|cease|end|ending|halt|discontinue|desist|"
            "terminate|disable|deactivate|kill|ditch|cancel|enough|done|cut|suspend"
        ),
        "not": "dont|not|never|wont|no|nor|without",
        "want": (
            "want|wish|wanna|like|need|care|consent|agree|accept|interested|"
            "appreciate|wanting|authorize|allow|permission|receive|get|include|"
            "willing"
        ),
        "remove": (
            "remove|delete|erase|scratch|strike|exclude|purge|removed|deleted|taken|"
            "unsubscribe|excluded|opt|exempt|unlist|deregister"
        ),
        "take": (
            "take|get|pull|cross|drop|keep|cut|leave|have|strike|kick|sign|put|pop|"
            "remove"
        ),
        "texts": (
            "text|texts|txt|txts|message|messages|msg|msgs|mesages|sms|smses|spam|"
            "texting|messaging|messagin|alerts|notifications|notifs|reminders|updates"
        ),
        "texting": (
            "texting|txting|messaging|messeging|msging|contacting|sending|writing|"
            "spamming|bothering|bugging|harassing|pestering|annoying|notifying|"
            "calling|pinging|smsing|reminding"
        ),
        "text": (
            "text|txt|message|msg|contact|sms|spam|bother|pester|harass|notify|send|"
            "write|texting|messaging|contacting|bug"
        ),
        "texted": "texted|contacted|messaged|spammed|bothered|notified|txted",
        "me": "me|us",
        "number": (
            "number|numbers|num|no|nr|phone|cell|mobile|name|contact|details|digits|"
            "line"
        ),
        "after": (
            "$|and|or|i|we|forever|permanently|because|completely|entirely|today|too|"
            "then|u|you|n|before|im|ill|was|for|at|2|as|never|dont|do|thank|or|else|"
            "again|it|this"
        ),
        "list": (
            "list|lists|database|db|contacts|system|roster|texts|text|txts|messages|"
            "msgs|message|sms|messaging|texting|here|this|these|everything|all|thread|"
            "file|files|alerts|reminders|notifications|updates"
        ),
    },
    says=(
        "<stop> ... <texting>|<texts>",
        "turn|shut|switch off ... <texts>",
        "turn|shut|switch ... <texts> off",
        "<not> ... <text> <me>|again|anymore|any|this|my|ever|anything|texts|"
        "messages|sms|more|further|$",
        "send|sends nothing|none|no ... more|<me>|texts|messages|$",
        "<not> ... <texted>",
        "<not> ... <want> ... <texts>|<texting>|<texted>",
        "no|not more|longer|further ... <texts>|<texting>|contact",
        "no|zero texts|txts|messages|msgs|sms|texting $",
        "no|zero texts|txts|messages|msgs|sms|texting for|to|from|pls|please|thx|"
        "thanks|thank <me>|this|you|$",
        "refuse|refusing|revoke|revoking|withdraw|withdrawing|decline|object|end "
        "... <texts>|consent|permission|authorization",
        "consent|permission ... revoked|withdrawn",
        "prefer|rather|want|wish not to? be? ... <texts>|<texting>|<texted>|<text>",
        "<remove> <me> <after>",
        "<remove> <me> from|off|out|of ... <list>",
        "<remove>|lose|forget|wipe|block|withdraw|bin my|this|our|the|that|you "
        "... <number> <after>",
        "<remove>|lose|wipe|block|withdraw|bin my|this|our|the|that|you ... "
        "<number> from|off|out|of ... <list>",
        "<remove> from ... <list>",
        "<take> <me>|it|this|my|number|removed|name ... off|out|from <after>",
        "<take> <me>|it|my|number|removed|name ... off|out|from|of ... <list>",
        "leave <me> alone|be|in",
        "off|leave|leaving|exit|quit my|your|ur|this|the ... list|lists|texts|"
        "messages|sms",
        "want|wants|wanna off|out $",
        "opt|opting|opted <me>|this|my|number? out <after>",
        "opt|opting|opted <me>|this|my|number? out of ... <list>",
        "optout|unsubscribe|unsubscribing|unsub|unsuscribe|unsubcribe <me>? <after>",
        "unsubscribe|unsub|unsubscribing|unsuscribe from ... <list>",
    ),
    strangers=(
        "not|isnt|aint|never @ $|and|please|anymore|sorry|so|stop|you|i|but|at|or",
        "not|isnt|aint|never ... @s number|phone|cell|mobile|line",
        "no|nobody|noone @|called|named @? here|$|at|in|on",
        "@ ... not|doesnt|no ... here|number|phone|cell|mobile",
        "wrong|incorrect|wrng|different number|nr|num|nmbr|no|person|phone|guy|"
        "lady|man|woman|recipient|contact|dude|girl|one|cell|customer|client|"
        "bloke|place|mate",
        "not|isnt|aint|longer|havent ... right|correct|same|his|her|their|s|this|"
        "the|of|number|phone|mobile number|person|phone|cell|sim|mobile",
        "not ... number|phone|mobile",
        "previous|former|last|prior|old owner|holder|user",
        "new owner|holder",
        "someone|somebody else|elses ... number|phone",
        "meant|intended for ... someone|somebody|else|another|other",
        "number|phone|line|sim ... mine|reassigned|belongs|belong|hands",
        "got|bought|had|given this|the|a ... number|phone|line|sim ... before|"
        "since|ago|last|new|used",
        "nobody|noone|no ... by|of|called that|this name|here",
    ),
    keeps=(
        "dont|not|never|wont|didnt|doesnt|no|without ever? <stop>|<remove>|unsubscribe",
    ),
    unless=(
        "if when why how did didnt dont not never wont couldnt wouldnt shouldnt until "
        "they he she who what where app should because"
    ),
    until=(
        "until unless before after when while during except if about regarding till "
        "tonight only"
    ),
)
SPANISH = _make(
    words={
        "stop": (
            "stop|deje|dejen|deja|dejad|dejes|dejar|pare|paren|para|parad|parar|"
            "parenle|cese|cesen|cesar|cesad|termine|terminen|terminar|detengan|"
            "detener|suspendan|suspender|basta|cancelen|cancelar|cancela|cancele|"
            "cancelad|interrumpan|eviten|evite|evitar|abstenganse|alto|corten|dejense|"
            "fin|desactiven|desactivar|desactiva|bloqueen|baja|finalizar|anulen|anular"
        ),
        "no": "no|nunca|jamas|ni|tampoco|sin",
        "want": (
            "quiero|queremos|deseo|deseamos|acepto|aceptamos|autorizo|necesito|"
            "necesitamos|interesa|interesan|gusta|gustan|consiento|quisiera|quiere|"
            "permito|gustaria|doy|solicite|pedi|agradeceria|prefiero|apunte"
        ),
        "texts": (
            "mensaje|mensajes|mensajito|mensajitos|msj|msjs|mjs|mensages|mensaj|sms|"
            "texto|textos|mensajeria|avisos|aviso|notificaciones|notificacion|"
            "recordatorios|alertas|contacto|publicidad|spam|whatsapp|wasap"
        ),
        "text": (
            "escriba|escriban|escribas|escribais|escribirme|escribirnos|escribir|"
            "escriva|escrivan|envie|envien|envies|envieis|enviar|enviarme|enviarnos|"
            "enviandome|enviando|mande|manden|mandes|mandeis|mandar|mandarme|"
            "mandarnos|mandandome|mandando|mandarais|mandarme|contacte|contacten|"
            "contactes|contactarme|contactar|contactado|contactada|moleste|molesten|"
            "molestes|molestar|molestarme|molesteis|textee|texteen|textear|textearme|"
            "escribiendo|escribiendome|notifiquen|contactarnos|comuniquen|comunicarse|"
            "fastidien|fastidiar|jodan|llamen|mensajeen|envieme|enviarle|spam|"
            "mandarlos|enviarlos|mandarles|envian|mandan|escriben|recibir|recibirlos|"
            "recivir|resivir|reciba|recibirlo"
        ),
        "me": "me|nos",
        "remove": (
            "quite|quiten|quita|quitad|quitar|elimine|eliminen|elimina|eliminad|"
            "eliminar|borre|borren|borra|borrad|borrar|saque|saquen|saca|sacad|sacar|"
            "retire|retiren|retira|retirar|olviden|olvide|olvida|tachen|remueva|"
            "remuevan|remover|suprima|supriman|suprimir|den|de|dar|excluyan|excluir|"
            "descarten|pierdan|pierda"
        ),
        "removeme": (
            "quiteme|quitenme|quitame|quitadme|quitarme|elimineme|eliminenme|"
            "eliminame|eliminadme|eliminarme|borreme|borrenme|borrame|borradme|"
            "borrarme|saqueme|saquenme|sacame|sacadme|sacarme|retireme|retirenme|"
            "retirarme|desuscribame|desuscribanme|desuscribirme|desuscribeme|"
            "desinscribanme|desapuntadme|desapuntarme|desapunteme|bajenme|bajame|"
            "bajeme|excluyanme|excluidme|desafilienme|olvidenme|olvidadme|olvidense|"
            "denme|deme|dadme|darme|darnos|dame|denos|tachenme|quitennos|borrennos"
        ),
        "number": (
            "numero|numeros|nro|num|telefono|tel|celular|cel|movil|contacto|datos|"
            "linea|nombre"
        ),
        "list": (
            "lista|listas|base|sistema|registro|registros|agenda|contactos|aqui|ahi|"
            "esto|mensajes|sms|avisos|textos|msj|notificaciones|alertas|envios|"
            "difusion|datos|servicio|grupo|suscripcion"
        ),
        "after": (
            "$|y|o|que|ya|para|por|porque|mas|ni|de|por|al|inmediatamente|a|hoy|"
            "definitivamente"
        ),
    },
    says=(
        "<stop> ... <text>|<texts>",
        "<stop> con|de|los|las|sus|estos|tus ... <texts>",
        "<no> ... <text> mas|+|nada|nunca|nadie|otro|ni|a|mensajes|mensaje|sms|"
        "textos|$|por|en|al|este|esto|msj|de|msjs|a",
        "<no> <me>|se|te|le|les ... <text>",
        "<no> ... vuelvan|vuelva|vuelvas|sigan|siga|sigas|volvais|sigais|quiero "
        "... <text>",
        "no|ya ... <want> ... <texts>|<text>|suscrito|suscripcion",
        "no|ni|nunca|cero|sin|ningun mas|un|una|otro|otra? ... <texts> mas|$|por|"
        "de|a|para|suyo|suyos|nunca|jamas|ok",
        "<no> ... <texts> mas",
        "mas <texts> no",
        "<removeme> $|de|del|ya|y|los|por|inmediatamente|o|baja|la|este|a",
        "<remove> mi|este|ese|nuestro|el|mis|a ... <number> <after>",
        "<remove> ... <number> ... de|del ... <list>",
        "<me> quitan|sacan|borran|dan|eliminan|quite|quiten|saquen|borren|den|"
        "elimine|eliminen|quitas|sacas|borras|quita|saca|borra|quiteis|saqueis "
        "... <list>|baja|numero",
        "de|den|dar|dado|darme|darnos|denme|deme|dadme|dame|denos|solicito|quiero|"
        "pido|causar|tramiten|exijo|damos|doy|desde|solicitud|peticion|ruego la|"
        "mi|de|inmediata? baja",
        "baja mi|este|del|de|total|d|a|los|el ... <number>|<list>|<texts>",
        "salir|salirme|salgo|fuera de|del ... <list>",
        "revoco|retiro|revocar|retirar|anulo|cancelo|rechazo|prohibo ... <texts>|"
        "<text>|consentimiento|autorizacion|permiso|suscripcion|numero",
        "prohibo|prohibido|niego ... <text>|<texts>",
        "dejen|deje|deja|dejame|dejadme|dejeme|dejenme|dejarme|dejennos me|nos? "
        "ya? en|tranquilo|tranquila paz|$",
        "desuscribir|desuscribirme|desuscribanme|desuscribame|desuscripcion|"
        "desuscribo <after>",
        "<texts> no <after>",
    ),
    strangers=(
        "no soy|es|somos @ $|y|ni|por|pero|se|este",
        "no ... de @ $|y|es",
        "no ... ninguna|ningun|conozco a? @",
        "@ no vive|esta|es ... aqui|numero|telefono|celular|movil",
        "equivocado|equivocada|erroneo|incorrecto|errado numero|persona|$",
        "numero|nro|num|nr|persona|telefono|celular|destinatario|cel ... "
        "equivocado|equivocada|erroneo|incorrecto|errado|ekivocado|ekibocado|"
        "equibocado",
        "equivocado|equivocada|equivoco|equivocas|equivocan|equivocaron|"
        "equivocaste|equivoque|equivocasteis|confunden|confundieron|confundido|"
        "confundiendo|erraste|ekivocaste|erraron|errado ... numero|numer|nro|num|"
        "persona|telefono|celular|cel",
        "no ... el|la|este|su|mi|ese numero|nro|telefono|celular|movil|cel",
        "este|esta|el|la|ese numero|nro|telefono|celular|movil|linea|cel ya? no "
        "... es|pertenece|suyo|suya|de|tiene",
        "ya no ... este|ese|el|tiene numero|telefono|celular|movil",
        "no ... persona|ese|ella que|a buscan|quien|busca|esa|$",
        "no vive|existe|hay|tenemos ningun|ninguna|nadie|aqui",
        "nuevo|nueva|anterior|antiguo dueno|duena|titular|usuario",
        "no ... para mi",
    ),
    keeps=("no|nunca|sin me|nos? los|las|lo|la? <stop>|<remove>|<removeme>",),
    unless="si cuando porque como donde no nunca quien cual app sistema",
    until=(
        "hasta antes despues cuando si salvo excepto pero solo mientras durante sobre"
    ),
)
FRENCH = _make(
    words={
        "stop": (
            "stop|stoppez|stoper|stopper|stoppe|stopez|arretez|arrete|arreter|arretes|"
            "arret|arrettez|cessez|cesse|cesser|fini|finissez|terminez|termine|finies|"
            "basta|assez|suspendez|interrompez|interrompre|mettez|mettre|halte|"
            "annulez|annuler|desactivez|desactiver|coupez|bloquez|fin|marre|bol|"
            "abstenez|resiliez|resilier|cessation"
        ),
        "no": "ne|n|pas|jamais|plus|aucun|sans|non|zero|pu|pus",
        "texts": (
            "sms|texto|textos|message|messages|msg|msgs|mess|mesage|mesages|"
            "messagerie|notifications|notification|rappels|alertes|envoi|envois|"
            "textes|texte|courriers|pub|pubs|spam|spams|contact|mms|infos|trucs|notifs"
        ),
        "text": (
            "ecrire|ecrivez|ecris|ecrit|recrire|reecrire|reecrivez|envoyer|envoyez|"
            "envoie|envoies|envoyes|envoi|envoye|envois|contacter|contactez|contacte|"
            "contactes|recontactez|recontacter|texter|textez|texte|solliciter|"
            "sollicitez|deranger|derangez|derange|emmerder|harceler|relancer|relancez|"
            "prevenir|notifier|appeler|spammer|spammez|embeter|embetez|importuner|"
            "importunez|menvoyer|mecrire|recevoir|recois|recoive|adresser|adressez|"
            "transmettre|joindre|parler"
        ),
        "me": "me|m|moi|nous",
        "want": (
            "veux|veut|voulons|souhaite|souhaitons|desire|desirons|accepte|acceptons|"
            "consens|autorise|besoin|veu|vx|voudrais|aimerais|interesse|interessent|"
            "interessee|demande|suis|voulait|souhaiterais|prefere|merci|veuillez"
        ),
        "remove": (
            "retirez|retirer|retire|enlevez|enlever|enleve|supprimez|supprimer|"
            "supprime|effacez|effacer|efface|otez|oter|rayez|rayer|radiez|radier|"
            "virez|virer|vire|sortez|sors|sortir|desinscrivez|desinscrire|desinscris|"
            "desabonnez|desabonner|desabonne|excluez|oubliez|oublier|oublie|perdez|"
            "detruisez|eliminez|rayiez|bannissez|degagez|desincrivez|desinscrit|"
            "desabonnez|sauter|retire|sorti|rayee|retiree"
        ),
        "number": (
            "numero|num|no|nr|tel|telephone|portable|mobile|cell|cellulaire|"
            "coordonnees|nom|contact|adresse|donnees|ligne|gsm|natel"
        ),
        "list": (
            "liste|listes|fichier|fichiers|base|bases|systeme|repertoire|contacts|"
            "envois|messages|sms|textos|ici|ca|donnees|diffusion|registre|abonnement|"
            "service|alertes|rappels|notifications|carnet|truc|groupe"
        ),
        "after": (
            "$|et|ou|car|sinon|a|la|le|des|d|je|j|de|definitivement|cordialement|"
            "merci|rapidement|sans|parce"
        ),
    },
    says=(
        "<stop> ... <text>|<texts>",
        "<stop> fin|terme ... <texts>",
        "ne|n|pas|jamais|pu|plus ... <text> plus|jamais|pas|rien|pus|pu|$|de|d",
        "ne|n|pas plus|jamais|rien ... <text>|<texts>",
        "<text> <me>? plus|pu|pus|jamais|rien|pas",
        "ne|n|pas|plus|veux|veut|en|j|je|jveux|veu|jamais ... <want>|plus|pas ... "
        "plus|pas|aucun|jamais|rien|pus|pu ... <texts>|<text>|texte|contacte",
        "plus|aucun|jamais|zero|pas|non|fini|assez|sans de|d|des|un|aux|aucun|"
        "seul|les|vos? <texts> <after>|svp|s|pour|sur|ici|par|desormais|merci|vos|"
        "dorenavant|donc",
        "<remove>|faites|faire moi|nous|me <after>",
        "me|m|nous|moi <remove> <after>",
        "<remove>|faites moi|nous|me ... de|du|des ... <list>|<texts>",
        "me|m|nous|moi ... <remove> de|du|des ... <list>|<texts>",
        "<remove> mon|ce|le|notre|mes ... <number> <after>",
        "<remove> mon|ce|le|notre|mes ... <number> de|du|des ... <list>",
        "<number> ... <remove> de|du|des ... <list>",
        "sortir|sors|quitte|quitter|quittez|hors de|votre|vos|la|cette|mon ... "
        "<list>|telephone",
        "retire|revoque|retirer|revoquer|annule|refuse|refuser|retirons|oppose|"
        "opposition|interdis|defends|defense|retrait ... <texts>|<text>|"
        "consentement|accord|autorisation|ecriviez|envoi",
        "desabonner|desinscrire|desabonnement|desinscription|desabonnez|"
        "desinscrivez|desabo|desabonne|desinscris $|moi|me|svp|de|des|du",
        "laissez|laisse|fichez|fiche|foutez|fous <me>|le|la? la|en|tranquille "
        "paix|tranquille|$",
        "lachez|lache|gardez|oubliez|oublie <me>|vos|tes avec|sms|textos|messages|"
        "$|les",
    ),
    strangers=(
        "pas @ $|et|ni|je|vous|desole|du",
        "pas ... de|d @ $|et",
        "personne ... @",
        "@ ... plus|pas ... ici|numero|portable|telephone",
        "mauvais|mauvaise|faux|autre numero|num|personne|destinataire|tel|"
        "telephone|pioche|correspondant|nr",
        "trompe|trompez|trompes|tromper|erreur|erreurs|gourez|trompee|confondez "
        "de|d|sur ... numero|num|personne|destinataire|correspondant|no|nr|tel|la",
        "pas le|la|du|au ... bon|bonne|numero|portable|telephone|personne",
        "pas mon|son|le|ce numero|portable|telephone|destinataire",
        "plus ... ce|le|son|ma|a|cette numero|num|portable|telephone|gsm|ligne|tel",
        "numero ... plus|reattribue|attribue|appartient|change|mien",
        "nouveau|nouvelle|ancien|ancienne|precedent proprietaire|titulaire|"
        "utilisateur|detenteur|abonne",
        "change|change de numero",
        "personne ... de|du|a|qui ce|nom|s|appelle nom|ici|appelle|numero",
        "pas ... pour|destine|adresse moi|$",
        "adresse|destine|pour ... quelqu un d autre",
    ),
    keeps=(
        "arretez|arrete|stoppez|stoppe|cessez|cesse|retirez|enlevez|supprimez|"
        "desabonnez|desinscrivez pas|jamais",
        "ne|n lui|leur|se|te",
        "pas|jamais arreter|stopper|cesser|retirer|enlever|supprimer|desabonner|"
        "desinscrire",
    ),
    unless="si quand pourquoi comment qui quoi app ils elles lorsque",
    until=(
        "avant apres pendant quand si sauf mais jusqu sur lorsque concernant uniquement"
    ),
)
GERMAN = _make(
    words={
        "stop": (
            "stop|stopp|stoppt|stoppen|stoppe|hort|hor|hore|horen|hoeren|hoert|hoer|"
            "aufhoren|aufhoeren|beenden|beendet|beende|einstellen|stellt|stellen|"
            "stell|lasst|lassen|lass|unterlassen|unterlasst|abstellen|abschalten|"
            "schaltet|schalten|schluss|genug|ende|deaktivieren|deaktivieren|"
            "deaktiviert|kundige|kundigen|beendigen|reicht|sperren|spart|sparen|"
            "cancelt|verzichte|verzichten|hoerts|horts|stellts|abbestellen|abbestelle|"
            "bestelle|unterbinden|verschont"
        ),
        "no": (
            "keine|kein|keinen|keiner|nicht|nie|niemals|nichts|nix|nimmer|nich|ned|"
            "net|kane|koane|null|ohne|kei|nid|nuet"
        ),
        "texts": (
            "sms|nachricht|nachrichten|nachrichtn|textnachricht|textnachrichten|"
            "kurznachricht|kurznachrichten|mitteilung|mitteilungen|benachrichtigung|"
            "benachrichtigungen|meldungen|meldung|erinnerungen|texte|msg|msgs|infos|"
            "kontakt|werbung|zusendung|zusendungen|spam|smsn|smse|smsen|smsse|"
            "nachrichtn|whatsapp"
        ),
        "text": (
            "schreiben|schreibt|schreib|schreibe|schreibts|anschreiben|schicken|"
            "schickt|schick|schickts|senden|sendet|sende|kontaktieren|kontaktiert|"
            "kontaktiere|kontaktier|texten|textet|texte|simsen|simst|benachrichtigen|"
            "benachrichtigt|zusenden|zuschicken|belastigen|belastigt|nerven|nervt|"
            "angeschrieben|kontaktiert|vollspammen|spammen|spammt|vollzuspammen|"
            "zutexten|antexten|anschreibt|angetextet"
        ),
        "me": "mir|mich|uns|ma|mi",
        "want": (
            "will|mochte|moechte|mag|wunsche|wuensche|brauche|brauch|wollen|mochten|"
            "moechten|wunschen|mocht|mecht|benotige|benotigen|akzeptiere|erlaube|"
            "interesse|bock|bedarf|lust|willige|wuenschen|wui|wott|brauchen|brauchts|"
            "einverstanden"
        ),
        "remove": (
            "losche|loschen|loscht|losch|loesche|loeschen|loescht|loesch|entferne|"
            "entfernen|entfernt|entfern|streiche|streichen|streicht|streich|nimm|"
            "nehmt|nehmen|nehme|austragen|tragt|tragen|trag|streichts|nehmts|trogts|"
            "raus|rausnehmen|werft|werfen|schmeisst|schmeissen|vergesst|vergessen|"
            "vergiss|abmelden|meldet|melden|melde|tilgen|abgemeldet|geloscht|"
            "gestrichen|entfernt|raushaben|nehmts|herausnehmen|ausschliessen|sperren|"
            "sperrt|holt|lasst"
        ),
        "number": (
            "nummer|nr|handynummer|telefonnummer|rufnummer|mobilnummer|nummern|daten|"
            "handy|kontakt|kontaktdaten|natel|anschluss|name|namen|handynr|telnr|"
            "nummere"
        ),
        "list": (
            "liste|listen|verteiler|verteilerliste|system|datenbank|smsliste|"
            "nachrichtenliste|kontakte|kartei|kontakten|nachrichten|sms|verzeichnis|"
            "smsverteiler|mitteilungen|benachrichtigungen|erinnerungen|adressbuch|"
            "datei|speicher|verteilers|newsletter"
        ),
        "after": (
            "$|und|oder|aus|raus|sofort|da|weil|von|ab|bei|ich|heraus|komplett|"
            "vollstandig|dauerhaft"
        ),
    },
    says=(
        "<stop> ... <texts>|<text>",
        "<texts>|<text> ... <stop>|stoppen|aus|weg|unerwunscht",
        "<texts> ... nicht|nimmer ... <text>|<want>|mehr|erwunscht|notig|$",
        "<no> ... mehr|weitere|weiteren|weiterhin|langer|wieder|mer|mehr ... "
        "<texts>|<text>",
        "<no> mehr? <text> mehr|$|an|mir",
        "<no> ... <number> ... <text>",
        "<no> ... <texts> mehr|$|an|von|bekommen|erhalten|senden|schicken|"
        "schreiben|kriegen|empfangen|mer|mehr|auf|zu|bitte|von|ab|notig|wunschen|"
        "erwunscht|haben|schicke|zuschicken|zusenden",
        "<text> ... <me>|an|hier ... <no> ... mehr|sms|nachrichten|nachricht|$|"
        "wieder|mer|schreiben",
        "<text> ... <no> ... mehr|wieder|sms|nachrichten|mer",
        "<want> ... <no> ... <texts>|<text>|liste|verteiler|horen",
        "<want> ... <no> ... mehr $|von|bekommen|erhalten|kriegen",
        "<no> ... <want> ... <texts>|<text>",
        "<remove> <me>|sie|meine|diese|unsere|die|den|meinen|das|dieses ... "
        "<number>|ab|raus|heraus|aus|davon $|und|aus|von|bei|sofort|raus|ab|oder",
        "<remove> <me>|uns ... aus|von|vom|ab ... <list>|$|<texts>|ab",
        "<me> ... aus|von|vom ... <list> ... <remove>",
        "<remove> <me> $|und|oder|ab|aus|raus",
        "<number> ... <remove>",
        "<me> ... austragen|abmelden|abzumelden|streichen|loschen|entfernen|"
        "abgemeldet|ausgetragen|rausnehmen",
        "mochte|moechte|will|wunsche abgemeldet|raus|ausgetragen|austreten",
        "abmelden|abmeldung|abbestellen|abbestellung|austragen|austragung|"
        "abbestellt|abmeldn|abbestelln $|von|aus|und",
        "widerrufe|widerruf|widerrufen|ziehe|zuruckziehen|zuruckgezogen|entziehe|"
        "widerspreche|verbiete|untersage|lehne|verbitte ... <texts>|einwilligung|"
        "zustimmung|erlaubnis|genehmigung|nutzung|kontaktaufnahme|text",
        "einwilligung|zustimmung|erlaubnis ... widerrufe|widerrufen|zuruck|"
        "entzogen|erloschen|zuruckziehen|zuruckgezogen",
        "lass|lasst|lassen|lasse <me>|sie? ... ruhe|frieden",
    ),
    strangers=(
        "bin|ist|heisse|heiss nicht|ned der|die|herr|frau? @ $|und|sondern|mehr|"
        "ich|sie|da",
        "nicht ... von @ $|und",
        "kein|keine|niemand|keinen namens @",
        "kein|keine|niemand|keinen @ hier",
        "@ ... nicht|nimmer ... hier|nummer|handy|telefon",
        "falsch|falsche|falscher|falschen|falschi|verkehrte|verkehrter|faslche|"
        "falches nummer|nr|person|handy|handynummer|empfanger|adressat|nummere|"
        "ansprechpartner|telefonnummer|rufnummer|mobilnummer|anschluss|chat|"
        "verbunden",
        "nummer|nr ... falsch|verwechselt|vertauscht|stimmt",
        "verwahlt|vertippt|zahlendreher",
        "mich|sie|uns|ihr|da|nummer|nummern|eine ... verwechselt|verwechseln|"
        "verwechslung|vertauscht",
        "sie|ihr ... sich|euch ... geirrt",
        "verwechselt|verwechseln ... mich|uns|person|nummer|jemand|jemandem",
        "irren|irrt sich|euch",
        "nicht|nimmer|nimma|nod die|das|der|mehr|meine|de|unter|seine|ihre nummer|"
        "handy|telefon|nummere|dieser|person",
        "nicht die|der|das richtige|richtigen nummer|person|handy|$",
        "nummer|handy|anschluss ... nicht|gehort|gehoert|neu|vergeben|jetzt ... "
        "mehr|mir|vergeben|von|dem|ich|meine",
        "nicht ... fur|an mich|uns gedacht|bestimmt|gerichtet|$",
        "neue|neuer|vorherige|vorheriger|fruhere|alte inhaber|inhaberin|besitzer|"
        "besitzerin",
        "kein|keine|niemand ... hier|namens|namen|bekannt",
        "hier kein|keine|niemand",
        "hier ... nicht ... @",
        "jemand anders|anderen|anderem|anderes",
        "den|die|der falschen|falsche $|erwischt|angeschrieben",
    ),
    keeps=(
        "nicht|nie|niemals aufhoren|stoppen|beenden|einstellen|abstellen|"
        "abschalten|loschen|entfernen|streichen|abmelden|austragen|abbestellen",
    ),
    unless="wenn falls warum wieso wie wer wo was app er",
    until="vor bis nach wenn ausser nur aber wahrend falls zum zur wegen solange sonst",
)
LANGUAGES = {"en": ENGLISH, "es": SPANISH, "fr": FRENCH, "de": GERMAN}


class Words(NamedTuple):
    """Words with which a clause ends consent.

    :ivar bool is_stranger: they say that somebody else has the number
    :ivar bool is_plain: nothing around them says otherwise
    :ivar bool has_name: a name is among them
    """

    said: str
    is_stranger: bool
    is_plain: bool
    has_name: bool = False


def find_words(clause, names=frozenset()):
    """Return the :class:`Words` with which a clause ends consent, or None.

    Plain ones come first, then those that are longest.

    :param clause: words in small letters, without accents and courtesies
    :param names: those among them that are names
    """
    names = {name for name in names if not _is_ordinary(name)}
    found, words = [], [*(_mark(word, names) for word in clause), END]
    for language in LANGUAGES.values():
        for patterns in (language.says, language.strangers):
            for at in range(len(words)):
                if length := patterns.measure(words, at):
                    found.append((language, patterns, at, at + length))
    if not found:
        return None
    keeping = [
        language
        for language in LANGUAGES.values()
        if any(language.keeps.measure(words, at) for at in range(len(clause)))
    ]
    readings = []
    for language, patterns, start, end in found:
        is_stranger = patterns is language.strangers
        unless = _CONDITIONS if is_stranger else language.unless
        is_plain = language not in keeping and unless.isdisjoint(clause[:start])
        is_plain &= is_stranger or language.until.isdisjoint(clause[end:])
        has_name = not {NAME, OF_NAME}.isdisjoint(words[start:end])
        said = Words(" ".join(clause[start:end]), is_stranger, is_plain, has_name)
        readings.append((is_plain, end - start, said))
    return max(readings, key=lambda it: it[:2])[-1]


def _is_ordinary(word):
    """Tell if a word that looks like a name, "Not" or "Kein", is one of ours."""
    languages = LANGUAGES.values()
    return any(word in it.says or word in it.strangers for it in languages)


def _mark(word, names):
    """Return the sign for a name, else the word."""
    if word in names:
        return NAME
    return OF_NAME if word.endswith("s") and word[:-1] in names else word

# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Spanish: tú, vos, usted, vosotros and ustedes. It is compared without accents."""

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
    "leave": "déjense déjate dejaos deje dejen deja dejad dejá dejes dejar dejaran "
    "dejara dejaseis dejasen dejarais pare paren para parad pará parar cesen cese "
    "cesad cesar eviten evite evitar",
    "write_me": "escribirme enviarme mandarme molestarme contactarme textearme "
    "pasarme escribirnos enviarnos mandarnos molestarnos mensajearme spamearme "
    "acosarme bombardearme fastidiarme incordiarme joderme contactarnos hincharme "
    "chingarme remitirme notificarme",
    "write": "enviar mandar escribir remitir pasar",
    "writing": "enviando mandando escribiendo molestando contactando enviándome "
    "mandándome escribiéndome molestándome contactándome",
    "dont_write": "escriban escriba escribas escribáis escribás escribais escribes "
    "contacten contacte contactes contactéis contactés molesten moleste molestes "
    "molestéis molestés texteen textee textees mensajeen mensajees mensajee fastidien "
    "fastidies jodan jodas jodáis chinguen chingues hinchen hinches incordien acosen "
    "spameen spamees notifiquen notifique",
    "dont_send": "envíen envíe envíes enviéis enviés manden mande mandes mandéis "
    "mandés mandas mandan envían envías remitan remita remitáis pasen pases lleguen "
    "llegue enviaran enviasen mandaran mandasen",
    "go_on": "sigan siga sigas sigáis sigás continúen continúe continúes continuéis",
    "again": "volvieran volviera vuelvan vuelva vuelvas volváis volvás",
    "texts": "mensajes mensaje sms textos texto mensajitos mensajito msj msjs "
    "messages message mensages mensage mensajería whatsapps text texts",
    "the": "los las la el sus su tus estos estas esos esas este esta ese de todos "
    "todas más + vuestros vuestras vuestra vuestro tu nada otro otros otra ningún "
    "ninguna tipo tantos del un",
    "many": "mensajes sms textos mensajitos msjs messages mensages",
    "list": "lista listas sistema base registros agenda",
    "out": "elimínenme elimíneme elimíname eliminame eliminadme eliminarme eliminenme "
    "bórrenme bórreme bórrame borrame borradme borrarme quítenme quíteme quítame "
    "quitame quitadme quitarme sáquenme sáqueme sácame sacame sacadme sacarme "
    "retírenme retíreme retírame retiradme retirarme remuévanme remuévame removerme "
    "suprímanme suprímeme suprimidme suprimirme exclúyanme exclúyeme excluirme "
    "bájenme bájame bájeme bajadme",
    "erase": "eliminen elimine elimina eliminá eliminad eliminar borren borre borra "
    "borrá borrad borrar quiten quite quita quitá quitad quitar saquen saque saca "
    "sacá sacad sacar supriman suprima suprime suprimid suprimir retiren retirad",
    "number": "número teléfono celular móvil cel num number tel",
    "can": "pueden podrían puede podría puedes podrías podéis podríais podes podés "
    "quieren quiere",
    "want": "quiero deseo quisiera queremos deseamos querría qro",
    "unsubscribe": "desuscribir desuscribirme desuscribirse desuscríbeme "
    "desuscríbanme desuscríbame desuscribidme desuscribime desapuntarme desapúntame "
    "desapúntenme desapuntadme darme darse dame deme denme dadme dadnos dennos darnos",
    "end": "cancelar cancelen cancele cancela cancelad cancelá anular anulen anule "
    "anula anulad suspender suspendan suspenda suspended suspende detener detengan "
    "detenga detened paren pare parad desactivar desactiven desactive desactivad "
    "desactiva cesen terminen termínenla cortar corten corta cortad cortala córtenla "
    "córtala cortá",
    "consent": "consentimiento permiso autorización aprobación",
    "you": "ustedes usted vosotros vos ti uds ud",
}

TABLE = (
    (
        ("opt_out", ALONE, SURE),
        "Carriers' stop words and their Spanish equals, as the whole text.",
        "stop|alto|basta|parar|detener|baja|cancelar|desuscribir|desuscribirme",
        "stop|alto|no|parar|detener|cancelar|baja|cero de|a|con|del? {the}? "
        "{many}|servicio",
        "baja del? servicio|lista|todo",
        "cancelar|anular la|mi? suscripción",
        "no más {texts}?",
        "basta de|con {the}? {texts}",
        "no mandar|enviar|escribir|molestar|contactar más? {texts}?",
        "no {want} {texts}",
        "desuscripción|desuscribirse|desapuntarme",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, or left alone, as the whole text.",
        "dar de baja de? {the}? {texts}|lista|todo|esto?",
        "mi|la baja",
        "{unsubscribe} de? baja? de|del? {the}? servicio|lista|todo|esto|aquí? de? "
        "{texts}|difusión?",
        "me doy|desuscribo de? baja?",
        "dejenme|dejeme|déjame|dejadme|dejarme|dejame|déjennos en|tranquilo|tranquila "
        "paz? de? una? vez?",
        "dejame|déjame|déjenme de joder|molestar|chingar",
        "no me|nos? molesten|molestar|jodan|jodas|molestes|moleste|molestéis más?",
        "{out} de? aquí|acá|esto|ahí?",
        "eliminar|borrar|quitar la|mi? suscripción",
        "eliminar|borrar|quitar|sacar|remover de {the}? {list}",
        "{erase} mi|este número|num de? {number}?",
        "me|nos borren|borréis|quiten|quitéis|saquen|saquéis|eliminen|eliminéis|"
        "borres|quites|saques|elimines",
        "quiero|pido|solicito|dame|denme|deme baja",
        "no me|nos hablen|hables|hablen más|nunca",
        "no quiero saber? nada? más? de {you}",
        "bloquéenme|bloquéame",
        "{leave} de escribir|molestar|textear",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Unsubscribes, or cancels the texts, by their name.",
        "{unsubscribe} de baja de|del|en? {the}? servicio|lista|listas|envío? de|del? "
        "{the}? {texts}",
        "dar|den|de|da|dad|dé de baja a|de? mi|este|esta? {number}|suscripción|línea",
        "la|mi? baja de|del|en? {the}? servicio|lista|envío? de? {the}? {texts}",
        "darme|darse|darnos|denme|deme|dame|dadme|dennos de baja",
        "me|nos den|dé|des|deis|dieran|diera|dan|dar de baja",
        "ser dado|dada|eliminado|eliminada|borrado|borrada|excluido|excluida|removido "
        "de baja|{the}? {list}?",
        "no {want} estar|seguir suscrito|suscrita|suscritos a? {the}? {texts}?",
        "no {want} estar|aparecer|seguir|figurar|continuar más? en {the}? {the}? "
        "{list} de? {texts}?",
        "me|nos {want} dar|borrar|desuscribir|salir|desapuntar de? baja|la|esta|su? "
        "lista?",
        "me|nos {can} dar|sacar|quitar|borrar|eliminar|retirar|excluir|remover|"
        "quitarme de {the}? {list}|baja de? datos|contactos?",
        "tramiten|gestionen|tramitar|procesen la|mi baja",
        "{end} con|a|de? {the}? {the}? {many}",
        "{end} {the}? {the}? envío|envíos de {the}? {texts}",
        "{end} la|mi|esta suscripción a|de? {the}? {texts}?",
        "párenle|párale|bájenle|bájale a|con|de {the}? {texts}",
        "ni un|uno {texts}? más|+",
        "nunca|jamás más {texts}?",
        "nada de {texts}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person as its object.",
        "{leave} de|d {write_me} {the}? {the}? {texts}?",
        "{leave} de estar|estarme|seguir {writing} {the}? {the}? {texts}?",
        "no|nunca|jamás me|nos {again} a escribir|enviar|mandar|contactar|molestar|"
        "textear {the}? {the}? {texts}?",
        "no|nunca|jamás {again} a {write_me} {the}? {the}? {texts}?",
        "no|nunca|jamás más? me|nos {dont_send} usted|ustedes? más|+|ningún|ni|otro|"
        "otros un? {the}? {the}? {texts}",
        "no|nunca|jamás me|nos {go_on} {writing} {the}? {the}? {texts}?",
        "no {go_on} {writing} {the}? {the}? {texts}",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "The same with little else.",
        "{leave} de {write} {the}? {the}? {texts}",
        "{leave} de spamear|spam|mandarlos|enviarlos|mandármelos|enviármelos",
        "salir|salirme|bajarme de {the}? {list} de? {texts}?",
        "{leave} de molestar|joder|fastidiar|incordiar|chingar|hinchar con? {the}? "
        "{texts}?",
        "déjame|dejame|déjenme|dejadme de {write} {the}? {texts}",
        "déjame|dejame|déjenme|dejadme de joder|molestar|chingar con {the}? {texts}",
        "no|nunca|jamás me|nos {dont_send} usted|ustedes? {the}? {the}? {texts}",
        "no|nunca {dont_send}|enviar|mandar más|+|otro|otros {the}? {texts}",
        "nunca|jamás más me|nos {dont_write}|{dont_send} {the}? {texts}?",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same without its object.",
        "no|nunca me|nos {dont_send} más|nada|nunca más? nada?",
        "no|nunca {dont_send} más|+",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Wants none, with the texts as its object.",
        "no {want} seguir|volver|continuar? a? recibir|recibiendo|tener {the}? {the}? "
        "{the}? {texts}",
        "no {want} {the}? {the}? {the}? {texts}",
        "no {want} que me|nos {dont_send}|{dont_write}|{go_on} {writing}? {the}? "
        "{the}? {texts}?",
        "no {want} que me|nos {again} a escribir|mandar|enviar|contactar {the}? "
        "{the}? {texts}?",
        "no {want} recibir notificaciones|avisos|alertas|información|publicidad|"
        "promociones por|vía {texts}",
        "no me|nos interesa|interesan|gusta|gustaría recibir {the}? {the}? {texts}",
        "no me|nos interesan|interesa {the} {the}? {texts}",
        "{leave} de recibir {the}? {the}? {texts}",
        "dejo de recibir {the}? {the}? {texts}",
        "preferiría|prefiero no recibir {the}? {the}? {texts}",
        "no recibir más|+ {texts}",
    ),
    (
        ("opt_out", CLOSED, SURE),
        "Off the list, or the consent taken back by its name.",
        "{out} de|del {the}? {list} de? datos|contactos|envíos|envío|difusión|"
        "clientes|números|distribución|mensajería? de? {texts}?",
        "{out} de|del {the} {texts}|contactos|grupo",
        "{erase} mi|este|el {number} de? {number}? de|del {the}? {list} de? datos|"
        "contactos|envíos|registros?",
        "{erase} mi|mis {number}|datos de su|vuestra|tu|sus {list} de? datos?",
        "revoco|retiro|cancelo|anulo|revocar|retirar mi|el {consent} para|de|a? "
        "recibir|recepción|envío? de? {the}? {texts}?",
        "no|nunca|tampoco les|le|os|te? autorizo|autoricé|consiento|acepto|permito a? "
        "{the}? {the}? envío|recibir|recepción|seguir? recibiendo|de? {the}? {the}? "
        "{texts}",
        "no|nunca les|le|os|te autorizo|consiento|permito a|que? {write_me}|"
        "escribirme|me {dont_send}|{dont_write}? {the}? {texts}?",
        "no|nunca autorizo|acepto|consiento|permito que me {dont_send}|{dont_write} "
        "{the}? {the}? {texts}?",
        "no les|le? doy|di|otorgo mi|el|más? {consent} para|de|a? {write_me}|recibir|"
        "enviarme? {the}? {texts}?",
        "no tienen|tienes|tiene|cuentan|tenéis con? mi {consent} para? {write_me}? "
        "{the}? {texts}?",
        "me opongo a recibir|que|al? envío|me? de|{dont_send}? {the}? {the}? {texts}",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "el? {number} equivocado|erróneo|incorrecto",
        "persona equivocada",
        "no soy @ @?",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "tiene|tienen|tienes|tenéis el {number} equivocado|incorrecto|erróneo",
        "se|te|os equivocó|equivocaron|equivocaste|equivoca|equivocas|equivocáis de "
        "{number}|persona",
        "se|te|os ha|han|has|habéis equivocado de {number}|persona",
        "está|están|estás equivocado|equivocados de {number}|persona",
        "este|ese|aquí ya? no es el? {number} de",
        "aquí no vive|hay|está|conocemos ningún|ninguna|a? @|ningún|ninguna|nadie",
        "no conozco a ningún|ninguna? @",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "paren|pare|parad|dejen|salir|suficiente|fin|cancelar|parar|detener|párenle|"
        "córtala|córtenla",
        "basta con|de esto|eso",
        "no quiero nada|esto|eso|más?",
        "no me interesa|interesan nada|esto?",
        "no necesito esto|eso|estos|más",
        "es|esto spam|es? spam?",
        "no {want}? recibir? más notificaciones|avisos|alertas|recordatorios",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "{leave} de {write_me}",
        "no me|nos {dont_write} más",
        "no me|nos {dont_send} más {texts}",
        "no quiero|deseo recibir más {texts}",
        "{number} equivocado persona",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how or why.",
        "me doy|doy|dar|darme de baja",
        "darme|darnos de baja",
        "demasiados {texts}",
        "tantos {texts}",
        "no necesito más? esto|estos {texts}?",
        "por que me escriben|mandan|envian|contactan",
        "no pedi|solicite|autorice esto|estos|nada",
        "no me suscribí",
        "quien les|le|te dio mi {number}",
        "de donde sacaron|tienen|saco mi {number}",
    ),
)

LANGUAGE = make_language(
    "es",
    WORDS,
    TABLE,
    lead_ins=(
        "quiero|quisiera|deseo|necesito|solicito|quería|pido|exijo|ruego|agradecería|"
        "queremos|desearía|agradezco|suplico|querría|preferiría|agradeceré|pedí|dije "
        "que?",
        "me gustaría|encantaría que?",
        "pueden|podrían|puede|podría|puedes|podrías|podéis|podríais|podes|podés|"
        "quieren|quieres|haced|haz|hagan",
        "les|le|te|os pido|ruego|agradecería|agradezco|suplico|solicito|pedimos|"
        "agradeceríamos|exijo|digo|repito que?",
        "creo|pienso que",
        "les|le|te|os dije|pedí|he|digo|repito|informo|comunico|solicité "
        "dicho|pedido? que",
        "stop|basta|alto",
        "tomen|tome|toma nota de? que",
        "quiero que sepan que",
        "sería|serían|serías tan amable|amables de",
        "favor de|que?",
        "hágame|háganme|hazme|haganme|hacedme el favor y|de|que?",
        "haga|hagan|haz el favor de",
        "pero|yo|ya|que|pues|oigan|oiga|oye|mire|miren|mira|che|bueno|entonces|oíd|a",
        "a ver si",
        "se lo? ruego|pido|agradezco|agradecería que?",
        "por eso|esto|tanto",
        "por medio del|de la? presente|esta|este",
        "mediante|por la|el|este presente|medio|sms|mensaje",
    ),
    exceptions=(
        "no para|paran|deja|dejan de? _? ",
        "no pare|paren|detenga|cancele|cancelen|cancelar|dejen|dejes|deje|dejéis",
        "antes|después de las",
        "este|ese|esta|esa mensaje|message|texto",
        "{dont_write}|{dont_send} más? hoy|ahora|ahorita|mañana|tan",
        "basta con reiniciar|apagar|encender",
        "un|una|el|la|los|las|al|algún|a|nuestro|nuestros|otro cliente|clientes|"
        "usuario|usuarios|usuaria",
        "hasta las|la|mañana|el|que",
        "no dude|dudes|duden|dudéis",
        "por correo|mail|email|teléfono|whatsapp",
        "no {want} darme|dar|que de? me? den? de? baja",
    ),
    qualifiers=(
        "pero|excepto|salvo|menos|solo|sino|aunque|todavía|hasta|cuando|si",
        "sobre|acerca|cómo|mientras",
        "de serie|inventario|ticket",
        "llámenme|llámeme|llámame|llamadme",
        "antes|después de",
        "de noche|madrugada|mañana|tarde",
    ),
    matters="""
        impresora portátil ordenador computadora servidor outlook correo correos teams
        excel vpn wifi red ticket tickets pantalla monitor teclado ratón error clave
        contraseña cuenta portal botón enlace servicio usuario usuarios equipo equipos
        cita reunión carpeta archivo licencia licencias calendario grupo pedido router
        cpu dominio directorio instalación formulario serie boletín errores alerta
        virus antivirus windows programa aplicación app sistema navegador chrome google
        facebook linkedin amazon banco código técnico visita copia disco actualización
        spam basura office word escáner cable llamada descarga backup base verificación
    """,
    tails="""
        a al de del en por con para que el la los las lo un una mi mis su sus tu tus
        este esta estos estas ese esa esto eso aquí acá ustedes usted vosotros vos ti
        uds ud parte empresa compañía número teléfono celular móvil cel cell línea tel
        vía medio texto sms mensajes mensaje messages message nunca jamás más + ya
        adelante lo futuro ningún ninguna nada tipo clase todo todos todas nada
        vez diario cada día días vuestra vuestro vuestros vuestras siempre motivo
        personal publicidad publicitarios promocionales comerciales automáticos
        automaticos informativos gracias nadie mí nosotros yo cuanto antes inmediato
        inmediata definitivamente momento
    """,
    links="a al de del en con para por desde",
    senses={
        "negation": "no nunca jamás ni",
        "more": "más + otro otros otra nada nuevos nuevo estar estarme estén estés "
        "estéis seguir sigan siga sigas vuelvan vuelvas vuelva volver volvieran "
        "volváis",
        "stop_of": "dejar deje dejen deja dejad dejá dejes dejaran dejara dejéis "
        "parar pare paren parad cesen cesad terminen",
        "stop": "stop alto suspender suspendan suspenda suspendid detener detengan "
        "detenga detened desactivar desactiven desactive desactivad eviten evite "
        "evitar desuscribir desuscríbanme desuscríbeme desuscribirme desapuntarme "
        "cesen paren cese cesar baja",
        "refuse": "retiro revoco opongo rechazo renuncio prohíbo revocar retirar "
        "prohibido niego",
        "cancel": "cancelar cancelen cancele cancela cancelad anular anulen anule "
        "anula",
        "erase": "{erase} eliminado eliminada borrado borrada removido removida "
        "excluido excluida quitado quitada sacado remover remuevan remueva",
        "me": "me nos mí",
        "erase+me": "{out}",
        "my": "mi mis este",
        "write+me": "escribirme escribirnos molestarme molestarnos contactarme "
        "contactarnos textearme mensajearme spamearme acosarme bombardearme "
        "fastidiarme incordiarme joderme hincharme chingarme notificarme "
        "escribiéndome molestándome contactándome",
        "send+me": "{write_me} recibirme mandármelos enviármelos enviándome "
        "mandándome escribiéndome molestándome contactándome",
        "write": "{dont_write} escribir escribiendo molestando contactando contactar "
        "molestar textear mensajear spamear notificar contactado contactada molestado "
        "molestada chingar chingando jodiendo fregar fregando hinchar fastidiar "
        "incordiar molesten",
        "send": "enviando mandando {write} envíen envíe envíes enviéis enviés manden "
        "mande mandes mandéis mandés remitan lleguen enviaran enviasen mandaran "
        "mandasen mandarlos enviarlos llegar",
        "get": "recibir recibirlos recibiendo",
        "text": "{many} comunicaciones propaganda promociones",
        "off": "de del",
        "list": "lista listas base envíos contactos",
        "thing": "mensaje message texto text esto eso ese esos esas esa "
        "notificaciones avisos alertas recordatorios correos contacto",
        "plan": "suscripción",
        "number": "número num",
        "need": "necesito falta necesario necesaria",
        "want": "{want} prefiero preferiría gustaría interesa interesan solicito pido "
        "ruego exijo agradecería autorizo acepto consiento permito doy mejor "
        "{consent} interesado interesada desearía",
        "can": "{can} van vais vas dan das dais",
        "filler": "a al en por con para el la los las lo un una su sus tu tus vuestro "
        "vuestra vuestros vuestras esta estos estas aquí acá ustedes usted vosotros "
        "vos ti uds ud que y ya adelante parte tipo clase información info todo todos "
        "todas vez última definitivamente tanto tantos medio vía hace es d tienen "
        "tiene tienes autorizado datos difusión envío recepción den inmediato "
        "publicidad publicitarios comerciales promocionales automáticos inmediata "
        "llamen llaméis llames llame llamar hagan haga ser",
        "phone": "{number}",
    },
)

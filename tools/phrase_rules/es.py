# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Spanish. Accents are folded: "número" is written "numero" here."""

from .grammar import ALL, ALONE, ANYWHERE, BEGINNING, LIKELY, MAYBE, SURE, make_language

WORDS = {
    "leave": "deje dejen deja dejad pare paren parad cesen dejar parar",
    "write_me": "escribirme enviarme mandarme molestarme contactarme textearme "
    "escribirnos enviarnos mandarnos molestarnos mensajearme spamearme",
    "write": "enviar mandar escribir",
    "dont_write": "escriban escriba escribas escriba contacten contacte contactes "
    "molesten moleste molestes texteen textee",
    "dont_send": "envien envie envies manden mande mandes",
    "texts": "mensajes mensaje sms textos texto mensajitos msj msjs",
    "the": "los las sus tus estos estas esos esas de todos este esta mas",
    "list": "lista listas sistema base",
    "erase_me": "eliminenme eliminen eliminame borrenme borreme borrame quitenme "
    "quiteme quitame saquenme saqueme sacame retirenme removerme remuevanme",
    "erase": "eliminen elimine elimina borren borre borra quiten quite quita saquen",
    "number": "numero telefono celular movil",
}

TABLE = (
    (
        ("opt_out", ALONE, SURE),
        "Carriers' stop words and their Spanish equals, as the whole text.",
        "stop|alto|basta|parar|detener|baja|cancelar|desuscribir|desuscribirme",
        "stop|alto|basta|no|parar|detener|cancelar de|a? {the}? {texts}",
        "cancelar la|mi? suscripcion",
        "no mas {texts}?",
        "basta de {texts}",
        "no mandar|enviar mas {texts}",
        "no quiero|deseo {texts}",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, or left alone, as the whole text.",
        "dar|darme|darse|denme|deme|dame de baja de? {the}? {texts}|lista|todo|esto?",
        "dejenme|dejeme|dejame|dejadme en paz",
        "{erase_me}",
        "{erase} mi {number}",
        "cancelar|cancelen|cancele {the} {texts}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to write, with the person as its object.",
        "{leave} de {write_me}",
        "{leave} de {write} {the}? {texts}",
        "no me|nos {dont_write}",
        "no me|nos {dont_send} mas|ningun? {the}? {texts}",
    ),
    (
        ("opt_out", ALL, SURE),
        "The same without its object.",
        "no me|nos {dont_send} mas",
        "no me|nos {dont_send} mas? nada mas?",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Wants none, with the texts as its object.",
        "no quiero|deseo|quisiera|queremos recibir {the}? {the}? {texts}",
        "no quiero|deseo|queremos {the} {the}? {texts}",
        "no quiero|deseo|queremos recibirlos|recibir mas",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Off the list, or the consent taken back by its name.",
        "{erase_me} de su|la|esta|tu|sus {list}",
        "{erase} mi {number} de su|la|esta|tu {list}",
        "revoco|retiro mi consentimiento|permiso|autorizacion",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "el? {number} equivocado|erroneo|incorrecto",
        "persona equivocada",
        "no soy @ @?",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "tiene|tienen|tienes el {number} equivocado|incorrecto|erroneo",
        "se|te equivoco|equivocaron|equivocaste|equivoca|equivocas de {number}|persona",
        "se ha|han equivocado de {number}|persona",
        "esta|estan|estas equivocado|equivocados de {number}|persona",
        "este|ese|aqui ya? no es el? {number} de",
        "aqui no vive|hay|esta|conocemos ningun|ninguna|a? @|ningun|ninguna|nadie",
        "no conozco a ningun|ninguna? @",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "paren|pare|parad|dejen|salir|suficiente|fin|cancelar|parar|detener",
        "basta con|de esto|eso",
        "no quiero nada|esto|eso|mas?",
        "no me interesa nada|esto?",
        "no necesito esto|eso|estos|mas",
        "es|esto spam|es? spam?",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "{leave} de {write_me}",
        "no me|nos {dont_write} mas",
        "no me|nos {dont_send} mas {texts}",
        "no quiero|deseo recibir mas {texts}",
        "{number} equivocado persona",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how or why.",
        "me doy|doy|dar|darme de baja",
        "darme|darnos de baja",
        "demasiados {texts}",
        "tantos {texts}",
        "no necesito mas? esto|estos {texts}?",
        "por que me escriben|mandan|envian|contactan",
        "no pedi|solicite|autorice esto|estos|nada",
        "no me suscribi",
        "quien les|le|te dio mi {number}",
        "de donde sacaron|tienen|saco mi {number}",
    ),
)

LANGUAGE = make_language(
    "es",
    WORDS,
    TABLE,
    lead_ins=(
        "quiero|quisiera|deseo|necesito|solicito|queria|pido que?",
        "me gustaria",
        "pueden|podrian|puede|podria|puedes|podrias",
        "les|le|te pido|ruego que?",
        "creo|pienso que",
        "yo|ya|que",
        "se lo? ruego",
    ),
    exceptions=(
        "no para|paran|deja|dejan de? _? ",
        "no pare|paren|detenga|cancele|cancelen|cancelar|dejen",
        "antes|despues de las",
        "basta con reiniciar|apagar|encender",
    ),
    qualifiers=(
        "pero|excepto|salvo|menos|solo|sino|aunque|todavia|hasta|cuando|si|porque",
        "sobre|acerca|como|mientras",
        "de serie|inventario|ticket",
        "llamenme|llameme|llamame",
    ),
    matters="""
        impresora portatil ordenador computadora servidor outlook correo correos teams
        excel vpn wifi red ticket tickets pantalla monitor teclado raton error clave
        contrasena cuenta portal boton enlace servicio usuario usuarios equipo equipos
        cita reunion carpeta archivo licencia licencias calendario grupo pedido router
        cpu dominio directorio instalacion formulario serie boletin
    """,
)

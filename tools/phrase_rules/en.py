# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""English."""

from .grammar import ALL, ALONE, ANYWHERE, BEGINNING, LIKELY, MAYBE, SURE, make_language

WORDS = {
    "stop": "stop quit cease end halt discontinue",
    "texting": "texting text messaging message contacting bothering spamming "
    "harassing smsing sms annoying",
    "text": "text message contact sms msg bother spam",
    "texts": "texts text messages message sms",
    "notices": "alerts updates notifications reminders notices",
    "me": "me us",
    "the": "the these those this your all any my such of",
    "remove": "remove delete take erase drop scrub",
    "number": "number phone cell mobile line",
    "list": "list lists system database texts messages contacts",
    "dont": "dont never",
    "negated": "wont doesnt cannot didnt dont couldnt wouldnt never isnt",
}

TABLE = (
    (
        ("opt_out", ALONE, SURE),
        "47 CFR 64.1200(a)(10) names these words; with a courtesy they mean the same.",
        "{stop}|cancel|revoke|remove",
    ),
    (
        ("opt_out", ALL, SURE),
        'Those that mean nothing else even after "I want to".',
        "stop|unsubscribe|optout|stopall",
        "{stop}|cancel|unsubscribe from? {the}? {the}? {texts}",
        "stopall {the}? {texts}",
        "stop everything|all",
        "cancel my? subscription",
    ),
    (
        ("opt_out", ALL, SURE),
        "To be taken out, said to who sends the texts.",
        "i? optout of|from? {the}? {texts}|list|this|it?",
        "opt me|us|this out",
        "{remove} me|us",
        "take me|us off|out",
        "{remove} my|this cell|phone|mobile? {number}",
        "unsubscribe me|us",
        "take my|this cell|phone|mobile? {number} off|out",
        "lose my|this {number}",
    ),
    (
        ("opt_out", ALL, SURE),
        "No more of them, or no more at all, as a whole answer to a text.",
        "no more {texts} from? you?",
        "leave me|us alone",
        "fuck|piss|f|bugger off",
        "{stop} {texting}|sending|writing {texts}?",
        "{stop} sending me|us anything|stuff|these|this|those|crap|shit?",
        "{stop} receiving|getting|sending these|this|them",
        "enough with|of {the} {texts}",
        "i|we dont want|need {texts}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Asks not to text, with the person or the number as its object.",
        "{stop} {texting}|writing me|us",
        "{stop} {texting}|writing|sending to? this|my phone|cell? {number}",
        "{stop} sending me|us {the}? {the}? {texts}",
        "{stop} sending {the}? {the}? {texts} to me|us",
        "{dont} {text} me|us",
        "{dont} {text} this|my phone|cell? {number}",
        "{dont} send me|us {the}|more|anymore? {the}|more? {texts}",
        "no more {texts} to me|us|this",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Wants none, with the texts as its object.",
        "i|we dont want|wish|need to? receive|get {the}|more|anymore? {the}? {texts}",
        "i|we dont want|need {the}|more|anymore {the}|more? {texts}",
        "i|we no longer want|wish|need to? receive|get? {the}? {the}? {texts}",
        "{stop} receiving|getting {the}? {the}? {texts}",
        "dont want {the}|more|anymore {the}|more? {texts}",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Off the list of who sends the texts.",
        "{remove} me|us from|off {the}? text|texting|sms|contact|message|phone? {list}",
        "{remove} my|this cell|phone|mobile? {number}|name from|off {the}? contact? "
        "{list}",
        "optout of {the} {the}? {texts}",
        "unsubscribe me|us|this",
    ),
    (
        ("opt_out", BEGINNING, SURE),
        "Takes the consent back by its name.",
        "i? hereby? revoke|withdraw|rescind my|all? consent|permission",
    ),
    (
        ("wrong_number", ALL, SURE),
        "A stranger has the number.",
        "the|a? wrong number|person|phone|guy|recipient",
        "youve|have|got|reached the|a wrong number|person|phone|guy",
        "im not @",
        "not @ number|phone",
    ),
    (
        ("wrong_number", BEGINNING, SURE),
        "Tells that somebody else is meant.",
        "you|youve have|reached|texted|text|contacted|messaging|texting|called? the|a "
        "wrong number|person|phone|guy",
        "youre texting|messaging|contacting the|a wrong number|person",
        "this isnt|not the|a? @ {number}",
        "this is no longer the|a? @ {number}",
        "this|my phone? number no|doesnt longer? belongs|belong to",
        "there is|s no @ at|on|here this? number?",
        "no one|body|nobody by that name|here",
        "i dont know any|anyone|a named|called? @",
    ),
    (
        ("doubtful", ALL, MAYBE),
        "Could mean the texts or what they are about.",
        "stop it|this|that",
        "enough is? enough? of? this|it?",
        "no more",
        "go away",
        "i want out",
        "{stop} {the} {the}? {notices}",
        "{stop}|cancel|remove",
        "not interested",
        "this is spam",
        "spam|junk",
    ),
    (
        ("doubtful", ANYWHERE, LIKELY),
        "Speaks of texts that should end, but not as a plain request.",
        "{stop} {texting} me|us",
        "{stop} sending me|us",
        "{stop} telling|notifying|alerting|reminding|updating|calling|phoning me|us",
        "{stop} the|these|those|your {texts}|{notices}",
        "{dont} text|message|contact me|us again|anymore",
        "keep|keeps texting|messaging|spamming|bothering me|us",
        "wrong number|person for? me",
        "this isnt the? @ {number}",
    ),
    (
        ("doubtful", ANYWHERE, MAYBE),
        "May want to leave, or asks how.",
        "unsubscribe|optout",
        "had|have enough of? this|it|your?",
        "too many {texts}|{notices}",
        "i|we dont need|want this|these|those|them|it anymore",
        "who gave you my",
        "how|where did you get my number",
        "i didnt|never sign|signed|ask|asked up? for? this|these|it?",
        "im not interested",
    ),
    (("doubtful", ALL, MAYBE), "May be somebody else.", "this isnt @ @?"),
)

LANGUAGE = make_language(
    "en",
    WORDS,
    TABLE,
    lead_ins=(
        "can|could|would|will you guys|all?",
        "you can|could|must|should|need|have to?",
        "i want|need|would|d|wish|like|love|prefer like|love? you|for? you? to",
        "we want|need|would|wish|like like? you? to",
        "id like you? to",
        "i think|believe|guess|said|told|asked you? to?",
        "think|im afraid|pretty? sure?",
        "i im",
        "im afraid|pretty? sure?",
        "looks like",
        "it|is possible to",
        "why wont you",
    ),
    exceptions=(
        "stop|stops|stopping by|over|in|off",
        "{negated} {stop}|cancel|unsubscribe",
        "not {stop}|cancel",
        "wrong number of|on|in|for|from",
        "stop code|error|screen|button|bit|job|sign",
        "{text}|{texting} me|us before|until|till|between|during|while|at",
    ),
    qualifiers=(
        "but|except|unless|until|only|instead|although|however|still",
        "about|regarding|concerning|when|if|while|because|why|how",
        "number|person of",
        "from _? newsletter|jira|outlook|teams|nagios|zabbix|mailing|distribution",
        "from the",
        "on|in|for my|the ticket|case|form|order|invoice|asset",
        "call me",
        "keep|keeps",
    ),
    matters="""
        printer print toner laptop pc computer server servers outlook email emails mail
        mailbox newsletter inbox teams excel word app software update updates vpn wifi
        network ticket tickets screen monitor monitors keyboard mouse error password
        account portal button link mfa backup service spooler report website browser
        outage appointment meeting folder share file files license licenses calendar
        distribution channel group admin administrator policy jira phone desk cable
        router pin code login migration certificate
    """,
    senses={
        "negation": "no not dont never nor none without",
        "more": "more anymore again further another any longer",
        "stop": "stop stopping quit cease ceasing end discontinue unsubscribe "
        "unsubscribed optout revoke withdraw cancel withdrawing",
        "erase": "remove delete take erase drop scrub removed deleted",
        "off": "off from out of",
        "me": "me us be being",
        "my": "my our this",
        "send": "text texting messaging message contact contacting contacted bother "
        "bothering spam spamming harass harassing texted messaged send sending write "
        "writing {texting}",
        "get": "receive receiving get getting got",
        "text": "texts messages sms msgs communications communication msg",
        "list": "list lists database",
        "plan": "subscription",
        "number": "number",
        "want": "want wish need like consent permission agree interested allowed "
        "prefer rather authorize authorise authorization consented permit",
        "can": "can could would will",
        "subject": "i we im ive id it they",
        "you": "you youre youve your",
        "phone": "phone cell mobile",
        "filler": "the a an that to for with on at in by via and all it these those "
        "please ever w crap shit garbage nonsense kind sort kinds future longer way "
        "anything have do so about company folks ok okay here forward going moving "
        "time immediately effective",
    },
)

/**
 * How many segments a text takes on the air: the browser's side of tools/segments.py.
 *
 * A development test holds both, and Twilio's own calculator, against each other. It
 * imports nothing, so that Node can run it.
 * Source: 3GPP TS 23.038; limits as in Twilio's documentation.
 */
const GSM7_BASIC = new Set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
);
const GSM7_EXTENSION = new Set("^{}\\[]~|€\f");

/** By encoding: units of a message of one segment, units of each segment of several. */
const LIMITS = {"GSM-7": [160, 153], "UCS-2": [70, 67]};

const JOINER = "\u200d";
const SKIN_COLOR = /^[\u{1F3FB}-\u{1F3FF}]$/u;
const FLAG_LETTER = /^[\u{1F1E6}-\u{1F1FF}]$/u;
const MARK = /^\p{M}$/u;

function isGsm7(char) {
    return GSM7_BASIC.has(char) || GSM7_EXTENSION.has(char);
}

/** Septets in GSM-7, UTF-16 units in UCS-2: one or two. */
function countUnits(char, isGsm7Text) {
    if (isGsm7Text) {
        return GSM7_EXTENSION.has(char) ? 2 : 1;
    }
    return char.length;
}

/** Tells if `char` is shown as a part of the character before it. */
function joins(previous, char) {
    return (
        previous === JOINER ||
        char === JOINER ||
        SKIN_COLOR.test(char) ||
        MARK.test(char)
    );
}

/** The units of each part of a text that stays together. */
function getWidths(chars, isGsm7Text, size) {
    const widths = [];
    let previous = "";
    let flagLetters = 0;
    for (const char of chars) {
        const units = countUnits(char, isGsm7Text);
        const isFlagLetter = FLAG_LETTER.test(char);
        const isJoined = (isFlagLetter && flagLetters % 2) || joins(previous, char);
        if (widths.length && isJoined && widths.at(-1) + units <= size) {
            widths[widths.length - 1] += units;
        } else {
            widths.push(units);
        }
        flagLetters = isFlagLetter ? flagLetters + 1 : 0;
        previous = char;
    }
    return widths;
}

/** How many segments of `size` units hold `widths` without a split. */
function pack(widths, size) {
    let count = 1;
    let free = size;
    for (const width of widths) {
        if (width > free) {
            count++;
            free = size;
        }
        free -= width;
    }
    return count;
}

/**
 * Counts the segments of a text as a carrier bills them.
 *
 * @param {String} text as it will be sent, may be empty
 * @returns {{encoding: "GSM-7"|"UCS-2", units: Number, count: Number, limit: Number,
 *     culprit: String}} `limit` is how many units that many segments hold, `culprit`
 *     the first character that is not in GSM-7, if any
 */
export function countSegments(text) {
    const chars = [...(text || "")];
    const culprit = chars.find((char) => !isGsm7(char)) || "";
    const encoding = culprit ? "UCS-2" : "GSM-7";
    const [single, each] = LIMITS[encoding];
    const units = chars.reduce((sum, char) => sum + countUnits(char, !culprit), 0);
    const isSingle = units <= single;
    const count = isSingle
        ? Number(units > 0)
        : pack(getWidths(chars, !culprit, each), each);
    const limit = isSingle ? single : count * each;
    return {encoding, units, count, limit, culprit};
}

function squeeze(text) {
    return text.toLowerCase().split(/\s+/).filter(Boolean).join(" ");
}

/**
 * Returns a text with its footer as the server adds it (`add_footer` in tools/texts.py).
 *
 * @param {String} body
 * @param {String} footer may be empty
 * @returns {String}
 */
export function addFooter(body, footer) {
    if (!footer || squeeze(body).includes(squeeze(footer))) {
        return body;
    }
    return `${body.trimEnd()}\n${footer.trim()}`.replace(/^\n+/, "");
}

// Counts texts as Twilio's own calculator and as our counter in the browser do.
// Usage: node segments_peer.mjs NODE_MODULES SEGMENTS_JS < a JSON list of texts
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";

const [nodeModules, ours] = process.argv.slice(2);
const {SegmentedMessage} = createRequire(`${nodeModules}/`)("sms-segments-calculator");
const source = readFileSync(ours).toString("base64");
const {countSegments} = await import(`data:text/javascript;base64,${source}`);

function askTwilio(text) {
    const message = new SegmentedMessage(text);
    const bits = message.encodingName === "GSM-7" ? 7 : 16;
    return [
        message.encodingName,
        message.messageSize / bits,
        message.segmentsCount,
        message.getNonGsmCharacters().length > 0,
    ];
}

function askOurs(text) {
    const {encoding, units, count, culprit} = countSegments(text);
    return [encoding, units, count, Boolean(culprit)];
}

const texts = JSON.parse(readFileSync(0, "utf-8"));
const answers = texts.map((text) => [askTwilio(text), askOurs(text)]);
process.stdout.write(JSON.stringify(answers));

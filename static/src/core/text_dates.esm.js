import {deserializeDateTime, today} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";

const {DateTime} = luxon;

/** A time so many days ahead is told by the day of the week; later ones by their date. */
const WEEK = 6;

/** Unicode's own narrow and unbreakable spaces, as in "1:30 PM", as ordinary ones. */
function plainSpaces(text) {
    return text.replace(/[\u00a0\u2000-\u200a\u202f]/g, " ");
}

/** The first of a month as French counts it: "1er mai". */
function tidyDay(text, moment) {
    const isFirst = moment.day === 1 && moment.locale?.startsWith("fr");
    return isFirst ? text.replace(/\b1 (?=[a-z])/, "1er ") : text;
}

/**
 * @param {String} date UTC, "YYYY-MM-DD HH:MM:SS"
 * @returns {DateTime} in the reader's own time zone
 */
export function toDateTime(date) {
    return deserializeDateTime(date);
}

/**
 * @param {DateTime} moment
 * @returns {String} the time of day, as the reader's language writes it
 */
export function toTime(moment) {
    return plainSpaces(moment.toLocaleString(DateTime.TIME_SIMPLE));
}

/**
 * Says a time as `tools/moments.py` does, in the same words.
 *
 * @param {DateTime} moment
 * @param {DateTime} [now]
 * @returns {String} "today 17:30", "tomorrow 8:00", "Monday 8:00", "3 May 8:00"
 */
export function toMoment(moment, now = DateTime.local()) {
    const day = toNearDay(moment, now.setZone(moment.zone));
    // "May 3 8:00" would be read as one number.
    const sign = /\d$/.test(day) ? "," : "";
    return `${day}${sign} ${toTime(moment)}`;
}

function toNearDay(moment, now) {
    const ahead = Math.round(
        moment.startOf("day").diff(now.startOf("day"), "days").days
    );
    if (ahead === 0) {
        return _t("today");
    }
    if (ahead === 1) {
        return _t("tomorrow");
    }
    if (ahead === -1) {
        return _t("yesterday");
    }
    if (ahead > 0 && ahead <= WEEK) {
        return moment.toLocaleString({weekday: "long"});
    }
    const format = {month: "long", day: "numeric"};
    if (!moment.hasSame(now, "year")) {
        format.year = "numeric";
    }
    return tidyDay(plainSpaces(moment.toLocaleString(format)), moment);
}

/**
 * @param {DateTime} moment
 * @returns {String} "Today", "Yesterday", or the day, with its year if it is not ours
 */
export function toDay(moment) {
    if (moment.hasSame(today(), "day")) {
        return _t("Today");
    }
    if (moment.hasSame(today().minus({days: 1}), "day")) {
        return _t("Yesterday");
    }
    const format = {weekday: "long", month: "long", day: "numeric"};
    if (!moment.hasSame(today(), "year")) {
        format.year = "numeric";
    }
    return tidyDay(moment.toLocaleString(format), moment);
}

/**
 * @param {DateTime} moment
 * @returns {String} the time for today, else the day, short enough for a list
 */
export function toShortMoment(moment) {
    if (moment.hasSame(today(), "day")) {
        return toTime(moment);
    }
    const format = {month: "short", day: "numeric"};
    if (!moment.hasSame(today(), "year")) {
        format.year = "numeric";
    }
    return tidyDay(moment.toLocaleString(format), moment);
}

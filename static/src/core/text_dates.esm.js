import {deserializeDateTime, today} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";

const {DateTime} = luxon;

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
    return moment.toLocaleString(DateTime.TIME_SIMPLE);
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
    return moment.toLocaleString(format);
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
    return moment.toLocaleString(format);
}

import {_t} from "@web/core/l10n/translation";
import {formatFloat, formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Say a length of time in the largest unit that fits.
 *
 * @param {Number} seconds
 * @returns {String}
 */
export function formatSeconds(seconds) {
    const say = (value) =>
        formatFloat(value, {digits: [0, value < 10 ? 1 : 0], trailingZeros: false});
    if (seconds < MINUTE) {
        return _t("%s s", say(seconds));
    }
    if (seconds < HOUR) {
        return _t("%s min", say(seconds / MINUTE));
    }
    if (seconds < 2 * DAY) {
        return _t("%s h", say(seconds / HOUR));
    }
    return _t("%s days", say(seconds / DAY));
}

/**
 * Say a share of a whole.
 *
 * @param {Number|null} share from 0 to 1
 * @returns {String} "–" where it is not known
 */
export function formatShare(share) {
    return share === null
        ? "–"
        : `${formatFloat(share * 100, {digits: [0, 1], trailingZeros: false})}%`;
}

/**
 * Say a tile's figure in its unit.
 *
 * @param {Number|String|null} value
 * @param {String} unit: count, percent, seconds, rating or text
 * @returns {String} "–" where it is not known
 */
export function formatValue(value, unit) {
    if (value === null || value === undefined) {
        return "–";
    }
    switch (unit) {
        case "percent":
            return formatShare(value);
        case "seconds":
            return formatSeconds(value);
        case "rating":
            return formatFloat(value, {digits: [0, 1]});
        case "text":
            return value;
        default:
            return formatInteger(value);
    }
}

// For pivots, graphs and groups: a measure with this widget. Where there is no time it is false.
registry
    .category("formatters")
    .add("sms_seconds", (value) =>
        formatValue(value === false ? null : value, "seconds")
    );

import {addFooter, countSegments} from "./segments.esm";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";

/** From this amount on, two decimals say enough. */
const LARGE_AMOUNT = 1;
const QUOTES = /["'\u00ab\u00bb\u2018-\u201f\u2039\u203a\u300c-\u300f]/;

/**
 * What a text will cost, while it is written: counted with its footer, after what was
 * merged into it.
 */
export class SegmentCounter extends Component {
    static template = "helpdesk_mgmt_sms.SegmentCounter";
    static props = {
        text: {type: String},
        footer: {type: String, optional: true},
        // `amount` of one segment (0: not known), `media_amount` of a text with
        // pictures (0: by its segments) and `currency_id`
        price: {type: Object, optional: true},
        hasMedia: {type: Boolean, optional: true},
    };

    get segments() {
        return countSegments(addFooter(this.props.text, this.props.footer || ""));
    }

    get units() {
        const {units, limit} = this.segments;
        return _t("%(units)s / %(limit)s", {units, limit});
    }

    get encoding() {
        const {culprit} = this.segments;
        if (!culprit) {
            return _t("GSM-7");
        }
        // One pair of quotation marks: none around another.
        return QUOTES.test(culprit)
            ? _t("Unicode because of the quotation mark %s", culprit)
            : _t("Unicode because of “%s”", culprit);
    }

    get count() {
        const {count} = this.segments;
        return count === 1 ? _t("1 segment") : _t("%s segments", count);
    }

    get cost() {
        const {
            amount = 0,
            media_amount: mediaAmount = 0,
            currency_id: currencyId,
        } = this.props.price || {};
        const bySegments = amount * this.segments.count;
        const total = (this.props.hasMedia && mediaAmount) || bySegments;
        if (!total) {
            return "";
        }
        const digits = [16, total < LARGE_AMOUNT ? 3 : 2];
        return _t("about %s", formatCurrency(total, currencyId, {digits}));
    }

    /** Text with a placeholder is longer or shorter once it is filled in. */
    get isRough() {
        return this.props.text.includes("{{");
    }

    get isMany() {
        return this.segments.count > 1;
    }
}

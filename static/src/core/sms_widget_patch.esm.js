import {SegmentCounter} from "./segment_counter.esm";
import {SmsWidget} from "@sms/components/sms_widget/fields_sms_widget";
import {countSegments} from "./segments.esm";
import {patch} from "@web/core/utils/patch";

SmsWidget.components = {...SmsWidget.components, SegmentCounter};

/** As Odoo counts: what other modules add to it is known by the difference. */
function countLikeOdoo(content) {
    return content.length + (content.match(/\n/g) || []).length;
}

/**
 * Counts as the carrier does, wherever Odoo shows a text that is written. Odoo's own
 * counter is wrong for characters of two units and for line breaks.
 */
patch(SmsWidget.prototype, {
    /** The text with what other modules put in its place, and room for what they add. */
    get countedText() {
        const value = this.props.record.data[this.props.name] || "";
        const content = this._getValueForSmsCounts(value);
        const added = this.nbrChar - countLikeOdoo(content);
        return content + " ".repeat(Math.max(0, added));
    },
    get counterProps() {
        const {data} = this.props.record;
        return {
            text: this.countedText,
            footer: data.comment_single_recipient ? data.sms_footer || "" : "",
            price: {
                amount: data.sms_segment_price || 0,
                currency_id: data.sms_segment_currency_id?.id,
            },
        };
    },
    get encoding() {
        return countSegments(this.countedText).encoding;
    },
    get nbrSMS() {
        return countSegments(this.countedText).count;
    },
});

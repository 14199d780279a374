import {useEffect, useState} from "@odoo/owl";
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
 * Counts as the carrier does, wherever Odoo shows a text that is written, and while it
 * is written. Odoo's own counter is wrong for characters of two units and for line
 * breaks, and waits until one leaves the field.
 */
patch(SmsWidget.prototype, {
    setup() {
        super.setup(...arguments);
        this.typed = useState({text: null});
        const onInput = (ev) => {
            this.typed.text = ev.target.value;
        };
        useEffect(
            (el) => {
                el?.addEventListener("input", onInput);
                return () => el?.removeEventListener("input", onInput);
            },
            () => [this.targetEditElement.el]
        );
        // The record has it now, or a template has taken its place.
        useEffect(
            () => {
                this.typed.text = null;
            },
            () => [this.keptText]
        );
    },
    get keptText() {
        return this.props.record.data[this.props.name] || "";
    },
    /** The text with what other modules put in its place, and room for what they add. */
    get countedText() {
        const kept = this._getValueForSmsCounts(this.keptText);
        const added = this.nbrChar - countLikeOdoo(kept);
        const content = this._getValueForSmsCounts(this.typed.text ?? this.keptText);
        return content + " ".repeat(Math.max(0, added));
    },
    get counterProps() {
        const {data} = this.props.record;
        return {
            text: this.countedText,
            footer: data.comment_single_recipient ? data.sms_footer || "" : "",
            price: data.sms_price || {},
            hasMedia: Boolean(data.attachment_ids?.count),
        };
    },
    get encoding() {
        return countSegments(this.countedText).encoding;
    },
    get nbrSMS() {
        return countSegments(this.countedText).count;
    },
});

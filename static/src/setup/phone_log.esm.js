import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {toDateTime, toDay, toTime} from "../core/text_dates.esm";
import {splitAddresses} from "../core/addresses.esm";
import {_t} from "@web/core/l10n/translation";

/** Texts of one side that follow within this time share one time of day. */
const GROUP_MINUTES = 5;
/** How far from the bottom, in pixels, a reader still follows the newest text. */
const FOLLOW_DISTANCE = 120;

/**
 * The texts of one number, oldest first, with a line for each day. It stays at the newest
 * text, unless its reader has scrolled up to an older one.
 */
export class PhoneLog extends Component {
    static template = "helpdesk_mgmt_sms.PhoneLog";
    static props = {phone: Object};

    setup() {
        this.phone = useState(this.props.phone);
        this.log = useRef("log");
        this.isFollowing = true;
        // One's own text brings one back to the bottom; this comes before following.
        useEffect(
            () => {
                this.isFollowing = true;
            },
            () => [
                this.phone.messages.findLast((text) => text.direction === "sent")?.id,
            ]
        );
        useEffect(
            () => this.follow(),
            () => [this.phone.messages.at(-1)?.id, this.phone.messagesStatus]
        );
        useEffect(
            (el) => {
                const observer = new ResizeObserver(() => this.follow());
                observer.observe(el);
                return () => observer.disconnect();
            },
            () => [this.log.el]
        );
    }

    /** Shows the newest text, also when the room for the texts gets smaller. */
    follow() {
        if (this.isFollowing) {
            this.log.el.scrollTop = this.log.el.scrollHeight;
        }
    }

    /** What will appear here, and how to make the first one. */
    get emptyText() {
        return _t(
            "No texts yet. What %s sends to this number will appear here.",
            this.phone.company.company_name
        );
    }

    onScroll() {
        const {scrollHeight, scrollTop, clientHeight} = this.log.el;
        this.isFollowing = scrollHeight - scrollTop - clientHeight < FOLLOW_DISTANCE;
    }

    /**
     * @returns {{day: String, messages: Object[]}[]} with `time` on the last text of a
     *     group, and the `parts` of each body
     */
    get days() {
        const days = [];
        const messages = this.phone.messages;
        messages.forEach((message, index) => {
            const moment = toDateTime(message.date);
            const day = toDay(moment);
            if (days.at(-1)?.day !== day) {
                days.push({day, messages: []});
            }
            const next = messages[index + 1];
            const isLast =
                !next ||
                next.direction !== message.direction ||
                toDateTime(next.date).diff(moment, "minutes").minutes > GROUP_MINUTES;
            days.at(-1).messages.push({
                ...message,
                time: isLast ? toTime(moment) : "",
                parts: splitAddresses(message.body),
            });
        });
        return days;
    }
}

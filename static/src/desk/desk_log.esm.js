import {Component, markup, useEffect, useRef, useState} from "@odoo/owl";
import {toDateTime, toDay, toTime} from "../core/text_dates.esm";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {getRowId} from "./desk_store.esm";
import {splitAddresses} from "../core/addresses.esm";
import {useService} from "@web/core/utils/hooks";

/** How far from the bottom, in pixels, a reader still follows the newest text. */
const FOLLOW_DISTANCE = 120;
/** Texts of one person that follow within this time are one group. */
const GROUP_MINUTES = 5;

/** How each state of a text of ours is marked: the colours are the lists' own. */
const MARKS = {
    waiting: "fa-clock-o o_sms_muted",
    held: "fa-clock-o text-info",
    sending: "fa-circle-o-notch o_sms_muted",
    checking: "fa-question-circle-o text-warning",
    sent: "fa-check text-success",
    delivered: "fa-check-circle text-success",
    failed: "fa-exclamation-circle text-danger",
    blocked: "fa-ban text-danger",
};
/** What a line in the middle is about. */
const LINE_MARKS = {
    requested: "fa-question-circle-o",
    granted: "fa-check-circle-o",
    confirmed: "fa-check-circle-o",
    restored: "fa-check-circle-o",
    revoked: "fa-ban",
    expired: "fa-clock-o",
    open: "fa-flag-o",
};
const LINES = ["event", "review"];
const PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/**
 * What has passed with a number, oldest first, with a line for each day: texts, notes,
 * and what was said about consent. Texts about other tickets are folded. It stays at the
 * newest text, unless its reader has scrolled up; what has been on the screen is read.
 */
export class DeskLog extends Component {
    static template = "helpdesk_mgmt_sms.DeskLog";
    static props = {desk: Object};

    setup() {
        this.desk = useState(this.props.desk);
        this.state = useState({isFollowing: true, hasNews: false, unfolded: {}});
        this.orm = useService("orm");
        this.action = useService("action");
        this.log = useRef("log");
        this.content = useRef("content");
        this.lastTop = 0;
        this.isVisible = false;
        useEffect(
            () => this.onNewest(),
            () => [this.desk.messages.at(-1)?.id, this.desk.status]
        );
        useEffect(
            () => this.readIfSeen(),
            () => [this.desk.unread, this.desk.status]
        );
        useEffect(
            (el) => this.watch(el),
            () => [this.log.el]
        );
    }

    // What is on the screen
    // ------------------------------------------------------------

    /**
     * Follows the size of the log and whether it can be seen at all.
     *
     * @param {HTMLElement} el
     * @returns {Function} to stop
     */
    watch(el) {
        const resized = new ResizeObserver(() => this.follow());
        resized.observe(el);
        resized.observe(this.content.el);
        const seen = new IntersectionObserver(
            (entries) => {
                this.isVisible = entries.at(-1).isIntersecting;
                this.readIfSeen();
            },
            {threshold: 0.5}
        );
        seen.observe(el);
        const onShown = () => this.readIfSeen();
        document.addEventListener("visibilitychange", onShown);
        return () => {
            resized.disconnect();
            seen.disconnect();
            document.removeEventListener("visibilitychange", onShown);
        };
    }

    /** Marks the texts as read once the newest is before somebody's eyes. */
    readIfSeen() {
        const isSeen = this.isVisible && document.visibilityState === "visible";
        if (isSeen && this.state.isFollowing && this.desk.status === "ready") {
            this.desk.markRead();
        }
    }

    onNewest() {
        if (this.state.isFollowing || this.desk.messages.at(-1)?.direction === "out") {
            this.goToNewest();
        } else {
            this.state.hasNews = true;
        }
    }

    goToNewest() {
        this.state.isFollowing = true;
        this.state.hasNews = false;
        this.follow();
        this.readIfSeen();
    }

    follow() {
        if (this.state.isFollowing && this.log.el) {
            this.log.el.scrollTop = this.log.el.scrollHeight;
        }
    }

    onScroll() {
        const {scrollHeight, scrollTop, clientHeight} = this.log.el;
        const isNear = scrollHeight - scrollTop - clientHeight < FOLLOW_DISTANCE;
        // A picture that has just loaded moves the end away; only a reader goes up.
        const isUp = scrollTop < this.lastTop;
        this.state.isFollowing = isNear || (this.state.isFollowing && !isUp);
        this.lastTop = scrollTop;
        if (isNear) {
            this.state.hasNews = false;
            this.readIfSeen();
        }
    }

    /** Shows what was before, and lets the reader's place on the screen be. */
    async showOlder() {
        const el = this.log.el;
        const fromBottom = el.scrollHeight - el.scrollTop;
        this.state.isFollowing = false;
        await this.desk.loadOlder();
        browser.requestAnimationFrame(() => {
            el.scrollTop = el.scrollHeight - fromBottom;
        });
    }

    // What the texts look like
    // ------------------------------------------------------------

    /**
     * @returns {{day: String, items: Object[]}[]} of each day its entries, each with its
     *     `type`: "text" (with `isFirst` on the first of a group), "line" or "fold"
     */
    get days() {
        const days = [];
        let previous = null;
        this.shownNumber = undefined;
        for (const entry of this.desk.messages) {
            const moment = toDateTime(entry.date);
            const day = toDay(moment);
            if (days.at(-1)?.day !== day) {
                days.push({day, items: []});
                previous = null;
            }
            const {items} = days.at(-1);
            if (LINES.includes(entry.direction)) {
                items.push({...entry, type: "line", mark: LINE_MARKS[entry.event]});
            } else if (this.isFolded(entry)) {
                this.fold(items, entry);
            } else {
                this.addNumberLine(items, entry);
                items.push(this.drawText(entry, moment, previous));
            }
            previous = items.at(-1).type === "text" ? entry : null;
        }
        return days;
    }

    /**
     * @param {Object} entry
     * @param {DateTime} moment
     * @param {Object|null} previous the text just before it
     * @returns {Object} the text with its `time`, the `parts` of its body and `isFirst`
     */
    drawText(entry, moment, previous) {
        return {
            ...entry,
            type: "text",
            isFirst: !previous || !this.isOneGroup(previous, entry, moment),
            time: toTime(moment),
            parts: splitAddresses(entry.body || ""),
            content: entry.html && markup(entry.html),
        };
    }

    /** What is about another ticket, or about what the user may not read, is folded. */
    isFolded({id, about, is_hidden: isHidden}) {
        const isElsewhere = about && (about.model === TICKET_MODEL || !about.id);
        return isElsewhere && (isHidden || !this.state.unfolded[id]);
    }

    /** Adds a text to the fold before it, if that is about the same. */
    fold(items, entry) {
        const {model, id} = entry.about;
        const last = items.at(-1);
        const key = `${model}-${id}`;
        if (last?.type === "fold" && last.key === key) {
            last.entries.push(entry);
        } else {
            items.push({type: "fold", id: `fold-${entry.id}`, key, entries: [entry]});
        }
    }

    labelOfFold({entries}) {
        const {model, id, name} = entries[0].about;
        const count = entries.length;
        if (id) {
            return count === 1
                ? _t("1 text about ticket %s", name)
                : _t("%(count)s texts about ticket %(name)s", {count, name});
        }
        if (model === TICKET_MODEL) {
            return count === 1
                ? _t("1 text about another ticket")
                : _t("%s texts about another ticket", count);
        }
        return count === 1
            ? _t("1 text about a record you cannot open")
            : _t("%s texts about records you cannot open", count);
    }

    async unfold({entries}) {
        await this.desk.reveal(entries);
        entries.forEach(({id}) => {
            this.state.unfolded[id] = true;
        });
    }

    /** Says from where on the texts were exchanged with another number. */
    addNumberLine(items, entry) {
        if (entry.direction === "note" || entry.about) {
            return;
        }
        const {number = ""} = entry;
        if (this.shownNumber !== undefined && this.shownNumber !== number) {
            const words = _t(
                "The number changed to %s",
                number || this.desk.reply.number
            );
            items.push({type: "line", id: `number-${entry.id}`, words});
        }
        this.shownNumber = number;
    }

    isOneGroup(previous, text, moment) {
        const gap = moment.diff(toDateTime(previous.date), "minutes").minutes;
        return (
            previous.direction === text.direction &&
            previous.author === text.author &&
            previous.about?.id === text.about?.id &&
            gap <= GROUP_MINUTES
        );
    }

    /** Who wrote it, or what. */
    authorOf(text) {
        if (text.direction === "note") {
            return _t("Internal note · %s", text.author);
        }
        if (text.direction === "out" && !text.author) {
            return text.template
                ? _t("Automatic: %s", text.template)
                : _t("Sent automatically");
        }
        return text.author;
    }

    markOf(text) {
        return MARKS[text.state] || "fa-minus o_sms_muted";
    }

    isTrouble(text) {
        return ["failed", "blocked"].includes(text.state);
    }

    isPicture(file) {
        return PICTURES.includes(file.mimetype);
    }

    async cancel(text) {
        const ids = [getRowId(text)];
        const told = await this.orm.call("sms.sms", "action_cancel_waiting", [ids]);
        if (told) {
            this.action.doAction({...told, params: {...told.params, next: undefined}});
        }
        await this.desk.refresh([text.id]);
    }

    async changeTime(text) {
        const action = await this.orm.call("sms.sms", "action_change_time", [
            [getRowId(text)],
        ]);
        this.action.doAction(action, {onClose: () => this.desk.refresh([text.id])});
    }

    /**
     * Does what the server has offered about a text.
     *
     * @param {Object} text
     * @param {{name: String}} way one of the text's `ways`
     */
    async takeWay(text, way) {
        const {ticketId} = this.desk;
        const args = [ticketId, text.id, way.name];
        const action = await this.orm.call(TICKET_MODEL, "take_sms_way", args);
        const onClose = () => this.desk.refresh([text.id]);
        if (action) {
            this.action.doAction(action, {onClose});
        } else {
            await onClose();
        }
    }
}

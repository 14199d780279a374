import {ANY_TICKET, useInboxChanges} from "./inbox_changes.esm";
import {CallbackRecorder, useSetupAction} from "@web/search/action_hook";
import {
    EventBus,
    onMounted,
    onWillUnmount,
    useEffect,
    useExternalListener,
    useState,
    useSubEnv,
} from "@odoo/owl";
import {toDateTime, toMoment} from "../core/text_dates.esm";
import {useBus, useService} from "@web/core/utils/hooks";
import {useInboxKeys, useInboxKeysHelp} from "./inbox_keys.esm";
import {DeskThread} from "./desk_thread.esm";
import {InboxActions} from "./inbox_actions.esm";
import {InboxFacts} from "./inbox_facts.esm";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {SIZES} from "@web/core/ui/ui_service";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {router} from "@web/core/browser/router";

/** What is shown of the open conversation; the cards of the list have it too. */
const HEADER = {
    sms_contact_label: {},
    number: {},
    name: {},
    user_id: {fields: {display_name: {}}},
    closed: {},
    sms_waiting_since: {},
    sms_is_snoozed: {},
    sms_snoozed_until: {},
};
/** After these the work on a conversation is over for now. */
const LEAVING = ["snooze", "close"];

/**
 * The split inbox: Odoo's kanban with its search, whose cards stand one beneath the
 * other, beside the open conversation and the facts of its ticket.
 */
export class InboxController extends KanbanController {
    static template = "helpdesk_mgmt_sms.InboxView";
    static components = {
        ...KanbanController.components,
        ...{DeskThread, InboxActions, InboxFacts},
    };

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.ui = useService("ui");
        this.notification = useService("notification");
        this.inbox = useState({
            ticketId:
                this.props.state?.ticketId || Number(router.current.ticket) || false,
            /** The open ticket, where the list does not have it */
            ticket: null,
            hasFacts: false,
        });
        /** Where in the list the open conversation is, or was */
        this.place = 0;
        this.factsLeave = new CallbackRecorder();
        this.setupEvents();
        this.setupHistory();
        this.setupKeys();
        useSetupAction({getLocalState: () => ({ticketId: this.inbox.ticketId})});
        useEffect(
            (isReady, firstId, ticketId) => {
                router.replaceState({ticket: ticketId || undefined});
                if (isReady && ticketId) {
                    this.loadTicket();
                } else if (isReady && firstId && !this.env.isSmall) {
                    this.open(firstId);
                }
            },
            () => [this.model.isReady, this.records[0]?.resId, this.inbox.ticketId]
        );
    }

    setupEvents() {
        const events = new EventBus();
        useSubEnv({smsInbox: events});
        useBus(events, "OPEN", ({detail: ticketId}) => this.open(ticketId));
        useBus(events, "SAVED", () => this.reload());
        useBus(this.ui.bus, "resize", () => this.render());
        useInboxChanges((ids) => this.onChanges(ids));
        this.events = events;
        const desk = useService("helpdesk_mgmt_sms.desk");
        onMounted(() => {
            desk.inbox = this;
        });
        onWillUnmount(() => {
            desk.inbox = null;
        });
    }

    /**
     * On a phone, where list and conversation are two screens, the browser's Back goes
     * from the one to the other. The list stays as it is: nothing is loaded for that.
     */
    setupHistory() {
        /** Whether the open conversation has an entry of its own in the history */
        this.hasEntry = false;
        useExternalListener(window, "popstate", (ev) => {
            if (ev.state && this.hasEntry) {
                this.hasEntry = false;
                this.open(Number(router.current.ticket) || false);
            }
        });
        onWillUnmount(() => {
            if (this.hasEntry) {
                router.skipLoad = false;
            }
        });
    }

    setupKeys() {
        const keys = {
            arrowdown: () => this.move(1),
            arrowup: () => this.move(-1),
            j: () => this.move(1),
            k: () => this.move(-1),
            n: () => this.openNextUnanswered(),
            r: () => this.reply(),
            enter: () => this.reply(),
        };
        useInboxKeys(this.rootRef, keys);
        useInboxKeysHelp(this.rootRef);
    }

    /** @override */
    get className() {
        // Each pane scrolls for itself, on a phone as well.
        return `${this.props.className} o_action_delegate_scroll`;
    }

    /** @override */
    async beforeLeave(options) {
        return (await this.leaveFacts(options)) && super.beforeLeave(options);
    }

    // The list
    // ------------------------------------------------------------

    get records() {
        return this.model.root.records;
    }

    get openIndex() {
        return this.records.findIndex(({resId}) => resId === this.inbox.ticketId);
    }

    /**
     * @param {Number} ticketId
     * @returns {Boolean} whether the list shows it
     */
    shows(ticketId) {
        return this.records.some(({resId}) => resId === ticketId);
    }

    async onChanges(ids) {
        await this.reload();
        if (ids.has(this.inbox.ticketId) || ids.has(ANY_TICKET)) {
            this.events.trigger("RELOAD");
        }
    }

    async reload() {
        // It stays what it is, should it leave the list.
        this.inbox.ticket = this.ticket;
        await this.model.reload();
        await this.loadTicket();
    }

    get chosen() {
        return this.model.root.selection || [];
    }

    // The open conversation
    // ------------------------------------------------------------

    /** @returns {Object|null} the fields of `HEADER` */
    get ticket() {
        const record = this.records[this.openIndex];
        return record ? record.data : this.inbox.ticket;
    }

    get isCompact() {
        return this.ui.size < SIZES.XL;
    }

    get snoozeLabel() {
        const until = this.ticket.sms_snoozed_until;
        return until
            ? _t("Snoozed until %s", toMoment(until))
            : _t("Snoozed until they text");
    }

    /** @override */
    async openRecord(record, options = {}) {
        if (options.newWindow) {
            return super.openRecord(record, options);
        }
        await this.open(record.resId);
    }

    /**
     * Shows a conversation, once the facts of the one before are saved.
     *
     * @param {Number|Boolean} ticketId false: the list alone, on a phone
     */
    async open(ticketId) {
        if (ticketId === this.inbox.ticketId || !(await this.leaveFacts())) {
            return;
        }
        if (this.env.isSmall && !this.inbox.ticketId) {
            router.pushState({ticket: ticketId}, {sync: true});
            this.hasEntry = router.skipLoad = true;
        }
        Object.assign(this.inbox, {ticketId, ticket: null, hasFacts: false});
    }

    /** Shows the list alone, on a phone. */
    async close() {
        if (this.hasEntry) {
            browser.history.back();
        } else {
            await this.open(false);
        }
    }

    /** Loads what is shown of the open conversation, unless the list has it. */
    async loadTicket() {
        const {ticketId} = this.inbox;
        if (this.openIndex !== -1) {
            this.place = this.openIndex;
        } else if (ticketId) {
            const {records} = await this.orm.silent.webSearchRead(
                TICKET_MODEL,
                [["id", "=", ticketId]],
                {specification: HEADER, context: {active_test: false}}
            );
            this.takeTicket(ticketId, records[0]);
        }
    }

    takeTicket(ticketId, ticket) {
        if (ticketId !== this.inbox.ticketId) {
            return;
        }
        if (!ticket) {
            this.close();
            return;
        }
        const until = ticket.sms_snoozed_until;
        ticket.sms_snoozed_until = until && toDateTime(until);
        this.inbox.ticket = ticket;
    }

    /**
     * Saves the ticket's facts.
     *
     * @returns {Promise<Boolean>} whether they can be left
     */
    async leaveFacts(options) {
        const results = await Promise.all(
            this.factsLeave.callbacks.map((callback) => callback(options))
        );
        return !results.includes(false);
    }

    async openTicket() {
        const activeIds = this.records.map(({resId}) => resId);
        this.props.selectRecord(this.inbox.ticketId, {activeIds});
    }

    // Moving
    // ------------------------------------------------------------

    /**
     * Opens the one below (1) or above (-1). What has left the list gives way to the
     * one that took its place.
     *
     * @param {Number} step
     */
    move(step) {
        const index = this.openIndex;
        const next = index === -1 ? this.place - (step < 0 ? 1 : 0) : index + step;
        const last = this.records.length - 1;
        const record = this.records[Math.max(0, Math.min(next, last))];
        if (record) {
            this.open(record.resId);
        }
    }

    /** Opens the one below, or the first one after the last. */
    advance() {
        const {records, openIndex} = this;
        const next = records[openIndex === -1 ? this.place : openIndex + 1];
        const record = next || records[0];
        if (record) {
            this.open(record.resId);
        }
    }

    openNextUnanswered() {
        const {records, openIndex} = this;
        const start = openIndex === -1 ? this.place : openIndex + 1;
        const order = [...records.slice(start), ...records.slice(0, start)];
        const next = order.find(
            ({resId, data}) => data.sms_waiting_since && resId !== this.inbox.ticketId
        );
        if (next) {
            this.open(next.resId);
        } else {
            this.notification.add(_t("Nobody else in this list waits for an answer."), {
                type: "info",
            });
        }
    }

    reply() {
        this.rootRef.el.querySelector(".o_sms_inbox_thread textarea")?.focus();
    }

    /** Esc gives the keys back to the inbox. */
    onThreadKeydown(ev) {
        if (ev.key === "Escape" && ev.target.tagName === "TEXTAREA") {
            ev.target.blur();
        }
    }

    // Doing
    // ------------------------------------------------------------

    /**
     * @param {String} kind see `InboxActions`
     * @param {Number[]} ids of the tickets
     */
    async onDone(kind, ids) {
        const hasLeft = LEAVING.includes(kind) && ids.includes(this.inbox.ticketId);
        if (hasLeft && this.env.isSmall) {
            await this.close();
        } else if (hasLeft) {
            this.advance();
        }
        await this.reload();
        this.events.trigger("RELOAD");
    }

    async onBulkDone() {
        this.chosen.forEach((record) => record.toggleSelection(false));
        await this.reload();
        this.events.trigger("RELOAD");
    }
}

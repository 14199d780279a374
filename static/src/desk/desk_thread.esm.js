import {
    Component,
    onWillDestroy,
    onWillUpdateProps,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import {useBus, useService} from "@web/core/utils/hooks";
import {DeskLog} from "./desk_log.esm";
import {DeskPresence} from "./desk_presence.esm";
import {DeskReply} from "./desk_reply.esm";
import {DeskStore} from "./desk_store.esm";
import {TICKET_MODEL} from "./desk_service.esm";

/**
 * A ticket's conversation, wherever it is shown: what was texted, and the box to answer
 * in. Another `stamp` for the same ticket loads its newest texts again.
 */
export class DeskThread extends Component {
    static template = "helpdesk_mgmt_sms.DeskThread";
    static components = {DeskLog, DeskReply};
    static props = {
        ticketId: [Number, Boolean],
        stamp: {type: Number, optional: true},
        record: {type: Object, optional: true},
    };

    setup() {
        this.service = useService("helpdesk_mgmt_sms.desk");
        this.state = useState({desk: null, presence: null});
        this.show(this.props.ticketId);
        onWillUpdateProps(({ticketId, stamp}) => {
            if (ticketId !== this.props.ticketId || stamp !== this.props.stamp) {
                this.show(ticketId);
            }
        });
        useBus(this.service.bus, "BUS:RECONNECT", () => this.desk?.load());
        useEffect(
            (unread, status) => {
                if (status === "ready") {
                    this.service.unread[this.desk.ticketId] = unread;
                }
            },
            () => [this.desk?.unread, this.desk?.status]
        );
        this.root = useRef("root");
        useEffect(
            (status) => {
                if (status === "ready" && this.service.isWanted) {
                    this.service.isWanted = false;
                    this.root.el.scrollIntoView({block: "end"});
                }
            },
            () => [this.desk?.status]
        );
        // Also where it was never mounted: a newer rendering can take its place.
        onWillDestroy(() => this.show(false));
    }

    /** @returns {DeskStore|null} */
    get desk() {
        return this.state.desk;
    }

    /**
     * Shows a ticket's conversation, or what has become of it.
     *
     * @param {Number|Boolean} ticketId
     */
    show(ticketId) {
        if (this.desk && this.desk.ticketId === ticketId) {
            this.desk.load();
            return;
        }
        this.stop?.();
        this.stop = null;
        this.state.desk = this.state.presence = null;
        if (!ticketId) {
            return;
        }
        // Not this screen's own: what was sent as it was left is known to be sent.
        const {orm} = this.env.services;
        const call = (method, args) => orm.silent.call(TICKET_MODEL, method, args);
        this.state.desk = new DeskStore().setup(ticketId, call);
        const stop = this.service.listen(ticketId, (ids) => this.onChange(ids));
        // Who cannot be told now is told by the next sign.
        const share = (...args) =>
            call("share_sms_presence", [ticketId, ...args]).catch(() => {});
        this.state.presence = new DeskPresence().setup(
            this.service.changes,
            ticketId,
            share
        );
        const {presence} = this.state;
        presence.start();
        this.stop = () => {
            stop();
            presence.stop();
        };
        this.desk.load();
    }

    /** Lets the badge beside it tell what the box knows, unless something is unsaved. */
    async showConsent() {
        const {record} = this.props;
        const {consent_state: state} = this.desk.reply;
        const shown = record?.data.sms_consent_state;
        if (shown !== undefined && shown !== state && !(await record.isDirty())) {
            await record.load();
        }
    }

    /**
     * @param {String[]} ids of the texts that have changed
     */
    async onChange(ids) {
        const {desk} = this;
        try {
            await desk.refresh(ids);
        } catch {
            // It says why it cannot be read any more.
            await desk.load();
        }
        if (desk !== this.desk) {
            return;
        }
        if (ids.some((id) => id.startsWith("in-"))) {
            this.reloadChatter();
        }
        await this.showConsent();
    }

    /** Lets the chatter beside it show the text too. */
    reloadChatter() {
        if (!this.desk) {
            return;
        }
        this.env.bus.trigger("MAIL:RELOAD-THREAD", {
            model: TICKET_MODEL,
            id: this.desk.ticketId,
        });
    }
}

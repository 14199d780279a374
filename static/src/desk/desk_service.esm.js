import {EventBus, reactive} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";

export const TICKET_MODEL = "helpdesk.ticket";
const BUS_CHANNEL = "helpdesk_mgmt_sms.ticket";
const CHANGE_TYPE = "helpdesk_mgmt_sms/texts";
const PRESENCE_TYPE = "helpdesk_mgmt_sms/presence";
const NEWS_TYPE = "helpdesk_mgmt_sms/news";
/** Milliseconds in which who looks at the conversation has read a new text. */
const READING_TIME = 2000;
const WORDS_LIMIT = 160;

/**
 * What the conversations on the screen have in common: the bus, the numbers of unread
 * texts, and the notifications on new ones.
 */
export class DeskService {
    /**
     * @param {Object} services as Odoo gives them
     */
    setup(services) {
        this.services = services;
        this.bus = services.bus_service;
        this.changes = new EventBus();
        /** How many texts nobody has read, by ticket, where a screen has asked */
        this.unread = reactive({});
        /** Whether the next conversation that is there is to be scrolled to */
        this.isWanted = false;
        /** The inbox that is on the screen: `shows(ticketId)`, `open(ticketId)` */
        this.inbox = null;
        /** How many screens listen to a ticket */
        this.listeners = {};
        this.bus.subscribe(CHANGE_TYPE, (change) =>
            this.changes.trigger(`change-${change.ticket_id}`, change)
        );
        this.bus.subscribe(NEWS_TYPE, (news) =>
            this.onNews(news.ticket_id, Boolean(news.is_back))
        );
        this.bus.subscribe(PRESENCE_TYPE, (presence) =>
            this.changes.trigger(`presence-${presence.ticket_id}`, presence)
        );
        return this;
    }

    /**
     * @param {Number} ticketId
     * @param {Function} onChange gets the ids of the texts that have changed
     * @returns {Function} to stop listening
     */
    listen(ticketId, onChange) {
        const channel = `${BUS_CHANNEL}_${ticketId}`;
        const onEvent = ({detail}) => onChange(detail.ids);
        const count = (this.listeners[ticketId] || 0) + 1;
        this.listeners[ticketId] = count;
        this.changes.addEventListener(`change-${ticketId}`, onEvent);
        if (count === 1) {
            this.bus.addChannel(channel);
        }
        return () => {
            this.changes.removeEventListener(`change-${ticketId}`, onEvent);
            this.listeners[ticketId]--;
            if (!this.listeners[ticketId]) {
                this.bus.deleteChannel(channel);
            }
        };
    }

    /**
     * Tells that a customer has texted, unless somebody who looks at the conversation
     * has read it by then, or that a conversation is no longer snoozed.
     *
     * @param {Number} ticketId
     * @param {Boolean} isBack it was snoozed until now
     */
    async onNews(ticketId, isBack) {
        await new Promise((resolve) => browser.setTimeout(resolve, READING_TIME));
        const isHidden = document.visibilityState === "hidden";
        if (isHidden && !(await this.services.multi_tab.isOnMainTab())) {
            return;
        }
        const news = await this.services.orm.silent
            .call(TICKET_MODEL, "get_sms_news", [ticketId, isBack])
            // It is in a company that is not selected, or somebody else's by now.
            .catch(() => false);
        if (news) {
            this.announce(ticketId, news);
        }
    }

    /**
     * @param {Number} ticketId
     * @param {{title: String, body: String}} news
     */
    announce(ticketId, {title, body}) {
        const words = body.slice(0, WORDS_LIMIT);
        if (!document.hasFocus()) {
            this.services["mail.out_of_focus"].sendNotification({
                title,
                message: words,
                type: "info",
                icon: "/helpdesk_mgmt_sms/static/description/icon.png",
            });
        }
        if (this.inbox?.shows(ticketId)) {
            return;
        }
        const close = this.services.notification.add(words, {
            title,
            type: "info",
            buttons: [
                {
                    name: _t("Open the conversation"),
                    primary: true,
                    onClick: () => {
                        close();
                        this.open(ticketId);
                    },
                },
            ],
        });
    }

    /**
     * @param {Number} ticketId
     * @returns {Promise} its conversation is there: in the inbox, or on its form
     */
    open(ticketId) {
        if (this.inbox) {
            return this.inbox.open(ticketId);
        }
        return this.services.action.doAction({
            type: "ir.actions.act_window",
            res_model: TICKET_MODEL,
            res_id: ticketId,
            views: [[false, "form"]],
            context: {sms_desk: true},
        });
    }
}

export const deskService = {
    dependencies: [
        ...["action", "bus_service", "mail.out_of_focus", "multi_tab"],
        ...["notification", "orm"],
    ],
    start(env, services) {
        return new DeskService().setup(services);
    },
};

registry.category("services").add("helpdesk_mgmt_sms.desk", deskService);

import {onWillUnmount, useState} from "@odoo/owl";
import {explain} from "../core/explain_error.esm";
import {useService} from "@web/core/utils/hooks";

const MODEL = "sms.virtual.phone";
const BUS_CHANNEL = "helpdesk_mgmt_sms.virtual_phone";
const NOTIFICATION_TYPE = "helpdesk_mgmt_sms/virtual_phone";

/**
 * @typedef {{number: String, label: String, name: String, last_body: String,
 *     last_date: String|false}} Contact dates are UTC, "YYYY-MM-DD HH:MM:SS"
 * @typedef {{id: String, direction: "received"|"sent", body: String, date: String,
 *     state: String}} Message the direction is the phone's: "received" from the company
 * @typedef {{id: String, number: String, date: String}} Call one that rings
 * @typedef {{id: String, number: String, words: String, asks: Boolean, asked: Number,
 *     isBusy: Boolean, isOver: Boolean}} Talk one that was answered: what is said in
 *     it, whether a key is waited for, and how often it has been said what keys mean
 */

/**
 * What the virtual phone knows: the company, the numbers, the number in hand and its
 * texts. It asks the server, and takes in what the bus brings; it draws nothing.
 */
export class PhoneStore {
    /** @type {"loading"|"ready"|"error"} */
    status = "loading";
    error = "";
    /** What get_phone_data says of the company */
    company = {};
    query = "";
    isSearching = false;
    /** @type {Contact[]} */
    contacts = [];
    /** @type {Contact|null} the number in hand */
    current = null;
    /** @type {"loading"|"ready"|"error"} */
    messagesStatus = "ready";
    messagesError = "";
    /** @type {Message[]} oldest first */
    messages = [];
    isSending = false;
    sendError = "";
    /** How many texts came in unseen, by number */
    unread = {};
    /** When the screen was opened; the bus repeats what is a little older (UTC) */
    openedAt = "";
    /** Ids of the texts that were shown or counted, to count none twice */
    known = new Set();
    /** Half-typed texts, by number */
    drafts = {};
    /** @type {Call[]} calls that ring, the oldest first */
    calls = [];
    /** @type {Talk|null} the call that was answered here */
    talk = null;

    /**
     * @param {Function} call asks the server: (method, args) => Promise
     */
    setup(call) {
        this.call = call;
        this.lastSearch = 0;
        return this;
    }

    /** Loads the company and the numbers; the first time, or after an error. */
    async load() {
        this.status = "loading";
        try {
            await this.refreshContacts();
            await this.loadCalls();
            this.status = "ready";
        } catch (error) {
            this.error = explain(error);
            this.status = "error";
        }
    }

    /** Fetches the numbers; an older search that answers late is ignored. */
    async refreshContacts() {
        const search = ++this.lastSearch;
        const data = await this.call("get_phone_data", [this.query]);
        this.openedAt ||= data.date;
        if (search === this.lastSearch) {
            this.company = data;
            this.contacts = data.contacts;
        }
    }

    /**
     * @param {String} query part of a name or of a number
     */
    async search(query) {
        this.query = query;
        this.isSearching = true;
        try {
            await this.refreshContacts();
        } catch (error) {
            this.error = explain(error);
            this.status = "error";
        } finally {
            this.isSearching = false;
        }
    }

    /**
     * Takes the phone of a number in hand that need not be in the list.
     *
     * @param {String} typed as a person writes it
     * @returns {Promise<String>} what is wrong with it, or nothing
     */
    async pickTyped(typed) {
        try {
            const contact = await this.call("get_contact", [typed]);
            if (!this.contacts.some((other) => other.number === contact.number)) {
                this.contacts.unshift(contact);
            }
            this.pick(contact);
            return "";
        } catch (error) {
            return explain(error);
        }
    }

    /**
     * @param {Contact} contact
     */
    pick(contact) {
        this.current = contact;
        this.messages = [];
        this.sendError = "";
        delete this.unread[contact.number];
        return this.loadMessages();
    }

    /** Lays the phone down; on small screens this shows the list again. */
    layDown() {
        this.current = null;
        this.messages = [];
    }

    /** Finds out which phones ring, where there are any. */
    async loadCalls() {
        this.calls = [];
        const calls = this.company.sandbox ? await this.call("get_calls", []) : [];
        calls.forEach((call) => this.ring({...call, is_ringing: true}));
    }

    /**
     * Lets a phone ring or stop. Without one in hand, that which rings is taken up.
     *
     * @param {Call} call with `is_ringing`
     */
    ring(call) {
        this.calls = this.calls.filter((other) => other.id !== call.id);
        if (call.is_ringing) {
            this.calls.push(call);
            if (!this.current) {
                this.pickTyped(call.number);
            }
        }
    }

    /**
     * @param {String} number
     * @returns {Call|undefined} the call that rings at a number
     */
    findRinging(number) {
        return this.calls.find((call) => call.number === number);
    }

    /** Answers the call that rings at the number in hand. */
    answer() {
        const {id, number} = this.findRinging(this.current.number);
        this.talk = {id, number, words: "", asks: false, asked: 0, isOver: false};
        this.ring({id, number, is_ringing: false});
        return this.speak("answer_call", [id]);
    }

    /**
     * Presses a key of the phone, if one is waited for.
     *
     * @param {String} key
     */
    async pressKey(key) {
        const {id, asks, asked, isBusy, isOver} = this.talk;
        if (asks && !isBusy && !isOver) {
            await this.speak("press_key", [id, key, asked]);
        }
    }

    /** Asks the server what is said next; words that ask for no key end the call. */
    async speak(method, args) {
        const talk = this.talk;
        talk.isBusy = true;
        try {
            const {words, asks} = await this.call(method, args);
            Object.assign(talk, {words, asks, asked: talk.asked + 1});
        } catch (error) {
            Object.assign(talk, {words: explain(error), asks: false});
        }
        talk.isBusy = false;
        if (!talk.asks && !talk.isOver) {
            await this.hangUp();
        }
    }

    /** Ends the call that was answered. */
    async hangUp() {
        this.talk.isOver = true;
        this.talk.asks = false;
        await this.call("hang_up", [this.talk.id]).catch(explain);
    }

    /** Puts the phone away after a call. */
    closeCall() {
        this.talk = null;
    }

    /** Declines the call that rings at the number in hand. */
    async decline() {
        const call = this.findRinging(this.current.number);
        this.ring({...call, is_ringing: false});
        await this.call("hang_up", [call.id, true]).catch(explain);
    }

    /** Loads the texts of the number in hand, unless another was picked meanwhile. */
    async loadMessages() {
        const number = this.current.number;
        const isStale = () => this.current?.number !== number;
        this.messagesStatus = "loading";
        try {
            const messages = await this.call("get_messages", [number]);
            if (!isStale()) {
                // What the bus brought in the meantime may be newer than the answer.
                const live = this.messages;
                this.messages = messages;
                messages.forEach((message) => this.known.add(message.id));
                live.forEach((message) => this.putMessage(message));
                this.messagesStatus = "ready";
            }
        } catch (error) {
            const reason = explain(error);
            if (!isStale()) {
                this.messagesError = reason;
                this.messagesStatus = "error";
            }
        }
    }

    /**
     * Texts the company from the number in hand.
     *
     * @param {String} body
     * @returns {Promise<Boolean>} whether it was taken
     */
    async send(body) {
        const number = this.current.number;
        if (this.isSending || !body.trim()) {
            return false;
        }
        this.isSending = true;
        this.sendError = "";
        try {
            this.receive(number, await this.call("send_text", [number, body]));
            return true;
        } catch (error) {
            const reason = explain(error);
            if (this.current?.number === number) {
                this.sendError = reason;
            }
            return false;
        } finally {
            this.isSending = false;
        }
    }

    /**
     * Takes in one text from the bus or from the server's answer; a repeat is nothing.
     *
     * @param {String} number
     * @param {Message} message
     */
    receive(number, message) {
        const isNew = !this.known.has(message.id);
        this.known.add(message.id);
        if (this.current?.number === number) {
            this.putMessage(message);
        }
        if (message.is_call) {
            return;
        }
        if (!isNew || message.date < this.openedAt) {
            return;
        }
        if (this.current?.number !== number && message.direction === "received") {
            this.unread[number] = (this.unread[number] || 0) + 1;
        }
        this.moveToTop(number, message);
    }

    /**
     * @param {Message} message replaces the one with its id, or is put by its date
     */
    putMessage(message) {
        const known = this.messages.findIndex((other) => other.id === message.id);
        if (known >= 0) {
            this.messages[known] = message;
            return;
        }
        const later = this.messages.findIndex((other) => other.date > message.date);
        this.messages.splice(later < 0 ? this.messages.length : later, 0, message);
    }

    /** Shows a text as the last words of its number; asks for a number not yet listed. */
    moveToTop(number, message) {
        const index = this.contacts.findIndex((contact) => contact.number === number);
        if (index < 0) {
            this.refreshContacts().catch(explain);
            return;
        }
        const [contact] = this.contacts.splice(index, 1);
        if (!contact.last_date || contact.last_date <= message.date) {
            contact.last_body = message.body;
            contact.last_date = message.date;
        }
        this.contacts.unshift(contact);
    }
}

/**
 * Gives a component its phone, connected to the server and to the bus.
 *
 * @returns {PhoneStore} reactive
 */
export function usePhone() {
    const orm = useService("orm");
    const bus = useService("bus_service");
    const phone = useState(new PhoneStore());
    phone.setup((method, args) => orm.silent.call(MODEL, method, args));
    const onNotification = ({company_id: companyId, number, message, call}) => {
        if (companyId === phone.company.company_id) {
            phone.receive(number, message);
            if (call) {
                phone.ring(call);
            }
        }
    };
    const onReconnect = () => {
        if (phone.company.sandbox) {
            phone.refreshContacts().catch(explain);
            phone.loadCalls().catch(explain);
        }
        if (phone.current) {
            phone.loadMessages();
        }
    };
    bus.subscribe(NOTIFICATION_TYPE, onNotification);
    bus.addEventListener("BUS:RECONNECT", onReconnect);
    bus.addChannel(BUS_CHANNEL);
    onWillUnmount(() => {
        bus.deleteChannel(BUS_CHANNEL);
        bus.removeEventListener("BUS:RECONNECT", onReconnect);
        bus.unsubscribe(NOTIFICATION_TYPE, onNotification);
    });
    phone.load();
    return phone;
}

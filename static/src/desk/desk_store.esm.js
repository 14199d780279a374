import {explain} from "../core/explain_error.esm";

/**
 * @typedef {{id: String, direction: "in"|"out", body: String, date: String,
 *     author: String}} Text as `helpdesk.ticket` prepares it; dates are UTC,
 *     "YYYY-MM-DD HH:MM:SS"
 */

/** In the server's order: by the second, theirs first, then as they were made. */
function compareTexts(one, other) {
    const rank = ({id}) => Number(id.split("-")[1]);
    return (
        one.date.localeCompare(other.date) ||
        one.direction.localeCompare(other.direction) ||
        rank(one) - rank(other)
    );
}

/** What a reply box may say before the server was asked. */
const NO_REPLY = {blocked: "", footer: "", answer_note: "", time_note: "", call: ""};

/**
 * What one conversation knows: its texts, and what may be sent. It asks the server, and
 * takes in what the bus brings; it draws nothing.
 */
export class DeskStore {
    /** @type {"loading"|"ready"|"error"} */
    status = "loading";
    error = "";
    /** @type {Text[]} oldest first */
    messages = [];
    hasOlder = false;
    isLoadingOlder = false;
    unread = 0;
    reply = NO_REPLY;
    templates = [];
    price = {};
    isSending = false;
    sendError = "";

    /**
     * @param {Number} ticketId
     * @param {Function} call asks the server: (method, args) => Promise
     */
    setup(ticketId, call) {
        this.ticketId = ticketId;
        this.call = (method, ...args) => call(method, [ticketId, ...args]);
        return this;
    }

    /** Loads the newest texts; older ones that were loaded before stay. */
    async load() {
        try {
            const {
                messages,
                has_older: hasOlder,
                ...rest
            } = await this.call("get_sms_conversation");
            if (!messages.some(({id}) => this.has(id))) {
                this.messages = [];
                this.hasOlder = hasOlder;
            }
            this.take({messages, ...rest});
            this.status = "ready";
        } catch (error) {
            this.error = explain(error);
            this.status = "error";
        }
    }

    async loadOlder() {
        if (this.isLoadingOlder || !this.hasOlder) {
            return;
        }
        this.isLoadingOlder = true;
        try {
            const page = await this.call("get_sms_conversation", this.messages[0].id);
            this.take({messages: page.messages});
            this.hasOlder = page.has_older;
        } finally {
            this.isLoadingOlder = false;
        }
    }

    /**
     * @param {String[]} ids of texts that are new or have changed
     */
    async refresh(ids) {
        this.take(await this.call("get_sms_changes", ids));
    }

    has(id) {
        return this.messages.some((known) => known.id === id);
    }

    /**
     * Takes in what the server says.
     *
     * @param {Object} news `messages`, and those properties that have changed
     */
    take({messages = [], ...rest}) {
        const texts = new Map(this.messages.map((text) => [text.id, text]));
        messages.forEach((text) => texts.set(text.id, text));
        this.messages = [...texts.values()].sort(compareTexts);
        Object.assign(this, rest);
    }

    /**
     * @param {Number|Boolean} templateId
     * @param {String|Boolean} sendAt UTC
     * @returns {Promise<String|undefined>} the template's text for this ticket
     */
    async preview(templateId, sendAt) {
        this.sendError = "";
        try {
            const args = [templateId, sendAt];
            const {body, ...reply} = await this.call("preview_sms_reply", ...args);
            this.reply = reply;
            return body;
        } catch (error) {
            this.sendError = explain(error);
            return undefined;
        }
    }

    /**
     * Texts the customer; a second call while the first is on its way does nothing.
     *
     * @param {{body: String, key: String, templateId: Number|Boolean,
     *     sendAt: String|Boolean, attachmentIds: Number[]}} text
     * @returns {Promise<Boolean>} whether it was taken
     */
    async send({body, key, templateId, sendAt, attachmentIds}) {
        if (this.isSending) {
            return false;
        }
        this.isSending = true;
        this.sendError = "";
        try {
            const args = [body, key, templateId, sendAt, attachmentIds];
            const {is_repeated: isRepeated, ...news} = await this.call(
                "send_sms_reply",
                ...args
            );
            this.take(news);
            if (isRepeated) {
                await this.load();
            }
            return true;
        } catch (error) {
            this.sendError = explain(error);
            return false;
        } finally {
            this.isSending = false;
        }
    }

    async markRead() {
        if (this.unread) {
            this.unread = 0;
            await this.call("mark_sms_read");
        }
    }
}

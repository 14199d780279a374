import {Mutex} from "@web/core/utils/concurrency";
import {explain} from "../core/explain_error.esm";

/**
 * @typedef {{id: String, direction: "in"|"out"|"note"|"event"|"review", date: String}}
 *     Entry as `helpdesk.ticket` prepares it, with what its kind has besides; dates are
 *     UTC, "YYYY-MM-DD HH:MM:SS"
 */

/** Of one `at`: what they text, what follows from it, then our answer. */
const RANKS = {in: 0, event: 1, review: 2, note: 3, out: 4};
/** Entries that the server takes at once. */
const CHANGES_LIMIT = 200;

/**
 * @param {Entry} entry
 * @returns {Number} the id of its row on the server
 */
export function getRowId({id}) {
    return Number(id.split("-")[1]);
}

/** In the server's order. */
function compareEntries(one, other) {
    return (
        one.at.localeCompare(other.at) ||
        RANKS[one.direction] - RANKS[other.direction] ||
        getRowId(one) - getRowId(other)
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
    /** @type {Entry[]} oldest first */
    messages = [];
    hasOlder = false;
    isLoadingOlder = false;
    unread = 0;
    reply = NO_REPLY;
    templates = [];
    price = {};
    isSending = false;
    sendError = "";
    /** @type {String|Boolean} the chosen time (UTC) that the reply box tells about */
    sendAt = false;
    /** @type {Number|Boolean} the template whose unchanged text it tells about */
    templateId = false;

    /**
     * @param {Number} ticketId
     * @param {Function} call asks the server: (method, args) => Promise
     */
    setup(ticketId, call) {
        this.ticketId = ticketId;
        this.call = (method, ...args) => call(method, [ticketId, ...args]);
        // One question after the other: a late answer would bring back what was.
        this.mutex = new Mutex();
        return this;
    }

    /** Loads the newest texts; older ones that were loaded before stay. */
    load() {
        return this.mutex.exec(() => this.fetchNewest());
    }

    async fetchNewest() {
        try {
            const {
                messages,
                has_older: hasOlder,
                ...rest
            } = await this.call("get_sms_conversation");
            // Texts of a former number are somebody else's.
            const isOther = rest.reply.call !== this.reply.call;
            const ids = new Set(messages.map(({id}) => id));
            if (isOther || !this.messages.some(({id}) => ids.has(id))) {
                this.messages = [];
                this.hasOlder = hasOlder;
            }
            // What is in the page's time and not in the page has been deleted.
            this.messages = this.messages.filter(
                (known) => ids.has(known.id) || compareEntries(known, messages[0]) < 0
            );
            this.take({messages, ...rest});
            await this.askAgain();
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
     * @param {String[]} ids of entries that are new, have changed, or are gone
     */
    refresh(ids) {
        return this.mutex.exec(() => this.fetchChanges(ids));
    }

    async fetchChanges(ids) {
        const news = await this.call("get_sms_changes", ids);
        if (news.reply.call !== this.reply.call) {
            await this.fetchNewest();
            return;
        }
        const asked = new Set(ids.slice(0, CHANGES_LIMIT));
        news.messages.forEach(({id}) => asked.delete(id));
        this.messages = this.messages.filter(({id}) => !asked.has(id));
        // What is older than the first page comes with it: here it would leave a gap.
        const [first] = this.messages;
        const isLoaded = (entry) =>
            !first || !this.hasOlder || compareEntries(first, entry) <= 0;
        this.take({...news, messages: news.messages.filter(isLoaded)});
        await this.askAgain();
    }

    /** Asks anew about what was chosen: news tell about one's own text, sent at once. */
    async askAgain() {
        if (this.sendAt || this.templateId) {
            await this.fetchPreview(this.templateId, this.sendAt);
        }
    }

    /**
     * Fetches the words of texts about another ticket, of which the page has the times.
     *
     * @param {Entry[]} entries
     */
    async reveal(entries) {
        const hidden = entries.filter((entry) => entry.is_hidden && entry.about.id);
        if (hidden.length) {
            await this.refresh(hidden.slice(-CHANGES_LIMIT).map(({id}) => id));
        }
    }

    /**
     * Takes in what the server says.
     *
     * @param {Object} news `messages`, and those properties that have changed
     */
    take({messages = [], ...rest}) {
        const texts = new Map(this.messages.map((text) => [text.id, text]));
        for (const text of messages) {
            const known = texts.get(text.id);
            // What was unfolded stays so.
            if (!text.is_hidden || !text.about.id || !known || known.is_hidden) {
                texts.set(text.id, text);
            }
        }
        this.messages = [...texts.values()].sort(compareEntries);
        Object.assign(this, rest);
    }

    /**
     * @param {Number|Boolean} templateId
     * @param {String|Boolean} sendAt UTC
     * @returns {Promise<String|undefined>} the template's text for this ticket
     */
    preview(templateId, sendAt) {
        return this.mutex.exec(() => this.fetchPreview(templateId, sendAt));
    }

    async fetchPreview(templateId, sendAt) {
        this.sendError = "";
        Object.assign(this, {templateId, sendAt});
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

    /** @returns {String|Boolean} the id of the newest text of ours that is known */
    get newestOwnId() {
        const own = this.messages.filter(({direction}) => direction === "out");
        const ids = own.map(getRowId);
        return ids.length ? `out-${Math.max(...ids)}` : false;
    }

    /**
     * Texts the customer; a second call while the first is on its way does nothing.
     *
     * @param {{body: String, key: String, templateId: Number|Boolean,
     *     sendAt: String|Boolean, attachmentIds: Number[], isSure: Boolean}} text
     * @returns {Promise<{entry: Entry, overtakenBy: Object}|Boolean>} the text as the
     *     server has taken it, or what somebody else has just texted; false: neither
     */
    async send({body, key, templateId, sendAt, attachmentIds, isSure}) {
        if (this.isSending) {
            return false;
        }
        this.isSending = true;
        this.sendError = "";
        try {
            const {
                is_repeated: isRepeated,
                is_overtaken: isOvertaken,
                overtaken_by: overtakenBy,
                ...news
            } = await this.call(
                "send_sms_reply",
                ...[body, key, templateId, sendAt, attachmentIds],
                ...[this.newestOwnId, isSure]
            );
            this.take(news);
            if (isOvertaken) {
                return {overtakenBy};
            }
            this.sendAt = this.templateId = false;
            if (isRepeated) {
                await this.load();
            }
            return {entry: news.messages.at(-1)};
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

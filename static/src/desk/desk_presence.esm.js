import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {formatList} from "@web/core/l10n/utils";
import {user} from "@web/core/user";

/** Milliseconds between two signs of who looks on, and of who goes on typing. */
const BEAT = 20000;
const TYPING_BEAT = 5000;
/** Milliseconds after which somebody who gives no sign is gone, or has stopped typing. */
const LIFE = 30000;
const TYPING_LIFE = 8000;
const SWEEP = 2000;

/**
 * Who else has a conversation before them, and who of them types. Screens tell each
 * other by the bus; nothing is stored.
 */
export class DeskPresence {
    /** @type {Object<Number, {id: Number, name: String, seen: Number, typed: Number}>} */
    people = {};

    /**
     * @param {EventBus} changes what the desk's service has heard from the bus
     * @param {Number} ticketId
     * @param {Function} share tells the others: (state, isNew) => Promise
     */
    setup(changes, ticketId, share) {
        this.changes = changes;
        this.ticketId = ticketId;
        this.share = share;
        this.typedAt = 0;
        return this;
    }

    /** Begins to tell and to listen; call it on the reactive object that is drawn. */
    start() {
        this.onNews = ({detail}) => this.hear(detail);
        this.onVisibility = () => this.tell();
        this.changes.addEventListener(`presence-${this.ticketId}`, this.onNews);
        document.addEventListener("visibilitychange", this.onVisibility);
        this.beat = browser.setInterval(() => this.tell(), BEAT);
        this.sweep = browser.setInterval(() => this.forget(), SWEEP);
        this.tell(true);
    }

    stop() {
        this.changes.removeEventListener(`presence-${this.ticketId}`, this.onNews);
        document.removeEventListener("visibilitychange", this.onVisibility);
        browser.clearInterval(this.beat);
        browser.clearInterval(this.sweep);
        this.share("gone", false);
    }

    /** @param {Boolean} [isNew] asks the others to tell that they are there */
    tell(isNew = false) {
        if (document.visibilityState === "visible") {
            this.share("looking", isNew);
        }
    }

    /** Tells that the user types, now and then. */
    type() {
        if (Date.now() - this.typedAt > TYPING_BEAT) {
            this.typedAt = Date.now();
            this.share("typing", false);
        }
    }

    /**
     * @param {{user_id: Number, name: String, state: String, is_new: Boolean}} news
     */
    hear({user_id: id, name, state, is_new: isNew}) {
        if (id === user.userId) {
            return;
        }
        if (state === "gone") {
            delete this.people[id];
            return;
        }
        const now = Date.now();
        const typed = state === "typing" ? now : this.people[id]?.typed || 0;
        this.people[id] = {id, name, seen: now, typed};
        if (isNew) {
            this.tell();
        }
    }

    /** Drops who has given no sign for a while. */
    forget() {
        const now = Date.now();
        for (const person of Object.values(this.people)) {
            if (now - person.seen > LIFE) {
                delete this.people[person.id];
            } else if (person.typed && now - person.typed > TYPING_LIFE) {
                person.typed = 0;
            }
        }
    }

    get list() {
        return Object.values(this.people);
    }

    get typing() {
        return this.list.filter(({typed}) => typed);
    }

    /** @returns {String} who is there, in words; of those who type, these alone */
    get label() {
        const {typing, list} = this;
        const names = formatList((typing.length ? typing : list).map(({name}) => name));
        const isOne = (typing.length || list.length) === 1;
        if (typing.length) {
            return isOne ? _t("%s is typing…", names) : _t("%s are typing…", names);
        }
        return isOne
            ? _t("%s is looking at this", names)
            : _t("%s are looking at this", names);
    }
}

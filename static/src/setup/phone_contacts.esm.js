import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {toDateTime, toShortMoment} from "../core/text_dates.esm";
import {_t} from "@web/core/l10n/translation";
import {useAutofocus} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";

const SEARCH_DELAY = 250;

/**
 * The list of numbers whose phone one can take in hand, with a search and a field for
 * any other number. Arrow keys walk through it from the search on, Enter picks, Tab goes
 * on to the phone.
 */
export class PhoneContacts extends Component {
    static template = "helpdesk_mgmt_sms.PhoneContacts";
    static props = {phone: Object};

    setup() {
        this.phone = useState(this.props.phone);
        this.state = useState({isTyping: false, typed: "", error: "", isBusy: false});
        this.root = useRef("root");
        this.newNumber = useAutofocus({refName: "newNumber", mobile: true});
        this.search = useDebounced((query) => this.phone.search(query), SEARCH_DELAY);
        useEffect(
            (number) => () => this.onLaidDown(number),
            () => [this.phone.current?.number]
        );
    }

    /** The one entry that Tab reaches; the arrow keys reach the others. */
    get tabStop() {
        const contacts = this.phone.contacts;
        const current = contacts.find((contact) => this.isCurrent(contact));
        return (current || contacts[0])?.number;
    }

    get noMatch() {
        return _t("No name or number matches “%s”.", this.phone.query);
    }

    /** Gives the focus back to the entry of a phone that was laid down. */
    onLaidDown(number) {
        if (number && !this.phone.current) {
            this.root.el?.querySelector(`[data-number="${number}"]`)?.focus();
        }
    }

    /**
     * @param {Object} contact
     * @returns {String} the letter in the contact's circle
     */
    initial(contact) {
        return (contact.name || "#").trim().charAt(0).toUpperCase();
    }

    moment(contact) {
        return contact.last_date ? toShortMoment(toDateTime(contact.last_date)) : "";
    }

    isCurrent(contact) {
        return this.phone.current?.number === contact.number;
    }

    toggleNewNumber() {
        Object.assign(this.state, {
            isTyping: !this.state.isTyping,
            typed: "",
            error: "",
        });
    }

    async onSubmitNumber() {
        if (this.state.isBusy) {
            return;
        }
        this.state.isBusy = true;
        this.state.error = await this.phone.pickTyped(this.state.typed);
        this.state.isBusy = false;
        if (this.state.error) {
            this.newNumber.el?.focus();
        } else {
            this.state.isTyping = false;
        }
    }

    onNewNumberKeydown(ev) {
        if (ev.key === "Escape") {
            ev.stopPropagation();
            this.toggleNewNumber();
            this.root.el.querySelector(".o_vphone_new_number").focus();
        }
    }

    /**
     * Moves the focus between the search and the entries.
     *
     * @param {KeyboardEvent} ev
     */
    onKeydown(ev) {
        const step = {ArrowDown: 1, ArrowUp: -1}[ev.key];
        if (!step) {
            return;
        }
        const stops = [...this.root.el.querySelectorAll(".o_vphone_stop")];
        const next = stops[stops.indexOf(document.activeElement) + step];
        if (next && stops.includes(document.activeElement)) {
            ev.preventDefault();
            next.focus();
        }
    }
}

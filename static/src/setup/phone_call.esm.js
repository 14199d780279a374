import {Component, useEffect, useRef, useState} from "@odoo/owl";

/** The keys of a phone, row by row. */
const KEYPAD = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/**
 * A call on the phone: it rings, is accepted or declined, and then shows what is said
 * above the keys. By the keyboard alone: Enter accepts, Escape declines or hangs up, and
 * the keys are those of the keyboard.
 */
export class PhoneCall extends Component {
    static template = "helpdesk_mgmt_sms.PhoneCall";
    static props = {phone: Object};

    setup() {
        this.phone = useState(this.props.phone);
        this.keypad = KEYPAD;
        this.root = useRef("root");
        useEffect(
            () => this.root.el.querySelector("[data-first]")?.focus(),
            () => [Boolean(this.talk), this.talk?.isOver]
        );
    }

    /** What is said in the call, of the number in hand; nothing while it rings. */
    get talk() {
        const {talk, current} = this.phone;
        return talk?.number === current.number ? talk : null;
    }

    onEnd() {
        if (!this.talk) {
            this.phone.decline();
        } else if (this.talk.isOver) {
            this.phone.closeCall();
        } else {
            this.phone.hangUp();
        }
    }

    /**
     * @param {KeyboardEvent} ev
     */
    onKeydown(ev) {
        if (ev.key === "Escape") {
            ev.stopPropagation();
            this.onEnd();
        } else if (this.talk && KEYPAD.includes(ev.key)) {
            ev.preventDefault();
            this.phone.pressKey(ev.key);
        }
    }
}

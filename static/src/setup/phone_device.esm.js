import {Component, onWillUnmount, useEffect, useRef, useState} from "@odoo/owl";
import {PhoneCall} from "./phone_call.esm";
import {PhoneLog} from "./phone_log.esm";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {toTime} from "../core/text_dates.esm";

const {DateTime} = luxon;
const CLOCK_INTERVAL = 5000;

/** Words that carriers and this addon know. They are codes and are not translated. */
const QUICK_REPLIES = ["SUPPORT", "YES", "STOP", "HELP"];

/**
 * The phone itself: status bar, the company's name, the texts, and the field in which the
 * phone's owner answers. Enter sends, Shift+Enter makes a new line.
 */
export class PhoneDevice extends Component {
    static template = "helpdesk_mgmt_sms.PhoneDevice";
    static components = {PhoneCall, PhoneLog};
    static props = {phone: Object};

    setup() {
        this.phone = useState(this.props.phone);
        this.quickReplies = QUICK_REPLIES;
        this.state = useState({time: toTime(DateTime.local())});
        const clock = browser.setInterval(() => {
            this.state.time = toTime(DateTime.local());
        }, CLOCK_INTERVAL);
        onWillUnmount(() => browser.clearInterval(clock));
        this.input = useRef("input");
        useEffect(
            () => this.input.el?.focus(),
            () => [this.phone.current?.number, Boolean(this.current && this.isCalled)]
        );
        useEffect(
            () => this.growInput(),
            () => [this.draft]
        );
    }

    get company() {
        return this.phone.company;
    }

    get current() {
        return this.phone.current;
    }

    /** Whether the number in hand is called, or was until a moment ago. */
    get isCalled() {
        const number = this.current.number;
        return this.phone.talk?.number === number || this.phone.findRinging(number);
    }

    /** Whose phone it is. */
    get caption() {
        const {name, label} = this.current;
        return name
            ? _t("Phone of %(name)s, %(number)s", {name, number: label})
            : _t("Phone with the number %s", label);
    }

    /** What will be seen here, before a number is picked. */
    get invitation() {
        return _t(
            "Texts from %s to this number will appear here, and you can answer them. No text leaves this database.",
            this.company.company_name
        );
    }

    get draft() {
        return this.current ? this.phone.drafts[this.current.number] || "" : "";
    }

    /** Makes the field as high as its lines; the style sheet caps it. */
    growInput() {
        const input = this.input.el;
        if (input) {
            input.style.height = "auto";
            input.style.height = `${input.scrollHeight + 2}px`;
        }
    }

    onInput(ev) {
        this.phone.drafts[this.current.number] = ev.target.value;
    }

    async onSend() {
        const number = this.current.number;
        const body = this.draft;
        const isSent = await this.phone.send(body);
        if (isSent && this.phone.drafts[number] === body) {
            delete this.phone.drafts[number];
        }
        this.input.el?.focus();
    }

    async onQuickReply(word) {
        await this.phone.send(word);
        this.input.el?.focus();
    }

    /**
     * @param {KeyboardEvent} ev
     */
    onKeydown(ev) {
        if (ev.isComposing) {
            return;
        }
        if (ev.key === "Enter" && !ev.shiftKey) {
            ev.preventDefault();
            this.onSend();
        }
    }
}

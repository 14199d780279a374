import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {DeskThread} from "./desk_thread.esm";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";

/** Pixels that the conversation has at least, where the screen has so many. */
const MIN_HEIGHT = 560;
/** Pixels that stay free: under it, and above it for the form's buttons. */
const MARGIN = 16;
const HEADER = 80;

/** The conversation on a ticket's form, as high as what is left of the screen. */
export class SmsDesk extends Component {
    static template = "helpdesk_mgmt_sms.SmsDesk";
    static components = {DeskThread};
    static props = {...standardWidgetProps};

    setup() {
        this.state = useState({ticketId: false, stamp: 0});
        this.page = useRef("page");
        useRecordObserver((record) => {
            // A new set of data is what a reload of the form brings.
            this.state.ticketId = (record.data && record.resId) || false;
            this.state.stamp++;
        });
        useEffect(
            (page) => this.fit(page),
            () => [this.page.el]
        );
    }

    /**
     * Lets the log take what is left of the screen, so that the box is in sight.
     *
     * @param {HTMLElement} page
     * @returns {Function} to stop
     */
    fit(page) {
        const frame = page.closest(".o_content") || document.documentElement;
        const resize = () => {
            const top = page.getBoundingClientRect().top + frame.scrollTop;
            const room = frame.getBoundingClientRect().bottom - top - MARGIN;
            const least = Math.min(MIN_HEIGHT, frame.clientHeight - HEADER);
            const height = Math.max(room, least);
            page.style.setProperty("--sms-desk-height", `${height}px`);
        };
        const observer = new ResizeObserver(resize);
        observer.observe(frame);
        observer.observe(page.closest(".o_form_sheet") || page.parentElement);
        return () => observer.disconnect();
    }
}

export const smsDesk = {component: SmsDesk};

registry.category("view_widgets").add("sms_desk", smsDesk);

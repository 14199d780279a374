import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {keepDraft, loadDraft} from "./desk_drafts.esm";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {FileInput} from "@web/core/file_input/file_input";
import {SegmentCounter} from "../core/segment_counter.esm";
import {TICKET_MODEL} from "./desk_service.esm";
import {serializeDateTime} from "@web/core/l10n/dates";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;

/** A name for one text: asked for twice, it is sent once. */
function makeKey() {
    return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/**
 * The box in which an agent answers: template, text, what it costs, when it leaves. What
 * may be sent the server says; when nothing may, the box says why and what to do.
 */
export class DeskReply extends Component {
    static template = "helpdesk_mgmt_sms.DeskReply";
    static components = {
        ...{DateTimeInput, Dropdown, DropdownItem},
        ...{FileInput, SegmentCounter},
    };
    static props = {
        desk: Object,
        record: {type: Object, optional: true},
        onSent: Function,
    };

    setup() {
        this.desk = useState(this.props.desk);
        this.state = useState({
            ...loadDraft(this.desk.ticketId),
            sendAt: false,
            isTiming: false,
            files: [],
        });
        this.orm = useService("orm");
        this.action = useService("action");
        this.input = useRef("input");
        this.key = makeKey();
        this.rendered = this.state.templateId ? this.state.body : "";
        useEffect(
            () => this.onText(),
            () => [this.state.body]
        );
    }

    /** Keeps the text, and makes the field as high as its lines. */
    onText() {
        const {body, templateId} = this.state;
        keepDraft(this.desk.ticketId, {body, templateId});
        const input = this.input.el;
        if (input) {
            input.style.height = "auto";
            input.style.height = `${input.scrollHeight + 2}px`;
        }
    }

    get reply() {
        return this.desk.reply;
    }

    /** What another time makes right stays open: the time is chosen here. */
    get mayWrite() {
        return !this.reply.blocked || this.reply.is_time_wrong;
    }

    get canSend() {
        const {desk, state} = this;
        return !this.reply.blocked && Boolean(state.body.trim()) && !desk.isSending;
    }

    get sendAt() {
        return this.state.sendAt ? serializeDateTime(this.state.sendAt) : false;
    }

    get earliest() {
        return DateTime.local();
    }

    onInput(ev) {
        this.state.body = ev.target.value;
        this.key = makeKey();
    }

    /**
     * Ctrl+Enter sends, Enter makes a new line: a text cannot be taken back.
     *
     * @param {KeyboardEvent} ev
     */
    onKeydown(ev) {
        if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey) && !ev.isComposing) {
            ev.preventDefault();
            ev.stopPropagation();
            this.send();
        }
    }

    /**
     * Puts a template's text in the place of an unchanged one, else under what is there.
     *
     * @param {{id: Number}} template
     */
    async pickTemplate(template) {
        const text = await this.desk.preview(template.id, this.sendAt);
        if (text === undefined) {
            return;
        }
        const written = this.state.body.trim();
        const isOwn = written && this.state.body !== this.rendered;
        this.state.body = isOwn ? `${this.state.body.trimEnd()}\n${text}` : text;
        this.state.templateId = isOwn ? false : template.id;
        this.rendered = text;
        this.key = makeKey();
        this.input.el?.focus();
    }

    /**
     * @param {{id: Number, filename: String, error: String}[]} uploaded by the server
     */
    onUpload(uploaded) {
        this.desk.sendError = uploaded.find((file) => file.error)?.error || "";
        this.state.files.push(...uploaded.filter((file) => file.id));
        this.key = makeKey();
    }

    async removeFile(file) {
        this.state.files = this.state.files.filter((other) => other.id !== file.id);
        this.key = makeKey();
        await this.orm.unlink("ir.attachment", [file.id]);
    }

    toggleTiming() {
        this.state.isTiming = !this.state.isTiming;
        if (!this.state.isTiming) {
            this.setTime(false);
        }
    }

    /**
     * @param {DateTime|Boolean|null} moment when it is to leave; none: at once
     */
    setTime(moment) {
        this.state.sendAt = moment || false;
        this.desk.preview(false, this.sendAt);
    }

    /**
     * Saves the form around it, where its number may have been changed.
     *
     * @returns {Promise<Boolean>} whether there is nothing left to save
     */
    async saveForm() {
        const {record} = this.props;
        return !(await record?.isDirty()) || record.save({reload: false});
    }

    async send() {
        if (!this.canSend || !(await this.saveForm())) {
            return;
        }
        const {body, templateId, files} = this.state;
        const attachmentIds = files.map((file) => file.id);
        const text = {
            body,
            templateId,
            sendAt: this.sendAt,
            key: this.key,
            attachmentIds,
        };
        if (await this.desk.send(text)) {
            this.clear();
            this.props.onSent();
        }
        this.input.el?.focus();
    }

    clear() {
        Object.assign(this.state, {
            body: "",
            templateId: false,
            sendAt: false,
            isTiming: false,
            files: [],
        });
        this.rendered = "";
        this.key = makeKey();
    }

    /**
     * Does what was offered about a refusal, and asks the server anew.
     *
     * @param {{kind: String, context: Object}} button as the server offered it
     */
    async act(button) {
        if (button.kind === "review") {
            this.action.doAction("helpdesk_mgmt_sms.sms_consent_review_action");
            return;
        }
        const action = await this.orm.call(TICKET_MODEL, "action_record_sms_consent", [
            this.desk.ticketId,
        ]);
        Object.assign(action.context, button.context);
        const {record} = this.props;
        const onClose = () => (record ? record.load() : this.desk.load());
        this.action.doAction(action, {onClose});
    }
}

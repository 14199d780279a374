import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {keepDraft, loadDraft} from "./desk_drafts.esm";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {DeskNote} from "./desk_note.esm";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {FileInput} from "@web/core/file_input/file_input";
import {NavigableList} from "@mail/core/common/navigable_list";
import {SegmentCounter} from "../core/segment_counter.esm";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {deserializeDateTime, serializeDateTime} from "@web/core/l10n/dates";
import {isMacOS} from "@web/core/browser/feature_detection";
import {markEventHandled} from "@web/core/utils/misc";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;

/** What asks for a saved reply: a slash at the beginning or after a blank. */
const SLASH = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u;
/** Characters of somebody's text that a question quotes. */
const QUOTE_LIMIT = 160;

/** A name for one text: asked for twice, it is sent once. */
function makeKey() {
    return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** Odoo's input, which tells while files are on their way: no text goes without them. */
class AttachInput extends FileInput {
    /** @override */
    async onFileInputChange() {
        this.props.onBusy(true);
        try {
            await super.onFileInputChange();
        } finally {
            this.props.onBusy(false);
        }
    }
}

/**
 * The box in which an agent answers: template, text, what it costs, when it leaves. What
 * may be sent the server says; when nothing may, the box says why and what to do.
 */
export class DeskReply extends Component {
    static template = "helpdesk_mgmt_sms.DeskReply";
    static components = {
        ...{AttachInput, DateTimeInput, DeskNote, Dropdown, DropdownItem},
        ...{NavigableList, SegmentCounter},
    };
    static props = {
        desk: Object,
        record: {type: Object, optional: true},
        onSent: Function,
        onTyping: {type: Function, optional: true},
    };

    setup() {
        this.desk = useState(this.props.desk);
        const {key, rendered, sendAt, ...draft} = loadDraft(this.desk.ticketId);
        this.state = useState({
            ...draft,
            sendAt: sendAt && deserializeDateTime(sendAt),
            isTiming: Boolean(sendAt),
            isNote: false,
            isUploading: false,
            slash: null,
        });
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.sendKeys = isMacOS() ? "⌘ Enter" : _t("Ctrl+Enter");
        this.input = useRef("input");
        // Of a draft that may have been sent before its screen was left.
        this.key = key || makeKey();
        this.rendered = rendered;
        if (sendAt || this.unchangedId) {
            this.ask();
        }
        useEffect(
            () => this.onText(),
            () => [this.state.body, this.state.isNote]
        );
        useEffect(
            () => this.keep(),
            () => [this.state.body, this.state.files.length, this.state.sendAt]
        );
    }

    /** @param {Boolean} isNote whether a note is written, or a text */
    setNote(isNote) {
        this.state.isNote = isNote;
        this.state.slash = null;
    }

    /** Keeps what is not sent yet. */
    keep() {
        const {body, templateId, files} = this.state;
        const {sendAt, rendered, key} = this;
        const draft = {body, templateId, files, sendAt, rendered, key};
        keepDraft(this.desk.ticketId, draft);
    }

    /** Makes the field as high as its lines. */
    onText() {
        const input = this.input.el;
        if (input) {
            input.style.height = "auto";
            input.style.height = `${input.scrollHeight + 2}px`;
        }
    }

    get reply() {
        return this.desk.reply;
    }

    /** What another time or text makes right stays open: they are chosen here. */
    get mayWrite() {
        const {blocked, is_time_wrong: isTimeWrong} = this.reply;
        return !blocked || isTimeWrong || Boolean(this.state.templateId);
    }

    /** The template whose text is unchanged: it may have a purpose of its own. */
    get unchangedId() {
        const {body, templateId} = this.state;
        return body === this.rendered && templateId;
    }

    /** Asks what holds for what is in the box. */
    ask() {
        return this.desk.preview(this.unchangedId, this.sendAt);
    }

    get canSend() {
        const {body, isUploading} = this.state;
        const isBusy = isUploading || this.desk.isSending;
        return !this.reply.blocked && Boolean(body.trim()) && !isBusy;
    }

    get sendAt() {
        return this.state.sendAt ? serializeDateTime(this.state.sendAt) : false;
    }

    get earliest() {
        return DateTime.local();
    }

    onInput(ev) {
        const {value, selectionStart} = ev.target;
        const {unchangedId} = this;
        this.state.body = value;
        this.key = makeKey();
        if (this.unchangedId !== unchangedId) {
            this.ask();
        }
        const match = value.slice(0, selectionStart).match(SLASH);
        this.state.slash = match && {term: match[1], end: selectionStart};
    }

    /** Keeps the list of saved replies open: it closes on clicks elsewhere. */
    onClickInput(ev) {
        markEventHandled(ev, "composer.onClickTextarea");
    }

    /** @returns {Object[]} the saved replies that go with what is typed after a slash */
    get savedReplies() {
        const {slash} = this.state;
        if (!slash) {
            return [];
        }
        const term = slash.term.toLowerCase();
        const begins = (word) => word.toLowerCase().startsWith(term);
        return this.desk.templates
            .filter(({shortcut}) => shortcut)
            .filter(({shortcut, name}) => [shortcut, ...name.split(/\s+/)].some(begins))
            .map((template) => ({
                ...template,
                label: template.name,
                classList: "o_sms_desk_saved",
            }));
    }

    /**
     * Puts a saved reply in the place of the slash and what was typed after it.
     *
     * @param {Event} ev
     * @param {{id: Number}} template
     */
    async pickSaved(ev, template) {
        const {term, end} = this.state.slash;
        this.state.slash = null;
        const text = await this.desk.preview(template.id, this.sendAt);
        if (text === undefined) {
            return;
        }
        const before = this.state.body.slice(0, end - term.length - 1);
        const after = this.state.body.slice(end);
        this.state.body = before + text + after;
        this.state.templateId = before || after ? false : template.id;
        this.rendered = this.state.body;
        this.key = makeKey();
        this.askIfMixed();
        browser.requestAnimationFrame(() => {
            const place = before.length + text.length;
            this.input.el?.focus();
            this.input.el?.setSelectionRange(place, place);
        });
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
        this.askIfMixed();
        this.input.el?.focus();
    }

    /** A template's text with one's own around it is one's own. */
    askIfMixed() {
        if (!this.state.templateId) {
            this.ask();
        }
    }

    /** @param {Boolean} isUploading whether files are on their way */
    setUploading(isUploading) {
        this.state.isUploading = isUploading;
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
        this.ask();
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

    /** @param {Boolean} isSure send though somebody else has just answered */
    async send(isSure = false) {
        if (!this.canSend || !(await this.saveForm())) {
            return;
        }
        const {body, templateId, files} = this.state;
        const sent = await this.desk.send({
            ...{body, templateId, isSure},
            sendAt: this.sendAt,
            key: this.key,
            attachmentIds: files.map((file) => file.id),
        });
        if (sent.overtakenBy) {
            this.askAnyway(sent.overtakenBy);
            return;
        }
        if (sent) {
            this.tellSent(sent.entry);
            this.clear();
            this.props.onSent();
        }
        this.input.el?.focus();
    }

    /**
     * Asks before a second answer.
     *
     * @param {{author: String, seconds: Number, body: String}} other what somebody else
     *     has just texted
     */
    askAnyway({author, seconds, body}) {
        const words =
            body.slice(0, QUOTE_LIMIT) + (body.length > QUOTE_LIMIT ? "…" : "");
        this.dialog.add(ConfirmationDialog, {
            title: _t("Someone else has just answered"),
            body: _t("%(author)s answered %(seconds)s s ago: “%(words)s”", {
                ...{author, seconds, words},
            }),
            confirmLabel: _t("Send anyway"),
            confirm: () => this.send(true),
            cancelLabel: _t("Keep as a draft"),
            cancel: () => this.input.el?.focus(),
        });
    }

    /** @param {Object} [entry] the text as the server has taken it */
    tellSent(entry) {
        if (["blocked", "failed"].includes(entry?.state)) {
            const words = _t("Not sent: %s", entry.reason || entry.label);
            this.notification.add(words, {type: "danger"});
        } else if (entry?.state === "held") {
            this.notification.add(entry.label, {type: "info"});
        } else {
            this.notification.add(_t("Text sent"), {type: "success"});
        }
    }

    clear() {
        Object.assign(this.state, {
            body: "",
            templateId: false,
            sendAt: false,
            isTiming: false,
            files: [],
            slash: null,
        });
        this.rendered = "";
        this.key = makeKey();
        // Also where another conversation has taken the place of this one.
        this.keep();
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
        if (!(await this.saveForm())) {
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

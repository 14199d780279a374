// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Component, onWillStart, onWillUpdateProps, useRef, useState} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {SegmentCounter} from "../core/segment_counter.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useDebounced} from "@web/core/utils/timing";
import {useService} from "@web/core/utils/hooks";

/** How long a manager pauses before the preview follows their typing. */
const PAUSE = 300;

/**
 * The language versions of a template side by side: each with its words, what it would
 * look like for a real ticket, and what to look at again.
 *
 * Placeholders stand in the words by their names, as `{Customer}`, and are stored as
 * the expressions that Odoo fills in.
 */
export class LanguageVersions extends Component {
    static template = "helpdesk_mgmt_sms.LanguageVersions";
    static components = {Dropdown, DropdownItem, SegmentCounter};
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.state = useState({placeholders: [], previews: {}});
        this.loadSoon = useDebounced(() => this.loadPreviews(this.props), PAUSE);
        onWillStart(() => this.load(this.props));
        onWillUpdateProps((next) => {
            if (this.getKey(next) !== this.key) {
                return this.load(next);
            }
        });
    }

    get versions() {
        return this.props.record.data[this.props.name] || [];
    }

    /** What the preview depends on besides the words. */
    getKey({record}) {
        const {about, preview_ticket_id: ticket} = record.data;
        return [record.resId, about, ticket && ticket.id].join();
    }

    getLabel(version) {
        return _t("Text in %s", version.name);
    }

    async load(props) {
        this.key = this.getKey(props);
        const {about} = props.record.data;
        this.state.placeholders = about
            ? await this.orm.call("sms.template", "get_placeholders", [about])
            : [];
        await this.loadPreviews(props);
    }

    async loadPreviews({record, name}) {
        const {about, preview_ticket_id: ticket} = record.data;
        if (!about) {
            this.state.previews = {};
            return;
        }
        const isTicket = about === "helpdesk.ticket";
        const previews = await this.orm.call("sms.template", "get_previews", [
            about,
            (isTicket && ticket && ticket.id) || false,
            record.data[name] || [],
            record.resId || false,
        ]);
        this.state.previews = Object.fromEntries(
            previews.map((preview) => [preview.lang, preview])
        );
    }

    /** The words as a manager reads them: placeholders by their names. */
    toWords(body) {
        return body.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, expression) => {
            const found = this.state.placeholders.find(
                (placeholder) => placeholder.expression === expression
            );
            return found ? `{${found.label}}` : whole;
        });
    }

    /** The words as they are stored. */
    toBody(words) {
        return words.replace(/(?<!\{)\{([^{}]+)\}(?!\})/g, (whole, label) => {
            const found = this.state.placeholders.find(
                (placeholder) =>
                    placeholder.label.toLowerCase() === label.trim().toLowerCase()
            );
            return found ? `{{ ${found.expression} }}` : whole;
        });
    }

    async write(lang, words) {
        const body = this.toBody(words);
        const versions = this.versions.map((version) =>
            version.lang === lang ? {...version, body} : version
        );
        await this.props.record.update({[this.props.name]: versions});
        this.loadSoon();
    }

    onInput(version, ev) {
        this.write(version.lang, ev.target.value);
    }

    /** Put a placeholder where the cursor is. */
    async insert(version, placeholder) {
        const area = this.root.el.querySelector(
            `textarea[data-lang="${version.lang}"]`
        );
        const {selectionStart: start, selectionEnd: end, value} = area;
        const name = `{${placeholder.label}}`;
        await this.write(version.lang, value.slice(0, start) + name + value.slice(end));
        area.value = this.toWords(
            this.toBody(value.slice(0, start) + name + value.slice(end))
        );
        area.focus();
        area.setSelectionRange(start + name.length, start + name.length);
    }
}

export const languageVersions = {
    component: LanguageVersions,
    displayName: _t("Language versions"),
    supportedTypes: ["json"],
    isEmpty: () => false,
};

registry.category("fields").add("sms_language_versions", languageVersions);

import {_t} from "@web/core/l10n/translation";
import {markup} from "@odoo/owl";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/**
 * Begin a guided tour on its first screen, as its menu does. By its name in the address
 * Odoo would begin it again with each reload, twice if one was left before its end, and
 * end it without a word.
 *
 * @param {Object} env
 * @param {Object} action
 */
async function beginGuide(env, {params}) {
    const guide = await env.services.orm.call(
        "web_tour.tour",
        "get_tour_json_by_name",
        [params.guide]
    );
    await env.services.tour_service.startTour(guide.name, {
        mode: "manual",
        rainbowManMessage: guide.rainbowManMessage,
    });
}

registry.category("actions").add("helpdesk_mgmt_sms.guide", beginGuide);

/**
 * A step that shows something and goes on when it is pressed. What is shown is there on
 * a database without a single text as well: its empty screen.
 *
 * @param {String} trigger
 * @param {String} content markup
 * @param {String} tooltipPosition
 * @returns {Object}
 */
function show(trigger, content, tooltipPosition = "bottom") {
    return {trigger, content: markup(content), tooltipPosition, run: "click"};
}

/**
 * A step that opens one of the app's menus.
 *
 * @param {String} xmlid of the menu, ours unless it names its module
 * @param {String} content markup
 * @param {String} tooltipPosition
 * @returns {Object}
 */
function openMenu(xmlid, content, tooltipPosition = "bottom") {
    const full = xmlid.includes(".") ? xmlid : `helpdesk_mgmt_sms.${xmlid}`;
    return show(`[data-menu-xmlid="${full}"]`, content, tooltipPosition);
}

/**
 * A step that chooses an entry of the menu that is open, told beside it: below it would
 * hide the next ones, and seem to be about them.
 *
 * @param {String} xmlid
 * @param {String} content markup
 * @returns {Object}
 */
function chooseEntry(xmlid, content) {
    return openMenu(xmlid, content, "right");
}

/**
 * Wait for a screen, which closes the menu that is open when it comes: a test is faster
 * than any person.
 *
 * @param {String} selector
 * @returns {Object}
 */
function waitFor(selector) {
    return {trigger: selector, isActive: ["auto"]};
}

tours.add("helpdesk_sms_guide_agent", {
    url: "/odoo/sms-conversations",
    steps: () => [
        show(
            ".o_sms_inbox_list [role=row], .o_sms_inbox_list .o_nocontent_help",
            _t(
                "Customers who have texted are listed here. <b>Whoever has waited longest comes first.</b> Click the first one."
            ),
            "right"
        ),
        show(
            ".o_sms_desk_mode_text, .o_sms_inbox_thread .o_sms_inbox_blank",
            _t(
                "The conversation is beside it. <b>You answer in the box below</b>; a note is read by your colleagues only. Click to go on."
            ),
            "top"
        ),
        openMenu(
            "helpdesk_mgmt.helpdesk_ticket_menu",
            _t("Every text belongs to a ticket. Open this menu.")
        ),
        chooseEntry(
            "helpdesk_mgmt.helpdesk_all_ticket_menu",
            _t(
                "<b>“Send SMS” on a ticket</b> texts its customer. The badge beside the number says if they have agreed. Open the tickets."
            )
        ),
        waitFor(".o_action_manager > .o_action:not(:has(.o_sms_inbox))"),
        openMenu("sms_menu_root", _t("Back to the texts: open this menu.")),
        chooseEntry(
            "sms_menu_appointments_events",
            _t(
                "<b>Visits</b> are confirmed and moved by text, and customers are reminded of them."
            )
        ),
        waitFor(".o_breadcrumb:contains(Visits)"),
        openMenu("sms_menu_root", _t("One more: open the menu again.")),
        chooseEntry(
            "sms_menu_team_alerts",
            _t(
                "When a server is down, <b>a team alert</b> texts and calls whoever is on call until somebody takes it."
            )
        ),
    ],
});

tours.add("helpdesk_sms_guide_manager", {
    url: "/odoo/sms-dashboard",
    steps: () => [
        show(
            ".o_sms_attention h2",
            _t(
                "<b>What needs attention</b> comes first: who waits, what fails, what may be an opt-out. Each line opens its records."
            )
        ),
        show(
            ".o_sms_filters button[data-days]",
            _t("Below are figures and charts. <b>Choose the period</b> here.")
        ),
        openMenu("sms_menu_root", _t("Open the menu of the texts.")),
        chooseEntry(
            "sms_menu_broadcasts",
            _t(
                "<b>A broadcast</b> texts everybody whom an outage concerns. It is checked first: who gets it, and why others do not."
            )
        ),
        waitFor(".o_breadcrumb:contains(Broadcasts)"),
        openMenu(
            "helpdesk_mgmt.helpdesk_ticket_config_main_menu",
            _t("Now to your settings: open this menu.")
        ),
        chooseEntry(
            "sms_menu_automations",
            _t(
                "<b>Automations</b> text by themselves: when a ticket is received, assigned, waiting or solved."
            )
        ),
        waitFor(".o_breadcrumb:contains(Automations)"),
        openMenu(
            "helpdesk_mgmt.helpdesk_ticket_config_main_menu",
            _t("And the last one: open the menu again.")
        ),
        chooseEntry(
            "sms_menu_onboarding",
            _t(
                "<b>Set-up and health</b> leads you from the sandbox to the first real text, and shows if all is well."
            )
        ),
    ],
});

tours.add("helpdesk_sms_guide_officer", {
    url: "/odoo/sms-consents",
    steps: () => [
        show(
            ".o_data_row .o_data_cell, .o_nocontent_help",
            _t(
                "Each line is <b>a number and what its owner has agreed to</b>. Click the first one."
            )
        ),
        show(
            ".o_sms_story, .o_list_view .o_nocontent_help",
            _t(
                "<b>Its story:</b> what was asked, agreed to and stopped, in which words, and what was sent. Click to go on."
            ),
            "top"
        ),
        openMenu("sms_menu_consent", _t("Open the menu of the consents.")),
        chooseEntry(
            "sms_menu_consent_reviews",
            _t(
                "<b>Possible opt-outs</b> in people's own words wait here for your decision, each with its deadline."
            )
        ),
        waitFor(".o_breadcrumb:contains(Review queue)"),
        openMenu("sms_menu_consent", _t("Open the menu again.")),
        chooseEntry(
            "sms_menu_evidence_exports",
            _t(
                "<b>Evidence</b> for a court: a certificate of a person or a period, and who has taken out which."
            )
        ),
        waitFor(".o_breadcrumb:contains(Exports)"),
        openMenu("sms_menu_consent", _t("One more: open the menu again.")),
        chooseEntry(
            "sms_menu_consent_checks",
            _t(
                "<b>Verification</b> reads the whole ledger and says if anything was changed afterwards."
            )
        ),
    ],
});

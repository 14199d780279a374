// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** The agent, on a ticket whose customer has agreed to be texted. */
tours.add("helpdesk_sms_agent_texts", {
    steps: () => [
        {
            content: "The badge says that the customer may be texted",
            trigger: ".o_field_widget[name=sms_consent_state]:contains(May text)",
        },
        {
            content: "Open the composer",
            trigger: "button[name=action_send_sms]",
            run: "click",
        },
        {
            content: "It is filled in with the template for an update",
            trigger: ".modal .o_field_widget[name=body] textarea:value(an update on)",
        },
        {
            content: "It says what goes under the text",
            trigger: ".modal .o_field_widget[name=sms_footer]:contains(Reply STOP)",
        },
        {
            content: "Write the news",
            trigger: ".modal .o_field_widget[name=body] textarea",
            run: "edit Your laptop is ready. Pick it up at the front desk.",
        },
        {
            content: "Send",
            trigger: ".modal footer button[name=action_send_sms]:visible",
            run: "click",
        },
        {
            content: "The dialog is gone",
            trigger: "body:not(:has(.modal))",
        },
        {
            content: "The text is in the chatter",
            trigger: ".o-mail-Message:contains(Your laptop is ready)",
        },
        {
            content: "And marked as a text",
            trigger: ".o-mail-Message:contains(Your laptop is ready) .fa-mobile",
        },
    ],
});

/** The customer, whose phone the virtual phone is: reads the text and has enough. */
tours.add("helpdesk_sms_customer_stops", {
    steps: () => [
        {
            content: "Find the customer",
            trigger: ".o_vphone_search input",
            run: "edit Dana Customer",
        },
        {
            content: "Take the phone in hand",
            trigger: ".o_vphone_contacts li button:contains(Dana Customer)",
            run: "click",
        },
        {
            content: "The agent's text has arrived, with the way out",
            trigger:
                ".o_vphone_received:contains(Your laptop is ready):contains(Reply STOP)",
        },
        {
            content: "Answer",
            trigger: ".o_vphone_input",
            run: "edit STOP",
        },
        {
            content: "Send it with the keyboard",
            trigger: ".o_vphone_input",
            run: "press Enter",
        },
        {
            content: "The answer has left",
            trigger: ".o_vphone_sent:contains(STOP)",
        },
    ],
});

/** The customer sees the one confirmation. */
tours.add("helpdesk_sms_customer_reads_confirmation", {
    steps: () => [
        {
            content: "Take the phone in hand",
            trigger: ".o_vphone_contacts li button:contains(Dana Customer)",
            run: "click",
        },
        {
            content: "One text confirms",
            trigger: ".o_vphone_received:contains(you have opted out)",
        },
    ],
});

/** The agent comes back: the badge has turned, and the composer says why. */
tours.add("helpdesk_sms_agent_is_told", {
    steps: () => [
        {
            content: "The badge has turned",
            trigger: ".o_field_widget[name=sms_consent_state]:contains(Opted out)",
        },
        {
            content: "Open the composer",
            trigger: "button[name=action_send_sms]",
            run: "click",
        },
        {
            content: "It says why it cannot send",
            trigger: ".modal .alert:contains(Opted out)",
        },
        {
            content: "And does not offer to",
            trigger: ".modal footer:not(:has(button[name=action_send_sms]:visible))",
        },
        {
            content: "Leave",
            trigger: ".modal footer button[special=cancel], .modal .btn-close",
            run: "click",
        },
    ],
});

/** The agent asks the badge on a ticket why. */
tours.add("helpdesk_sms_agent_asks_why", {
    steps: () => [
        {
            content: "Ask the badge, with the keyboard",
            trigger:
                ".o_field_widget[name=sms_consent_state] button:contains(May text)",
            run({anchor}) {
                anchor.focus();
                anchor.click();
            },
        },
        {
            content: "It says since when, how and by whom",
            trigger:
                ".o_sms_consent_why li:contains(Tickets):contains(Since):contains(Signed paper)",
        },
        {
            content: "The words can be read",
            trigger: ".o_sms_consent_why details summary",
            run: "click",
        },
        {
            content: "As they were shown",
            trigger: ".o_sms_consent_why details[open] blockquote:contains(I agree)",
        },
        {
            content: "Escape closes it",
            trigger: ".o_sms_consent_why .btn-close",
            run: "press Escape",
        },
        {
            content: "It is gone, and the badge has the focus",
            trigger:
                "body:not(:has(.o_sms_consent_why)) .o_sms_consent_badge[aria-expanded=false]",
        },
        {
            content: "Change the ticket meanwhile",
            trigger: ".o_form_view .o_field_widget[name=name] input",
            run: "edit The printer burns",
        },
        {
            content: "Ask again",
            trigger: ".o_sms_consent_badge",
            run: "click",
        },
        {
            content: "Do the one thing that is offered",
            trigger: ".o_sms_consent_why button:contains(Record an opt-out)",
            run: "click",
        },
        {
            content: "The form is filled in",
            trigger:
                ".modal .o_field_widget[name=decision] .o_radio_item:contains(no more) input:checked",
        },
        {
            content: "Record it",
            trigger: ".modal footer button[name=action_record]",
            run: "click",
        },
        {
            content: "The badge has turned",
            trigger: ".o_field_widget[name=sms_consent_state]:contains(Opted out)",
        },
    ],
});

/** The manager reads what happened with a number. */
tours.add("helpdesk_sms_manager_reads_story", {
    steps: () => [
        {
            content: "Find the number by its contact",
            trigger: ".o_data_row:contains(Dana Customer) td[name=number]",
            run: "click",
        },
        {
            content: "First there was a signed form",
            trigger:
                ".o_sms_story li:nth-child(1):contains(recorded a form signed by Dana Customer)",
        },
        {
            content: "Then they had enough",
            trigger:
                ".o_sms_story li:nth-child(2):contains(opted out):contains(no more texts)",
        },
        {
            content: "Each has its place in the chain",
            trigger: ".o_sms_story li:nth-child(2) .o_sms_story_seal:contains(sealed)",
        },
    ],
});

// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Return the steps by which the customer reads a text and answers it. */
function answer(text, reply) {
    return [
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
            content: "The text has arrived",
            trigger: `.o_vphone_received:contains(${text})`,
        },
        {
            content: "Answer",
            trigger: ".o_vphone_input",
            run: `edit ${reply}`,
        },
        {
            content: "Send it with the keyboard",
            trigger: ".o_vphone_input",
            run: "press Enter",
        },
        {
            content: "The answer has left",
            trigger: `.o_vphone_sent:contains(${reply})`,
        },
    ];
}

/** The agent makes a visit of a ticket. */
tours.add("helpdesk_sms_agent_schedules", {
    steps: () => [
        {
            content: "Schedule a visit",
            trigger: "button[name=action_schedule_visit]",
            run: "click",
        },
        {
            content: "The customer is invited",
            trigger: ".o_field_widget[name=partner_ids]:contains(Dana Customer)",
        },
        {
            content: "And will be texted",
            trigger: ".o_field_widget[name=sms_enabled] input:checked",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Look at the texts that are planned",
            trigger: ".o_form_saved a[name=sms_reminders]",
            run: "click",
        },
        {
            content: "The booking is told at once",
            trigger: ".o_field_widget[name=sms_reminder_ids] td:contains(Booked)",
        },
    ],
});

tours.add("helpdesk_sms_customer_confirms", {
    steps: () => answer("is booked for", "1"),
});
tours.add("helpdesk_sms_customer_reschedules", {
    steps: () => answer("is confirmed", "2"),
});
tours.add("helpdesk_sms_customer_chooses", {
    steps: () => answer("which time suits you", "3"),
});

/** The agent comes back to the visit. */
tours.add("helpdesk_sms_agent_sees_confirmed", {
    steps: () => [
        {
            content: "The customer has confirmed",
            trigger: ".o_field_widget[name=sms_confirmation]:contains(Confirmed)",
        },
        {
            content: "And the chatter says so",
            trigger: ".o-mail-Message:contains(has accepted the invitation)",
        },
    ],
});

// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A customer asks for help on the portal, and agrees to texts about it. */
tours.add("helpdesk_sms_customer_asks", {
    steps: () => [
        {
            content: "Nothing is ticked beforehand",
            trigger: "#sms:not(:has(input[type=checkbox]:checked))",
        },
        {
            content: "Say what it is about",
            trigger: "input[name=subject]",
            run: "edit The scanner blinks",
        },
        {
            content: "Describe it",
            trigger: "textarea[name=description]",
            run: "edit It has blinked since this morning.",
        },
        {
            content: "Enter a number",
            trigger: "#sms input[name=sms_phone]",
            run: "edit +1 303 555 0177",
        },
        {
            content: "Agree to texts about tickets",
            trigger: "#sms input[type=checkbox]:first",
            run: "click",
        },
        {
            content: "Send it",
            trigger: "form[action='/submitted/ticket'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The ticket is there, and it says what happens next",
            trigger: "#wrap:contains(The scanner blinks)",
        },
    ],
});

/** Find the customer's phone, and take it in hand. */
const takePhone = () => [
    {
        content: "Find the customer",
        trigger: ".o_vphone_search input",
        run: "edit sms-portal",
    },
    {
        content: "Take the phone in hand",
        trigger: ".o_vphone_contacts li button:contains(sms-portal)",
        run: "click",
    },
];

/** The number that was typed is asked, and says YES. */
tours.add("helpdesk_sms_customer_proves_number", {
    steps: () => [
        ...takePhone(),
        {
            content: "Somebody has typed this number",
            trigger: ".o_vphone_received:contains(reply YES)",
        },
        {
            content: "Answer",
            trigger: ".o_vphone_input",
            run: "edit YES",
        },
        {
            content: "Send it",
            trigger: ".o_vphone_input",
            run: "press Enter",
        },
        {
            content: "The answer has left",
            trigger: ".o_vphone_sent:contains(YES)",
        },
    ],
});

/** The same customer gets the confirmation, and answers it. */
tours.add("helpdesk_sms_customer_answers", {
    steps: () => [
        ...takePhone(),
        {
            content: "The ticket was received",
            trigger: ".o_vphone_received:contains(has been received)",
        },
        {
            content: "Answer",
            trigger: ".o_vphone_input",
            run: "edit It is the one on floor 2",
        },
        {
            content: "Send it",
            trigger: ".o_vphone_input",
            run: "press Enter",
        },
        {
            content: "The answer has left",
            trigger: ".o_vphone_sent:contains(floor 2)",
        },
    ],
});

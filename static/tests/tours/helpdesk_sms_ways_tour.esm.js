// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const OPEN = {
    content: "Open the conversation",
    trigger: ".o_sms_desk_button",
    run: "click",
};

/** Return the steps that say by telephone that they agree, and save it. */
function recordByPhone(button) {
    return [
        {
            content: "How they said it",
            trigger: ".modal .o_field_widget[name=method] input",
            run: "click",
        },
        {
            content: "By telephone",
            trigger: ".o_select_menu_item:contains(phone)",
            run: "click",
        },
        {
            content: "Record it",
            trigger: `.modal footer button[name=action_record]:contains(${button})`,
            run: "click",
        },
    ];
}

/** Return the step that presses a button under the text that did not arrive. */
function press(label) {
    return {
        content: label,
        trigger: `.o_sms_desk_out:contains(The parts are here) .o_sms_desk_way:contains(${label})`,
        run: "click",
    };
}

const SENT = {
    content: "It is on its way",
    trigger: ".o_notification:contains(The text is on its way)",
};
const NO_WAY = {
    content: "Nothing is offered any more",
    trigger: ".o_sms_desk_out:contains(The parts are here):not(:has(.o_sms_desk_way))",
};

tours.add("helpdesk_sms_ways_record", {
    steps: () => [
        OPEN,
        press("Record consent and send"),
        ...recordByPhone("Record and send"),
        SENT,
        NO_WAY,
    ],
});

tours.add("helpdesk_sms_ways_again", {
    steps: () => [OPEN, press("Send again"), SENT, NO_WAY],
});

tours.add("helpdesk_sms_ways_other", {
    steps: () => [
        OPEN,
        press("Send to another number"),
        {
            content: "The words are kept",
            trigger: ".modal .o_field_widget[name=body]:contains(The parts are here)",
        },
        {
            content: "Type the number",
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit +1 303 555 0109 && press Tab",
        },
        {
            content: "It has no consent either",
            trigger: ".modal .alert:contains(No consent)",
        },
        {
            content: "They give it",
            trigger: ".modal button[name=action_record_sms_consent]",
            run: "click",
        },
        ...recordByPhone("Record"),
        {
            content: "The number is there",
            trigger: ".modal .o_field_widget[name=number] input:value(555)",
        },
        {
            content: "Send",
            trigger: ".modal footer button[name=action_send]",
            run: "click",
        },
        SENT,
        NO_WAY,
    ],
});

tours.add("helpdesk_sms_ways_call", {
    steps: () => [
        OPEN,
        {
            content: "The browser has no telephone here",
            trigger: ".o_sms_desk_way:contains(Call instead)",
            run() {
                browser.open = (url) => {
                    document.body.dataset.called = url;
                };
            },
        },
        press("Call instead"),
        {
            content: "It was asked to call",
            trigger: "body[data-called='tel:+13035550100']",
        },
    ],
});

tours.add("helpdesk_sms_ways_form", {
    steps: () => [
        {
            content: "Record consent and send",
            trigger: "button[name=action_record_and_send]",
            run: "click",
        },
        ...recordByPhone("Record and send"),
        SENT,
        {
            content: "The form leads to the new one",
            trigger: ".alert:contains(It was sent again)",
        },
    ],
});

tours.add("helpdesk_sms_ways_list", {
    steps: () => [
        {
            content: "Choose all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Send again",
            trigger: ".o_control_panel button[name=action_send_again]",
            run: "click",
        },
        {
            content: "How many went, and why the other did not",
            trigger:
                ".o_notification:contains(Texts on their way: 2):contains(It is still waiting)",
        },
    ],
});

tours.add("helpdesk_sms_ways_told", {
    steps: () => [
        {
            content: "Mark as told",
            trigger: "button[name=action_mark_told]",
            run: "click",
        },
        {
            content: "By whom, and when",
            trigger: ".alert:contains(Told otherwise by)",
        },
    ],
});

tours.add("helpdesk_sms_ways_composer", {
    steps: () => [
        {
            content: "Open the composer",
            trigger: "button[name=action_send_sms]",
            run: "click",
        },
        {
            content: "Write",
            trigger: ".modal .o_field_widget[name=body] textarea",
            run: "edit Half a text, and the rest",
        },
        {
            content: "It would not be sent",
            trigger: ".modal .alert button[name=action_record_sms_consent]",
            run: "click",
        },
        {
            content: "Not yet",
            trigger: ".modal footer button[name=action_back]",
            run: "click",
        },
        {
            content: "The words are there",
            trigger:
                ".modal .o_field_widget[name=body] textarea:value(Half a text, and the rest)",
        },
        {
            content: "Now they agree",
            trigger: ".modal .alert button[name=action_record_sms_consent]",
            run: "click",
        },
        ...recordByPhone("Record"),
        {
            content: "The words are there",
            trigger:
                ".modal .o_field_widget[name=body] textarea:value(Half a text, and the rest)",
        },
        {
            content: "Nothing is in the way",
            trigger:
                ".modal:not(:has(.alert-warning:visible)) footer button[name=action_send_sms]:enabled",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});

/** On an appointment: its customer never heard of it. */
tours.add("helpdesk_sms_ways_visit", {
    steps: () => [
        {
            content: "The form says so",
            trigger:
                ".o_sms_untold:contains(Dana Customer was not told about the booking)",
        },
        {
            content: "Record consent and send",
            trigger: ".o_sms_untold button[name=action_sms_untold_record]",
            run: "click",
        },
        ...recordByPhone("Record and send"),
        SENT,
        {
            content: "The form is content",
            trigger: ".o_form_view:not(:has(.o_sms_untold:visible))",
        },
    ],
});

// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A manager says what has failed, sees who is told, and publishes it in one step. */
tours.add("helpdesk_sms_incident_announces", {
    steps: () => [
        {
            content: "There is none yet: make one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "What has failed",
            trigger:
                ".o_field_widget[name=name] input, .o_field_widget[name=name] textarea",
            run: "edit No internet in Denver",
        },
        {
            content: "Where",
            trigger: ".o_field_widget[name=area_ids] input",
            run: "edit Denver",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Denver)",
            run: "click",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It has a status page",
            trigger: ".o_field_widget[name=status_page]:contains(/sms/incident/)",
        },
        {
            content: "Publish it",
            trigger: "button[name=action_publish]:contains(Publish)",
            run: "click",
        },
        {
            content: "Numbers before all, and why not the others",
            trigger:
                ".modal .o_field_widget[name=told_html]:contains(3 by text, 1 by e-mail, 3 get nothing):contains(no e-mail address)",
        },
        {
            content: "Say it in own words",
            trigger: ".modal .o_field_widget[name=body] textarea",
            run: "edit A cable was cut.",
        },
        {
            content: "Leave the field",
            trigger: ".modal .modal-title",
            run: "click",
        },
        {
            content: "They are shown as they are read",
            trigger: ".modal .o_sms_sample:contains(A cable was cut.)",
        },
        {
            content: "So many need another manager",
            trigger:
                ".modal footer button[name=action_publish]:contains(Publish and ask for approval)",
            run: "click",
        },
        {
            content: "The news are there",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=news_ids] .o_data_row:contains(A cable was cut.)",
        },
    ],
});

/** The manager tells of the end in two clicks. */
tours.add("helpdesk_sms_incident_ends", {
    steps: () => [
        {
            content: "Open the incident",
            trigger: ".o_data_row:contains(No internet in Denver) td[name=name]",
            run: "click",
        },
        {
            content: "It is mended",
            trigger: "button[name=action_publish]:contains(Resolve)",
            run: "click",
        },
        {
            content: "Those who were told are told",
            trigger:
                ".modal .o_field_widget[name=told_html]:contains(3 by text, 1 by e-mail, 0 get nothing)",
        },
        {
            content: "The words are there",
            trigger:
                ".modal footer button[name=action_publish]:contains(Publish and send)",
            run: "click",
        },
        {
            content: "It is resolved",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Resolved)",
        },
    ],
});

/** An agent reads what people reply, questions first, and answers two at once. */
tours.add("helpdesk_sms_incident_replies", {
    steps: () => [
        {
            content: "Open the incident",
            trigger: ".o_data_row:contains(No internet in Denver) td[name=name]",
            run: "click",
        },
        {
            content: "How many have replied",
            trigger: "button[name=action_view_replies]:contains(3)",
            run: "click",
        },
        {
            content: "Counted by what they are",
            trigger: ".o_search_panel:contains(Question):contains(Thanks)",
        },
        {
            content: "Questions first",
            trigger: ".o_data_row:first:contains(Question)",
        },
        {
            content: "Choose a question",
            trigger: ".o_data_row:eq(0) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "And the other",
            trigger: ".o_data_row:eq(1) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Answer them",
            trigger: ".o_control_panel button[name=action_answer_replies]",
            run: "click",
        },
        {
            content: "In the composer",
            trigger: ".modal .o_field_widget[name=body] textarea",
            run: "edit By 4 PM.",
        },
        {
            content: "Send",
            trigger: ".modal footer button[name=action_send_sms]:visible",
            run: "click",
        },
        {
            content: "What has become of it",
            trigger: ".o_notification:contains(on their way: 2)",
        },
    ],
});

/** Another manager approves it. */
tours.add("helpdesk_sms_incident_approves", {
    steps: () => [
        {
            content: "Open what waits",
            trigger: ".o_data_row:contains(No internet in Denver) td[name=name]",
            run: "click",
        },
        {
            content: "Approve it",
            trigger: "button[name=action_confirm]:contains(Approve and send)",
            run: "click",
        },
        {
            content: "Sure",
            trigger: ".modal footer .btn-primary:contains(Text 3 people)",
            run: "click",
        },
        {
            content: "It is being sent",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Sending)",
        },
    ],
});

/** The incident shows how many have been texted. */
tours.add("helpdesk_sms_incident_progress", {
    steps: () => [
        {
            content: "Open the incident",
            trigger: ".o_data_row:contains(No internet in Denver) td[name=name]",
            run: "click",
        },
        {
            content: "How many texts people have had",
            trigger: ".o_field_widget[name=texts_html]:contains(have had one text)",
        },
        {
            content: "Its broadcasts",
            trigger: "button[name=action_view_broadcasts]",
            run: "click",
        },
        {
            content: "Open the text",
            trigger: ".o_data_row:contains(Beginning) td[name=name]",
            run: "click",
        },
        {
            content: "The bar says what has become of it",
            trigger: ".o_field_widget[name=progress_html]:contains(3 delivered)",
        },
    ],
});

// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A manager says what has failed, and prepares the text that announces it. */
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
            content: "Announce it",
            trigger: "button[name=action_text]:contains(Announce by text)",
            run: "click",
        },
        {
            content: "The words are there, with the page; check who gets it",
            trigger:
                ".o_form_view:has(.o_field_widget[name=body]) button[name=action_check]",
            run: "click",
        },
        {
            content: "It is being checked",
            trigger: ".alert-info:contains(Checking)",
        },
    ],
});

/** The manager sees who gets it and how it reads, and asks for approval. */
tours.add("helpdesk_sms_incident_asks", {
    steps: () => [
        {
            content: "Open what was checked",
            trigger: ".o_data_row:contains(No internet in Denver) td[name=name]",
            run: "click",
        },
        {
            content: "Numbers before all",
            trigger:
                ".o_field_widget[name=check_html]:contains(3 will get it, 4 will not)",
        },
        {
            content: "A sample, with the page",
            trigger: ".o_sms_sample:contains(/sms/incident/)",
        },
        {
            content: "So many need another manager",
            trigger: "button[name=action_confirm]:contains(Ask for approval)",
            run: "click",
        },
        {
            content: "The button says how many",
            trigger: ".modal footer button:contains(Ask to text 3 people)",
            run: "click",
        },
        {
            content: "It waits",
            trigger: ".alert-warning:contains(Another manager must approve it)",
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

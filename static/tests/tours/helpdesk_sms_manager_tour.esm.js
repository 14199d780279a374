// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A manager makes an automation and sees whom it would have texted last week. */
tours.add("helpdesk_sms_manager_automates", {
    steps: () => [
        {
            content: "The shipped ones are there",
            trigger: ".o_data_row:contains(Resolved):contains(A ticket is closed)",
        },
        {
            content: "Make another one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Name it",
            trigger:
                ".o_field_widget[name=name] input, .o_field_widget[name=name] textarea",
            run: "edit Waiting for parts",
        },
        {
            content: "For one stage",
            trigger: ".o_field_widget[name=stage_ids] input",
            run: "edit Awaiting",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Awaiting)",
            run: "click",
        },
        {
            content: "Choose the text",
            trigger: ".o_field_widget[name=template_id] input",
            run: "edit waiting for you",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Ticket: waiting for you)",
            run: "click",
        },
        {
            content: "It reads as a sentence",
            trigger:
                ".alert-info:contains(A ticket reaches a stage):contains(Awaiting):contains(Ticket: waiting for you):contains(the customer)",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Try it over last week",
            trigger: "button[name=action_dry_run]:visible",
            run: "click",
        },
        {
            content: "It shows who would have got what",
            trigger:
                ".modal .o_data_row:contains(Dana Customer):contains(we need your reply)",
        },
        {
            content: "And the gate's word",
            trigger: ".modal .o_data_row:contains(Sent)",
        },
        {
            content: "Leave",
            trigger: ".modal footer button[special=cancel]",
            run: "click",
        },
        {
            content: "Nothing was sent",
            trigger: "body:not(:has(.modal)) .oe_stat_button:contains(0)",
        },
    ],
});

/** A manager writes a template and sees it in two languages. */
tours.add("helpdesk_sms_manager_writes", {
    steps: () => [
        {
            content: "Open the template",
            trigger: ".o_data_row:contains(Ticket: closed) td[name=name]",
            run: "click",
        },
        {
            content: "All companies share it, so it is read-only",
            trigger: ".o_sms_version[data-lang=fr_FR] textarea[readonly]",
        },
        {
            content: "Have one for the own company",
            trigger: "button[name=action_copy_for_company]:visible",
            run: "click",
        },
        {
            content: "It can be written",
            trigger: ".o_sms_version[data-lang=fr_FR] textarea:not([readonly])",
        },
        {
            content: "Both languages are side by side, filled in with a real ticket",
            trigger:
                ".o_sms_version[data-lang=en_US] .o_sms_version_bubble:contains(Hi Dana Customer)",
        },
        {
            content: "The other one as well",
            trigger: ".o_sms_version[data-lang=fr_FR]",
        },
        {
            content: "Write the French words",
            trigger: ".o_sms_version[data-lang=fr_FR] textarea",
            run: "edit Bonjour, votre ticket est clos : ",
        },
        {
            content: "Offer the placeholders",
            trigger: ".o_sms_version[data-lang=fr_FR] .o_sms_insert",
            run: "click",
        },
        {
            content: "By their names",
            trigger: ".o-dropdown--menu .dropdown-item:contains(Ticket number)",
            run: "click",
        },
        {
            content: "It is filled in",
            trigger:
                ".o_sms_version[data-lang=fr_FR] .o_sms_version_bubble:contains(HT0)",
        },
        {
            content: "And says what to look at",
            trigger:
                ".o_sms_version[data-lang=fr_FR] .o_sms_advice:contains(No next step)",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Saved",
            trigger: ".o_form_saved, body:not(:has(.o_form_button_save:visible))",
        },
    ],
});

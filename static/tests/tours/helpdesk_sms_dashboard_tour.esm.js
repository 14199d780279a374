import {registry} from "@web/core/registry";

const PAGE = ".o_sms_figures:not(.o_sms_stale)";

/** Attention first, figures, charts; other days; a reload keeps them; facts behind. */
registry.category("web_tour.tours").add("helpdesk_sms_dashboard", {
    steps: () => [
        {
            content: "What needs attention comes first",
            trigger: `${PAGE} .o_sms_attention:contains(A customer is waiting for an answer)`,
        },
        {
            content: "Forty were sent, four times as many as before",
            trigger: ".o_sms_tile[data-key=sent_count]:contains(40):contains(300%)",
        },
        {
            content: "Of those whose fate is known most arrived",
            trigger: ".o_sms_tile[data-key=delivery_rate]:contains(83.3%)",
        },
        {
            content: "The first answer took three quarters of an hour",
            trigger: ".o_sms_tile[data-key=answer_time]:contains(45 min)",
        },
        {
            content: "Opt-outs",
            trigger: ".o_sms_tile[data-key=opt_out_count]:contains(5)",
        },
        {
            content: "The charts are drawn, and say what they show",
            trigger: "canvas[aria-label*='Delivered: 30']",
        },
        {
            content: "Why texts were blocked",
            trigger: ".o_sms_card[data-key=blocked]:contains(No consent):contains(5)",
        },
        {
            content: "Get the figures by e-mail",
            trigger: ".o_sms_mail:contains(Email me every week)",
            run: "click",
        },
        {
            content: "They can be stopped",
            trigger: ".o_sms_mail:contains(Stop weekly emails)",
        },
        {
            content: "Look at a week",
            trigger: "button[data-days='7']",
            run: "click",
        },
        {
            content: "It is compared with the week before",
            trigger: `${PAGE} .o_sms_tile[data-key=sent_count]:contains(new)`,
        },
        {
            content: "The days are in the address",
            trigger: "button[data-days='7'].active",
            run() {
                if (!window.location.search.includes("date_from=")) {
                    throw new Error("The address does not know the days");
                }
            },
        },
        {
            content: "Only offers",
            trigger: ".o_sms_purpose",
            run: "selectByLabel Offers and messages of other apps",
        },
        {
            content: "There were none, and the page says so",
            trigger: `${PAGE} .o_sms_empty:contains(Nothing happened)`,
        },
        {
            content: "All again",
            trigger: ".o_sms_purpose",
            run: "selectByLabel All purposes",
        },
        {
            content: "See the texts that were not delivered",
            trigger: `${PAGE} .o_sms_card[data-key=failures] button`,
            run: "click",
        },
        {
            content: "The analysis opens on them",
            trigger: ".o_pivot:contains(6)",
        },
        {
            content: "Go back",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item a",
            run: "click",
        },
        {
            content: "The days are still those",
            trigger: `button[data-days='7'].active`,
        },
        {
            content: "See the texts that were blocked",
            trigger: `${PAGE} .o_sms_card[data-key=blocked] button`,
            run: "click",
        },
        {
            content: "They were not sent, and so have no rate",
            trigger: ".o_pivot .o_pivot_cell_value:contains(–)",
        },
    ],
});

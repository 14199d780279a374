/* A customer's walk on the virtual phone, in one language: joins, opens a ticket by text and gets a reply, has an
 * appointment, is told of an outage, opts out twice and joins again. Each text below is typed into the phone; the
 * helpdesk's actions are the calls that its screens make. pictures.py makes the people. */

/* Timeout, long enough for the outbox on a busy machine. */
const PATIENCE = 90000;

export const WORDS = {
    en: {
        yes: "YES",
        problem: "The printer on the second floor has not printed since this morning.",
        answer: "We found the fault: a part is broken. A colleague will replace it on site.",
        outage: "No connection to the Denver data center",
        leave: "Please don't text me any more",
        start: "START",
        stop: "STOP",
    },
    es: {
        yes: "sí",
        problem: "La impresora de la segunda planta no imprime desde esta mañana.",
        answer: "Hemos encontrado el fallo: hay una pieza rota. Un compañero irá a cambiarla.",
        outage: "Sin conexión con el centro de datos de Madrid",
        leave: "Por favor, no me envíen más mensajes",
        start: "ALTA",
        stop: "BAJA",
    },
    fr: {
        yes: "oui",
        problem: "L'imprimante du deuxième étage n'imprime plus depuis ce matin.",
        answer: "Nous avons trouvé la panne : une pièce est cassée. Un collègue viendra la remplacer.",
        outage: "Pas de connexion au centre de données de Lyon",
        leave: "Merci de ne plus m'envoyer de messages",
        start: "REPRENDRE",
        stop: "ARRÊT",
    },
    de: {
        yes: "ja",
        problem: "Der Drucker im zweiten Stock druckt seit heute früh nicht mehr.",
        answer: "Wir haben den Fehler gefunden: Ein Teil ist defekt. Ein Kollege tauscht es vor Ort aus.",
        outage: "Keine Verbindung zum Rechenzentrum Köln",
        leave: "Bitte schicken Sie mir keine Nachrichten mehr",
        start: "ANMELDEN",
        stop: "ABMELDEN",
    },
};

/* Call a method as the web client does. */
export async function call(page, model, method, args, kwargs = {}) {
    const address = new URL(`/web/dataset/call_kw/${model}/${method}`, page.url()).href;
    const answer = await page.request.post(address, {
        data: {jsonrpc: "2.0", method: "call", params: {model, method, args, kwargs}},
    });
    const {result, error} = await answer.json();
    if (error) {
        throw new Error(`${model}.${method}: ${error.data?.message || error.message}`);
    }
    return result;
}

class Walk {
    constructor(page, admin, person, words) {
        Object.assign(this, {page, admin, person, words});
        this.context = {lang: person.lang};
    }

    call(model, method, args) {
        return call(this.page, model, method, args, {context: this.context});
    }

    /* Do something, and wait until the phone has got this many more texts. */
    async hears(act, count = 1) {
        const texts = this.page.locator(".o_vphone_received");
        const before = await texts.count();
        await act();
        await texts.nth(before + count - 1).waitFor({timeout: PATIENCE});
    }

    says(words) {
        return this.hears(async () => {
            await this.page.fill(".o_vphone_input", words);
            await this.page.press(".o_vphone_input", "Enter");
        });
    }

    /* Make the next text about an appointment due now. */
    async hearsNextReminder() {
        const planned = [
            ["partner_id", "=", this.person.customer],
            ["state", "=", "planned"],
        ];
        await this.hears(async () => {
            const [next] = await this.call("sms.reminder", "search", [planned, 0, 1, "due_at"]);
            if (next) {
                await this.call("sms.reminder", "write", [[next], {due_at: "2026-01-01 00:00:00"}]);
            }
            await this.runsCron();
        });
    }

    /* Try again if the cron is just running by itself. */
    async runsCron() {
        try {
            await call(this.admin, "ir.cron", "method_direct_trigger", [[this.person.cron]]);
        } catch {
            await this.page.waitForTimeout(1500);
            await call(this.admin, "ir.cron", "method_direct_trigger", [[this.person.cron]]);
        }
    }

    async opensTicket() {
        await this.says("SUPPORT");
        await this.says(this.words.yes);
        await this.says(this.words.problem);
        const own = [["partner_id", "=", this.person.customer]];
        [this.ticket] = await this.call("helpdesk.ticket", "search", [own, 0, 1]);
        await this.hears(() => this.call("helpdesk.ticket", "assign_to_me", [[this.ticket]]));
        const key = `walk-${this.person.customer}`;
        await this.hears(() => this.call("helpdesk.ticket", "send_sms_reply", [[this.ticket], this.words.answer, key]));
    }

    async hasAppointment() {
        const {context} = await this.call("helpdesk.ticket", "action_schedule_visit", [[this.ticket]]);
        const values = {};
        for (const [name, value] of Object.entries(context)) {
            values[name.replace("default_", "")] = value;
        }
        values.partner_ids = [[6, 0, values.partner_ids]];
        await this.call("calendar.event", "create", [[values]]);
        await this.hearsNextReminder();
        await this.hearsNextReminder();
        await this.says(this.words.yes);
    }

    async hearsOfOutage() {
        const values = {name: this.words.outage, area_ids: [[6, 0, [this.person.area]]]};
        [this.incident] = await this.call("sms.incident", "create", [[values]]);
        const form = (await this.call("sms.incident", "action_publish", [[this.incident]])).res_id;
        for (let is_live = true; is_live; ) {
            await this.page.waitForTimeout(500);
            [{is_live}] = await this.call("sms.incident.publish", "read", [[form], ["is_live"]]);
        }
        await this.hears(() => this.call("sms.incident.publish", "action_publish", [[form]]));
    }

    async leavesAndReturns() {
        await this.says(this.words.leave);
        await this.says(this.words.start);
        await this.says(this.words.stop);
        await this.says("START");
    }
}

/* Walk through all five scenes on the page's phone, and make the phone as long as its conversation. */
export async function walk(page, admin, person, words) {
    await page.fill(".o_vphone_search input", person.number);
    await page.click(`.o_vphone_contacts li button[data-number='${person.number}']`);
    const taken = new Walk(page, admin, person, words);
    await taken.opensTicket();
    await taken.hasAppointment();
    await taken.hearsOfOutage();
    await taken.leavesAndReturns();
    await page.addStyleTag({content: ".o_vphone_device { flex: none !important; }"});
    return taken;
}

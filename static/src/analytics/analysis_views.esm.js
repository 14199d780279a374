import {PivotModel} from "@web/views/pivot/pivot_model";
import {PivotRenderer} from "@web/views/pivot/pivot_renderer";
import {graphView} from "@web/views/graph/graph_view";
import {pivotView} from "@web/views/pivot/pivot_view";
import {registry} from "@web/core/registry";

/** Shows a rate or an average of nothing as unknown, where Odoo shows 0. */
class FiguresPivotRenderer extends PivotRenderer {
    getFormattedValue(cell) {
        return cell.value === false ? {value: "–"} : super.getFormattedValue(cell);
    }
}

/** Leaves such a cell empty in a spreadsheet, where Odoo writes FALSE. */
class FiguresPivotModel extends PivotModel {
    exportData() {
        const table = super.exportData();
        for (const cell of table.rows.flatMap((row) => row.values)) {
            cell.value = cell.value === false ? "" : cell.value;
        }
        return table;
    }
}

// What counts in Analysis and Trends. Each points to the other one, which is faster for
// long periods, or shows single texts.
registry.category("views").add("sms_figures_graph", {
    ...graphView,
    buttonTemplate: "helpdesk_mgmt_sms.FiguresGraphButtons",
});
registry.category("views").add("sms_figures_pivot", {
    ...pivotView,
    Model: FiguresPivotModel,
    Renderer: FiguresPivotRenderer,
    buttonTemplate: "helpdesk_mgmt_sms.FiguresPivotButtons",
});

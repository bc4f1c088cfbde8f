/** The parts of ECharts that pictures need; loaded only when there is a picture to draw. */

import { BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([
  BarChart,
  CanvasRenderer,
  CustomChart,
  GraphChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  ScatterChart,
  TooltipComponent,
  VisualMapComponent,
]);

let last: Promise<unknown> = Promise.resolve();

/** Waits for a frame of one's own, so that a page stays usable while its pictures are drawn. */
export const turn = (): Promise<unknown> =>
  (last = last.then(() => new Promise((begin) => requestAnimationFrame(begin))));

export const chartIn = (frame: HTMLElement): ECharts => init(frame, null, { renderer: "canvas" });

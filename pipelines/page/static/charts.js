// Charts as SVG, drawn anew with each overview; colours come from the style sheet, words from the caller.

import { element } from "./dom.js";

const LEFT = 44, RIGHT = 12, TOP = 10, BOTTOM = 26;

function frame(width, height, label) {
  return element("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

/** As wide as there is room, so that words keep their size on a phone. */
const room = (place) => Math.max(place.clientWidth, 200);

function grid(svg, width, height, low, high, write) {
  for (const share of [0, 0.5, 1]) {
    const y = TOP + (1 - share) * (height - TOP - BOTTOM);
    svg.append(
      element("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      element("text", { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, write(low + share * (high - low))));
  }
}

/** Draw curves over days, or hours where they reach no further; series: [{name, values, kind}], marks: [{at, text, kind}]
 * in values from the start. */
export function drawCurves(place, { series, spans, perDay, low, high, write, marks = [], height = 240, label }) {
  const width = room(place);
  const svg = frame(width, height, label);
  grid(svg, width, height, low, high, write);
  const x = (i) => LEFT + ((width - LEFT - RIGHT) * i) / Math.max(spans - 1, 1);
  const y = (value) => TOP + (1 - Math.min(Math.max((value - low) / (high - low), 0), 1)) * (height - TOP - BOTTOM);
  const [unit, perUnit] = spans < 2 * perDay ? ["hour", perDay / 24] : ["day", perDay];
  const units = Math.ceil(spans / perUnit);
  const step = Math.max(1, Math.ceil(units / 7));
  for (let n = 0; n <= units; n += step) {
    const at = Math.min(x(n * perUnit), width - RIGHT);
    svg.append(element("text", { class: "tick", x: at, y: height - 8, "text-anchor": "middle" }, n === 0 ? `${unit} 0` : String(n)));
  }
  if (low < 0) svg.append(element("line", { class: "zero", x1: LEFT, x2: width - RIGHT, y1: y(0), y2: y(0) }));
  for (const mark of marks) {
    svg.append(element("line", { class: `mark ${mark.kind}`, x1: x(mark.at), x2: x(mark.at), y1: TOP, y2: height - BOTTOM }, element("title", {}, mark.text)));
  }
  for (const { name, values, kind } of series) {
    if (!values.length) continue;
    const path = values.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    svg.append(element("path", { class: `curve ${kind}`, d: values.length > 1 ? path : `${path}h2` }, element("title", {}, name)));
  }
  place.replaceChildren(svg);
}

/** Draw a histogram; bars: [{label, count}]. */
export function drawBars(place, { bars, label, height = 180 }) {
  const width = room(place);
  const svg = frame(width, height, label);
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const step = (width - 2 * RIGHT) / bars.length;
  const every = Math.ceil(30 / step); // as many labels as there is room for
  bars.forEach((bar, i) => {
    const size = ((height - TOP - BOTTOM) * bar.count) / most;
    svg.append(
      element("rect", { class: "bin", x: RIGHT + i * step + 2, width: step - 4, y: height - BOTTOM - size, height: size, rx: 3 },
        element("title", {}, `${bar.count} up to ${bar.label}`)),
      element("text", { class: "tick", x: RIGHT + (i + 0.5) * step, y: height - 8, "text-anchor": "middle" }, i % every ? "" : bar.label));
  });
  place.replaceChildren(svg);
}

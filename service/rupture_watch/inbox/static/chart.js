// The course of a case: ratings with the client's own band, symptoms, appointments and frame load
// on one axis of time. What is under the pointer, or the arrow keys, is told in words below it.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const source = document.getElementById("chart-data");
  if (!place || !source || !window.uPlot) return;
  const data = JSON.parse(source.textContent);
  const { words } = data;
  const locale = place.dataset.locale;
  const zone = place.dataset.zone;
  const inDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", timeZone: zone });
  const inMonth = new Intl.DateTimeFormat(locale === "en-GB" ? "en-US" : locale, { month: "short", timeZone: zone });
  const dayOf = (time) => `${inDay.format(time)}${locale === "de-DE" ? "." : ""} ${inMonth.format(time)}`;
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: zone });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const make = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  };

  // --- which series there are

  const client = data.series.filter((one) => one.respondent === "client");
  const alliance = client.filter((one) => one.measures !== "symptoms" && one.measures !== "outcome");
  const symptoms = client.filter((one) => (one.measures === "symptoms" || one.measures === "outcome") && one.code === "total");
  const wanted = place.dataset.lead;
  let shown = alliance.find((one) => one.code === wanted) || alliance.find((one) => one.code === "total") || alliance[0];

  const times = [
    ...data.series.flatMap((one) => one.points.map((point) => point.time)),
    ...data.attendance.map((one) => one.time),
    ...data.marks.map((one) => one.time),
  ];
  const first = Math.min(...times);
  const last = Math.max(...times, first + 14 * 86400);
  const margin = (last - first) * 0.03 + 43200;
  const range = [first - margin, last + margin];

  // --- drawing

  const sync = uPlot.sync("case");
  let panels = [];

  const vertical = (u, time, colour, dash) => {
    const x = Math.round(u.valToPos(time, "x", true));
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
    return x;
  };

  // An alert's beginning and end are lines; what changed in between is a small mark above.
  function drawMarks(u) {
    const { ctx, bbox } = u;
    const size = 4 * devicePixelRatio;
    for (const mark of data.marks) {
      const begins = mark.kind === "raised" || mark.reopened;
      const ends = mark.kind === "repaired" || mark.kind === "closed" || mark.kind === "retracted";
      const colour = css(ends ? "--muted" : "--accent");
      if (begins || ends) vertical(u, mark.time, colour, ends ? [2, 4] : []);
      const x = Math.round(u.valToPos(mark.time, "x", true));
      ctx.save();
      ctx.fillStyle = ctx.strokeStyle = colour;
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      if (begins || ends) {
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x + size, bbox.top - size);
        ctx.lineTo(x - size, bbox.top - size);
        ctx.closePath();
      } else ctx.arc(x, bbox.top - size / 2, size / 3, 0, 7);
      if (ends) ctx.stroke();
      else ctx.fill();
      ctx.restore();
    }
  }

  function drawCeiling(u, ceiling) {
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(ceiling, "y", true));
    ctx.save();
    ctx.strokeStyle = css("--edge");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  const shapes = {
    attended: (c, x, y, s) => { c.beginPath(); c.arc(x, y, s * 0.7, 0, 7); c.fill(); },
    late: (c, x, y, s) => { c.beginPath(); c.arc(x, y, s * 0.7, 0, 7); c.stroke(); c.beginPath(); c.arc(x, y, s * 0.7, -Math.PI / 2, Math.PI / 2); c.fill(); },
    no_show: (c, x, y, s) => { c.strokeStyle = css("--accent"); c.beginPath(); c.moveTo(x - s, y - s); c.lineTo(x + s, y + s); c.moveTo(x + s, y - s); c.lineTo(x - s, y + s); c.stroke(); },
    cancelled: (c, x, y, s) => { c.beginPath(); c.moveTo(x - s, y); c.lineTo(x + s, y); c.stroke(); },
    rescheduled: (c, x, y, s) => { c.beginPath(); c.moveTo(x - s, y); c.lineTo(x + s, y); c.lineTo(x + s / 3, y - s * 0.7); c.moveTo(x + s, y); c.lineTo(x + s / 3, y + s * 0.7); c.stroke(); },
  };

  function drawAttendance(u) {
    const { ctx, bbox } = u;
    const size = 4.5 * devicePixelRatio;
    const y = bbox.top + size * 2;
    for (const one of data.attendance) {
      const x = u.valToPos(one.time, "x", true);
      ctx.save();
      ctx.fillStyle = ctx.strokeStyle = css("--muted");
      ctx.lineWidth = 1.6 * devicePixelRatio;
      ctx.lineCap = "round";
      (shapes[one.what] || (() => {}))(ctx, x, y, size);
      if (one.by) {
        const line = y + (one.by === "by_client" ? size * 1.8 : -size * 1.8);
        ctx.strokeStyle = css("--muted");
        ctx.lineWidth = devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x - size * 0.7, line);
        ctx.lineTo(x + size * 0.7, line);
        ctx.stroke();
      }
      ctx.restore();
    }
  }

  const axis = (size) => ({
    stroke: css("--muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: css("--line"), width: 1 },
    ticks: { show: false },
    size,
  });

  const xAxis = (labelled) => ({
    ...axis(labelled ? 28 : 4),
    space: 70,
    grid: { show: false },
    values: (u, splits) => splits.map((split) => (labelled ? dayOf(split * 1000) : "")),
  });

  const options = (height, extra) => ({
    width: Math.max(240, place.clientWidth),
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: sync.key, scales: ["x", null] }, drag: { x: false, y: false }, points: { size: 7 } },
    ...extra,
    hooks: { ...extra.hooks, setCursor: [(u) => u.cursor.idx !== null && u.cursor.left >= 0 && tell(u.posToVal(u.cursor.left, "x"))] },
  });

  function ratings(one, height, labelled) {
    const therapist = data.series.find((other) => other.respondent === "therapist" && other.instrument === one.instrument && other.code === one.code);
    const xs = [...new Set([...one.points, ...(therapist ? therapist.points : [])].map((point) => point.time))].sort((a, b) => a - b);
    const by = new Map(one.points.map((point) => [point.time, point]));
    const other = new Map(therapist ? therapist.points.map((point) => [point.time, point]) : []);
    const pick = (get) => xs.map((x) => (by.has(x) && by.get(x).mean !== null ? get(by.get(x)) : null));
    const values = [...one.points, ...(therapist ? therapist.points : [])].map((point) => point.value);
    const known = one.points.filter((point) => point.mean !== null);
    const low = Math.max(one.low, Math.min(...values, ...known.map((p) => p.mean - p.spread)) - (one.high - one.low) * 0.05);
    const high = Math.min(one.high + (one.high - one.low) * 0.02, Math.max(...values, ...known.map((p) => p.mean + p.spread)) + (one.high - one.low) * 0.05);
    return new uPlot(
      options(height, {
        scales: { x: { time: true, range: () => range }, y: { range: () => [low, Math.max(high, low + (one.high - one.low) / 5)] } },
        axes: [xAxis(labelled), axis(38)],
        series: [
          {},
          { stroke: "transparent", spanGaps: true, points: { show: false } },
          { stroke: "transparent", spanGaps: true, points: { show: false } },
          { stroke: css("--accent"), width: 2, spanGaps: true, points: { show: true, size: 6, fill: css("--accent") } },
          { stroke: css("--muted"), width: 1.5, dash: [5, 4], spanGaps: true, points: { show: true, size: 5, fill: css("--ground") } },
        ],
        bands: [{ series: [1, 2], fill: css("--band") }],
        hooks: { drawAxes: [(u) => one.ceiling !== null && one.ceiling <= high && drawCeiling(u, one.ceiling)], draw: [drawMarks] },
      }),
      [
        xs,
        pick((point) => point.mean + point.spread),
        pick((point) => point.mean - point.spread),
        xs.map((x) => (by.has(x) ? by.get(x).value : null)),
        xs.map((x) => (other.has(x) ? other.get(x).value : null)),
      ],
      drawing,
    );
  }

  function frame(height) {
    const xs = data.load.length ? data.load.map((pair) => pair[0]) : [first, last];
    const ys = data.load.length ? data.load.map((pair) => pair[1]) : [0, 0];
    return new uPlot(
      options(height, {
        scales: { x: { time: true, range: () => range }, y: { range: () => [0, Math.max(4, ...ys) * 1.7] } },
        axes: [xAxis(true), { ...axis(38), space: 26 }],
        series: [{}, { stroke: css("--muted"), width: 1.5, fill: css("--band"), points: { show: false } }],
        hooks: { draw: [drawAttendance, drawMarks] },
      }),
      [xs, ys],
      drawing,
    );
  }

  // --- in words

  const stops = [...new Set(times)].sort((a, b) => a - b).filter((time, index, all) => index === 0 || time - all[index - 1] > 7200);
  let stop = -1;

  function tell(time) {
    const near = stops.reduce((best, one) => (Math.abs(one - time) < Math.abs(best - time) ? one : best), stops[0]);
    const within = (one) => Math.abs(one.time - near) < 43200;
    const parts = [];
    for (const one of data.attendance.filter(within)) {
      parts.push(`${words[one.what] || one.what}${one.by && words[one.by] ? ` ${words[one.by]}` : ""}`);
    }
    for (const one of data.series.filter((each) => each === shown || (shown && each.code === shown.code && each.respondent === "therapist") || symptoms.includes(each))) {
      for (const point of one.points.filter(within)) {
        const usual = point.mean === null ? "" : ` (${words.usual} ${number.format(point.mean)} ± ${number.format(point.spread)})`;
        const who = one.respondent === "client" ? "" : `, ${words[one.respondent]}`;
        parts.push(`${one.instrument} ${words[one.code] || one.code}${who} ${number.format(point.value)}${usual}`);
      }
    }
    for (const one of data.breaks.filter(within)) parts.push(`${words.frame}: ${one.label.replaceAll("_", " ")}`);
    for (const one of data.marks.filter(within)) parts.push(one.said);
    readout.replaceChildren(make("strong", {}, full.format(near * 1000)), parts.length ? ` · ${parts.join(" · ")}` : "");
    stop = stops.indexOf(near);
  }

  function step(by) {
    stop = Math.min(stops.length - 1, Math.max(0, stop < 0 ? stops.length - 1 : stop + by));
    const u = panels[0];
    u.setCursor({ left: u.valToPos(stops[stop], "x"), top: 10 });
    tell(stops[stop]);
  }

  // --- putting it together

  const title = (text) => make("p", { class: "panel-title" }, text);
  const drawing = make("div", { role: "img", tabindex: "0", "aria-label": words.describe, "aria-describedby": "readout" });
  const readout = make("p", { class: "readout", id: "readout", role: "status", "aria-live": "polite" }, words.hint);
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else return;
    event.preventDefault();
  });

  const line = (inner) => {
    const svg = make("span");
    svg.innerHTML = `<svg viewBox="0 0 28 14" aria-hidden="true">${inner}</svg>`;
    return svg.firstChild;
  };

  function keyFor() {
    const accent = css("--accent");
    const entries = [
      [`<path d="M0 7h28" stroke="${accent}" stroke-width="3"/>`, words.client],
      [`<rect width="28" height="14" fill="${css("--band")}"/>`, words.band],
    ];
    if (shown && shown.ceiling !== null) entries.push([`<path d="M0 7h28" stroke="${css("--edge")}" stroke-width="2" stroke-dasharray="2 4"/>`, words.ceiling]);
    if (data.series.some((one) => one.respondent === "therapist")) entries.push([`<path d="M0 7h28" stroke="${css("--muted")}" stroke-width="2" stroke-dasharray="6 4"/>`, words.therapist]);
    if (data.marks.length) entries.push([`<path d="M14 12 8 2h12z" fill="${accent}"/>`, words.mark]);
    return make("ul", { class: "key" }, ...entries.map(([inner, text]) => make("li", {}, line(inner), text)));
  }

  function draw() {
    for (const panel of panels) panel.destroy();
    panels = [];
    drawing.replaceChildren();
    if (shown) {
      drawing.append(title(`${shown.instrument} · ${words[shown.code] || shown.code}`));
      panels.push(ratings(shown, 230, false));
    }
    for (const one of symptoms.slice(0, 2)) {
      drawing.append(title(`${one.instrument} · ${one.high_is_good ? words.high_good : words.high_bad}`));
      panels.push(ratings(one, 110, false));
    }
    drawing.append(title(words.frame_title));
    panels.push(frame(112));
    const old = place.querySelector(".key");
    if (old) old.replaceWith(keyFor());
  }

  place.replaceChildren();
  if (alliance.length > 1) {
    const several = new Set(alliance.map((one) => one.instrument)).size > 1;
    const choose = make("fieldset", { class: "choose" }, make("legend", { class: "visually-hidden" }, words.choose));
    for (const one of alliance) {
      const input = make("input", { type: "radio", name: "measure", class: "visually-hidden" });
      input.checked = one === shown;
      input.addEventListener("change", () => { shown = one; draw(); });
      choose.append(make("label", {}, input, make("span", { class: "chip" }, `${several ? `${one.instrument} ` : ""}${words[one.code] || one.code}`)));
    }
    place.append(choose);
  }
  place.append(drawing, make("ul", { class: "key" }), readout);
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(place.clientWidth - width) > 2) {
      width = place.clientWidth;
      draw();
    }
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  place.dataset.drawn = "true";
})();

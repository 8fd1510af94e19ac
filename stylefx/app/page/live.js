// Live: the session is another process of stylefx, the page shows it and presses its keys.

import { $, ask, element, send, trying } from "/page/common.js";

const MINE_MS = 400; // so long a knob that is moved here is not moved from elsewhere
const banked = new Set();
let live = { state: "off", said: [] }, offered = "", lookedFor = false, begun = "", names = "", errors = "";
const knobs = {};

// Before it plays ---------------------------------------------------------------------------------------------

export function offerStyles(styles) {
  const now = JSON.stringify(styles.map((each) => each.name));
  if (now === offered) return;
  offered = now;
  for (const name of banked) if (!styles.some((each) => each.name === name)) banked.delete(name);
  $("bank-choices").replaceChildren(...styles.map(({ name }) => {
    const box = element("input", { type: "checkbox", checked: banked.has(name), value: name });
    box.onchange = () => banked[box.checked ? "add" : "delete"](name);
    return element("label", {}, box, ` ${name}`);
  }));
  if (!styles.length) $("bank-choices").append("No style yet: make one, or capture what you play.");
}

const lookForDevices = trying(async () => {
  const { devices, error } = await ask("/api/live/devices");
  const text = (each) => `${each.name}, ${each.host}`;
  for (const [list, kind, channels] of [["source", "input", "inputs"], ["sink", "output", "outputs"]]) {
    const before = $(list).value, usable = devices.filter((each) => each[channels]);
    $(list).replaceChildren(element("option", { value: "", textContent: `the default ${kind}` }), ...usable.map((each) => {
      const alone = usable.filter((other) => text(other) === text(each)).length === 1;
      return element("option", { value: alone ? text(each) : String(each.number), textContent: `${text(each)} (${each[channels]} channels)` });
    }));
    if ([...$(list).options].some((each) => each.value === before)) $(list).value = before;
  }
  $("live-error").textContent = error ?? "";
});
$("look-for-devices").onclick = lookForDevices;

const given = (id) => $(id).value.trim() || undefined;
const numberIn = (id) => (given(id) === undefined ? undefined : Number(given(id)));

$("live-toggle").onclick = trying(async () => {
  if (live.state !== "off") { await ask("/api/live", { method: "DELETE" }); return; }
  $("live-error").textContent = "";
  try {
    await send("/api/live", "POST", {
      styles: [...banked], source: given("source"), sink: given("sink"), latency: $("latency").value, feedback: $("feedback").checked,
      capture: numberIn("capture-seconds"), save: given("capture-name"), blocksize: numberIn("blocksize"), osc: numberIn("osc"), midi: given("midi"),
    });
  } catch (error) { $("live-error").textContent = error.message; }
});

// While it plays ----------------------------------------------------------------------------------------------

const press = trying(async (command) => { await send("/api/live", "PATCH", command); });

function shownValue(parameter, value) {
  if (parameter.unit) return `${value < 0 ? "" : "+"}${value.toFixed(1)} ${parameter.unit}`;
  return value.toFixed(2);
}

// One request at a time, and then one with the newest value.
function knob(parameter) {
  const label = parameter.name.replace(/_db$/, "").replaceAll("_", " ");
  const range = element("input", { id: `knob-${parameter.name}`, type: "range", min: parameter.low, max: parameter.high, step: parameter.unit ? 0.5 : 0.01 });
  const text = element("span");
  let sending = false, waiting = false, movedAt = -MINE_MS;
  const show = (value) => { range.value = value; text.textContent = shownValue(parameter, value); range.setAttribute("aria-valuetext", text.textContent); };
  range.oninput = async () => {
    movedAt = performance.now();
    show(Number(range.value));
    waiting = true;
    if (sending) return;
    sending = true;
    while (waiting) { waiting = false; await press({ set: parameter.name, value: Number(range.value) }); }
    sending = false;
  };
  knobs[parameter.name] = (value) => { if (!sending && performance.now() - movedAt > MINE_MS) show(value); };
  const name = element("label", { htmlFor: range.id, textContent: label });
  return element("div", { className: "knob", title: parameter.about }, name, text, range);
}

function toggle(parameter) {
  const button = element("button", { textContent: parameter.name, title: parameter.about });
  button.onclick = () => press({ set: parameter.name, value: button.getAttribute("aria-pressed") === "true" ? 0 : 1 });
  knobs[parameter.name] = (value) => button.setAttribute("aria-pressed", value);
  return button;
}

function begin({ latency, parameters }) {
  names = "";
  const levels = parameters.filter((each) => typeof each.default === "number" && !each.name.endsWith("style"));
  $("knobs").replaceChildren(...levels.map(knob));
  const other = element("select", { id: "morph-to" }), learned = element("select");
  const chosen = element("label", { htmlFor: other.id, textContent: "morph to" });
  other.onchange = () => press({ set: "morph_style", value: Number(other.value) });
  $("knobs").append(element("div", { className: "knob" }, chosen, element("span"), other));
  learned.append(...parameters.map((each) => element("option", { textContent: each.name })));
  learned.setAttribute("aria-label", "Parameter of the next MIDI knob");
  $("live-buttons").replaceChildren(
    ...parameters.filter((each) => typeof each.default === "boolean").map(toggle),
    element("button", { className: "plain", textContent: "Exchange styles", onclick: () => press({ press: "exchange" }) }),
    element("button", { className: "plain", textContent: "Capture", onclick: () => press({ press: "capture" }) }),
    learned, element("button", { className: "plain", textContent: "Learn a MIDI knob", onclick: () => press({ learn: learned.value }) }));
  const row = (name, samples, ms) => element("tr", {}, element("th", { scope: "row", textContent: name }),
    element("td", { textContent: ms === null ? "the driver does not say" : `${ms.toFixed(1)} ms` }),
    element("td", { textContent: samples === null ? "" : `${samples} samples` }));
  $("delays").replaceChildren(...latency.lines.map((each) => row(each.name, each.samples, each.ms)), row("delay", latency.samples, latency.ms));
}

function bank(styles, settings) {
  if (JSON.stringify(styles) !== names) {
    names = JSON.stringify(styles);
    $("bank").replaceChildren(...styles.map((name, k) => element("button", { textContent: `${k + 1} ${name}`, value: k + 1, onclick: () => press({ set: "style", value: k + 1 }) })));
    $("morph-to").replaceChildren(...styles.map((name, k) => element("option", { value: k + 1, textContent: `${k + 1} ${name}` })));
  }
  for (const button of $("bank").children) button.setAttribute("aria-pressed", Number(button.value) === settings.style);
  if (document.activeElement !== $("morph-to")) $("morph-to").value = settings.morph_style <= styles.length ? settings.morph_style : "";
}

const meterRows = Object.fromEntries([["in", -60, 0, -12, -3], ["out", -60, 0, -12, -3], ["CPU", 0, 100, 50, 75]].map(([name, min, max, low, high]) => {
  const meter = element("meter", { id: `meter-${name}`, min, max, low, high, optimum: min }), text = element("span");
  $("meters").append(element("div", {}, element("label", { htmlFor: meter.id, textContent: name }), meter, text));
  return [name, (value, words) => { meter.value = value; text.textContent = words; }];
}));

function spectrum(levels) {
  const canvas = $("spectrum"), context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#7cc7ee";
  levels.forEach((level, k) => context.fillRect(k, -level, 1, canvas.height));
}

function look(found) {
  for (const [name, level] of [["in", found.input], ["out", found.output]]) {
    meterRows[name](level.now_db, `${level.now_db.toFixed(1)} dB, peak ${level.hold_db.toFixed(1)}${level.clipped ? ", CLIP" : ""}`);
  }
  meterRows.CPU(found.mean_load, `${found.mean_load.toFixed(1)} %, worst ${found.worst_load.toFixed(1)}`);
  spectrum(found.spectrum_db);
  const time = `${Math.floor(found.seconds / 60)}:${String(Math.floor(found.seconds % 60)).padStart(2, "0")}`;
  const rows = [["playing", `${time}, ${found.device}`], ["late", `${found.late} of ${found.blocks} blocks, ${found.lost_frames} samples lost`], ...found.status];
  $("status").replaceChildren(...rows.flatMap(([label, text]) => [element("dt", { textContent: label }), element("dd", { textContent: text })]));
  bank(found.styles, found.settings);
  for (const [name, show] of Object.entries(knobs)) show(found.settings[name]);
}

const LABELS = { off: "Start", starting: "Stop (it is starting)", playing: "Stop", stopping: "It is stopping" };

export function showLive(found) {
  live = found;
  $("live").dataset.state = found.state;
  if ($("live-toggle").textContent !== LABELS[found.state]) $("live-toggle").textContent = LABELS[found.state];
  $("live-setup").hidden = found.state !== "off";
  $("live-playing").hidden = !found.look;
  if (found.begun && JSON.stringify(found.begun) !== begun) { begun = JSON.stringify(found.begun); begin(found.begun); }
  if (found.look) look(found.look);
  if ((found.error ?? "") !== errors) { errors = found.error ?? ""; $("live-error").textContent = errors; }
  const said = found.said.join("\n"), log = $("live-said");
  if (log.textContent !== said) { log.textContent = said; log.scrollTop = log.scrollHeight; }
  log.hidden = !said;
  if (found.state === "off" && !lookedFor) { lookedFor = true; lookForDevices(); }
}

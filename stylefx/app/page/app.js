// The page: lists what the server says, asks it for what is wanted. All state is the server's.

import { $, ask, element, say, send, styleUrl, trying } from "/page/common.js";
import { drawSpectrogram, drawWave } from "/page/draw.js";
import { open } from "/page/listen.js";
import { offerStyles, showLive } from "/page/live.js";
import { record } from "/page/microphone.js";
import { listen } from "/page/stream.js";

const chosen = { clips: new Set(), takes: new Set() };
let state = { styles: [], sounds: [], jobs: [] }, shown = null, listed = "";

// Sounds ------------------------------------------------------------------------------------------------------

async function upload(files, list) {
  for (const file of files) {
    say(`reading ${file.name}`);
    try {
      const sound = await ask(`/api/sounds?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      chosen[list].add(sound.number);
      say(`${sound.name} is ready`);
    } catch (error) { say(error.message); }
  }
  sounds();
}

function sounds() {
  for (const list of ["clips", "takes"]) {
    $(list).replaceChildren(...state.sounds.filter((each) => each.kind !== "output").map((each) => {
      const box = element("input", { type: "checkbox", checked: chosen[list].has(each.number), value: each.number });
      box.onchange = () => { chosen[list][box.checked ? "add" : "delete"](each.number); if (list === "clips") look(); };
      return element("label", {}, box, ` ${each.name}${each.kind === "shipped" ? " (comes with stylefx)" : ""}`);
    }));
  }
  look();
}

const look = trying(async () => {
  const [first] = chosen.clips;
  if (first === undefined) { shown = null; $("wave").getContext("2d").clearRect(0, 0, 1000, 120); return; }
  if (shown?.number !== first) shown = { number: first, ...(await ask(`/api/sounds/${first}/look`)) };
  const name = state.sounds.find((each) => each.number === first)?.name ?? "the first chosen clip";
  $("wave").setAttribute("aria-label", `Waveform of ${name}, ${shown.seconds.toFixed(1)} s`);
  part();
});

function part() {
  if (!shown) return;
  drawWave($("wave"), shown.wave, Number($("start").value) / shown.seconds, ($("end").value ? Number($("end").value) : shown.seconds) / shown.seconds);
}

let dragged = null;
const secondsAt = (event) => {
  const box = $("wave").getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * shown.seconds;
};
$("wave").onpointerdown = (event) => { if (shown) { dragged = secondsAt(event); $("wave").setPointerCapture(event.pointerId); } };
$("wave").onpointermove = (event) => {
  if (dragged === null) return;
  const ends = [dragged, secondsAt(event)].sort((a, b) => a - b);
  $("start").value = ends[0].toFixed(2); $("end").value = ends[1].toFixed(2); part();
};
$("wave").onpointerup = () => { dragged = null; };
$("start").oninput = $("end").oninput = part;

for (const [input, list] of [["clip-files", "clips"], ["take-files", "takes"]]) {
  $(input).onchange = async () => { await upload($(input).files, list); $(input).value = ""; };
  const section = $(input).closest("section");
  section.ondragover = (event) => { event.preventDefault(); section.classList.add("over"); };
  section.ondragleave = () => section.classList.remove("over");
  section.ondrop = (event) => { event.preventDefault(); section.classList.remove("over"); upload(event.dataTransfer.files, list); };
}
for (const [name, list] of [["clip", "clips"], ["take", "takes"]]) {
  const button = $(`record-${name}`), text = button.textContent, meter = $(`level-${name}`);
  let stop = null;
  button.onclick = trying(async () => {
    if (stop) { stop(); return; }
    stop = await record((seconds, peak) => {
      button.textContent = `Stop recording (${seconds.toFixed(1)} s)`;
      meter.value = Math.max(peak, meter.value * 0.98);
    }, async (file) => {
      stop = null; button.textContent = text; meter.hidden = true;
      if (file) await upload([file], list); else say("the microphone brought nothing");
    });
    meter.hidden = false;
  });
}
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());

// Styles ------------------------------------------------------------------------------------------------------

$("make").onclick = trying(async () => {
  await send("/api/styles", "POST", {
    sounds: [...chosen.clips], name: $("style-name").value.trim(), quality: $("quality").value,
    start: Number($("start").value) || 0, end: $("end").value ? Number($("end").value) : null,
  });
  say("learning");
});
$("import-file").onchange = trying(async () => {
  const file = $("import-file").files[0], name = file.name.replace(/\.npz$/i, "");
  $("import-file").value = "";
  await ask(`/api/import?name=${encodeURIComponent(name)}`, { method: "POST", body: file });
  say(`${name} is in the library`);
});

const KEYS = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const key = (pitch) => KEYS[Math.round(pitch) % 12] + (Math.floor(Math.round(pitch) / 12) - 1);

function about(style) {
  if (!style.notes) return "";
  const pitches = style.notes.map((each) => each[2]);
  const range = pitches.length ? `, ${key(Math.min(...pitches))} to ${key(Math.max(...pitches))}` : "";
  return `${style.struck ? "struck" : "held"}, ${pitches.length} notes found${range}, from ${style.sources.join(", ")}, ${style.seconds} s`;
}

// A clip that comes with stylefx, until its style has been made.
function unlearned({ number, name }) {
  const title = name.replace(/\.\w+$/, "");
  const button = element("button", { className: "plain", textContent: `Learn ${title}`, onclick: trying(async () => {
    await send("/api/styles", "POST", { sounds: [number], name: title });
    say("learning");
  }) });
  return element("li", { className: "unlearned" }, element("div", {}, title, element("div", { className: "note", textContent: "comes with stylefx, not learned yet" })), button);
}

function styles() {
  const shipped = state.sounds.filter((each) => each.kind === "shipped" && !state.styles.some((style) => each.name.startsWith(`${style.name}.`)));
  const now = JSON.stringify([state.styles, shipped]);
  if (now === listed) return;
  listed = now;
  $("styles").replaceChildren(...shipped.map(unlearned), ...state.styles.map((style) => {
    const canvas = element("canvas", { hidden: true });
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `Spectrogram and notes of ${style.name}`);
    const rename = element("input", { value: style.name, maxLength: 60 });
    rename.setAttribute("aria-label", `New name of ${style.name}`);
    const button = (text, act) => {
      const made = element("button", { className: "plain", textContent: text, onclick: trying(act) });
      made.setAttribute("aria-label", `${text} ${style.name}`);
      return made;
    };
    return element("li", {}, element("strong", { textContent: style.name }), element("div", { className: "note", textContent: about(style) }), canvas,
      element("div", { className: "row" },
        button("Picture", async () => {
          if (canvas.hidden) drawSpectrogram(canvas, await ask(styleUrl(style.name, "/picture")), style.notes?.filter((each) => each[0] < 10), Math.min(style.seconds, 10));
          canvas.hidden = !canvas.hidden;
        }),
        element("a", { href: styleUrl(style.name, "/file"), textContent: `Export ${style.name}`, download: `${style.name}.npz` }),
        rename, button("Rename", () => send(styleUrl(style.name), "PATCH", { name: rename.value.trim() })),
        button("Delete", async () => { if (confirm(`Delete the style ${style.name}?`)) await send(styleUrl(style.name), "DELETE", {}); })));
  }));
  for (const [list, first] of [["style", []], ["other", [element("option", { value: "", textContent: "nothing" })]]]) {
    const before = $(list).value;
    $(list).replaceChildren(...first, ...state.styles.map((each) => element("option", { value: each.name, textContent: each.name })));
    if ([...$(list).options].some((each) => each.value === before)) $(list).value = before;
  }
}

// Work --------------------------------------------------------------------------------------------------------

$("render").onclick = trying(async () => {
  const names = [$("style").value, $("other").value].filter(Boolean);
  const levels = Object.fromEntries(["mix", "strength", "morph"].map((name) => [name, Number($(name).value)]));
  await send("/api/renders", "POST", { sounds: [...chosen.takes], styles: names, ...levels });
  say("rendering");
});

const rows = new Map();

function jobs() {
  for (const job of state.jobs) {
    if (!rows.has(job.number)) {
      const text = element("div"), bar = element("progress", { max: 1 });
      bar.setAttribute("aria-label", `Progress of ${job.title}`);
      const cancel = element("button", { className: "plain", textContent: "Cancel", onclick: trying(() => send(`/api/jobs/${job.number}`, "DELETE", {})) });
      cancel.setAttribute("aria-label", `Cancel ${job.title}`);
      const listen = element("button", { textContent: "Listen", onclick: trying(async () => open(await ask(`/api/jobs/${job.number}`))) });
      listen.setAttribute("aria-label", `Listen to ${job.title}`);
      const row = element("li", {}, text, bar, cancel, listen);
      rows.set(job.number, { text, bar, cancel, listen, row });
      $("jobs").prepend(row);
    }
    const { text, bar, cancel, listen, row } = rows.get(job.number), ended = !["waiting", "working"].includes(job.state);
    if (ended && row.dataset.state !== job.state && ["learning", "rendering"].includes($("message").textContent)) say(`${job.title}: ${job.state}`);
    row.dataset.state = job.state;
    text.textContent = [`${job.kind === "fit" ? "Style" : "Take"} ${job.title}: ${job.state}`, job.error, ...job.remarks].filter(Boolean).join(". ");
    bar.value = job.done; bar.hidden = cancel.hidden = ended;
    listen.hidden = !(job.kind === "render" && job.state === "done");
  }
}

// News --------------------------------------------------------------------------------------------------------

let sounding = "";

const hear = {
  state(data) {
    state = JSON.parse(data);
    styles(); jobs(); offerStyles(state.styles);
    const now = JSON.stringify(state.sounds);
    if (now !== sounding) { sounding = now; sounds(); }
    document.body.dataset.ready = "yes";
  },
  live(data) { showLive(JSON.parse(data)); },
  silent() { say("stylefx does not answer: is it still running?"); },
  answers() { if ($("message").textContent.startsWith("stylefx does not")) say(""); },
};

if (window.SharedWorker) {
  const { port } = new SharedWorker("/page/news.js", { type: "module" });
  port.onmessage = ({ data: [kind, data] }) => hear[kind](data);
  window.addEventListener("pagehide", () => port.postMessage("closing"));
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
} else {
  listen((kind, data) => hear[kind](data));
}

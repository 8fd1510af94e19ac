// A/B/X: content, output and clip run together, one of them is heard, at the level of the softest.

import { $ } from "/page/common.js";
import { drawSpectrogram, drawWave } from "/page/draw.js";

const LATE_SECONDS = 0.04; // further apart than that is put right
let players = {}, heard = "output";

const clock = () => players.output?.currentTime ?? 0;

function align(name) {
  const player = players[name], length = player.duration || Infinity;
  const wanted = name === "clip" ? clock() % length : clock();
  if (Math.abs(player.currentTime - wanted) > LATE_SECONDS) player.currentTime = Math.min(wanted, length);
}

export function choose(name) {
  if (!players[name]) return;
  heard = name;
  if (name !== "output") align(name);
  for (const [each, player] of Object.entries(players)) player.muted = each !== heard;
  for (const button of $("choices").children) button.setAttribute("aria-pressed", button.value === heard);
}

function toggle() {
  const paused = players.output.paused;
  for (const [name, player] of Object.entries(players)) {
    if (!paused) player.pause();
    else { if (name !== "output") align(name); player.play().catch(() => {}); }
  }
  $("play").textContent = paused ? "Pause" : "Play";
}

export async function open(result) {
  for (const player of Object.values(players)) player.pause();
  players = {}; $("choices").replaceChildren(); $("pictures").replaceChildren();
  $("listening").hidden = false; $("play").textContent = "Play";
  const names = Object.keys(result.urls), softest = Math.min(...names.map((each) => result[each].rms || 1));
  for (const name of ["content", "output", "clip"].filter((each) => names.includes(each))) {
    const player = new Audio(result.urls[name]), button = document.createElement("button");
    player.preload = "auto"; player.loop = name === "clip"; player.id = `audio-${name}`; player.hidden = true;
    player.volume = Math.min(1, softest / (result[name].rms || 1));
    players[name] = player;
    button.value = name; button.textContent = name; button.onclick = () => choose(name);
    $("choices").append(button);
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const wave = document.createElement("canvas"), picture = document.createElement("canvas");
    wave.className = "wave"; caption.textContent = `${name}, ${result[name].seconds.toFixed(1)} s`;
    for (const [canvas, what] of [[wave, "Waveform"], [picture, "Spectrogram"]]) {
      canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `${what} of the ${name}`);
    }
    drawWave(wave, result[name].wave); drawSpectrogram(picture, result[name].picture);
    figure.append(caption, wave, picture, player); $("pictures").append(figure);
  }
  $("place").max = result.output.seconds; $("place").value = 0;
  players.output.ontimeupdate = () => { $("place").value = clock(); };
  players.output.onended = () => { for (const each of Object.values(players)) each.pause(); $("play").textContent = "Play"; };
  $("place").oninput = () => { players.output.currentTime = Number($("place").value); for (const each of Object.keys(players)) if (each !== "output") align(each); };
  $("play").onclick = toggle;
  $("download").href = `${result.urls.output}?save`; $("download").setAttribute("download", result.title);
  choose("output");
  $("listening").scrollIntoView(); $("play").focus();
}

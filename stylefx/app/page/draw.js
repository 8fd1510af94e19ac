// Waveforms and spectrograms on canvases; what the server sends stands in stylefx/app/work.py.

const STOPS = [[0, 0, 4], [59, 15, 112], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]];

function colour(level) {
  const at = (level / 255) * (STOPS.length - 1), k = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[k].map((from, c) => from + (at - k) * (STOPS[k + 1][c] - from));
}

export function drawSpectrogram(canvas, picture, notes = [], seconds = 0) {
  const { columns, bands } = picture, levels = atob(picture.levels);
  canvas.width = columns; canvas.height = bands;
  const context = canvas.getContext("2d"), image = context.createImageData(columns, bands);
  for (let x = 0; x < columns; x++) for (let b = 0; b < bands; b++) {
    const at = 4 * ((bands - 1 - b) * columns + x), [red, green, blue] = colour(levels.charCodeAt(x * bands + b));
    image.data.set([red, green, blue, 255], at);
  }
  context.putImageData(image, 0, 0);
  context.fillStyle = "#5ef2ff"; // 24 bands an octave from C1, MIDI 24
  for (const [from, to, pitch] of notes) {
    const x = (from / seconds) * columns;
    context.fillRect(x, bands - 2 * (pitch - 24) - 1, Math.max(1, (to / seconds) * columns - x), 2);
  }
}

export function drawWave(canvas, wave, from = 0, to = 1) {
  canvas.width = 1000; canvas.height = 120;
  const context = canvas.getContext("2d"), most = Math.max(1e-6, ...wave);
  wave.forEach((peak, k) => {
    const part = k / wave.length, height = (peak / most) * 110;
    context.fillStyle = part >= from && part <= to ? "#7cc7ee" : "#55585f";
    context.fillRect(part * 1000, 60 - height / 2, Math.max(1, 1000 / wave.length), Math.max(1, height));
  });
}

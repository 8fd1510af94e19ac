// The microphone as the browser has it, without what is done to speech, as a WAV file of 32-bit floats.

const MOST_SECONDS = 300;
const HEADER_BYTES = 44, FLOAT_FORMAT = 3, SAMPLE_BYTES = 4;
const REFUSALS = {
  NotAllowedError: "the browser gives this page no microphone: allow it beside the address",
  NotFoundError: "no microphone was found: is it connected?",
  NotReadableError: "the microphone cannot be opened: another program may have it",
};

function wav(blocks, rate) {
  const channels = blocks[0].length, frames = blocks.reduce((sum, block) => sum + block[0].length, 0);
  const bytes = frames * channels * SAMPLE_BYTES, view = new DataView(new ArrayBuffer(HEADER_BYTES + bytes));
  const letters = (at, text) => [...text].forEach((letter, k) => view.setUint8(at + k, letter.charCodeAt(0)));
  letters(0, "RIFF"); view.setUint32(4, HEADER_BYTES - 8 + bytes, true); letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, FLOAT_FORMAT, true); view.setUint16(22, channels, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * channels * SAMPLE_BYTES, true);
  view.setUint16(32, channels * SAMPLE_BYTES, true); view.setUint16(34, 8 * SAMPLE_BYTES, true);
  letters(36, "data"); view.setUint32(40, bytes, true);
  let at = HEADER_BYTES;
  for (const block of blocks) for (let k = 0; k < block[0].length; k++) for (let c = 0; c < channels; c++) {
    view.setFloat32(at, (block[c] ?? block[0])[k], true);
    at += SAMPLE_BYTES;
  }
  return view.buffer;
}

// Begins to listen; `tell(seconds, peak)` hears how it goes, `done(file)` gets it when the returned function was called,
// or at the latest after `MOST_SECONDS`.
export async function record(tell, done) {
  if (!navigator.mediaDevices || !window.AudioWorkletNode) {
    throw new Error("browsers give a microphone only to pages of the machine itself (127.0.0.1): choose a file");
  }
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain }).catch((error) => {
    throw new Error(REFUSALS[error.name] ?? `the microphone cannot be used: ${error.message}`);
  });
  const context = new AudioContext(), blocks = [], started = new Date();
  let frames = 0;
  const stop = () => {
    if (!stream.active) return;
    for (const track of stream.getTracks()) track.stop();
    context.close();
    const name = `recorded at ${started.toTimeString().slice(0, 8).replaceAll(":", ".")}.wav`;
    done(blocks.length ? new File([wav(blocks, context.sampleRate)], name, { type: "audio/wav" }) : null);
  };
  try {
    await context.audioWorklet.addModule("/page/recorder.js");
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    throw error;
  }
  const recorder = new AudioWorkletNode(context, "recorder");
  recorder.port.onmessage = ({ data }) => {
    if (!stream.active) return;
    blocks.push(data);
    frames += data[0].length;
    tell(frames / context.sampleRate, Math.max(...data[0].map(Math.abs)));
    if (frames >= MOST_SECONDS * context.sampleRate) stop();
  };
  context.createMediaStreamSource(stream).connect(recorder).connect(context.destination); // silence; else nothing runs
  return stop;
}

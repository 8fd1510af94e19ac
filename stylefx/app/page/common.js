// What every part of the page needs: elements, requests, and a line to say things in.

export const $ = (id) => document.getElementById(id);
export const say = (text) => { $("message").textContent = text; };

export async function ask(path, options = {}) {
  const answer = await fetch(path, options).catch(() => { throw new Error("stylefx does not answer: is it still running?"); });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}
export const send = (path, method, values) => ask(path, { method, body: JSON.stringify(values) });
export const trying = (act) => async (...given) => { try { await act(...given); } catch (error) { say(error.message); } };
export const styleUrl = (name, what = "") => `/api/styles/${encodeURIComponent(name)}${what}`;

export function element(kind, properties = {}, ...children) {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
}

// News from the server: `tell(kind, data)` with kind state, live, silent (it does not answer) or answers (it does again).

export function listen(tell) {
  const events = new EventSource("/api/events");
  events.onmessage = (event) => tell("state", event.data);
  events.addEventListener("live", (event) => tell("live", event.data));
  events.onerror = () => tell("silent", "");
  events.onopen = () => tell("answers", "");
  return events;
}

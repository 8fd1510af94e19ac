// A shared worker, one stream of news for all tabs: a browser opens six connections to a server and no more.

import { listen } from "/page/stream.js";

const tabs = new Set(), newest = new Map();
let events = null;

function tell(kind, data) {
  if (kind === "state" || kind === "live") newest.set(kind, data);
  for (const tab of tabs) tab.postMessage([kind, data]);
}

onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = () => tabs.delete(tab); // it says that it closes
  if (!events || events.readyState === EventSource.CLOSED) { newest.clear(); events = listen(tell); }
  for (const [kind, data] of newest) tab.postMessage([kind, data]);
};

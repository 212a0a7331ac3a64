// From opening to listening: history first, then everything new, for as long as the page lives.
let cursor = 0;
let begun = false;
let listening = false;
let tries = 0;
let lossTimer;
let wake = () => {};
let hangUp = () => {};

function allowedHere() {
  const here = location.origin;
  const matches = (each) => {
    const [start, end] = each.split("*");
    return end ? here.startsWith(start) && here.endsWith(end) : here === each;
  };
  return PAGE || !LOOK.origins.length || SERVER.startsWith(here) || LOOK.origins.some(matches);
}

function begin() {
  if (begun) return;
  begun = true;
  restorePending();
  if (recall().token) startListening();
  flushQueue();
}

async function loadHistory() {
  const page = await ask("/messages");
  let news = false; // what follows words of this very page is no history: its answer was faster
  for (const message of page.messages) {
    const ours = rows.has(message.id) || rows.has(message.client_id);
    takeMessage(message, !news);
    news ||= ours;
  }
  cursor = page.cursor;
  earlier.hidden = !page.more;
  showOwner(page);
  regroup();
  scrollDown();
}

async function loadEarlier() {
  const [id] = Array.from(rows).find(([, row]) => row.node === list.firstChild);
  const height = log.scrollHeight;
  const page = await ask("/messages?before=" + id).catch(() => ({ messages: [], more: true }));
  page.messages.forEach((message) => showMessage(message, true));
  earlier.hidden = !page.more;
  log.scrollTop += log.scrollHeight - height;
}

async function startListening() {
  if (listening) return;
  listening = true;
  for (let known = false; ;) {
    const stop = new AbortController();
    hangUp = () => stop.abort();
    try {
      await needSession();
      if (!known) await loadHistory();
      known = true;
      await readEvents(cursor, stop, gainConnection, takeEvent);
    } catch (error) {
      const { status } = error;
      console.debug("Tawkee:", error);
      if (status === 401) remember({ token: "" });
      if (status === 404 || status === 403) tell(SAY.gone);
      if ([401, 403, 404].includes(status)) break;
    }
    loseConnection();
    await pause();
  }
  listening = false;
}

function pause() {
  const longest = Math.min(15000, 500 * 2 ** tries++);
  return new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, longest * (0.6 + Math.random() * 0.4));
  });
}

function gainConnection() {
  tries = 0;
  clearTimeout(lossTimer);
  lossTimer = 0;
  showOnline(true);
  flushQueue();
}

function loseConnection() {
  lossTimer ||= setTimeout(showOnline, 1500, false);
  hangUp();
}

function takeEvent(name, data, id) {
  if (id) cursor = Number(id);
  if (name === "typing") showTyping(data.seconds);
  if (name === "owner") showOwner(data);
  if (name === "reload") forgetRows();
  if (name.startsWith("message")) takeMessage(data);
}

function takeMessage(message, quiet) {
  settleItem(message.client_id);
  const fresh = showMessage(message, quiet);
  if (fresh && !quiet && message.direction === "out" && panel.hidden) countUnread(unread + 1);
}

if (!allowedHere()) console.warn("Tawkee: " + SAY.gone);
else if (!window[KEY]) {
  window[KEY] = { open: openPanel, close: closePanel };
  mountFrame();
  addEventListener("online", () => wake());
  addEventListener("offline", () => {
    showOnline(false);
    hangUp();
  });
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  if (PAGE) openPanel();
  else if (recall().token) begin();
}

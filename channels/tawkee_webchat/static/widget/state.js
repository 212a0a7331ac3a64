// What outlives the page: the visitor's token, and words not yet taken by the server. In memory where storage is refused.
const KEY = "tawkee:" + LOOK.channel;
let memory = {};

function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || memory;
  } catch {
    return memory;
  }
}

function remember(changes) {
  memory = { ...recall(), ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // full, or refused by the browser: memory has it
    return;
  }
}

function pendingTexts(without) {
  return (recall().pending || []).filter((each) => each.client_id !== without);
}

function keepPending({ client_id, text, at }) {
  remember({ pending: [...pendingTexts(client_id), { client_id, text, at }].slice(-50) });
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

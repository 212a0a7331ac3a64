// Speaking to the server. The token travels in a header, never in an address, so events are read with fetch.
const SERVER = SCRIPT.src.split("/chat/" + LOOK.channel)[0];
const HERE = SERVER + "/chat/" + LOOK.channel;
const ANSWER_MS = 20000;
const UPLOAD_MS = 300000;
const SILENCE_MS = 50000;
const RENEW_MS = 864e5;
let session;

class Failure extends Error {
  constructor(status, body, retryAfter) {
    super(body?.message);
    this.status = status;
    this.slug = body?.error;
    this.retryAfter = Number(retryAfter) || 0;
  }
}

function bearer() {
  const token = recall().token;
  return token ? { Authorization: "Bearer " + token } : {};
}

async function ask(path, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_MS);
  const headers = { ...bearer(), ...(body && { "Content-Type": "application/json" }) };
  const options = { method: body ? "POST" : "GET", headers, body: JSON.stringify(body), signal: stop.signal };
  try {
    return await readAnswer(await fetch(HERE + path, { credentials: "omit", cache: "no-store", ...options }));
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(0);
  } finally {
    clearTimeout(timer);
  }
}

async function readAnswer(answer) {
  const body = await answer.json().catch(() => null);
  if (answer.ok && body) return body;
  throw new Failure(answer.ok ? 0 : answer.status, body, answer.headers.get("Retry-After"));
}

async function needSession() {
  const { token, since } = recall();
  if (token && Date.now() - since < RENEW_MS) return;
  session ||= ask("/sessions", {}).then((given) => remember({ token: given.visitor_token, since: Date.now() }));
  try {
    await session;
  } finally {
    session = null;
  }
}

function sendFile(item, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("client_id", item.client_id);
    form.append("text", item.text);
    form.append("file", item.file);
    const request = new XMLHttpRequest();
    request.open("POST", HERE + "/messages");
    request.setRequestHeader("Authorization", bearer().Authorization);
    request.responseType = "json";
    request.timeout = UPLOAD_MS;
    request.upload.onprogress = (event) => onProgress(event.loaded / (event.total || 1));
    request.onerror = request.ontimeout = () => reject(new Failure(0));
    request.onload = () => {
      const { status, response } = request;
      if (status < 300 && response) resolve(response);
      else reject(new Failure(status, response, request.getResponseHeader("Retry-After")));
    };
    request.send(form);
  });
}

async function readEvents(cursor, stop, onOpen, onEvent) {
  let timer;
  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), SILENCE_MS);
  };
  listen();
  try {
    const headers = { ...bearer(), "Last-Event-ID": cursor };
    const answer = await fetch(HERE + "/events", {
      headers,
      credentials: "omit",
      cache: "no-store",
      signal: stop.signal,
    });
    if (!answer.ok) await readAnswer(answer);
    onOpen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let piece; !(piece = await reader.read()).done;) {
      listen();
      const parts = (text + piece.value).split("\n\n");
      text = parts.pop();
      parts.forEach((part) => readEvent(part, onEvent));
    }
  } finally {
    clearTimeout(timer);
  }
}

function readEvent(part, onEvent) {
  const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s)));
  if (fields.event) onEvent(fields.event, JSON.parse(fields.data), fields.id);
}

function fileUrl(url) {
  return SERVER + url.slice(url.indexOf("/media/"));
}

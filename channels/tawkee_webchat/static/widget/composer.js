// Writing: what is sent stays on the screen and is tried until the server has it, under one client_id.
const TAKEN = "image/*,audio/*,video/mp4,video/webm,.pdf,.txt,.csv,.docx,.xlsx,.pptx";
const WAIT_SECONDS = { 429: 10 };
const input = make("textarea", { rows: 1, maxLength: LOOK.maxText, placeholder: SAY.write, label: SAY.write });
const picker = make("input", { type: "file", multiple: true, accept: TAKEN, hidden: true });
const attach = make("button.tool", { label: SAY.attach, onclick: () => picker.click() }, icon("attach"));
const submit = make("button.tool.send", { label: SAY.send, type: "submit" }, icon("send"));
const chips = make("div.chips");
const notice = make("div.notice", { role: "alert", hidden: true });
const composer = make("form.composer", {}, notice, chips, make("div.line", {}, attach, picker, input, submit));
const queue = [];
let files = [];
let flushing = false;
let noticeTimer;

composer.onsubmit = (event) => {
  event.preventDefault();
  sendWritten();
};
input.onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) composer.onsubmit(event);
};
input.oninput = fitInput;
input.onpaste = (event) => addFiles(event, event.clipboardData.files);
picker.onchange = (event) => {
  addFiles(event, picker.files);
  picker.value = "";
};

function fitInput() {
  input.style.height = "auto";
  input.style.height = input.scrollHeight + 2 + "px";
  composer.classList.toggle("ready", Boolean(input.value.trim() || files.length));
}

function addFiles(event, given) {
  if (!given.length) return;
  event.preventDefault();
  const small = Array.from(given).filter((file) => file.size <= LOOK.maxFile);
  if (small.length < given.length) tell(tooBig());
  files = [...files, ...small].slice(0, 10);
  drawChips();
}

function tooBig() {
  return fill(SAY.big, Math.floor(LOOK.maxFile / 2 ** 20));
}

function drawChips() {
  const chip = (file) => {
    const onclick = () => {
      files = files.filter((each) => each !== file);
      drawChips();
    };
    const remove = make("button", { label: SAY.remove + " " + file.name, onclick }, icon("close"));
    return make("span.chip", {}, icon("file"), make("span", {}, file.name), remove);
  };
  chips.replaceChildren(...files.map(chip));
  fitInput();
  input.focus();
}

function tell(text) {
  notice.textContent = text;
  notice.hidden = !text;
  clearTimeout(noticeTimer);
  if (text) noticeTimer = setTimeout(tell, 8000, "");
}

function sendWritten() {
  const text = input.value.trim();
  const items = files.length ? files.map((file, index) => ({ file, text: index ? "" : text })) : [{ text }];
  if (!text && !files.length) return;
  input.value = "";
  files = [];
  drawChips();
  items.forEach(queueItem);
}

function queueItem(given) {
  const item = { client_id: newId(), at: new Date().toISOString(), ...given };
  if (!item.file) keepPending(item);
  queue.push(item);
  retryItem(item);
}

function retryItem(item) {
  item.state = "waiting";
  showPending(item);
  input.focus();
  flushQueue();
}

function discardItem({ client_id }) {
  settleItem(client_id);
  dropRow(client_id);
  input.focus();
}

function settleItem(clientId) {
  const at = queue.findIndex((each) => each.client_id === clientId);
  if (at < 0) return;
  queue.splice(at, 1);
  remember({ pending: pendingTexts(clientId) });
}

function restorePending() {
  for (const kept of pendingTexts()) {
    const item = { ...kept, state: "waiting" };
    queue.push(item);
    showPending(item);
  }
}

async function flushQueue() {
  if (flushing) return;
  flushing = true;
  for (let item; (item = queue.find((each) => each.state === "waiting"));) {
    if (!(await sendItem(item))) break;
  }
  flushing = false;
}

async function sendItem(item, again) {
  const { client_id, text, file } = item;
  const onProgress = (part) => (item.row.progress.value = item.progress = part);
  try {
    await needSession();
    startListening();
    const message = await (file ? sendFile(item, onProgress) : ask("/messages", { client_id, text }));
    settleItem(client_id);
    showMessage(message);
    wake();
    return true;
  } catch (failure) {
    if (failure.status !== 401 || again) return refuseItem(item, failure);
    remember({ token: "" });
    return sendItem(item, true);
  }
}

// What may work later is tried again by itself, files only where the server asks for patience; the rest is the visitor's choice.
function refuseItem(item, { status, slug, message, retryAfter }) {
  const lost = !(status > 0 && status < 500);
  if (status === 429 || (lost && !item.file)) {
    if (lost) loseConnection();
    else tell(SAY.flood);
    setTimeout(flushQueue, (retryAfter || WAIT_SECONDS[status] || 4) * 1000);
    return false;
  }
  const known = { file_too_large: tooBig(), file_type_unsupported: SAY.type, file_type_mismatch: SAY.type };
  item.state = "failed";
  item.reason = known[slug] || (status ? message : SAY.failed);
  showPending(item);
  return true;
}

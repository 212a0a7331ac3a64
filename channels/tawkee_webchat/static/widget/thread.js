// The conversation on the screen: one row a message, in the order of `seq`, unsent ones last.
const rows = new Map();
const earlier = make("button.earlier", { hidden: true, onclick: () => loadEarlier() }, SAY.earlier);
const welcome = make("div.welcome");
const list = make("div");
const dots = make(
  "div.dots",
  { hidden: true },
  make("i"),
  make("i"),
  make("i"),
  make("span.only-read", {}, SAY.typing),
);
const log = make("div.log", { role: "log", label: SAY.log, tabIndex: 0 }, earlier, welcome, list, dots);
const latest = make("button.latest", { hidden: true, onclick: () => scrollDown() }, icon("down"), SAY.latest);
let typingTimer;
log.onscroll = () => (latest.hidden ||= atEnd());

function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function scrollDown() {
  log.scrollTop = log.scrollHeight;
  latest.hidden = true;
}

function showMessage(message, quiet) {
  const mine = message.direction === "in";
  const old = rows.get(message.id) || rows.get(message.client_id);
  const stay = atEnd();
  const row = drawRow(message, mine);
  if (old?.preview) row.image.src = old.preview;
  old?.node.remove();
  rows.delete(message.client_id);
  rows.set(message.id, row);
  const after = Array.from(list.children).find((node) => Number(node.dataset.seq || Infinity) > row.seq);
  list.insertBefore(row.node, after || null);
  regroup();
  if (!mine) showTyping(0);
  if (stay || (mine && !quiet)) scrollDown();
  else if (!quiet && !old) latest.hidden = false;
  return !old;
}

function showPending(item) {
  const kind = item.file ? kindOf(item.file) : "text";
  const row = drawRow({ kind, text: item.text, sent_at: item.at }, true, item);
  const old = rows.get(item.client_id);
  if (old) old.node.replaceWith(row.node);
  else list.append(row.node);
  rows.set(item.client_id, row);
  regroup();
  scrollDown();
  item.row = row;
}

function dropRow(id) {
  rows.get(id).node.remove();
  rows.delete(id);
  regroup();
}

// More was missed than comes by itself: what is here no longer joins what comes.
function forgetRows() {
  for (const [id, row] of rows) if (row.seq < Infinity) dropRow(id);
  earlier.hidden = false;
}

function regroup() {
  const used = list.children.length > 0;
  welcome.hidden = used && !earlier.hidden;
  welcome.classList.toggle("small", used);
  let before = {};
  for (const { dataset, classList, firstChild } of list.children) {
    firstChild.hidden = before.day === dataset.day;
    firstChild.textContent = dayName(Number(dataset.day));
    classList.toggle("follows", firstChild.hidden && before.author === dataset.author);
    before = dataset;
  }
}

function drawRow(message, mine, item) {
  const at = new Date(message.sent_at);
  const author = mine ? "you" : message.author;
  const row = { seq: message.seq || Infinity };
  const media = item?.file ? drawFile(row, item) : message.media && drawMedia(row, message);
  const text = message.text || (media ? "" : message.kind);
  const time = make("time", { dateTime: at.toISOString() }, clockTime(at));
  const bubble = make(
    "div.bubble",
    {},
    make("span.only-read", {}, (SAY[author] || SAY.agent) + ": "),
    media,
    text && make("div.text", { dir: "auto" }, ...textNodes(text)),
    make("div.meta", {}, time, mine && mark(item)),
  );
  row.node = make("div.row." + author, {}, make("div.day"), bubble, item?.state === "failed" && drawFailure(item));
  Object.assign(row.node.dataset, { author, day: midnight(at), seq: message.seq || "" });
  return row;
}

function mark(item) {
  const name = !item ? "sent" : item.state === "failed" ? "failed" : "sending";
  return make("span.mark", { role: "img", label: SAY[name], title: SAY[name] }, icon(name));
}

function drawFailure(item) {
  const retry = make("button", { onclick: () => retryItem(item) }, SAY.retry);
  const discard = make("button", { onclick: () => discardItem(item) }, SAY.discard);
  return make("div.failure", { role: "alert" }, item.reason, retry, discard);
}

function drawMedia(row, { kind, media }) {
  const name = media.filename || SAY.file;
  const src = media.url && fileUrl(media.url);
  if (!src) return drawDocument(name, media.size);
  if (kind === "audio" || kind === "video") {
    return make(kind + ".media", { controls: true, preload: "metadata", src, label: name });
  }
  if (kind !== "image" && kind !== "sticker") return linkTo(src, drawDocument(name, media.size));
  row.image = make("img.media", { src, alt: name, onload: () => latest.hidden && scrollDown() });
  return linkTo(src, row.image);
}

function drawDocument(name, size) {
  return make("div.document", {}, icon("file"), make("span", {}, name, make("small", {}, size ? fileSize(size) : "")));
}

function drawFile(row, item) {
  const { file } = item;
  if (kindOf(file) === "image") row.preview = item.preview ||= URL.createObjectURL(file);
  row.progress = make("progress", { value: item.progress || 0, label: SAY.sending, hidden: item.state === "failed" });
  const shown = row.preview
    ? make("img.media", { src: row.preview, alt: file.name })
    : drawDocument(file.name, file.size);
  return make("div", {}, shown, row.progress);
}

function kindOf(file) {
  const kind = file.type.split("/")[0];
  return ["image", "audio", "video"].includes(kind) ? kind : "document";
}

function showTyping(seconds) {
  const stay = atEnd();
  clearTimeout(typingTimer);
  dots.hidden = !seconds;
  if (seconds) typingTimer = setTimeout(showTyping, Math.max(seconds, 5) * 1000);
  if (stay) scrollDown();
}

function showWelcome() {
  const questions = LOOK.questions.map((text) => make("button", { onclick: () => queueItem({ text }) }, text));
  welcome.append(
    drawFace(),
    make("p.greeting", {}, LOOK.greeting[LANGUAGE]),
    make("div.questions", { role: "group", label: SAY.questions }, ...questions),
  );
}

function drawFace() {
  return make("div.face", { hide: true }, Array.from(LOOK.title)[0].toUpperCase());
}

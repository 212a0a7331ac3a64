// The bubble and the panel, out of reach of the page's own styles.
const host = make("div", { id: "tawkee-chat" });
const root = host.attachShadow({ mode: "open" });
const state = make("span.state", { role: "status" }, SAY.ai);
const badge = make("span.badge", { hidden: true, hide: true });
const launcher = make("button.launcher", { onclick: () => (panel.hidden ? openPanel() : closePanel()) });
const shut = !PAGE && make("button.tool", { label: SAY.close, onclick: closePanel }, icon("close"));
const title = make(PAGE ? "h1" : "h2", {}, LOOK.title);
const head = make("header", {}, drawFace(), make("div.who", {}, title, state), shut);
const banner = make("div.banner", { role: "status", hidden: true }, SAY.offline);
const middle = make("div.middle", {}, log, latest);
const panel = make(
  "section.panel",
  { role: PAGE ? "main" : "dialog", label: LOOK.title },
  head,
  banner,
  middle,
  composer,
);
const frame = make("div.frame." + (PAGE ? "page" : LOOK.position), { lang: SAY.locale }, panel, !PAGE && launcher);
let unread = 0;

function mountFrame() {
  for (const name of ["color", "accent"]) {
    frame.style.setProperty("--" + name, LOOK[name]);
    frame.style.setProperty("--on-" + name, readableOn(LOOK[name]));
  }
  launcher.append(icon("chat"), icon("close"), badge);
  panel.onkeydown = (event) => {
    if (event.key === "Escape" && !PAGE) closePanel();
  };
  panel.ondragover = (event) => event.preventDefault();
  panel.ondrop = (event) => addFiles(event, event.dataTransfer.files);
  showWelcome();
  labelPanel(true);
  dressFrame();
  root.append(frame);
  document.body.append(host);
}

// A constructed sheet is not refused by the page's own content policy; old browsers have none.
function dressFrame() {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make("style", {}, STYLE));
  }
}

function readableOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.21 * red + 0.72 * green + 0.07 * blue > 0.3 ? "#0b1220" : "#fff";
}

function labelPanel(closed) {
  panel.hidden = closed;
  frame.classList.toggle("open", !closed);
  launcher.ariaExpanded = String(!closed);
  launcher.ariaLabel = closed ? SAY.open : SAY.close;
}

function openPanel() {
  labelPanel(false);
  countUnread(0);
  scrollDown();
  input.focus();
  begin();
}

function closePanel() {
  labelPanel(true);
  launcher.focus();
}

function countUnread(number) {
  unread = number;
  badge.hidden = !number;
  badge.textContent = number;
  if (number) launcher.ariaLabel = SAY.open + " (" + fill(SAY.unread, number) + ")";
}

function showOwner({ owner, waiting }) {
  state.textContent = waiting ? SAY.waiting : SAY[owner];
  state.classList.toggle("human", owner === "human");
}

function showOnline(online) {
  banner.hidden = online;
  panel.classList.toggle("offline", !online);
}

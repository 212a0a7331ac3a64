// From hostile text to nodes: nothing is ever parsed as HTML.
const MARKS = /\[([^\]\n]{1,200})\]\((https?:\/\/[^\s()<>]+)\)|(https?:\/\/[^\s<>"]+)|\*\*([^*\n]+)\*\*/g;
const SVG = "http://www.w3.org/2000/svg";
const RING = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z";
const ICONS = {
  chat: "M12 3c5 0 9 3.4 9 7.6s-4 7.6-9 7.6c-.9 0-1.8-.1-2.6-.3L4.5 20.5l1-4C3.9 15.1 3 13 3 10.6 3 6.4 7 3 12 3z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-5 16-3.5-6.5L4 12zm7.5 1.5L20 4",
  attach: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.8 17a1.6 1.6 0 0 1-2.3-2.3l7.6-7.6",
  down: "M6 9l6 6 6-6",
  sent: "M5 12.5l4.5 4.5L19 7.5",
  sending: "M12 7v5l3 2" + RING,
  failed: "M12 8v5m0 3v.1" + RING,
  file: "M13 3H6v18h12V8l-5-5zm0 0v5h5",
};

// make("div.row.mine", { title: "…" }, ...children): `label` and `hide` are for screen readers
function make(tag, properties, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  const { label, hide, role, ...rest } = properties || {};
  if (name === "button") node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  if (hide) node.setAttribute("aria-hidden", "true");
  if (role) node.setAttribute("role", role);
  node.classList.add(...classes);
  node.append(...children.filter((child) => child));
  return Object.assign(node, rest);
}

function icon(name) {
  const image = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  image.setAttribute("viewBox", "0 0 24 24");
  image.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  image.append(path);
  return image;
}

function textNodes(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKS)) {
    const [whole, label, target, bare, bold] = found;
    const url = bare?.replace(/[.,;:!?)\]}'»”]+$/, "");
    nodes.push(text.slice(from, found.index), bold ? make("strong", {}, bold) : linkTo(target || url, label || url));
    from = found.index + (bare ? url : whole).length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function linkTo(href, ...children) {
  return make("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

function clockTime(at) {
  return at.toLocaleTimeString(SAY.locale, { hour: "2-digit", minute: "2-digit" });
}

function dayName(day) {
  const days = Math.round((midnight(new Date()) - day) / 864e5);
  const date = { weekday: "long", day: "numeric", month: "long" };
  return [SAY.today, SAY.yesterday][days] || new Date(day).toLocaleDateString(SAY.locale, date);
}

function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

function fileSize(bytes) {
  if (bytes < 1e6) return Math.ceil(bytes / 1e3) + " kB";
  return (bytes / 1e6).toLocaleString(SAY.locale, { maximumFractionDigits: 1 }) + " MB";
}

"use strict";
// The picture: nodes in a ring, services inside it, links, and messages on their way.

const SVG = "http://www.w3.org/2000/svg";

function make(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

class Stage {
  // Of more messages than that, the types are not written beside them.
  static namedMax = 16;

  constructor(svg, choose, cut) {
    this.svg = svg;
    this.choose = choose;
    this.cut = cut;
    this.places = new Map();
    this.nodes = new Map();
    this.links = new Map();
    this.messages = new Map();
    this.watchKnife();
  }

  // Anything that can be chosen: by a click, or by Enter.
  choosable(element, label, what) {
    element.setAttribute("tabindex", 0);
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", label);
    element.addEventListener("click", () => this.choose(what));
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.choose(what);
    });
  }

  arrange(names) {
    const count = names.length, radius = count > 1 ? 380 : 0;
    this.size = Math.max(17, Math.min(52, 900 / Math.max(count, 4) / 1.5));
    names.forEach((name, i) => {
      const angle = (2 * Math.PI * i) / count - Math.PI / 2;
      this.places.set(name, { x: radius * Math.cos(angle), y: radius * Math.sin(angle) });
    });
    for (let i = 0; i < count; i += 1) {
      for (let j = i + 1; j < count; j += 1) this.addLink(names[i], names[j]);
    }
    for (const name of names) this.addNode(name, "");
  }

  addLink(a, b) {
    const group = make(document.getElementById("links"), "g", { class: "link" });
    const from = this.places.get(a), to = this.places.get(b);
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    make(group, "line", { ...ends, class: "seen" });
    make(group, "line", { ...ends, class: "area" });
    this.choosable(group, `link ${a} to ${b}`, { link: [a, b] });
    this.links.set(`${a} ${b}`, { group, a, b, from, to });
  }

  addNode(name, kind) {
    const { x, y } = this.places.get(name);
    const group = make(document.getElementById("nodes"), "g", { class: `node ${kind}`, transform: `translate(${x} ${y})` });
    make(group, "circle", { r: this.size });
    make(group, "text", { "font-size": Math.max(13, this.size * 0.55) }, name);
    make(group, "text", { class: "condition", y: this.size + 18 });
    if (!kind) this.choosable(group, `node ${name}`, { node: name });
    this.nodes.set(name, group);
  }

  // A service shows once somebody talks to it.
  place(name) {
    if (!this.places.has(name)) {
      const count = [...this.nodes.values()].filter((one) => one.classList.contains("service")).length;
      this.places.set(name, { x: 0, y: -60 + 120 * count });
      this.addNode(name, "service");
    }
    return this.places.get(name);
  }

  show(state, chosen) {
    if (!this.nodes.size) this.arrange(state.nodes.map((one) => one.name));
    for (const { name, condition } of state.nodes) {
      const group = this.nodes.get(name);
      group.setAttribute("class", `node ${condition}${chosen?.node === name ? " chosen" : ""}`);
      group.lastChild.textContent = condition === "up" ? "" : condition;
    }
    const cut = new Set();
    for (const [a, b] of state.cuts) cut.add(`${a} ${b}`).add(`${b} ${a}`);
    for (const [key, { group, a, b }] of this.links) {
      const isChosen = chosen?.link && chosen.link.includes(a) && chosen.link.includes(b);
      group.setAttribute("class", `link${cut.has(key) ? " cut" : ""}${isChosen ? " chosen" : ""}`);
    }
    const there = new Set();
    for (const flight of state.flights) {
      // A client is next to its node: what it says takes no time.
      if (!flight.number) continue;
      there.add(flight.id);
      let message = this.messages.get(flight.id);
      if (!message) {
        const group = make(document.getElementById("messages"), "g", { class: "message" });
        make(group, "circle", { r: 20, class: "area" });
        make(group, "circle", { r: 9, class: "seen" });
        make(group, "text", { x: 13, y: 5 });
        make(group, "title", {}, `${flight.src} to ${flight.dest}: ${flight.text}`);
        this.choosable(group, `message from ${flight.src} to ${flight.dest}`, { message: flight.id });
        message = { group };
        this.messages.set(flight.id, message);
      }
      message.flight = flight;
      const type = state.flights.length <= Stage.namedMax ? flight.text.match(/"type":"([^"]{1,24})"/)?.[1] : "";
      message.group.querySelector("text").textContent = type ?? "";
      message.group.setAttribute("class", `message${flight.held ? " held" : ""}${chosen?.message === flight.id ? " chosen" : ""}`);
    }
    for (const [id, { group }] of this.messages) {
      if (there.has(id)) continue;
      group.remove();
      this.messages.delete(id);
    }
  }

  // Where messages are at an instant.
  move(now) {
    for (const { group, flight } of this.messages.values()) {
      const from = this.place(flight.src), to = this.place(flight.dest);
      const length = Math.hypot(to.x - from.x, to.y - from.y) || 1, gap = (this.size + 6) / length;
      const share = flight.due > flight.sent ? Math.min(1, Math.max(0, (now - flight.sent) / (flight.due - flight.sent))) : 1;
      const along = gap + share * (1 - 2 * gap);
      // The two ways of a link lie beside each other.
      const x = from.x + along * (to.x - from.x) - 9 * (to.y - from.y) / length;
      const y = from.y + along * (to.y - from.y) + 9 * (to.x - from.x) / length;
      group.setAttribute("transform", `translate(${x} ${y})`);
    }
  }

  // A word that rises from a node.
  flash(name, text, isBad) {
    const place = this.places.get(name), flashes = document.getElementById("flashes");
    if (!place || flashes.childElementCount > 30) return;
    const out = Math.hypot(place.x, place.y) || 1;
    const x = place.x + (place.x / out) * (this.size + 34), y = place.y + (place.y / out) * (this.size + 30) + (place.y > 0 ? 22 : 0);
    const word = make(flashes, "text", { x, y, class: `flash${isBad ? " bad" : ""}` }, text);
    setTimeout(() => word.remove(), 1600);
  }

  point(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return { x: at.x, y: at.y };
  }

  // A line drawn across links cuts them.
  watchKnife() {
    const knife = document.getElementById("knife");
    let start = null;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.target === this.svg) start = this.point(event);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!start) return;
      const end = this.point(event);
      knife.removeAttribute("hidden");
      for (const [key, value] of Object.entries({ x1: start.x, y1: start.y, x2: end.x, y2: end.y })) knife.setAttribute(key, value);
    });
    window.addEventListener("pointerup", (event) => {
      if (!start) return;
      const from = start, to = this.point(event);
      start = null;
      knife.setAttribute("hidden", "");
      if (Math.hypot(to.x - from.x, to.y - from.y) < 12) return this.choose(null);
      const hit = [...this.links.values()].filter((link) => Stage.cross(from, to, link.from, link.to));
      if (hit.length) this.cut(hit.map(({ a, b }) => [a, b]));
    });
  }

  static cross(a, b, c, d) {
    const side = (p, q, r) => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
    return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
  }
}

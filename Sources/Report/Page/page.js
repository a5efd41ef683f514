// What links the views: the time that is shown, what is chosen, what is filtered; all of it stands in the URL's fragment.

/** What stands in the fragment under its own name. */
const FILTERS = ["node", "type", "key", "function", "outcome", "text", "only"];
/** More would make no list to choose from; the search finds the others. */
const KEYS_MAX = 500;

class App {
  constructor(data) {
    this.model = makeModel(data);
    TOP = MARGIN + LANE * this.model.lanes.length + (this.model.lanes.length ? 3 : 0);
    this.palette = new Palette();
    this.from = this.model.begin;
    this.to = this.model.end;
    this.filter = { node: "", type: "", key: "", function: "", outcome: "", text: "", only: "", clients: this.clientCount() <= 60 };
    this.operation = this.message = this.anomaly = null;
    this.causes = null;
    this.marked = new Set();
    this.markedMessages = new Set();
    document.getElementById("views").hidden = false;
    this.tipBox = document.body.appendChild(element("div", "tip"));
    this.tipBox.hidden = true;
    this.details = new Details(this);
    this.makeBar();
    this.makeViews();
    this.linkFindings();
    this.listen();
    this.restore();
  }

  clientCount() { return this.model.data.names ? this.model.data.names.filter((name) => /^c\d+$/.test(name)).length : 0; }

  makeViews() {
    const { model } = this;
    this.views = [];
    if (model.operations.count) {
      this.views.push(new Latency(this, "latency"));
      if (!model.isInstant) this.views.push(new Quantiles(this, "quantiles"));
      this.views.push(new Rate(this, "rate"), new Timeline(this, "timeline"));
    }
    if (model.messages?.count) this.views.push(this.spaceTime = new SpaceTime(this, "spacetime"));
    if (model.spread) this.views.push(new Spread(this, "spread"));
    if (model.offsets) this.views.push(new Offsets(this, "offsets"), new Lag(this, "lag"));
    new ResizeObserver(() => this.redraw()).observe(document.getElementById("views"));
  }

  redraw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      for (const view of this.views) view.render();
    });
  }

  // Time.

  zoom(from, to) {
    const { begin, end } = this.model, least = Math.max(1e-3, (end - begin) * 1e-7);
    const size = Math.min(end - begin, Math.max(least, to - from));
    this.from = Math.max(begin, Math.min(from, end - size));
    this.to = this.from + size;
    this.range.textContent = `${moment(this.from, size / 10)} – ${moment(this.to, size / 10)}`;
    this.remember();
    this.redraw();
  }

  scale(factor, around = (this.from + this.to) / 2) {
    this.zoom(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }

  pan(share) {
    const step = (this.to - this.from) * share;
    this.zoom(this.from + step, this.to + step);
  }

  // Filters.

  showsOperation(i) {
    const o = this.model.operations, { node, outcome } = this.filter;
    if (node && this.model.data.hosts[o.node[i]] !== node) return false;
    if (outcome && OUTCOMES[o.outcome[i]] !== outcome) return false;
    return !this.rows || this.rows.operations[i] === 1;
  }

  showsMessage(i) {
    const m = this.model.messages, { names, types } = this.model.data, { node, type } = this.filter;
    if (node && names[m.from[i]] !== node && names[m.to[i]] !== node) return false;
    if (type && types[m.type[i]] !== type) return false;
    return !this.rows || this.rows.messages[i] === 1;
  }

  get filtersMessages() { return Boolean(this.filter.node || this.filter.type || this.rows); }

  setFilter(change) {
    Object.assign(this.filter, change);
    for (const [name, field] of Object.entries(this.fields)) {
      if (field.type === "checkbox") field.checked = this.filter[name]; else field.value = this.filter[name];
    }
    this.rows = this.search();
    this.only.hidden = !this.filter.only;
    this.only.textContent = `only operation ${this.filter.only} ×`;
    this.spaceTime?.arrange();
    this.remember();
    this.redraw();
  }

  /**
   * Which operations and messages a text, a key, a function or one operation leave: null for all. A message has the key and
   * the function of its operation; one between nodes that belongs to none has the key that its body names.
   */
  search() {
    const { text, key, function: name, only } = this.filter, { model } = this, { data, operations: o, messages: m } = model;
    if (!text && !key && !name && !only) return null;
    const operations = new Uint8Array(o.count), messages = new Uint8Array(m ? m.count : 0);
    const word = text.toLowerCase(), has = (one) => one.toLowerCase().includes(word);
    const texts = text ? model.texts.map(has) : null;
    const functions = data.functions.map((one) => !text || has(one)), types = (data.types ?? []).map((one) => !text || has(one));
    const keyPlace = key ? data.keys.indexOf(key) : -1, row = only ? model.rowOf.get(Number(only)) : -1;
    const isWanted = (i) => (!name || data.functions[o.function[i]] === name) && (!only || i === row) && (!key || model.hasKey(i, keyPlace));
    const named = key ? new RegExp(`"key":\\s*"?${key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"?[,}\\]]`) : null;
    const naming = named ? model.texts.map((one) => named.test(one)) : null;
    for (let i = 0; i < o.count; i++) operations[i] = isWanted(i) && (!text || texts[o.value[i]] || texts[o.result[i]] || functions[o.function[i]]) ? 1 : 0;
    for (let i = 0; i < messages.length; i++) {
      const owner = m.operation[i], fits = owner >= 0 ? isWanted(owner) : !name && !only && (!key || naming[m.body[i]]);
      messages[i] = fits && (!text || texts[m.body[i]] || types[m.type[i]]) ? 1 : 0;
    }
    return { operations, messages };
  }

  makeBar() {
    const bar = document.getElementById("bar"), { data } = this.model;
    this.fields = {};
    const button = (text, title, act) => {
      const made = element("button", "", text);
      made.type = "button";
      made.title = title;
      made.setAttribute("aria-label", title);
      made.addEventListener("click", act);
      return made;
    };
    const select = (name, title, values) => {
      const made = element("select");
      made.setAttribute("aria-label", title);
      made.append(new Option(title, ""), ...values.map((value) => new Option(value, value)));
      made.addEventListener("change", () => this.setFilter({ [name]: made.value }));
      this.fields[name] = made;
      return made;
    };
    const text = element("input");
    text.type = "search";
    text.placeholder = "find text";
    text.setAttribute("aria-label", "Text in values and messages");
    text.addEventListener("input", () => this.setFilter({ text: text.value }));
    this.fields.text = text;
    const clients = element("input");
    clients.type = "checkbox";
    clients.addEventListener("change", () => this.setFilter({ clients: clients.checked }));
    this.fields.clients = clients;
    const label = element("label");
    label.append(clients, " clients' messages");
    this.range = element("output", "range");
    this.only = button("", "Show all operations again", () => this.setFilter({ only: "" }));
    this.only.hidden = true;
    const keys = (data.keys ?? []).slice(0, KEYS_MAX).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    bar.append(
      button("−", "Zoom out (-)", () => this.scale(2)), button("+", "Zoom in (+)", () => this.scale(0.5)),
      button("←", "Earlier (arrow left)", () => this.pan(-0.25)), button("→", "Later (arrow right)", () => this.pan(0.25)),
      button("All", "The whole run (0)", () => this.zoom(this.model.begin, this.model.end)), this.range,
      select("node", "all nodes", data.nodes), select("type", "all types", data.types ?? []), select("key", "all keys", keys),
      select("function", "all operations", data.functions), select("outcome", "all outcomes", OUTCOMES), text, label, this.only);
    if (!data.messages) label.hidden = this.fields.type.hidden = true;
    if (!keys.length) this.fields.key.hidden = true;
    if (data.functions.length < 2) this.fields.function.hidden = true;
    bar.append(element("span", "help", "Drag to zoom, double-click for all; Ctrl and wheel zoom, Shift and wheel move. Keys: + − 0 ← → time; n p findings; . , next and previous; Enter the first in a view; / search; Esc clear"));
  }

  // What is chosen.

  operationHit(i) {
    const o = this.model.operations, { functions, hosts } = this.model.data, texts = this.model.texts;
    const where = o.node[i] >= 0 ? ` at ${hosts[o.node[i]]}` : "";
    const text = [
      `${functions[o.function[i]]} ${texts[o.value[i]]}${where}`.slice(0, 300),
      `${OUTCOMES[o.outcome[i]]}${Number.isNaN(o.end[i]) ? "" : ` after ${duration(o.end[i] - o.start[i])}`}, from ${moment(o.start[i])}`,
      o.result[i] === o.value[i] ? "" : texts[o.result[i]].slice(0, 300),
    ].filter(Boolean).join("\n");
    return { text, operation: i };
  }

  messageHit(i) {
    const m = this.model.messages, { names, types, causes } = this.model.data;
    const fate = m.fate[i] === LOST ? `lost (${causes[m.cause[i]]}) at ${moment(m.end[i])}`
      : m.fate[i] === DELIVERED ? `delivered after ${duration(m.end[i] - m.start[i])}${causes[m.cause[i]] ? ` (${causes[m.cause[i]]})` : ""}` : "still under way at the end";
    const text = `${types[m.type[i]]} ${m.number[i]}${m.copies.has(i) ? " (copy)" : ""}: ${names[m.from[i]]} → ${names[m.to[i]]}\n`
      + `sent at ${moment(m.start[i])}, ${fate}\n${this.model.texts[m.body[i]]}`;
    return { text, message: i };
  }

  /** The same of a lost message, with a line that says when it was sent and what lost it. */
  lostHit(i) {
    const m = this.model.messages, { names, types, causes } = this.model.data;
    return { ...this.messageHit(i), short: `${types[m.type[i]]} ${m.number[i]}: ${names[m.from[i]]} → ${names[m.to[i]]} at ${moment(m.start[i], 1)} · ${causes[m.cause[i]]}` };
  }

  select(found) {
    this.operation = found?.operation ?? null;
    this.message = found?.message ?? null;
    this.anomaly = found?.anomaly ?? null;
    this.marked = new Set(found?.operations ?? (this.operation === null ? [] : [this.operation]));
    if (this.message !== null && this.model.messages.operation[this.message] >= 0) this.marked.add(this.model.messages.operation[this.message]);
    this.markedMessages = new Set();
    if (this.model.messages) for (const i of this.marked) for (const message of this.model.messages.byOperation.get(i) ?? []) this.markedMessages.add(message);
    const chosen = this.message !== null ? [this.message] : this.operation !== null ? this.model.messages?.byOperation.get(this.operation) ?? [] : [];
    this.causes = chosen.length ? causality(this.model, chosen) : null;
    this.details.show(found);
    for (const item of document.querySelectorAll("[data-anomaly]")) item.classList.toggle("chosen", Number(item.dataset.anomaly) === this.anomaly);
    this.remember();
    this.redraw();
  }

  showAnomaly(number, moves = true) {
    const anomaly = this.model.data.anomalies[number];
    if (!anomaly) return;
    const rows = anomaly.operations, o = this.model.operations;
    this.select({ anomaly: number, operations: rows, text: anomaly.name });
    if (rows.length && moves) {
      const from = Math.min(...rows.map((i) => o.start[i])), to = Math.max(...rows.map((i) => Number.isNaN(o.end[i]) ? o.start[i] : o.end[i]));
      const margin = Math.max(5, (to - from) * 0.15);
      this.zoom(from - margin, to + margin);
    } else if (anomaly.node && moves) {
      const death = this.model.deaths.find((one) => one.node === anomaly.node);
      if (death) this.zoom(death.at - 500, death.at + 200);
      this.setFilter({ node: anomaly.node });
    }
    document.querySelector(`[data-anomaly="${number}"]`)?.scrollIntoView({ block: "nearest" });
  }

  /** What the page says of an operation leads to it; an order of operations is drawn while one points at it. */
  linkFindings() {
    for (const link of document.querySelectorAll("[data-op]")) {
      const row = this.model.rowOf.get(Number(link.dataset.op));
      if (row === undefined) continue;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.select(this.operationHit(row));
        this.reveal({ operation: row });
      });
    }
    for (const item of document.querySelectorAll("li[data-attempt]")) {
      const show = () => {
        for (const one of item.closest("figure").querySelectorAll("[data-attempt]")) one.classList.toggle("shown", one.dataset.attempt === item.dataset.attempt);
      };
      item.tabIndex = 0;
      for (const event of ["pointerenter", "focusin", "click"]) item.addEventListener(event, show);
    }
    for (const item of document.querySelectorAll("[data-anomaly]")) {
      const number = Number(item.dataset.anomaly), anomaly = this.model.data.anomalies[number];
      if (!anomaly || (!anomaly.operations.length && !anomaly.node)) continue;
      const button = element("button", "show", "Show");
      button.type = "button";
      button.addEventListener("click", () => {
        this.showAnomaly(number);
        document.getElementById("views").scrollIntoView({ behavior: "auto" });
      });
      item.prepend(button);
    }
  }

  /** Chooses the next thing that is shown, of the kind that is chosen; or the first in the time that is shown. */
  step(by, kind = this.message !== null ? "message" : "operation", isFirst = false) {
    const isMessage = kind === "message", column = isMessage ? this.model.messages : this.model.operations;
    const shows = isMessage ? (i) => this.spaceTime.shows(i) : (i) => this.showsOperation(i);
    let i = isFirst || this[kind] === null ? lowerBound(column.start, this.from) - (by > 0 ? 0 : 1) : this[kind] + by;
    while (i >= 0 && i < column.count && !shows(i)) i += by;
    if (i < 0 || i >= column.count) return;
    this.select(isMessage ? this.messageHit(i) : this.operationHit(i));
    const size = this.to - this.from, at = column.start[i];
    if (at < this.from || at > this.to) this.zoom(at - size / 2, at + size / 2);
  }

  /** Moves the time so that something is in it, with what is sent right before and after, and the window so that its messages are. */
  reveal(hit) {
    const column = hit.operation !== undefined ? this.model.operations : this.model.messages, i = hit.operation ?? hit.message;
    const start = column.start[i], end = Number.isNaN(column.end[i]) ? start : column.end[i];
    const margin = Math.max(2, (end - start) * 2, this.model.usualDelay * 4);
    if (start < this.from || end > this.to || this.to - this.from > 8 * (margin + end - start)) this.zoom(start - margin, end + margin);
    if (!this.spaceTime) return;
    const { top } = this.spaceTime.canvas.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) this.spaceTime.section.scrollIntoView();
  }

  /** The first messages that were lost of those that what is chosen may have led to. */
  lostAfter(count) {
    const { causes, model: { messages: m } } = this, found = [];
    for (let i = lowerBound(m.start, Math.min(...causes.future)); i < m.count && found.length < count; i++) {
      if (m.fate[i] === LOST && m.start[i] >= causes.future[m.from[i]]) found.push(i);
    }
    return found;
  }

  tip(text, x, y) {
    this.tipBox.hidden = !text;
    if (!text) return;
    this.tipBox.textContent = text;
    const wide = this.tipBox.offsetWidth, high = this.tipBox.offsetHeight;
    this.tipBox.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - wide - 8))}px`;
    this.tipBox.style.top = `${y + 18 + high > innerHeight ? Math.max(4, y - high - 10) : y + 18}px`;
  }

  // The fragment.

  remember() {
    if (this.isRestoring) return;
    const words = new URLSearchParams();
    if (this.from > this.model.begin || this.to < this.model.end) words.set("t", `${this.from.toFixed(3)}~${this.to.toFixed(3)}`);
    if (this.anomaly !== null) words.set("finding", this.anomaly);
    if (this.operation !== null) words.set("op", this.model.operations.index[this.operation]);
    if (this.message !== null) words.set("message", this.message);
    for (const name of FILTERS) if (this.filter[name]) words.set(name, this.filter[name]);
    const fragment = words.toString();
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      this.written = fragment;
      history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
    }, 150);
  }

  restore() {
    const words = new URLSearchParams(location.hash.slice(1)), { model } = this;
    this.isRestoring = true;
    this.setFilter(Object.fromEntries(FILTERS.map((name) => [name, words.get(name) ?? ""])));
    const number = (name) => words.has(name) && /^\d+$/.test(words.get(name)) ? Number(words.get(name)) : null;
    const operation = model.rowOf.get(number("op")), message = number("message");
    if (number("finding") !== null) this.showAnomaly(number("finding"), false);
    else if (operation !== undefined) this.select(this.operationHit(operation));
    else if (message !== null && model.messages && message < model.messages.count) this.select(this.messageHit(message));
    const [from, to] = (words.get("t") ?? "").split("~").map(Number.parseFloat);
    if (from < to) this.zoom(from, to); else this.zoom(model.begin, model.end);
    this.isRestoring = false;
  }

  /** Draws everything anew in the colours that now hold. */
  repaint(name, isOn) {
    if (name) document.documentElement.classList.toggle(name, isOn);
    this.palette = new Palette();
    for (const view of this.views) {
      view.legendText = null;
      if (isOn) view.isVisible = true;
      view.render();
    }
  }

  listen() {
    addEventListener("hashchange", () => { if (location.hash.slice(1) !== this.written) this.restore(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.repaint();
    });
    // Paper is white, and all of a page is seen.
    addEventListener("beforeprint", () => this.repaint("printing", true));
    addEventListener("afterprint", () => this.repaint("printing", false));
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") {
        document.activeElement?.blur();
        this.select(null);
        return;
      }
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      const count = this.model.data.anomalies.length;
      const acts = {
        "+": () => this.scale(0.5), "=": () => this.scale(0.5), "-": () => this.scale(2),
        ArrowLeft: () => this.pan(-0.25), ArrowRight: () => this.pan(0.25),
        0: () => this.zoom(this.model.begin, this.model.end),
        n: () => count && this.showAnomaly(((this.anomaly ?? -1) + 1) % count),
        p: () => count && this.showAnomaly(((this.anomaly ?? count) + count - 1) % count),
        "/": () => this.fields.text.focus(),
        ".": () => this.step(1), ",": () => this.step(-1),
        Enter: event.target.tagName === "CANVAS" ? () => this.step(1, event.target.id === "spacetime" ? "message" : "operation", true) : null,
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
  }
}

/** Called with the run's data as JSON, in parts: by this page, or by the file beside it where they are large. */
function reportData(...parts) { window.app = new App(JSON.parse(parts.join(""))); }

copyCommand();
if (document.getElementById("data")) reportData(document.getElementById("data").textContent);

// The controls, and what is beside the picture.

const token = document.querySelector('meta[name="token"]').content;
const at = (id) => document.getElementById(id);
const SPEEDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];

const play = {
  state: null,
  chosen: null,
  isPlaying: false,
  isAsking: false,
  // The instant that is drawn, in nanoseconds.
  view: 0,
  speed: 0.1,
  // What was shown of the chosen node before.
  inspected: { node: null, text: "" },
  // Who sent which message, for lines that know it by its number only.
  known: new Map(),
};

// One question at a time, in order.
let queue = Promise.resolve();
function ask(words) {
  queue = queue.then(() => request(words)).catch((error) => refuse(`${error.message || error}: is workbench play still running?`));
  return queue;
}

async function request(words) {
  const node = play.chosen?.node ? `?node=${encodeURIComponent(play.chosen.node)}` : "";
  const answer = await (words
    ? fetch(`/do${node}`, { method: "POST", headers: { "X-Token": token }, body: words })
    : fetch(`/state${node}`));
  if (!answer.ok) return refuse(await answer.text());
  take(await answer.json());
}

function refuse(words) {
  pause();
  at("refusal").textContent = words;
  at("refusal").hidden = false;
}

function act(words) {
  pause();
  return ask(`act ${words}`);
}

function take(state) {
  const before = play.state;
  play.state = state;
  if (!before || !play.isPlaying || state.now < before.now) play.view = state.now;
  at("refusal").hidden = !state.refusal;
  at("refusal").textContent = state.refusal || "";
  for (const line of state.lines) {
    if (line.sent) play.known.set(line.sent.id, line.sent);
  }
  if (play.known.size > 20000) play.known = new Map([...play.known].slice(-10000));
  if (before && state.lineCount > before.lineCount) {
    for (const line of state.lines.slice(-Math.min(12, state.lineCount - before.lineCount))) flash(line);
  }
  if (state.finished || state.full) pause();
  stage.show(state, play.chosen);
  stage.move(play.view);
  showTime();
  showChosen();
  showLists();
}

function flash(line) {
  if (line.type && line.process !== "nemesis") {
    const node = play.state.clients[line.process % play.state.clients.length];
    const mark = { invoke: "", ok: " ✓", fail: " ✗", info: " ?" }[line.type];
    stage.flash(node, `${line.f}${mark}`, line.type === "fail");
  } else if (line.lost !== undefined) {
    stage.flash(play.known.get(line.lost)?.dest, "lost", true);
  }
}

const seconds = (instant) => ((instant - play.state.origin) / 1e9).toFixed(3);

function showTime() {
  const { begin, end } = play.state;
  at("now").textContent = `${seconds(play.view)} s`;
  at("time").max = Math.max(end, begin + 1) - begin;
  at("time").value = play.view - begin;
}

// MARK: Play

function pause() {
  play.isPlaying = false;
  showPlaying("Play", "M4 2v12l10-6z");
  if (play.state) play.view = play.state.now;
}

function start() {
  play.isPlaying = true;
  showPlaying("Pause", "M3 2h4v12H3zM9 2h4v12H9z");
}

function showPlaying(label, shape) {
  at("play").setAttribute("aria-label", label);
  at("play").querySelector("path").setAttribute("d", shape);
}

const toggle = () => (play.isPlaying ? hold() : start());

// Stops at the instant that is seen.
function hold() {
  const instant = Math.floor(play.view);
  play.isPlaying = false;
  ask(`until ${instant}`).then(pause);
}

let last = 0;
function frame(moment) {
  const passed = Math.min(100, moment - last);
  last = moment;
  if (play.isPlaying && play.state) {
    play.view += passed * 1e6 * play.speed;
    if (!play.isAsking && (play.state.next === null || play.view >= play.state.next)) {
      play.isAsking = true;
      ask(`until ${Math.floor(play.view)}`).then(() => (play.isAsking = false));
    }
    stage.move(play.view);
    showTime();
  }
  requestAnimationFrame(frame);
}

function moveBy(words) {
  pause();
  return ask(words);
}

// MARK: What is chosen

function element(name, text, attributes = {}) {
  const one = document.createElement(name);
  if (text !== undefined) one.textContent = text;
  Object.assign(one, attributes);
  return one;
}

const button = (text, does, isOff = false) => element("button", text, { type: "button", onclick: does, disabled: isOff });

function choose(what) {
  play.chosen = what;
  play.inspected = { node: null, text: "" };
  ask("");
}

function showChosen() {
  const section = at("chosen"), { chosen, state } = play;
  // What is being typed stays.
  if (section.contains(document.activeElement) && document.activeElement.tagName === "INPUT" && section.dataset.node === chosen?.node) {
    section.querySelector("pre")?.replaceWith(inspection());
    return;
  }
  section.replaceChildren();
  section.dataset.node = chosen?.node ?? "";
  if (chosen?.node) showNode(section, chosen.node);
  else if (chosen?.link) showLink(section, chosen.link);
  else if (chosen?.message !== undefined) showMessage(section, state.flights.find((one) => one.id === chosen.message));
  else section.append(element("p", "Choose a node, a link or a message.", { className: "words" }));
}

// The faults in force that are about a node.
const faultsOf = (node, kind) => play.state.faults.filter(({ words }) => words.split(" ")[0] === kind && words.split(" ").includes(node));
const endAll = (places) => places.forEach((place) => act(`end ${place}`));

function showNode(section, node) {
  const { state } = play;
  const { condition } = state.nodes.find((one) => one.name === node);
  const off = state.objection !== null;
  const buttons = element("div", undefined, { className: "buttons" });
  const places = (kind) => faultsOf(node, kind).map((fault) => fault.place);
  if (condition === "down") buttons.append(button("Restart", () => endAll(places("kill")), off));
  else buttons.append(button("Kill", () => act(`kill ${node}`), off || condition === "dead"));
  if (condition === "paused") buttons.append(button("Resume", () => endAll(places("pause")), off));
  else buttons.append(button("Pause", () => act(`pause ${node}`), off || condition !== "up"));
  const others = state.nodes.map((one) => one.name).filter((name) => name !== node);
  buttons.append(button("Cut off", () => cut(others.map((name) => [node, name])), off || !others.length));
  section.append(element("h2", `${node}: ${condition}`), buttons);
  const client = state.clients.indexOf(node);
  if (client >= 0) section.append(asking(client, off));
  section.append(inspection());
}

function asking(client, off) {
  const form = element("form"), input = element("input", undefined, { value: play.request || play.state.samples[0], disabled: off });
  input.setAttribute("aria-label", "What a client asks for");
  input.setAttribute("list", "samples");
  const list = element("datalist", undefined, { id: "samples" });
  for (const sample of play.state.samples) list.append(element("option", undefined, { value: sample }));
  form.append(input, list, element("button", "Ask", { disabled: off }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = input.value;
    // The next value is another one.
    play.request = words.replace(/\d+(?=\D*$)/, (number) => (Number(number) > 1000 ? Number(number) + 1 : number));
    input.value = play.request;
    act(`client ${client} ${words}`);
  });
  return form;
}

// The node's state, with the lines marked that are new.
function inspection() {
  const node = play.chosen.node, text = play.state.inspected ?? "It does not run.", pre = element("pre");
  const known = play.inspected.node === node ? new Set(play.inspected.text.split("\n")) : null;
  for (const line of text.split("\n")) {
    pre.append(element("span", line, { className: known && !known.has(line) ? "new" : "" }), "\n");
  }
  if (play.state.inspected !== null) play.inspected = { node, text };
  return pre;
}

function showLink(section, [a, b]) {
  const off = play.state.objection !== null;
  const places = [...new Set(play.state.cuts.filter((one) => one.includes(a) && one.includes(b)).map((one) => one[2]))];
  const buttons = element("div", undefined, { className: "buttons" });
  if (places.length) buttons.append(button("Heal", () => endAll(places), off));
  else {
    buttons.append(
      button("Cut", () => cut([[a, b]]), off), button(`${a} hears nothing of ${b}`, () => act(`one-way ${a}<${b}`), off),
      button(`${b} hears nothing of ${a}`, () => act(`one-way ${b}<${a}`), off));
  }
  section.append(element("h2", `${a} – ${b}${places.length ? ": cut" : ""}`), buttons);
}

function cut(links) {
  const unheard = new Map();
  for (const [a, b] of [...links, ...links.map(([a, b]) => [b, a])]) unheard.set(a, [...(unheard.get(a) ?? []), b]);
  return act(`partition ${[...unheard].map(([node, others]) => `${node}<${others.join(",")}`).join(" ")}`);
}

function showMessage(section, flight) {
  if (!flight) return section.append(element("p", "That message is not under way any more.", { className: "words" }));
  const name = `${flight.src}>${flight.dest} ${flight.number}`, off = play.state.objection !== null || flight.held || !flight.number;
  const later = element("input", undefined, { type: "number", min: 1, max: 3600000, value: 100, disabled: off, style: "width:4.6em" });
  later.setAttribute("aria-label", "Milliseconds");
  const buttons = element("div", undefined, { className: "buttons" });
  buttons.append(
    button("Lose", () => act(`message ${name} lost`), off), button("Deliver now", () => act(`deliver ${name}`), off),
    button("Double", () => act(`message ${name} again ${later.value}`), off),
    button("Delay", () => act(`message ${name} later ${later.value}`), off), later, element("span", "ms"));
  section.append(
    element("h2", `${flight.src} → ${flight.dest}${flight.held ? ", held up" : ""}`),
    element("p", `sent at ${seconds(flight.sent)} s, due at ${seconds(flight.due)} s`, { className: "words" }), buttons,
    element("pre", flight.text));
}

// MARK: Lists

function showLists() {
  const { state } = play, off = state.objection !== null;
  at("faults").replaceChildren(...state.faults.map(({ place, words }) => {
    const line = element("li");
    line.append(button("End", () => act(`end ${place}`), off), words);
    return line;
  }));
  const example = state.faults.map(({ words }) => words.match(/(\w+)<([\w,]+)/)).find(Boolean);
  if (example) at("faults").append(element("li", `${example[0]} means: ${example[1]} hears nothing of ${example[2].replaceAll(",", ", ")}`, { className: "words" }));
  at("deeds").replaceChildren(...state.deeds.map(({ t, words }) => entry(t, words, t > state.now ? "later" : "")));
  at("branches").replaceChildren(...state.branches.map(({ words, count }, place) =>
    button(`Other branch: ${count} acts, the last: ${words.slice(0, 40)}`, () => moveBy(`branch ${place}`))));
  at("events").replaceChildren(...state.lines.slice(-60).reverse().map((line) => entry(line.t, ...describe(line))));
  at("verdict").hidden = !state.verdict;
  if (!state.verdict) return;
  at("verdict").replaceChildren(
    element("h2", `The run is over: ${state.verdict.valid}`, { className: state.verdict.valid }),
    ...state.verdict.anomalies.map(({ name, detail }) => element("p", `${name}: ${detail}`.slice(0, 600))),
    ...state.verdict.complaints.map((text) => element("p", text)));
}

// A line that leads to its instant.
function entry(instant, text, kind = "") {
  const line = element("li", undefined, { className: kind });
  const go = button(seconds(instant), () => moveBy(`until ${instant}`));
  go.className = "at";
  line.append(go, element("span", text));
  return line;
}

const who = (message) => (message ? `${message.src} → ${message.dest} ${message.body?.type ?? ""}` : "a message");

function describe(line) {
  if (line.sent) return [`${who(line.sent)} sent`];
  if (line.delivered !== undefined) return [`${who(play.known.get(line.delivered))} delivered`];
  if (line.lost !== undefined) return [`${who(play.known.get(line.lost))} lost: ${line.why.replace(/ \d+$/, "")}`, "lost"];
  if (line.held !== undefined) return [`${who(play.known.get(line.held))} held up`];
  if (line.copied !== undefined) return [`${who(play.known.get(line.copied))} doubled`];
  if (line.died) return [`${line.died} ended: ${line.how}`, "lost"];
  if (line.process === "nemesis" || line.process === ":nemesis") return [line.f];
  if (line.type) return [`client ${line.process}: ${line.f} ${line.type === "invoke" ? "begins" : line.type}`, line.type === "fail" ? "lost" : ""];
  return [line.origin ? "all nodes are initialized" : line.end ? "the run is over" : ""];
}

// MARK: Begin

const stage = new Stage(at("stage"), choose, cut);
for (const speed of SPEEDS) at("speed").append(new Option(`${speed}×`, speed, speed === 0.1, speed === 0.1));
at("speed").addEventListener("change", () => (play.speed = Number(at("speed").value)));
at("play").addEventListener("click", toggle);
at("step").addEventListener("click", () => moveBy("step"));
at("back").addEventListener("click", () => moveBy("back"));
at("time").addEventListener("input", () => moveBy(`until ${play.state.begin + Number(at("time").value)}`));
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey || at("intro").open) return;
  const does = { " ": toggle, ArrowRight: () => moveBy("step"), ArrowLeft: () => moveBy("back"), "?": explain, Escape: () => choose(null) }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

function explain() {
  const cards = [...document.querySelectorAll(".card")];
  cards.forEach((card, place) => (card.hidden = place > 0));
  at("intro-next").textContent = "Next";
  at("intro").showModal();
}
at("intro-next").addEventListener("click", () => {
  const cards = [...document.querySelectorAll(".card")], place = cards.findIndex((card) => !card.hidden);
  if (place === cards.length - 1) return at("intro").close();
  cards[place].hidden = true;
  cards[place + 1].hidden = false;
  if (place + 2 === cards.length) at("intro-next").textContent = "Begin";
});
at("intro-skip").addEventListener("click", () => at("intro").close());
at("help").addEventListener("click", explain);
at("intro").addEventListener("close", () => localStorage.setItem("intro", "seen"));
if (localStorage.getItem("intro") !== "seen") explain();
ask("");
requestAnimationFrame(frame);

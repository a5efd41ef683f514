// The space-time diagram (Lamport's): a line for each node, service and client, and an arrow for each message.

/** More messages than this are drawn as a density: arrows would only be a blot. */
const ARROWS_MAX = 5000;
const ROWS_MAX = 400;
/** More than this are drawn without heads; and more than that as pixels. */
const HEADS_MAX = 1200, STROKES_MAX = 2000;
/** The whole run is counted once in so many parts; they are enough while this share of it is shown. */
const OVERVIEW_PARTS = 8192, OVERVIEW_SHARE = 0.3;
/** A lost message stops before its receiver: so much of the way is drawn. */
const LOST_SHARE = 0.85;

class SpaceTime extends View {
  constructor(app, id) {
    super(app, id);
    this.drawn = [];
    this.arrange();
  }

  /** Gives each name that is shown a row: nodes, then services, then clients; one for all clients that only prepare nodes. */
  arrange() {
    const { names } = this.app.model.data, nodes = this.app.model.nodes, m = this.app.model.messages;
    if (!this.busy) {
      this.busy = new Set();
      for (const list of m.byOperation.values()) for (const i of list) this.busy.add(m.from[i]).add(m.to[i]);
    }
    const isClient = (name) => /^c\d+$/.test(name);
    const rank = (name) => (nodes.has(name) ? 0 : isClient(name) ? 2 : 1);
    const shown = names.map((name, number) => ({ name, number, rank: rank(name) }))
      .filter(({ rank }) => rank < 2 || this.app.filter.clients)
      .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name, "en", { numeric: true }));
    const isIdle = ({ number, rank }) => rank === 2 && this.busy.size > 0 && !this.busy.has(number), idle = shown.filter(isIdle);
    this.order = shown.filter((one) => !isIdle(one)).slice(0, ROWS_MAX);
    this.row = new Int32Array(names.length).fill(-1);
    this.order.forEach(({ number }, row) => { this.row[number] = row; });
    for (const { number } of idle) this.row[number] = this.order.length;
    if (idle.length) this.order.push({ name: "set-up", number: idle[0].number });
    this.hidesRows = this.row.includes(-1);
    this.counted = null;
  }

  /** As high as the window has room for, so that the time axis is seen below the rows. */
  wantedHeight() {
    const rows = Math.max(1, this.order.length), room = 0.78 * innerHeight - TOP - BOTTOM - 14;
    this.rowHeight = Math.max(5, Math.min(34, room / rows));
    return TOP + BOTTOM + 10 + this.rowHeight * rows;
  }

  y(name) { return TOP + 10 + (this.row[name] + 0.5) * this.rowHeight; }

  shows(i) {
    const m = this.app.model.messages;
    return this.row[m.from[i]] >= 0 && this.row[m.to[i]] >= 0 && this.app.showsMessage(i);
  }

  endOf(i) {
    const end = this.app.model.messages.end[i];
    return Number.isNaN(end) ? this.app.model.end : end;
  }

  draw() {
    const { pen, app } = this, m = app.model.messages;
    const every = Math.ceil(12 / this.rowHeight);
    this.drawLevels(this.order.filter((_, row) => row % every === 0).map(({ name, number }) => ({ y: this.y(number), text: name.slice(0, 10) })));
    this.clip();
    this.shadeCauses();
    this.drawn = [];
    let count = lowerBound(m.start, app.to) - lowerBound(m.start, app.from);
    // Of very many, those that a filter leaves are too many to look for in each frame.
    if (count <= (app.filtersMessages || this.hidesRows ? 20 : 1) * ARROWS_MAX) {
      count = 0;
      m.intervals.forEach(app.from, app.to, (i) => {
        if (!this.shows(i)) return;
        count += 1;
        if (count <= ARROWS_MAX) this.drawn.push(i);
      });
    }
    if (count > ARROWS_MAX) this.drawDensity(); else this.drawArrows();
    if (count > ARROWS_MAX) this.drawn = [];
    this.drawChosen();
    this.legend([
      { text: "between nodes", colour: app.palette.of(0), shape: "bar" },
      { text: "with a client", colour: app.palette.soft, shape: "bar" },
      { text: "lost", colour: app.palette.bad, shape: "cross" },
      { text: "copy", colour: app.palette.of(3), shape: "bar" },
      ...(count > ARROWS_MAX ? [{ text: `${count.toLocaleString("en")} messages, as density: zoom in for arrows`, colour: app.palette.of(0), shape: "bar" }] : []),
    ]);
  }

  /** What can have influenced the chosen message, and what it can have influenced. */
  shadeCauses() {
    const { pen, app } = this, causes = app.causes;
    if (!causes) return;
    for (const { number } of this.order) {
      const y = this.y(number) - this.rowHeight / 2;
      if (causes.past[number] > app.from) {
        pen.fillStyle = app.palette.past;
        pen.fillRect(LEFT, y, this.x(Math.min(app.to, causes.past[number])) - LEFT, this.rowHeight);
      }
      if (causes.future[number] < app.to) {
        const left = this.x(Math.max(app.from, causes.future[number]));
        pen.fillStyle = app.palette.future;
        pen.fillRect(left, y, this.width - RIGHT - left, this.rowHeight);
      }
    }
  }

  /** Whether a message is in the past or future of the chosen one. */
  isRelated(i) {
    const { causes } = this.app, m = this.app.model.messages;
    return !causes || m.start[i] >= causes.future[m.from[i]] || (m.fate[i] === DELIVERED && m.end[i] <= causes.past[m.to[i]]);
  }

  drawArrows() {
    const { pen, app } = this, m = app.model.messages;
    const isServer = (name) => !/^c\d+$/.test(app.model.data.names[name]);
    const classes = [
      { colour: app.palette.soft, of: (i) => m.fate[i] !== LOST && !(isServer(m.from[i]) && isServer(m.to[i])) },
      { colour: app.palette.of(0), of: (i) => m.fate[i] !== LOST && !m.copies.has(i) && isServer(m.from[i]) && isServer(m.to[i]) },
      { colour: app.palette.of(3), of: (i) => m.fate[i] !== LOST && m.copies.has(i) },
      { colour: app.palette.bad, of: (i) => m.fate[i] === LOST, dash: [4, 3] },
    ];
    if (this.drawn.length > STROKES_MAX) return this.drawLines(classes);
    for (const { colour, of, dash } of classes) {
      for (const related of [false, true]) {
        pen.strokeStyle = pen.fillStyle = colour;
        // Many arrows are drawn lightly, so that where they are dense stands out.
        pen.globalAlpha = (related ? 0.85 : 0.18) * Math.max(0.2, Math.min(1, this.plotWidth / this.drawn.length));
        pen.setLineDash(dash ?? []);
        pen.beginPath();
        const heads = [];
        for (const i of this.drawn) {
          if (!of(i) || this.isRelated(i) !== related) continue;
          const x = this.x(m.start[i]), y = this.y(m.from[i]), toX = this.x(this.endOf(i)), toY = this.y(m.to[i]);
          pen.moveTo(x, y);
          if (m.fate[i] === LOST) {
            const stopX = x + (toX - x) * LOST_SHARE, stopY = y + (toY - y) * LOST_SHARE;
            pen.lineTo(stopX, stopY);
            heads.push([stopX, stopY, null]);
          } else {
            pen.lineTo(toX, toY);
            if (m.fate[i] === DELIVERED) heads.push([toX, toY, Math.atan2(toY - y, toX - x)]);
          }
        }
        pen.stroke();
        pen.setLineDash([]);
        if (this.drawn.length < HEADS_MAX) this.drawHeads(heads);
      }
    }
    pen.globalAlpha = 1;
  }

  /** The same without heads, as pixels: a browser takes a tenth of a second for thousands of long strokes. */
  drawLines(classes) {
    const { app } = this, m = app.model.messages, dots = new Dots(this.plotWidth, TOP + this.plotHeight);
    const alpha = (share) => Math.ceil(255 * share * Math.max(0.2, Math.min(1, this.plotWidth / this.drawn.length)));
    for (const { colour, of } of classes) {
      const bits = Dots.colour(colour, 0);
      for (const i of this.drawn) {
        if (!of(i)) continue;
        const x = this.x(m.start[i]) - LEFT, y = this.y(m.from[i]), share = m.fate[i] === LOST ? LOST_SHARE : 1;
        const toX = x + (this.x(this.endOf(i)) - LEFT - x) * share, toY = y + (this.y(m.to[i]) - y) * share;
        dots.line(x, y, toX, toY, bits, alpha(this.isRelated(i) ? 0.85 : 0.18));
      }
    }
    this.pen.drawImage(dots.done(), LEFT, 0);
  }

  drawHeads(heads) {
    const { pen } = this;
    pen.beginPath();
    for (const [x, y, angle] of heads) {
      if (angle === null) {
        drawShape(pen, 1, x, y);
        continue;
      }
      pen.moveTo(x - 6 * Math.cos(angle - 0.4), y - 6 * Math.sin(angle - 0.4));
      pen.lineTo(x, y);
      pen.lineTo(x - 6 * Math.cos(angle + 0.4), y - 6 * Math.sin(angle + 0.4));
    }
    pen.stroke();
  }

  /** How many messages between rows each row sends in each of very many parts of the run, and how many of them are lost. */
  get overview() {
    if (this.counted) return this.counted;
    const { model } = this.app, { begin, end } = model, { count, start, from, to, fate } = model.messages, rows = this.order.length;
    const sent = new Uint32Array(OVERVIEW_PARTS * rows), lost = new Uint32Array(OVERVIEW_PARTS * rows), scale = OVERVIEW_PARTS / (end - begin);
    for (let i = 0; i < count; i++) {
      if (this.row[from[i]] < 0 || this.row[to[i]] < 0) continue;
      const cell = Math.min(OVERVIEW_PARTS - 1, ((start[i] - begin) * scale) | 0) * rows + this.row[from[i]];
      sent[cell] += 1;
      if (fate[i] === LOST) lost[cell] += 1;
    }
    return this.counted = { sent, lost, part: (end - begin) / OVERVIEW_PARTS };
  }

  /** How many messages each row sends in each pixel of time, and how many of them are lost. */
  countPixels(wide) {
    const { app } = this, m = app.model.messages, { from, to } = app, scale = this.plotWidth / (to - from);
    const sent = new Uint32Array(wide * this.order.length), lost = new Uint32Array(wide * this.order.length);
    const { begin, end } = app.model, { filtersMessages } = app;
    if (!filtersMessages && to - from > OVERVIEW_SHARE * (end - begin)) {
      const { part, sent: all, lost: gone } = this.overview;
      const first = Math.max(0, Math.floor((from - begin) / part)), last = Math.min(OVERVIEW_PARTS, Math.ceil((to - begin) / part));
      for (let place = first; place < last; place++) {
        const x = Math.max(0, Math.min(wide - 1, Math.floor((begin + (place + 0.5) * part - from) * scale)));
        for (let r = 0; r < this.order.length; r++) {
          const cell = place * this.order.length + r;
          sent[r * wide + x] += all[cell];
          lost[r * wide + x] += gone[cell];
        }
      }
      return { sent, lost };
    }
    const first = lowerBound(m.start, from), last = lowerBound(m.start, to), { row } = this;
    for (let i = first; i < last; i++) {
      if (row[m.from[i]] < 0 || row[m.to[i]] < 0 || (filtersMessages && !app.showsMessage(i))) continue;
      const cell = row[m.from[i]] * wide + Math.floor((m.start[i] - from) * scale);
      sent[cell] += 1;
      if (m.fate[i] === LOST) lost[cell] += 1;
    }
    return { sent, lost };
  }

  drawDensity() {
    const { pen, app } = this, wide = Math.ceil(this.plotWidth), { sent, lost } = this.countPixels(wide);
    let most = 1;
    for (let cell = 0; cell < sent.length; cell++) if (sent[cell] > most) most = sent[cell];
    // A picture with four lines of pixels a row: how many there are is the colour's strength, and red from below is lost.
    const lines = 4, dots = new Dots(wide, lines * this.order.length), { pixels } = dots;
    const levels = Array.from({ length: 33 }, (_, level) => (level ? Dots.colour(app.palette.of(0), 0.2 + 0.8 * level / 32) : 0));
    const red = Dots.colour(app.palette.bad);
    for (let r = 0; r < this.order.length; r++) {
      for (let x = 0; x < wide; x++) {
        const cell = r * wide + x;
        if (!sent[cell]) continue;
        const colour = levels[Math.ceil(32 * Math.sqrt(sent[cell] / most))], reds = Math.ceil(lines * lost[cell] / sent[cell]);
        for (let line = 0; line < lines; line++) pixels[(r * lines + line) * dots.wide + x] = line >= lines - reds ? red : colour;
      }
    }
    const picture = dots.done();
    pen.imageSmoothingEnabled = false;
    for (let r = 0; r < this.order.length; r++) {
      pen.drawImage(picture, 0, r * lines, wide, lines, LEFT, TOP + 12 + r * this.rowHeight, wide, this.rowHeight - 4);
    }
  }

  drawChosen() {
    const { pen, app } = this, m = app.model.messages;
    const chosen = app.message === null ? [...app.markedMessages] : [app.message];
    pen.strokeStyle = app.palette.ink;
    pen.lineWidth = 2.5;
    pen.beginPath();
    for (const i of chosen.slice(0, 500)) {
      if (this.row[m.from[i]] < 0 || this.row[m.to[i]] < 0) continue;
      const x = this.x(m.start[i]), y = this.y(m.from[i]), toX = this.x(this.endOf(i)), toY = this.y(m.to[i]);
      const share = m.fate[i] === LOST ? LOST_SHARE : 1;
      pen.moveTo(x, y);
      pen.lineTo(x + (toX - x) * share, y + (toY - y) * share);
      if (m.fate[i] === LOST) drawShape(pen, 1, x + (toX - x) * share, y + (toY - y) * share);
    }
    pen.stroke();
  }

  at(x, y) {
    const m = this.app.model.messages;
    let best = null, distance = 36;
    for (const i of this.drawn) {
      const ax = this.x(m.start[i]), ay = this.y(m.from[i]), bx = this.x(this.endOf(i)), by = this.y(m.to[i]);
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
      const away = (ax + share * (bx - ax) - x) ** 2 + (ay + share * (by - ay) - y) ** 2;
      if (away < distance) [distance, best] = [away, i];
    }
    return best === null ? null : this.app.messageHit(best);
  }
}

// What clients saw: latency, quantiles, rate, the clients' own lines, and views of single workloads.

/** More marks than this are drawn as plain dots. */
const SHAPED_MAX = 4000;

class Latency extends View {
  constructor(app, id) {
    super(app, id);
    const o = app.model.operations;
    this.low = 1;
    this.high = 10;
    // In virtual time many take none at all: the lower edge is for them.
    for (let i = 0; i < o.count; i++) {
      const took = o.end[i] - o.start[i];
      if (took > 0) {
        this.low = Math.min(this.low, took);
        this.high = Math.max(this.high, took);
      }
    }
    this.hasZero = o.end.some((end, i) => end === o.start[i]);
    this.low = 10 ** Math.floor(Math.log10(Math.max(this.low, 0.01)) - 0.2);
    this.high *= 1.3;
    if (app.model.isInstant) this.section.querySelector(".words").textContent = "Every operation ended in the instant in which it began: in virtual time a node's own work takes none.";
  }

  wantedHeight() { return TOP + (this.app.model.isInstant ? 56 : 212); }

  y(took) {
    if (this.app.model.isInstant) return TOP + this.plotHeight - 9;
    // What never ended lies at the upper edge.
    const share = Math.min(1, Math.log(Math.max(took, this.low) / this.low) / Math.log(this.high / this.low));
    return TOP + 9 + (this.plotHeight - 18) * (1 - share);
  }

  draw() {
    const { pen, app } = this, o = app.model.operations, functions = app.model.data.functions;
    const levels = [];
    for (let level = this.low; level < this.high; level *= 10) levels.push({ y: this.y(level), text: level === this.low && this.hasZero ? "none" : duration(level) });
    if (app.model.isInstant) levels.length = 1;
    this.drawLevels(levels);
    this.clip();
    const first = lowerBound(o.start, app.from), last = lowerBound(o.start, app.to);
    if (last - first < SHAPED_MAX) this.drawShapes(first, last); else this.drawDots(first, last);
    pen.globalAlpha = 1;
    for (const i of app.marked) {
      pen.strokeStyle = app.palette.ink;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(this.x(o.start[i]), this.y(this.took(i)), 6, 0, 2 * Math.PI);
      pen.stroke();
    }
    this.legend([
      ...functions.map((text, number) => ({ text, colour: app.palette.of(number) })),
      { text: "failed", colour: app.palette.warn, shape: "cross" },
      { text: "unknown", colour: app.palette.bad, shape: "triangle" },
    ]);
  }

  took(i) {
    const { app } = this, o = app.model.operations;
    return (Number.isNaN(o.end[i]) ? app.model.end : o.end[i]) - o.start[i];
  }

  colour(name, outcome) {
    const { palette } = this.app;
    return outcome === 0 ? palette.of(name) : outcome === 1 ? palette.warn : palette.bad;
  }

  drawShapes(first, last) {
    const { pen, app } = this, o = app.model.operations;
    pen.globalAlpha = 0.85;
    for (let name = 0; name < app.model.data.functions.length; name++) {
      for (let outcome = 0; outcome < 4; outcome++) {
        pen.fillStyle = pen.strokeStyle = this.colour(name, outcome);
        pen.beginPath();
        for (let i = first; i < last; i++) {
          if (o.function[i] !== name || o.outcome[i] !== outcome || !app.showsOperation(i)) continue;
          drawShape(pen, Math.min(outcome, 2), this.x(o.start[i]), this.y(this.took(i)));
        }
        if (outcome === 0) pen.fill(); else pen.stroke();
      }
    }
  }

  drawDots(first, last) {
    const { app } = this, o = app.model.operations, dots = new Dots(this.plotWidth, this.plotHeight + 1);
    const colours = app.model.data.functions.map((_, name) => [0, 1, 2, 3].map((outcome) => Dots.colour(this.colour(name, outcome), 0.75)));
    // Failures last, so that they lie above.
    for (let outcome = 0; outcome < 4; outcome++) {
      for (let i = first; i < last; i++) {
        if (o.outcome[i] !== outcome || !app.showsOperation(i)) continue;
        dots.dot(this.x(o.start[i]) - LEFT - 1, this.y(this.took(i)) - TOP - 1, colours[o.function[i]][outcome]);
      }
    }
    this.pen.drawImage(dots.done(), LEFT, TOP);
  }

  at(x, y) {
    const o = this.app.model.operations;
    const first = lowerBound(o.start, this.time(x - 6)), last = lowerBound(o.start, this.time(x + 6));
    let best = null, distance = 64;
    for (let i = first; i < last; i++) {
      if (!this.app.showsOperation(i)) continue;
      const away = (this.x(o.start[i]) - x) ** 2 + (this.y(this.took(i)) - y) ** 2;
      if (away < distance) [distance, best] = [away, i];
    }
    return best === null ? null : this.app.operationHit(best);
  }
}

/** Lines over buckets of the visible time: each with some operations, where there are enough. */
class Lines extends View {
  wantedHeight() { return TOP + 142; }

  get buckets() {
    const { from, to, model } = this.app, count = lowerBound(model.operations.start, to) - lowerBound(model.operations.start, from);
    return Math.floor(Math.max(10, Math.min(120, this.plotWidth / 8, count / 6)));
  }

  drawLines(lines, top, text) {
    const { pen } = this;
    const y = (value) => TOP + this.plotHeight * (1 - value / (top || 1));
    this.drawLevels(ticks(0, top || 1, 4).list.map((level) => ({ y: y(level), text: text(level) })));
    this.clip();
    for (const { values, colour, dash } of lines) {
      pen.strokeStyle = colour;
      pen.lineWidth = 1.6;
      pen.setLineDash(dash ?? []);
      pen.beginPath();
      let isDown = false;
      values.forEach((value, bucket) => {
        if (value === null) return void (isDown = false);
        const x = LEFT + ((bucket + 0.5) / values.length) * this.plotWidth;
        if (isDown) pen.lineTo(x, y(value)); else pen.moveTo(x, y(value));
        if (!isDown) pen.lineTo(x + 1, y(value));
        isDown = true;
      });
      pen.stroke();
    }
    pen.setLineDash([]);
  }
}

class Quantiles extends Lines {
  draw() {
    const { app } = this, o = app.model.operations, count = this.buckets;
    const width = (app.to - app.from) / count, first = lowerBound(o.start, app.from), last = lowerBound(o.start, app.to);
    // Those of a bucket stand beside each other, as they begin in order.
    const took = new Float64Array(last - first), edges = new Int32Array(count + 1);
    let size = 0, bucket = 0;
    for (let i = first; i < last; i++) {
      if (o.outcome[i] !== 0 || !app.showsOperation(i)) continue;
      const own = Math.min(count - 1, Math.floor((o.start[i] - app.from) / width));
      while (bucket < own) edges[++bucket] = size;
      took[size++] = o.end[i] - o.start[i];
    }
    while (bucket < count) edges[++bucket] = size;
    const lists = Array.from({ length: count }, (_, place) => took.subarray(edges[place], edges[place + 1]).sort());
    const points = [0.5, 0.95, 0.99, 1];
    const lines = points.map((point, number) => ({
      values: lists.map((list) => (list.length ? list[Math.min(list.length - 1, Math.floor(list.length * point))] : null)),
      colour: app.palette.of(number), dash: [[], [6, 3], [2, 3], [1, 0]][number],
    }));
    this.drawLines(lines, Math.max(0.1, ...lines.flatMap((line) => line.values)) * 1.08, duration);
    this.legend(points.map((point, number) => ({ text: point === 1 ? "longest" : `${point * 100} %`, colour: app.palette.of(number) })));
  }
}

class Rate extends Lines {
  draw() {
    const { app } = this, o = app.model.operations, count = this.buckets, functions = app.model.data.functions;
    const width = (app.to - app.from) / count, series = new Map();
    for (let i = 0; i < o.count; i++) {
      if (!(o.end[i] >= app.from && o.end[i] < app.to) || !app.showsOperation(i)) continue;
      const key = o.outcome[i] === 0 ? o.function[i] : 1000 + o.outcome[i];
      if (!series.has(key)) series.set(key, new Array(count).fill(0));
      series.get(key)[Math.min(count - 1, Math.floor((o.end[i] - app.from) / width))] += 1000 / width;
    }
    const style = (key) => key < 1000 ? { text: functions[key], colour: app.palette.of(key) }
      : key === 1001 ? { text: "failed", colour: app.palette.warn, dash: [4, 3] } : { text: "unknown", colour: app.palette.bad, dash: [2, 2] };
    const keys = [...series.keys()].sort((a, b) => a - b);
    const lines = keys.map((key) => ({ ...style(key), values: series.get(key) }));
    this.drawLines(lines, Math.max(1, ...lines.flatMap((line) => line.values)) * 1.08, (level) => `${+level.toPrecision(3)}/s`);
    this.legend(keys.map(style));
  }
}

class Timeline extends View {
  get rowHeight() { return Math.max(3, Math.min(18, 720 / this.app.model.operations.workers)); }
  wantedHeight() { return TOP + BOTTOM + this.rowHeight * Math.min(this.app.model.operations.workers, 240); }
  row(i) { return this.app.model.operations.process[i] % this.app.model.operations.workers; }

  draw() {
    const { pen, app } = this, o = app.model.operations, high = this.rowHeight;
    const every = Math.ceil(14 / high), levels = [];
    for (let worker = 0; worker < o.workers; worker += every) levels.push({ y: TOP + (worker + 0.5) * high, text: `client ${worker}` });
    this.drawLevels(levels);
    this.clip();
    const names = app.model.data.functions, filled = new Float64Array(o.workers);
    o.intervals.forEach(app.from, app.to, (i) => {
      if (!app.showsOperation(i)) return;
      const left = this.x(o.start[i]), right = this.x(Number.isNaN(o.end[i]) ? app.model.end : o.end[i]);
      const row = this.row(i), y = TOP + row * high, wide = Math.max(1.5, right - left);
      // Of many that would lie on the same pixels one is enough; what did not succeed is drawn in any case.
      if (left + wide < filled[row] + 0.5 && o.outcome[i] === 0 && !app.marked.has(i)) return;
      filled[row] = Math.max(filled[row], left + wide);
      const outcome = o.outcome[i], colour = outcome === 0 ? app.palette.of(o.function[i]) : outcome === 1 ? app.palette.warn : app.palette.bad;
      // Not by colour alone: what failed is half as high, what nobody knows the end of is hollow.
      const isFaint = app.marked.size > 0 && !app.marked.has(i), isHollow = outcome > 1 && wide > 5 && high > 7, top = outcome === 1 ? y + high / 2 : y + 1;
      pen.fillStyle = pen.strokeStyle = colour;
      pen.globalAlpha = (isFaint ? 0.35 : 0.9) * (isHollow ? 0.25 : 1);
      pen.fillRect(left, top, wide, y + high - 1 - top);
      if (isHollow) {
        pen.globalAlpha *= 4;
        pen.lineWidth = 1.5;
        pen.strokeRect(left + 1, y + 2, wide - 2, high - 4);
      }
      if (app.marked.has(i)) {
        pen.strokeStyle = app.palette.ink;
        pen.lineWidth = 2;
        pen.strokeRect(left - 1, y, wide + 2, high);
      }
      if (wide > 46 && high >= 13) {
        pen.save();
        pen.beginPath();
        pen.rect(left, y, wide - 3, high);
        pen.clip();
        pen.globalAlpha = 1;
        pen.fillStyle = outcome === 0 && !isFaint ? Palette.on(colour) : app.palette.ink;
        pen.fillText(`${names[o.function[i]]} ${app.model.texts[o.value[i]]}`, Math.max(left, LEFT) + 4, y + high / 2 + 4);
        pen.restore();
      }
    });
    pen.globalAlpha = 1;
    this.legend([
      ...names.map((text, number) => ({ text, colour: app.palette.of(number), shape: "bar" })),
      { text: "failed", colour: app.palette.warn, shape: "half" }, { text: "unknown", colour: app.palette.bad, shape: "hollow" },
    ]);
  }

  at(x, y) {
    const o = this.app.model.operations, worker = Math.floor((y - TOP) / this.rowHeight);
    let found = null;
    o.intervals.forEach(this.time(x - 2), this.time(x + 2), (i) => {
      if (this.row(i) === worker && this.app.showsOperation(i)) found = i;
    });
    return found === null ? null : this.app.operationHit(found);
  }
}

/** For each value: from when the first node after its acknowledgement has it until the last one does. */
class Spread extends View {
  y(time) { return TOP + this.plotHeight * (1 - time / this.top); }

  draw() {
    const { pen, app } = this, s = app.model.spread, width = app.model.data.nodes.length;
    this.top = Math.max(10, ...s.last) * 1.1;
    this.drawLevels(ticks(0, this.top, 4).list.map((level) => ({ y: this.y(level), text: duration(level) })));
    this.clip();
    pen.fillStyle = app.palette.of(0);
    pen.globalAlpha = 0.4;
    for (let i = 0; i < s.count; i++) {
      if (s.at[i] < app.from || s.at[i] > app.to) continue;
      for (let node = 0; node < width; node++) {
        const seen = s.seen[i * width + node];
        if (seen >= 0) pen.fillRect(this.x(s.at[i]) - 1.5, this.y(seen) - 1.5, 3, 3);
      }
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = app.palette.bad;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let i = 0; i < s.count; i++) if (s.missing[i]) drawShape(pen, 1, this.x(s.at[i]), TOP + 6);
    pen.stroke();
    this.legend([
      { text: "a node has the value", colour: app.palette.of(0) },
      { text: "some node was never seen to have it", colour: app.palette.bad, shape: "cross" },
    ]);
  }

  at(x) {
    const { app } = this, s = app.model.spread, nodes = app.model.data.nodes;
    let best = -1;
    for (let i = 0; i < s.count; i++) {
      if (Math.abs(this.x(s.at[i]) - x) < 5 && (best < 0 || s.missing[i] > s.missing[best] || (s.missing[i] === s.missing[best] && s.last[i] > s.last[best]))) best = i;
    }
    if (best < 0) return null;
    const lacking = nodes.filter((_, node) => s.seen[best * nodes.length + node] < 0);
    const text = `value ${s.values[best]}: ${lacking.length ? `never seen at ${lacking.join(", ")}` : `everywhere after ${duration(s.last[best])}`}`;
    return { text, value: best };
  }
}

/** Views of logs: a colour for each key, of which a filter leaves one. */
class Logs extends View {
  constructor(app, id) {
    super(app, id);
    this.top = 1;
    for (let i = 0; i < app.model.offsets.count; i++) this.top = Math.max(this.top, this.value(i) || 0);
    this.top *= 1.05;
  }

  y(value) { return TOP + 4 + (this.plotHeight - 8) * (1 - value / this.top); }

  /** Of keys for which there are no more colours, marks are hollow. */
  finish(key) {
    this.pen.lineWidth = 1;
    if (key < this.app.palette.series.length) this.pen.fill(); else this.pen.stroke();
  }

  shows(key) { return !this.app.filter.key || this.app.model.offsets.keys[key] === this.app.filter.key; }

  draw() {
    const { app } = this, o = app.model.offsets;
    this.drawLevels(ticks(0, this.top, 4).list.filter((level) => level % 1 === 0).map((level) => ({ y: this.y(level), text: `${level}` })));
    this.clip();
    const first = lowerBound(o.at, app.from), last = lowerBound(o.at, app.to);
    for (let key = 0; key < o.keys.length; key++) {
      this.pen.fillStyle = this.pen.strokeStyle = app.palette.of(key);
      if (this.shows(key)) this.drawKey(key, first, last);
    }
    this.legend(o.keys.map((text, key) => ({ text: `key ${text}`, colour: app.palette.of(key), shape: key < app.palette.series.length ? "dot" : "ring", key }))
      .filter(({ key }) => this.shows(key)).slice(0, 12).map(({ key: _, ...entry }) => entry));
  }

  at(x, y) {
    const o = this.app.model.offsets;
    let best = null, distance = 36;
    for (let i = lowerBound(o.at, this.time(x - 6)); i < o.count && o.at[i] <= this.time(x + 6); i++) {
      if (Number.isNaN(this.value(i)) || !this.shows(o.key[i])) continue;
      const away = (this.x(o.at[i]) - x) ** 2 + (this.y(this.value(i)) - y) ** 2;
      if (away < distance) [distance, best] = [away, i];
    }
    return best === null ? null : { text: `key ${o.keys[o.key[best]]}: ${this.words(best)} at ${moment(o.at[best])}` };
  }
}

class Offsets extends Logs {
  value(i) { return this.app.model.offsets.offset[i]; }

  words(i) {
    const o = this.app.model.offsets;
    return `${o.poll[i] ? "a poll reached" : "a send got"} offset ${o.offset[i]}`;
  }

  drawKey(key, first, last) {
    const { pen, app } = this, o = app.model.offsets;
    pen.beginPath();
    for (let i = first; i < last; i++) {
      if (o.key[i] !== key) continue;
      const x = this.x(o.at[i]), y = this.y(o.offset[i]);
      if (o.poll[i]) pen.rect(x - 0.75, y - 4, 1.5, 8); else pen.rect(x - 1.5, y - 1.5, 3, 3);
    }
    this.finish(key);
    // The watermark, in steps.
    let mark = -1;
    for (let i = first - 1; i >= 0 && mark < 0; i--) if (o.key[i] === key) mark = o.mark[i];
    pen.lineWidth = 1.2;
    pen.globalAlpha = 0.7;
    pen.beginPath();
    if (mark >= 0) pen.moveTo(LEFT, this.y(mark));
    for (let i = first; i < last; i++) {
      if (o.key[i] !== key || o.mark[i] === mark) continue;
      const x = this.x(o.at[i]);
      if (mark < 0) pen.moveTo(x, this.y(o.mark[i]));
      else pen.lineTo(x, this.y(mark));
      pen.lineTo(x, this.y(o.mark[i]));
      mark = o.mark[i];
    }
    if (mark >= 0) pen.lineTo(this.width - RIGHT, this.y(mark));
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

class Lag extends Logs {
  wantedHeight() { return TOP + 142; }
  value(i) { return this.app.model.offsets.lag[i]; }
  words(i) { return `a poll was ${this.value(i)} offsets behind`; }

  drawKey(key, first, last) {
    const { pen, app } = this, o = app.model.offsets;
    pen.beginPath();
    for (let i = first; i < last; i++) {
      if (o.key[i] === key && o.poll[i]) pen.rect(this.x(o.at[i]) - 1.5, this.y(o.lag[i]) - 1.5, 3, 3);
    }
    this.finish(key);
  }
}

// One time axis for all views: what is zoomed in one is zoomed in all.

const LEFT = 72, RIGHT = 14, BOTTOM = 22, MARGIN = 8, LANE = 13;
/** Where plots begin: below a lane for each kind of fault. */
let TOP = MARGIN;

/** The page's colours, which follow light and dark. Okabe and Ito's palette, which colour-blind people tell apart. */
class Palette {
  constructor() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.series = [1, 2, 3, 4, 5, 6].map((number) => colour(`series-${number}`));
    for (const name of ["ink", "soft", "line", "paper", "bad", "warn", "band", "past", "future", "mark"]) this[name] = colour(name);
    this.font = "12px system-ui, sans-serif";
  }

  of(number) { return this.series[number % this.series.length]; }

  /** The colour of text upon a colour `#rrggbb`: black or white, whichever is told apart better (WCAG 2.2, relative luminance). */
  static on(hex) {
    const linear = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000000" : "#ffffff";
  }
}

/** Very many dots, as pixels of a picture: paths of them would take a second to fill. */
class Dots {
  constructor(wide, high) {
    this.wide = Math.max(1, Math.ceil(wide));
    this.high = Math.max(1, Math.ceil(high));
    this.canvas = new OffscreenCanvas(this.wide, this.high);
    this.pen = this.canvas.getContext("2d");
    this.image = this.pen.createImageData(this.wide, this.high);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** A colour as `#rrggbb`, for ``pixels``. */
  static colour(hex, alpha = 1) {
    const value = Number.parseInt(hex.slice(1), 16);
    return ((Math.round(alpha * 255) << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  }

  /** Two pixels by two. */
  dot(x, y, colour) {
    const column = x | 0, row = y | 0;
    if (column < 0 || row < 0 || column + 1 >= this.wide || row + 1 >= this.high) return;
    const at = row * this.wide + column;
    this.pixels[at] = this.pixels[at + 1] = this.pixels[at + this.wide] = this.pixels[at + this.wide + 1] = colour;
  }

  /** A line, one pixel wide, as far as it lies in the picture. Each line over a pixel adds to its alpha. */
  line(x, y, toX, toY, colour, alpha) {
    const dx = toX - x, dy = toY - y;
    let first = 0, last = 1;
    for (const [from, by, size] of [[x, dx, this.wide - 1], [y, dy, this.high - 1]]) {
      if (by === 0) {
        if (from < 0 || from > size) return;
        continue;
      }
      const enters = by > 0 ? -from / by : (size - from) / by, leaves = by > 0 ? (size - from) / by : -from / by;
      first = Math.max(first, enters);
      last = Math.min(last, leaves);
    }
    if (first > last) return;
    const count = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) * (last - first)), { pixels, wide } = this;
    const stepX = count ? dx * (last - first) / count : 0, stepY = count ? dy * (last - first) / count : 0;
    let atX = x + dx * first + 0.5, atY = y + dy * first + 0.5;
    for (let i = 0; i <= count; i++, atX += stepX, atY += stepY) {
      const at = (atY | 0) * wide + (atX | 0);
      pixels[at] = (Math.min(255, (pixels[at] >>> 24) + alpha) << 24) | colour;
    }
  }

  /** The picture, to be drawn with a pen. */
  done() {
    this.pen.putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

/** Round numbers that cut a range into about so many parts. */
function ticks(from, to, count) {
  const rough = (to - from) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const list = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) list.push(tick);
  return { step, list };
}

/** A cross, a triangle or a dot. */
function drawShape(pen, shape, x, y) {
  switch (shape) {
    case 1:
      pen.moveTo(x - 3, y - 3);
      pen.lineTo(x + 3, y + 3);
      pen.moveTo(x + 3, y - 3);
      pen.lineTo(x - 3, y + 3);
      break;
    case 2:
      pen.moveTo(x, y - 4);
      pen.lineTo(x + 4, y + 3);
      pen.lineTo(x - 4, y + 3);
      pen.closePath();
      break;
    default:
      pen.moveTo(x + 2.2, y);
      pen.arc(x, y, 2.2, 0, 2 * Math.PI);
  }
}

/** A canvas with the shared time axis. A subclass draws, and says what lies under the pointer. */
class View {
  constructor(app, id) {
    this.app = app;
    this.canvas = document.getElementById(id);
    this.section = document.getElementById(`view-${id}`);
    this.keys = this.section.querySelector(".keys");
    this.pen = this.canvas.getContext("2d");
    this.isVisible = true;
    this.section.hidden = false;
    this.listen();
    new IntersectionObserver((entries) => {
      this.isVisible = entries.at(-1).isIntersecting;
      if (this.isVisible) app.redraw();
    }, { rootMargin: "200px" }).observe(this.canvas);
  }

  get plotWidth() { return this.width - LEFT - RIGHT; }
  get plotHeight() { return this.height - TOP - BOTTOM; }
  x(time) { return LEFT + ((time - this.app.from) / (this.app.to - this.app.from)) * this.plotWidth; }
  time(x) { return this.app.from + ((x - LEFT) / this.plotWidth) * (this.app.to - this.app.from); }

  /** How high the canvas is to be. */
  wantedHeight() { return TOP + 212; }
  draw() {}
  /** What is near a point: `{ text, operation, message }`, or null. */
  at() { return null; }

  render() {
    if (!this.isVisible) return;
    this.width = this.canvas.parentElement.clientWidth;
    this.height = this.wantedHeight();
    const scale = window.devicePixelRatio || 1;
    const wide = Math.round(this.width * scale), high = Math.round(this.height * scale);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
      this.canvas.style.height = `${this.height}px`;
    }
    const pen = this.pen;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = this.app.palette.font;
    pen.lineWidth = 1;
    this.drawFaults();
    this.drawTimes();
    pen.save();
    this.draw();
    pen.restore();
    this.drawKills();
    if (this.drag) {
      pen.fillStyle = this.app.palette.mark;
      pen.globalAlpha = 0.18;
      pen.fillRect(Math.min(this.drag.x, this.drag.to), TOP, Math.abs(this.drag.to - this.drag.x), this.plotHeight);
      pen.globalAlpha = 1;
    }
  }

  /** Keeps what follows inside the plot. */
  clip() {
    this.pen.beginPath();
    this.pen.rect(LEFT, 0, this.plotWidth, TOP + this.plotHeight);
    this.pen.clip();
  }

  /** A band for each fault, and above the plot a bar in the lane of its kind, so that those that overlap are told apart. */
  drawFaults() {
    const { pen, app } = this, { lanes } = app.model;
    for (const fault of app.model.faults) {
      if (fault.lane === undefined || fault.to < app.from || fault.from > app.to) continue;
      const left = Math.max(LEFT, this.x(fault.from)), wide = Math.max(1, Math.min(this.width - RIGHT, this.x(fault.to)) - left);
      pen.fillStyle = app.palette.band;
      pen.fillRect(left, TOP, wide, this.plotHeight);
      pen.fillStyle = app.palette.soft;
      pen.globalAlpha = 0.65;
      pen.fillRect(left, LANE * fault.lane + 5, wide, LANE - 5);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = app.palette.soft;
    pen.textAlign = "right";
    lanes.forEach((name, lane) => pen.fillText(name, LEFT - 6, LANE * (lane + 1) + 1));
    pen.textAlign = "left";
  }

  drawKills() {
    const { pen, app } = this;
    const kills = app.model.faults.filter((fault) => fault.name === "kill" || fault.name === "skew").map((fault) => fault.from);
    pen.strokeStyle = app.palette.bad;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    for (const at of [...kills, ...app.model.deaths.map((death) => death.at)]) {
      if (at < app.from || at > app.to) continue;
      const x = Math.round(this.x(at)) + 0.5;
      pen.moveTo(x, TOP);
      pen.lineTo(x, TOP + this.plotHeight);
    }
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = app.palette.bad;
    for (const { at, node } of app.model.deaths) if (at >= app.from && at <= app.to) pen.fillText(`${node} ended`, this.x(at) + 3, TOP + 11);
  }

  drawTimes() {
    const { pen, app } = this;
    const { step, list } = ticks(app.from, app.to, Math.max(5, this.plotWidth / 90));
    pen.textAlign = "center";
    for (const tick of list) {
      const x = this.x(tick);
      pen.fillStyle = app.palette.line;
      pen.fillRect(Math.round(x), TOP, 1, this.plotHeight);
      if (x < LEFT + 8 || x > this.width - RIGHT - 12) continue;
      pen.fillStyle = app.palette.soft;
      pen.fillText(moment(tick, step), x, this.height - 6);
    }
    pen.textAlign = "left";
  }

  /** Labels and lines of the other axis. */
  drawLevels(levels) {
    const { pen, app } = this;
    pen.textAlign = "right";
    for (const { y, text } of levels) {
      pen.fillStyle = app.palette.line;
      pen.fillRect(LEFT, Math.round(y), this.plotWidth, 1);
      pen.fillStyle = app.palette.soft;
      pen.fillText(text, LEFT - 6, y + 4);
    }
    pen.textAlign = "left";
  }

  /** The legend: `{ text, colour, shape }`. */
  legend(entries) {
    const text = JSON.stringify(entries);
    if (this.legendText === text) return;
    this.legendText = text;
    this.keys.replaceChildren(...entries.map(({ text, colour, shape }) => {
      const key = element("span", "key");
      const mark = element("i", `mark ${shape ?? "dot"}`);
      mark.style.setProperty("--colour", colour);
      key.append(mark, text);
      return key;
    }));
  }

  listen() {
    const { canvas, app } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      const { x } = place(event);
      this.drag = { x, to: x };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const { x, y } = place(event);
      if (this.drag) {
        this.drag.to = Math.max(LEFT, Math.min(this.width - RIGHT, x));
        if (Math.abs(this.drag.to - this.drag.x) > 3) app.redraw();
        return;
      }
      const found = this.at(x, y);
      canvas.style.cursor = found ? "pointer" : "crosshair";
      app.tip(found ? found.text : this.faultAt(x), event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerleave", () => app.tip(null));
    canvas.addEventListener("pointerup", (event) => {
      const drag = this.drag;
      this.drag = null;
      const { x, y } = place(event);
      if (drag && Math.abs(drag.to - drag.x) > 6) {
        const [from, to] = [drag.x, drag.to].sort((a, b) => a - b).map((edge) => this.time(edge));
        app.zoom(from, to);
      } else {
        const found = this.at(x, y);
        if (found) app.select(found); else app.select(null);
      }
    });
    canvas.addEventListener("dblclick", () => app.zoom(app.model.begin, app.model.end));
    canvas.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        app.scale(Math.exp(event.deltaY * 0.005), this.time(place(event).x));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        app.pan((event.deltaX || event.deltaY) / this.plotWidth);
      }
    }, { passive: false });
  }

  faultAt(x) {
    if (x < LEFT || x > this.width - RIGHT) return null;
    const time = this.time(x);
    const found = this.app.model.faults.filter((fault) => fault.from <= time && time <= fault.to && fault.name !== "skew");
    const died = this.app.model.deaths.filter((death) => Math.abs(this.x(death.at) - x) < 4).map(({ node, how }) => `${node} ended: ${how}`);
    return [...found.map((fault) => `${fault.name}${fault.what ? `: ${fault.what}` : ""}`), ...died].join("\n") || null;
  }
}

/** A new element with text that is only text. */
function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

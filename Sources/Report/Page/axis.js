// One time axis for all views: what is zoomed in one is zoomed in all.

const LEFT = 72, RIGHT = 14, TOP = 8, BOTTOM = 22;

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
  wantedHeight() { return 220; }
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
    this.drawLabels();
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

  drawFaults() {
    const { pen, app } = this;
    this.labels = [];
    for (const fault of app.model.faults) {
      if (fault.to < app.from || fault.from > app.to || fault.name === "skew") continue;
      const left = Math.max(LEFT, this.x(fault.from)), right = Math.min(this.width - RIGHT, this.x(fault.to));
      pen.fillStyle = app.palette.band;
      pen.fillRect(left, TOP, Math.max(1, right - left), this.plotHeight);
      this.labels.push({ text: fault.name, left, right });
    }
  }

  /** The faults' names, over everything, as far as there is room. */
  drawLabels() {
    const { pen } = this;
    let free = LEFT;
    pen.fillStyle = this.app.palette.soft;
    for (const { text, left, right } of this.labels) {
      const wide = pen.measureText(text).width;
      if (right - left < wide + 6 || left < free) continue;
      pen.fillText(text, left + 3, TOP + 11);
      free = left + wide + 8;
    }
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
    return found.length ? found.map((fault) => `${fault.name}${fault.what ? `: ${fault.what}` : ""}`).join("\n") : null;
  }
}

/** A new element with text that is only text. */
function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

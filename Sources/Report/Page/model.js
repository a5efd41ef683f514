"use strict";

// The run as the page works with it: a column for each member, times in milliseconds since the test's start.

const OUTCOMES = ["ok", "fail", "info", "none"];
const DELIVERED = 0, LOST = 1, UNDER_WAY = 2;

/** Times that are given as differences in microseconds, as milliseconds. */
function times(differences) {
  const column = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < differences.length; i++) {
    sum += differences[i];
    column[i] = sum / 1000;
  }
  return column;
}

/** When things that began at `start` ended: not a number where they have not. */
function ends(start, took) {
  const column = new Float64Array(took.length);
  for (let i = 0; i < took.length; i++) column[i] = took[i] < 0 ? NaN : start[i] + took[i] / 1000;
  return column;
}

function sums(differences) {
  const column = new Int32Array(differences.length);
  let sum = 0;
  for (let i = 0; i < differences.length; i++) column[i] = sum += differences[i];
  return column;
}

/** The first place in an ascending column that is not below `value`. */
function lowerBound(column, value) {
  let low = 0, high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

/** What began before a moment and ended after another, without looking at everything: blocks of rows know their last end. */
class Intervals {
  constructor(start, end) {
    this.start = start;
    this.end = end;
    this.blocks = new Float64Array(Math.ceil(start.length / 256));
    for (let i = 0; i < start.length; i++) {
      const last = Number.isNaN(end[i]) ? Infinity : end[i];
      const block = i >> 8;
      if (i % 256 === 0 || last > this.blocks[block]) this.blocks[block] = last;
    }
  }

  /** Calls `visit` with each row that overlaps the time, in order, until it returns false. */
  forEach(from, to, visit) {
    const stop = lowerBound(this.start, to);
    for (let row = 0; row < stop; row++) {
      if (row % 256 === 0 && this.blocks[row >> 8] < from) {
        row += 255;
        continue;
      }
      if (this.end[row] < from) continue;
      if (visit(row) === false) return;
    }
  }
}

function makeOperations(data) {
  const start = times(data.at), end = ends(start, data.took);
  return {
    count: data.count, workers: Math.max(1, data.workers), start, end, intervals: new Intervals(start, end),
    process: Int32Array.from(data.process), function: Uint16Array.from(data.function),
    outcome: Uint8Array.from(data.outcome), node: Int32Array.from(data.node), index: sums(data.index),
    value: data.value, result: data.result, final: new Set(data.final), keys: data.keys ?? null,
  };
}

function makeMessages(data) {
  const start = times(data.at), end = ends(start, data.took);
  const messages = {
    count: data.count, start, end, intervals: new Intervals(start, end), from: Int32Array.from(data.from),
    to: Int32Array.from(data.to), type: Uint16Array.from(data.type), fate: Uint8Array.from(data.fate),
    cause: data.cause, operation: Int32Array.from(data.operation), number: sums(data.number),
    copies: new Set(data.copies), body: data.body, byOperation: new Map(),
  };
  for (let i = 0; i < messages.count; i++) {
    const operation = messages.operation[i];
    if (operation < 0) continue;
    const list = messages.byOperation.get(operation);
    if (list) list.push(i); else messages.byOperation.set(operation, [i]);
  }
  return messages;
}

/** Everything that the views draw. */
function makeModel(data) {
  const operations = makeOperations(data.operations);
  const messages = data.messages ? makeMessages(data.messages) : null;
  let end = 1;
  for (let i = 0; i < operations.count; i++) end = Math.max(end, operations.start[i], operations.end[i] || 0);
  if (messages) for (let i = 0; i < messages.count; i++) end = Math.max(end, messages.start[i], messages.end[i] || 0);
  const faults = data.faults.map((fault) => ({
    name: fault.name, what: fault.what, from: fault.from / 1000, to: fault.to === undefined ? end : fault.to / 1000,
  }));
  const lanes = makeLanes(faults);
  const deaths = data.deaths.map((death) => ({ ...death, at: death.at / 1000 }));
  const begin = Math.min(0, messages && messages.count > 0 ? messages.start[0] : 0);
  const margin = (end - begin) * 0.01;
  return {
    data, operations, messages, faults, lanes, deaths, begin: begin - margin, end: end + margin,
    nodes: new Set(data.nodes), texts: data.texts,
    /** Rows of operations by the index of their invocation in the history. */
    rowOf: new Map(Array.from(operations.index, (index, row) => [index, row])),
    hasKey(row, key) {
      const keys = operations.keys?.[row];
      return keys === key || (Array.isArray(keys) && keys.includes(key));
    },
    usualDelay: usualDelay(data, messages),
    /** Whether each operation ended in the instant in which it began, as where nodes answer at once in virtual time. */
    isInstant: operations.end.every((end, i) => end === operations.start[i]),
    spread: makeSpread(data), offsets: makeOffsets(data),
  };
}

/** More kinds of faults share the last lane. */
const LANES_MAX = 5;

/** The kinds of faults that last, each with a lane of its own; gives each fault the number of its lane. */
function makeLanes(faults) {
  const lasting = faults.filter((fault) => fault.name !== "skew"), names = [...new Set(lasting.map((fault) => fault.name))];
  for (const fault of lasting) fault.lane = Math.min(LANES_MAX - 1, names.indexOf(fault.name));
  return names.length > LANES_MAX ? [...names.slice(0, LANES_MAX - 1), "others"] : names;
}

/** How long messages between nodes usually take, in milliseconds: the median of the first thousand. */
function usualDelay(data, messages) {
  const took = [], nodes = new Set(data.nodes), isNode = data.names?.map((name) => nodes.has(name));
  for (let i = 0; messages && i < messages.count && took.length < 1000; i++) {
    if (messages.fate[i] === DELIVERED && isNode[messages.from[i]] && isNode[messages.to[i]]) took.push(messages.end[i] - messages.start[i]);
  }
  return took.sort((a, b) => a - b)[took.length >> 1] ?? 0;
}

function makeSpread(data) {
  if (!data.spread) return null;
  const at = Float64Array.from(data.spread.at, (time) => time / 1000);
  const count = data.spread.count, width = data.nodes.length;
  const last = new Float64Array(count), missing = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    for (let node = 0; node < width; node++) {
      const seen = data.spread.seen[i * width + node];
      if (seen < 0) missing[i] += 1; else last[i] = Math.max(last[i], seen);
    }
  }
  return { count, at, values: data.spread.values, seen: data.spread.seen, last, missing };
}

function makeOffsets(data) {
  if (!data.offsets) return null;
  const { count, keys, key, offset, poll } = data.offsets;
  // How far each log was known to go, and how far polls had shown it, before each row.
  const ends = new Float64Array(keys.length).fill(-1), marks = new Float64Array(keys.length).fill(-1);
  const lag = new Float64Array(count).fill(NaN), mark = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    ends[key[i]] = Math.max(ends[key[i]], offset[i]);
    if (poll[i]) {
      lag[i] = ends[key[i]] - offset[i];
      marks[key[i]] = Math.max(marks[key[i]], offset[i]);
    }
    mark[i] = marks[key[i]];
  }
  return { ...data.offsets, at: times(data.offsets.at), lag, mark };
}

/**
 * What may have influenced some messages, one after the other or one alone, and what they may have influenced: for each name
 * the moment up to which, or from which, its doings count (Lamport's happened-before relation).
 */
function causality(model, chosen) {
  const m = model.messages, names = model.data.names.length;
  const future = new Float64Array(names).fill(Infinity), past = new Float64Array(names).fill(-Infinity);
  const first = Math.min(...chosen), last = Math.max(...chosen);
  future[m.from[first]] = m.start[first];
  // Whatever influences a sender comes to it before it sends, so one pass in the order of sending is enough.
  for (let i = first; i < m.count; i++) {
    if (m.fate[i] !== DELIVERED || m.start[i] < future[m.from[i]]) continue;
    if (m.end[i] < future[m.to[i]]) future[m.to[i]] = m.end[i];
  }
  past[m.from[last]] = m.start[last];
  const byEnd = model.byEnd ??= Uint32Array.from(m.start.keys()).sort((a, b) => (m.end[a] || 0) - (m.end[b] || 0) || a - b);
  for (let place = byEnd.length - 1; place >= 0; place--) {
    const i = byEnd[place];
    if (m.fate[i] !== DELIVERED || m.end[i] > past[m.to[i]] || i === last) continue;
    if (m.start[i] > past[m.from[i]]) past[m.from[i]] = m.start[i];
  }
  return { future, past };
}

/** A number of milliseconds for people. */
function duration(milliseconds) {
  if (Number.isNaN(milliseconds)) return "–";
  const size = Math.abs(milliseconds);
  if (size >= 10000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (size >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return size >= 100 ? `${milliseconds.toFixed(0)} ms` : size >= 1 ? `${milliseconds.toFixed(1)} ms`
    : `${(milliseconds * 1000).toFixed(0)} µs`;
}

/** A moment, in seconds since the test's start. */
function moment(milliseconds, step = 0.001) {
  const decimals = step >= 1000 ? 0 : Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / 1000))));
  return `${(milliseconds / 1000).toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1")} s`;
}

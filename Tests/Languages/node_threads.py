#!/usr/bin/env python3
"""A broadcast node with a thread for each message: every 200 ms it sends each other node what that has not confirmed."""
import json
import sys
import threading

lock = threading.Lock()
values, missing = {}, {}
me = None


def send(dest, body):
    sys.stdout.write(json.dumps({"src": me, "dest": dest, "body": body}) + "\n")
    sys.stdout.flush()


def add(value):
    if value not in values:
        values[value] = True
        for lacking in missing.values():
            lacking[value] = True


def gossip():
    with lock:
        for node, lacking in missing.items():
            if lacking:
                send(node, {"type": "gossip", "values": list(lacking)})
    threading.Timer(0.2, gossip).start()


def handle(src, body):
    global me
    kind, reply = body["type"], {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    with lock:
        if kind == "init":
            me = body["node_id"]
            missing.update((node, {}) for node in body["node_ids"] if node != me)
            threading.Timer(0.2, gossip).start()
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


for line in sys.stdin:
    message = json.loads(line)
    threading.Thread(target=handle, args=(message["src"], message["body"])).start()

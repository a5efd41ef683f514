#!/usr/bin/env python3
"""A log for each key, on one node: offsets are places in a list."""

from node import Node

node = Node()
logs = {}
committed = {}


@node.on("send")
def send(request):
    log = logs.setdefault(request["body"]["key"], [])
    log.append(request["body"]["msg"])
    node.reply(request, {"type": "send_ok", "offset": len(log) - 1})


@node.on("poll")
def poll(request):
    messages = {}
    for key, start in request["body"]["offsets"].items():
        log = logs.get(key, [])
        messages[key] = [[offset, log[offset]] for offset in range(start, len(log))]
    node.reply(request, {"type": "poll_ok", "msgs": messages})


@node.on("commit_offsets")
def commit(request):
    for key, offset in request["body"]["offsets"].items():
        committed[key] = max(committed.get(key, 0), offset)
    node.reply(request, {"type": "commit_offsets_ok"})


@node.on("list_committed_offsets")
def list_committed(request):
    offsets = {key: committed[key] for key in request["body"]["keys"] if key in committed}
    node.reply(request, {"type": "list_committed_offsets_ok", "offsets": offsets})


node.run()

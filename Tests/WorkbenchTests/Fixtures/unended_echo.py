#!/usr/bin/env python3
"""Answers init, flushes, and never ends the line."""
import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    reply = {"type": request["body"]["type"] + "_ok", "in_reply_to": request["body"]["msg_id"]}
    sys.stdout.write(json.dumps({"src": request["dest"], "dest": request["src"], "body": reply}))
    sys.stdout.flush()

#!/usr/bin/env python3
"""That the driver checks what it measures: an honest node gets through, and each kind of liar is caught.

With a word after it, this file is the node itself, which lies in that way at its 500th message.
"""

import json
import os
import subprocess
import sys

LIES = ["payload", "type", "receiver", "sender", "twice", "another", "silence"]
LIE_AT = 500


def lie(kind, reply):
    """The replies to send instead."""
    body = reply["body"]
    if kind == "payload":
        body["echo"] = "something else"
    elif kind == "type":
        body["type"] = "echo"
    elif kind == "receiver":
        reply["dest"] = "c2"
    elif kind == "sender":
        reply["src"] = "n1"
    elif kind == "twice":
        return [reply, reply]
    elif kind == "another":
        body["in_reply_to"] -= 1
    elif kind == "silence":
        sys.exit(0)
    return [reply]


def node(kind):
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        body = dict(request["body"])
        body["type"] += "_ok"
        body["in_reply_to"] = body.pop("msg_id")
        reply = {"src": "n0", "dest": request["src"], "body": body}
        for one in lie(kind, reply) if number == LIE_AT else [reply]:
            print(json.dumps(one), flush=True)


def check(driver, kind):
    done = subprocess.run(
        [driver, "stream", "echo", "2000", "0", "--", sys.executable, os.path.abspath(__file__), kind],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if (done.returncode == 0) != (kind == "honest"):
        sys.exit(f"selftest: a node that is '{kind}' was judged wrongly:\n{done.stderr}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: selftest.py DRIVER")
    if sys.argv[1] in LIES + ["honest"]:
        node(sys.argv[1])
        return
    for kind in ["honest", *LIES]:
        check(os.path.abspath(sys.argv[1]), kind)
    print(f"selftest: the driver accepts an honest node and catches {len(LIES)} liars")


if __name__ == "__main__":
    main()

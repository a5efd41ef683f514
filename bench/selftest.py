#!/usr/bin/env python3
"""That what is measured is checked: by the driver, of which an honest node gets through and each kind of liar is caught;
by the contest of JSON libraries; and that comparisons divide what they say they do.

With a word after it, this file is the node itself, which lies in that way at its 500th message.
"""

import json
import os
import stat
import subprocess
import sys
import tempfile

import compare
import json_contest

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


def expect(is_so, what):
    if not is_so:
        sys.exit(f"selftest: {what}")


def contest():
    """A contestant that reads or writes anything else than the lines is refused, and so is one that fails."""
    line = '{"src":"c10","dest":"n0","body":{"type":"x","a":[[1,2],[3,-4]],"b":{"k":[true,null,"\\u00e9",0.5]},"msg_id":7}}'
    read = (["c10", "n0", "x", "k", "é"], [2, 1, 2, 3, -4, 1, 4, 1, -1, 7], [0.5])
    expect(json_contest.fields(line) == read, f"fields are {json_contest.fields(line)}")
    other = line.replace("7", "8")
    expect(json_contest.checksums([line])["read"] != json_contest.checksums([other])["read"], "an id is not in the sum")
    for kind in json_contest.KINDS:
        lines = json_contest.draw(kind)
        expect(len(set(lines)) == len(lines) >= json_contest.LINES_MIN, f"{kind}: lines that are the same")
        is_short = max(len(line) for line in lines) <= json_contest.SHORT_BYTES + 100
        expect(is_short != (kind in ("read_ok", "poll_ok")), f"{kind}: lines of {len(lines[0])} bytes")
    sums = json_contest.checksums([line])
    for answer, is_accepted in [(sums["read"], True), (sums["write"], False), (sums["read"] ^ 1, False)]:
        accepted = accepts(f'{{"ns":1,"checksum":{answer}}}', sums)
        expect(accepted == is_accepted, f"a contestant with the sum {answer} was judged wrongly")
    expect(not accepts("", sums), "a contestant that failed was accepted")


def accepts(answer, sums):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "contestant")
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\n[ $1 != about ] || exec echo '{{\"contestant\":\"it\",\"writes\":true}}'\n")
            file.write(f"cat >/dev/null\necho '{answer}'\n[ -n '{answer}' ]\n")
        os.chmod(path, stat.S_IRWXU)
        try:
            return json_contest.Contestant("it", path).time("read", "echo", [], sums, 1) == 1
        except SystemExit:
            return False


def comparison():
    """Shares are of the yardstick in the same round, and a difference counts only where all rounds agree."""
    run = compare.Run("echo", ("stream", "echo", 1, 0), yardstick="copy")
    rounds = [
        {0: {"per_second": 10.0}, 1: {"per_second": 30.0}, "copy": {"per_second": 40.0}},
        {0: {"per_second": 5.0}, 1: {"per_second": 4.0}, "copy": {"per_second": 20.0}},
    ]
    plain = compare.row(compare.Case("rate", run, "per_second", True, 10), rounds)
    expect(plain[1:4] == [0.75, 1.7, 1.9], f"the row of rates is {plain}")
    share = compare.row(compare.Case("share", run, "per_second of copy", True), rounds)
    expect(share[1:4] == [0.25, 0.475, 1.9], f"the row of shares is {share}")
    expect(share[-1].startswith("the same"), "rounds that contradict each other count")
    expect(compare.row(compare.Case("rate", run, "per_second", True), rounds[:1])[-1] == "better", "more is not better")
    expect(compare.row(compare.Case("cost", run, "per_second", False), rounds[:1])[-1] == "worse", "less is not better")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: selftest.py DRIVER")
    if sys.argv[1] in LIES + ["honest"]:
        node(sys.argv[1])
        return
    for kind in ["honest", *LIES]:
        check(os.path.abspath(sys.argv[1]), kind)
    contest()
    comparison()
    print(f"selftest: the driver accepts an honest node and catches {len(LIES)} liars; the contest and comparisons hold")


if __name__ == "__main__":
    main()

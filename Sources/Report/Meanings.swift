internal import Lab

/// What an anomaly means for whoever runs the nodes, and where to look next.
struct Meaning {
  let words: String
  let next: String

  /// Of an anomaly's name; for one that has no words of its own, what is true of any.
  init(of name: String) {
    let stem = Meaning.stem(of: name)
    (words, next) =
      Meaning.table[name] ?? Meaning.table[stem]
      ?? (
        "What was seen breaks the workload's contract or the consistency model that was asked for.",
        "Look at its operations in the timeline, and at the messages around them."
      )
  }

  /// Elle's names say more in their endings: `G1c-realtime` is a `G1c`.
  private static func stem(of name: String) -> String {
    var name = name
    if name.hasSuffix("-cycle-exists") { return "cycle-exists" }
    for ending in ["-realtime", "-process", "-item"] where name.hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    return name
  }

  private static let table: [String: (String, String)] = [
    // Sets and broadcast.
    "lost-value": (
      "A value was acknowledged, and in the end a node does not have it.",
      "Follow the value's messages from the node that acknowledged it: look for one that was lost and never sent again."
    ),
    "duplicate-value": (
      "A read shows a value twice, though the values are a set.",
      "Look for a value that reached the node twice: by two ways, or again after a lost acknowledgement."
    ),
    "phantom-value": (
      "A read shows a value that nobody had written by then.",
      "Look for the first message that carries the value: who made it up, or sent it too early?"
    ),
    "aborted-read": (
      "A read shows a value whose write was refused with a definite error.",
      "A definite error promises that nothing happened: look at what the node had done before it refused."
    ),
    "vanished-value": (
      "A node no longer shows a value that it has shown before.",
      "Look for a restart or an overwritten state between the two reads."
    ),
    "unread-node": (
      "A node answered no final read, so nobody knows what it has.",
      "Look at its log and at the faults that hit it before the end."
    ),
    // Counters.
    "wrong-total": (
      "A final read is not the sum of the acknowledged adds and any of the uncertain ones.",
      "Look for an add that was acknowledged before it was safe, or was counted twice after a retry."
    ),
    "unsummed-add": (
      "An add is no integer, or too large for the checker's sums: nobody can tell what the counter has to be.",
      "Look at where the history comes from."
    ),
    "impossible-read": (
      "No choice of the adds made by then comes to the total that was read.",
      "Look for an add that was counted twice or in part."
    ),
    "shrunken-counter": (
      "A counter that only grows went down at a node.",
      "Look for a restart or an older state that replaced a newer one."
    ),
    "divergent-replicas": (
      "Nodes show different totals in the end.",
      "Look for the last message between the two nodes that was lost."
    ),
    // Logs.
    "inconsistent-offset": (
      "Two messages have the same key and offset.",
      "Look at which nodes assigned the offset, and what they knew of each other then."
    ),
    "lost-write": (
      "A write was acknowledged, and is never seen although later ones are.",
      "Follow its messages from the acknowledgement on; look for a kill or a cut."
    ),
    "nonmonotonic-poll": (
      "A consumer's poll went back to an offset that it had already passed.",
      "Compare what the two polls' nodes knew of the key."
    ),
    "nonmonotonic-send": (
      "A producer's later send got a smaller offset than its earlier one.",
      "Compare what the nodes that assigned the two offsets knew of each other."
    ),
    "poll-skip": (
      "A poll leaves out a message that is known to be there.",
      "Look for an offset that was filled after a later one had been shown."
    ),
    "send-skip": (
      "A producer's offsets leave out one that another producer has.",
      "This alone is allowed; look at what it comes with."
    ),
    "phantom-message": (
      "A poll shows a message that nobody had sent by then.", "Look for the first message that carries it."
    ),
    "duplicate-message": (
      "A message has two offsets of one key.",
      "Look for a send that was tried again after its answer was lost."
    ),
    "unseen-message": (
      "An acknowledged message was never shown by any poll, to the end.",
      "Look at what keeps the log's readable end from moving past it."
    ),
    "missing-message": (
      "One node shows a message in the end, and another does not.",
      "Follow the message: what was to bring it to the other node, and was it lost?"
    ),
    "future-read": (
      "A read shows what was written only later.",
      "Look for the first message that carries it: who knew of it too early?"
    ),
    "precommitted-read": (
      "A transaction polls what it has sent itself, before it commits.",
      "Look at what is visible before a transaction commits."
    ),
    "runaway-commit": (
      "A listed offset is beyond everything that was committed.",
      "Look at which node answered, and what it had been told."
    ),
    "lost-commit": (
      "A listed offset is below one that had been committed.",
      "Look at whether the commit reached the node that answered."
    ),
    "high-lag": (
      "Polls were far behind what was known of a key.",
      "Look at the offsets by time: which key stands still, and since when?"
    ),
    // Registers.
    "nonlinearizable": (
      "No order of the operations on a key, each taking effect between its start and its end, explains what was read.",
      "Look at the operations of the key that overlap there: one read too old, or a write that took effect twice?"
    ),
    "impossible-error": (
      "An error says something of a value that can't have been.",
      "Look at what the key held, by the operations around it."
    ),
    "malformed-operation": (
      "An operation has a value that its workload does not know, and was not judged.",
      "Look at where the history comes from."
    ),
    "partly-checked": (
      "Some of what was seen could not be judged.", "Look at why those operations did not succeed."
    ),
    "nothing-checked": (
      "Nothing could be judged.",
      "Look at why no operation succeeded, and whether the history is of the workload that it was checked for."
    ),
    // Transactions.
    "G0": (
      "Writes of two transactions interleave: each overwrote the other (dirty write).",
      "Look at how the writes of one transaction become visible: all at once, or one by one?"
    ),
    "G1a": (
      "A transaction read what an aborted one wrote.", "Look at what is visible before a transaction commits."
    ),
    "G1b": (
      "A transaction read a value that its writer itself overwrote later.",
      "Look at what is visible before a transaction commits."
    ),
    "G1c": (
      "Transactions depend on each other in a circle of writes and reads: information flowed back.",
      "Follow the circle's edges, each with its two operations."
    ),
    "G-single": (
      "A circle with exactly one read that misses a later write (read skew).",
      "Look at whether a transaction's reads are of one moment."
    ),
    "G-nonadjacent": (
      "A circle whose missed writes never follow each other (a breach of snapshot isolation).",
      "Look at whether a transaction's reads are of one moment."
    ),
    "G2": (
      "A circle with reads that miss each other's writes (write skew).",
      "Serializability needs reads to be checked again, or locked, when a transaction commits."
    ),
    "lost-update": (
      "Two transactions read the same version and both wrote: one update is lost.",
      "Check on commit that what was read is still the newest."
    ),
    "fractured-read": (
      "A transaction saw a part of another one's writes and not the rest.",
      "Apply a transaction's writes in one step."
    ),
    "forgotten-write": (
      "A client does not read what it wrote before.",
      "Look at which nodes answered it, and what had reached them."
    ),
    "diverged-replicas": (
      "Nodes show different values for a key in the end.", "Look for the last write that did not reach all."
    ),
    "internal": (
      "A transaction does not read what it wrote or read itself just before.",
      "Look at how a transaction sees its own writes."
    ),
    "cyclic-versions": (
      "What transactions read before they wrote puts the versions of a key into a circle.",
      "Look at which nodes carried out the transactions, and what each held of the key."
    ),
    "cycle-exists": (
      "Transactions come before each other in a circle that the model excludes.",
      "Look at its transactions in the timeline: which of them missed what another had written?"
    ),
    "duplicate-elements": (
      "A list shows an element twice that was appended once.",
      "Look for an append that was carried out again: after a lost answer, or after a restart."
    ),
    "dirty-update": (
      "A write stands upon one whose transaction failed.",
      "Look at what is visible before a transaction commits, and what is left when it does not."
    ),
    "contradictory-end": (
      "What all nodes show in the end can't have been written last.",
      "Look at which of two writes won, and at which node."
    ),
    "initial-value": (
      "A read of a key that nobody had written shows something else than null.",
      "Answer null for a key without a value."
    ),
    "repeated-write": (
      "Two transactions wrote the same value to a key, so nobody can tell who read from whom.",
      "Let each write of a key have a value of its own."
    ),
    "incompatible-order": (
      "Two reads of a list disagree on its order.",
      "Look at which nodes answered, and in which order appends reached them."
    ),
    "altered-transaction": (
      "The answer is not the transaction that was asked for.",
      "Look at the answer's body beside the request's."
    ),
    "malformed-transaction": ("The answer is no transaction at all.", "Look at the answer's body."),
    // Others.
    "duplicate-id": (
      "One id was given out twice.", "Look at what makes ids unique over nodes and restarts."
    ),
    "wrong-echo": ("What came back is not what was sent.", "Look at the reply's body beside the request's."),
    "node-died": (
      "A node's process ended by itself.",
      "Its exit status and last lines are below; look at the messages it got last."
    ),
    "not-json": (
      "A node printed a line on stdout that is no JSON. Stdout is for messages; logs go to stderr.",
      "Look for a print or a log library that writes to stdout."
    ),
    "lax-json": (
      "A line is not quite JSON, and was taken all the same.",
      "Print one JSON object a line, and nothing after it."
    ),
    "malformed-message": (
      "A line is JSON, but no message with src, dest and body.", "Look at the line that is quoted."
    ),
    "malformed-reply": (
      "A reply lacks members, or has too many or of the wrong type.",
      "Compare it with the workload's documentation."
    ),
    "unknown-destination": ("A message is for nobody in this test.", "Look at how the node fills dest."),
    "unknown-source": (
      "A message claims to be from nobody in this test.",
      "The src must be the node's own id, as init gave it."
    ),
    "borrowed-source": ("A message claims to be from another.", "The src should be the node's own id."),
    "unasked-reply": (
      "A client got a reply that it was not waiting for.", "Look for a request that is answered twice."
    ),
    "late-reply": (
      "A node answered a client that had given up after five seconds, or that for init, which leaves with its answer.",
      "Leave requests unanswered that are that old, and answer init once: the real Maelstrom hears nothing more of the node."
    ),
    "silent-node": (
      "A node printed nothing since the load began, and left clients without an answer.",
      "Look at whether it ends each message with a newline, and flushes stdout after it."
    ),
    "oversized-integer": (
      "An offset has more than 64 bits.",
      "The bench judges no such offsets, though Maelstrom does: number messages from 0 on."
    ),
    "unread-input": (
      "A node does not read its stdin.",
      "Look for a loop that blocks, or a deadlock between reading and writing."
    ),
    "closed-stream": (
      "A node closed its stdin or stdout, and went on running.",
      "Look for what closes descriptor 0 or 1, or the end of a block that owns the stream."
    ),
    "oversized-line": ("A node printed a line that is too long to be read.", "Send less at a time."),
    "init-failed": (
      "A node did not answer init, so the test did not begin.", "Look at its log and what it printed."
    ),
    "setup-failed": ("A node did not answer what prepares the test.", "Look at its log and what it printed."),
    // Raft, in the simulator.
    "election-safety": (
      "Two nodes led in the same term, or one led that a majority had not voted for.",
      "Look at the elections of that term: who voted, for whom, and whether the vote was stored before it was given."
    ),
    "log-matching": (
      "Two logs have different entries with the same index and term.",
      "Look at the append messages that brought the entry: a follower must hold the entry before them."
    ),
    "leader-completeness": (
      "A leader lacked a committed entry, or committed what a later leader may lack.",
      "Look at the acknowledgements that the leader counted, in which configuration, and of which term the entry was."
    ),
    "state-machine-safety": (
      "Two nodes applied different entries at the same index, or took different nodes for the members there.",
      "Look at what both nodes were told of that index, by append messages and by snapshots."
    ),
    // Replicas, in the simulator.
    "known-beyond-held": (
      "A node took a peer to hold more than the peer had stored.",
      "Look at what the peer said of itself last, from which incarnation, and whether that was stored before it was said."
    ),
    "differing-entries": (
      "Two replicas hold different entries under one number of one stream.",
      "Look at the node whose stream it is: did it number on before its peers had told what they held of it?"
    ),
    "forgotten-entries": (
      "A node came back with less than it had stored.",
      "Look at what it writes to its log, and at its checkpoints."
    ),
    "needless-stream": (
      "A node began a new stream, though it could continue its last one.",
      "Version vectors grow with each such start: look at what its peers had told it by then."
    ),
    "overlong-message": (
      "A message had more bytes of entries than are allowed in one.",
      "Look for what fills it without a look at the bound."
    ),
    "broken-progress": (
      "What a node keeps of a peer contradicts itself.", "Look at the last messages between the two."
    ),
    "late-offset": (
      "A message came to be at an offset that nodes had shown to be past.",
      "Look at what its node had promised its peers, and whether it knew what it had assigned before."
    ),
    "differing-logs": (
      "Two nodes show different messages at the same place of a key.",
      "Look at when each showed it: what had its peers promised by then?"
    ),
    "early-acknowledgement": (
      "A client was told that more nodes hold its message than had stored it.",
      "Look at the acknowledgements that the node counted."
    ),
    "too-many-messages": (
      "Servers sent more messages for each operation than the run allows.",
      "Look at which messages are the most: are some sent again and again, or each by itself where one could hold many?"
    ),
    "interrupted": (
      "A signal ended the run before its time: what would have come then was not seen.",
      "Run it again, to its end."
    ),
    "endless-talk": (
      "Nodes answer each other without end, and no time passes.",
      "Look at the last messages: who answers whom?"
    ),
    "unserved-request": (
      "A node asked a service for what it does not do.", "Look at the request's type and key."
    ),
  ]
}

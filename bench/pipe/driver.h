// The load for one node over pipes: what is sent, how replies are checked, and the process itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Message ids have eight digits, so that a request is a template with digits filled in.
enum { FIRST_ID = 10000000, ID_DIGITS = 8, REQUEST_BYTES_MAX = 512 };

#define ENVELOPE(body) "{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{" body "}}\n"

// Text.

/// Where the value of `"key":` begins, or NULL. Good enough for replies, whose strings hold no quoted keys.
const char *find_value(const char *line, size_t count, const char *key);
/// The integer that is the value of a key, or -1.
int64_t find_integer(const char *line, size_t count, const char *key);
bool has_string(const char *line, size_t count, const char *key, const char *value);
void write_id(char *place, uint64_t id);

// Traffic.

/// One kind of load. Replies to a window of requests may come in any order.
typedef struct traffic traffic;
struct traffic {
  const char *name;
  /// Whether the node is told its name first; `cat` is not.
  bool has_init;
  /// Requests under way at most; 0 leaves it to the pipe.
  uint64_t outstanding;
  /// Writes request number `index` with its newline; returns its length.
  size_t (*request)(uint64_t index, char *out);
  /// Checks a reply without its newline. Returns the request's index, or -1 after having said what is wrong.
  int64_t (*reply)(const char *line, size_t count, uint64_t expected);
};

const traffic *find_traffic(const char *name);
/// Says what is wrong with a reply. Returns -1.
int64_t wrong(const char *why, const char *line, size_t count);
/// The index of the request that a reply of this type answers, or -1 after having said what is wrong.
int64_t checked_header(const char *line, size_t count, const char *type);

size_t init_request(char *out);
bool is_init_ok(const char *line, size_t count);

/// `values` and `sends` fill a node with one request after the other of the same kind.
extern const traffic echo_traffic, raw_traffic, unique_ids_traffic, broadcast_traffic, values_traffic;
extern const traffic kafka_traffic, kafka_send_traffic, writes_traffic;

/// A read, as request number `index`.
size_t read_request(uint64_t index, char *out);
/// Checks that a read_ok holds each of the first `values` values at most once. Returns how many it holds, or -1.
int64_t check_read(const char *line, size_t count, uint64_t values);
/// A poll for the last `POLLED` messages of a key, after `sends` so far.
enum { POLLED = 10 };
size_t tail_poll_request(uint64_t index, char *out);
/// Checks the reply to that. Returns how many messages it holds, or -1.
int64_t check_tail_poll(const char *line, size_t count);
/// For files of requests, to which nobody listens: offsets are guessed, from 0 without gaps.
void predict_offsets(void);

// The process.

typedef struct {
  pid_t pid;
  int input, output;
  char *buffer;
  size_t start, end, capacity;
} node;

node node_start(char *const *arguments);
/// CPU time so far, in seconds, all threads.
double node_cpu(const node *node);
/// Bytes resident: now, and at most so far.
void node_memory(const node *node, size_t *now, size_t *peak);
void node_block(const node *node, bool blocks);
/// Reads what is there. False if nothing was.
bool node_read(node *node);
/// Waits until there is something to read, or room for writing where that is wanted. Fails after a long time.
void node_await(const node *node, bool wants_room);
/// The next complete line in the buffer, without its newline, or NULL.
char *node_line(node *node, size_t *count);
/// The next line, waiting for it.
char *node_await_line(node *node, size_t *count);
void node_write(const node *node, const char *bytes, size_t count);
/// Closes stdin, waits, and checks that the node ends well.
void node_end(node *node);

double seconds_now(void);
_Noreturn void fail(const char *format, ...);

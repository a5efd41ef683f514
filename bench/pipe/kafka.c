// The replicated log. The mix follows Maelstrom's clients: a send, or a poll and the commit of what it showed.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "driver.h"

enum {
  KEYS = 8,
  /// Keys that one poll asks for.
  KEYS_POLLED = 2,
  /// Messages of a key that are remembered, to check polls: more than can be under way.
  REMEMBERED = 1024,
  OUTSTANDING = 64,
  LIST_EVERY = 400,
};

typedef enum { SEND, POLL, COMMIT, LIST } kind;

static struct {
  /// The latest offset acknowledged, -1 for none.
  int64_t last;
  struct { int64_t offset, message; } remembered[REMEMBERED];
} keys[KEYS];

/// What was sent under each id, as far as it is still under way.
static struct {
  kind kind;
  unsigned key;
  int64_t from[KEYS_POLLED];
} asked[OUTSTANDING * 2];

static bool is_started, predicts;

void predict_offsets(void) { predicts = true; }

static void start(void) {
  if (is_started) return;
  is_started = true;
  for (int key = 0; key < KEYS; key++) {
    keys[key].last = -1;
    for (int i = 0; i < REMEMBERED; i++) keys[key].remembered[i].offset = -1;
  }
}

static kind kind_of(uint64_t index, unsigned key) {
  // Nobody commits an offset of a log in which there is nothing yet.
  bool is_empty = keys[key].last < 0;
  if (index % LIST_EVERY == LIST_EVERY - 1 || (is_empty && index % 4 == 2)) return LIST;
  switch (index % 4) {
  case 1: return POLL;
  case 2: return COMMIT;
  default: return SEND;
  }
}

static void remember(unsigned key, int64_t offset, int64_t message) {
  keys[key].last = offset;
  keys[key].remembered[offset % REMEMBERED].offset = offset;
  keys[key].remembered[offset % REMEMBERED].message = message;
}

static size_t send_request(uint64_t index, unsigned key, char *out) {
  return (size_t)sprintf(
    out, ENVELOPE("\"type\":\"send\",\"msg_id\":%llu,\"key\":\"%u\",\"msg\":%llu"),
    FIRST_ID + (unsigned long long)index, key, (unsigned long long)index);
}

/// Returns the length of a poll for what follows the offsets.
static size_t poll_request(uint64_t index, unsigned key, const int64_t *from, int count, char *out) {
  char *place = out + sprintf(
    out, "{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{\"type\":\"poll\",\"msg_id\":%llu,\"offsets\":{",
    FIRST_ID + (unsigned long long)index);
  for (int i = 0; i < count; i++)
    place += sprintf(place, "%s\"%u\":%lld", i ? "," : "", (key + (unsigned)i) % KEYS, (long long)from[i]);
  return (size_t)(place + sprintf(place, "}}}\n") - out);
}

static size_t kafka_request(uint64_t index, char *out) {
  start();
  // The key moves on with each round of four requests, and by one more with each round of all keys.
  unsigned key = (unsigned)(index / 4 + index % 4) % KEYS, slot = (unsigned)(index % (OUTSTANDING * 2));
  asked[slot].key = key;
  asked[slot].kind = kind_of(index, key);
  unsigned long long id = FIRST_ID + (unsigned long long)index;
  switch (asked[slot].kind) {
  case SEND:
    if (predicts) remember(key, keys[key].last + 1, (int64_t)index);
    return send_request(index, key, out);
  case POLL:
    for (unsigned i = 0; i < KEYS_POLLED; i++) {
      int64_t known = keys[(key + i) % KEYS].last;
      asked[slot].from[i] = known < 2 ? 0 : known - 2;
    }
    return poll_request(index, key, asked[slot].from, KEYS_POLLED, out);
  case COMMIT:
    return (size_t)sprintf(
      out, ENVELOPE("\"type\":\"commit_offsets\",\"msg_id\":%llu,\"offsets\":{\"%u\":%lld}"), id, key,
      (long long)keys[key].last);
  case LIST: break;
  }
  return (size_t)sprintf(
    out, ENVELOPE("\"type\":\"list_committed_offsets\",\"msg_id\":%llu,\"keys\":[\"%u\"]"), id, key);
}

/// Walks through the messages of one key in a poll_ok: pairs of offset and message, rising from `from`.
static int64_t check_messages(const char *line, size_t count, unsigned key, int64_t from) {
  char name[16];
  sprintf(name, "%u", key);
  const char *messages = find_value(line, count, "msgs"), *limit = line + count;
  if (!messages) return wrong("a poll_ok without msgs", line, count);
  const char *place = find_value(messages, (size_t)(limit - messages), name);
  if (!place) return 0;
  int64_t before = from - 1, found = 0;
  for (place++; place < limit && *place != ']'; place++) {
    if (*place != '[') continue;
    long long offset, message;
    int length = 0;
    if (sscanf(place, "[ %lld , %lld ]%n", &offset, &message, &length) != 2 || !length)
      return wrong("a message that is no pair", line, count);
    if (offset <= before) return wrong("offsets that don't rise", line, count);
    int64_t slot = offset % REMEMBERED;
    if (keys[key].remembered[slot].offset == offset && keys[key].remembered[slot].message != message)
      return wrong("another message than was sent", line, count);
    before = offset;
    found++;
    place += length - 1;
  }
  if (from <= keys[key].last && !found) return wrong("nothing, though there is something", line, count);
  return found;
}

static int64_t sent(const char *line, size_t count, int64_t index, unsigned key) {
  int64_t offset = find_integer(line, count, "offset");
  if (offset <= keys[key].last) return wrong("an offset that does not rise", line, count);
  remember(key, offset, index);
  return index;
}

static int64_t kafka_reply(const char *line, size_t count, uint64_t expected) {
  static const char *const types[] = {"send_ok", "poll_ok", "commit_offsets_ok", "list_committed_offsets_ok"};
  // One pipe, one node: requests are taken in turn, and answered in turn.
  unsigned slot = (unsigned)(expected % (OUTSTANDING * 2)), key = asked[slot].key;
  int64_t index = checked_header(line, count, types[asked[slot].kind]);
  if (index < 0) return -1;
  if ((uint64_t)index != expected) return wrong("not the reply that was due", line, count);
  switch (asked[slot].kind) {
  case SEND: return sent(line, count, index, key);
  case POLL:
    for (unsigned i = 0; i < KEYS_POLLED; i++)
      if (check_messages(line, count, (key + i) % KEYS, asked[slot].from[i]) < 0) return -1;
    return index;
  case COMMIT:
  case LIST: return index;
  }
  return -1;
}

const traffic kafka_traffic = {"kafka", true, OUTSTANDING, kafka_request, kafka_reply};

// Sends only, to fill a log; and polls of the end of one.

static size_t sends_request(uint64_t index, char *out) {
  start();
  return send_request(index, (unsigned)(index % KEYS), out);
}

static int64_t sends_reply(const char *line, size_t count, uint64_t expected) {
  int64_t index = checked_header(line, count, "send_ok");
  if (index != (int64_t)expected) return index < 0 ? -1 : wrong("not the reply that was due", line, count);
  return sent(line, count, index, (unsigned)(index % KEYS));
}

const traffic kafka_send_traffic = {"sends", true, 0, sends_request, sends_reply};

size_t tail_poll_request(uint64_t index, char *out) {
  int64_t from = keys[0].last - POLLED + 1;
  if (from < 0) from = 0;
  return poll_request(index, 0, &from, 1, out);
}

int64_t check_tail_poll(const char *line, size_t count) {
  if (checked_header(line, count, "poll_ok") < 0) return -1;
  int64_t from = keys[0].last - POLLED + 1;
  return check_messages(line, count, 0, from < 0 ? 0 : from);
}

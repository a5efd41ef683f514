// Echo, unique ids and broadcast. Replies of one form are checked in full by comparing them with a template that
// was learnt from a reply that was read with care: so the driver is faster than what it drives.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static const traffic *const traffics[] = {
  &echo_traffic, &raw_traffic, &unique_ids_traffic, &broadcast_traffic, &values_traffic,
  &kafka_traffic, &kafka_send_traffic, &writes_traffic,
};

const traffic *find_traffic(const char *name) {
  for (size_t i = 0; i < sizeof traffics / sizeof *traffics; i++)
    if (!strcmp(traffics[i]->name, name)) return traffics[i];
  fail("there is no traffic '%s'", name);
}

int64_t checked_header(const char *line, size_t count, const char *type) {
  if (!has_string(line, count, "type", type)) return wrong("a reply of another type", line, count);
  if (!has_string(line, count, "src", "n0")) return wrong("a reply from somebody else", line, count);
  if (!has_string(line, count, "dest", "c1")) return wrong("a reply to somebody else", line, count);
  int64_t id = find_integer(line, count, "in_reply_to");
  if (id < FIRST_ID) return wrong("a reply to no request", line, count);
  return id - FIRST_ID;
}

// Templates.

typedef struct {
  char text[REQUEST_BYTES_MAX];
  size_t count;
  size_t id_at, payload_at;  // payload_at 0: none
} template;

static void put_payload(char *place, uint64_t index) {
  place[0] = (char)('0' + index / 10 % 10);
  place[1] = (char)('0' + index % 10);
}

/// Learns where a reply has its id and, behind `marker`, its payload of two digits.
static void learn(template *template, const char *line, size_t count, uint64_t index, const char *marker) {
  char id[ID_DIGITS];
  write_id(id, FIRST_ID + index);
  const char *found = count <= sizeof template->text ? memmem(line, count, id, ID_DIGITS) : NULL;
  template->count = 0;
  if (!found) return;
  memcpy(template->text, line, count);
  template->id_at = (size_t)(found - line);
  template->payload_at = 0;
  if (marker) {
    found = memmem(line, count, marker, strlen(marker));
    if (!found) return;
    template->payload_at = (size_t)(found - line) + strlen(marker);
  }
  template->count = count;
}

static bool fits(template *template, const char *line, size_t count, uint64_t index) {
  if (count != template->count) return false;
  write_id(template->text + template->id_at, FIRST_ID + index);
  if (template->payload_at) put_payload(template->text + template->payload_at, index);
  return !memcmp(line, template->text, count);
}

// Echo.

static size_t echo_request(uint64_t index, char *out) {
  static const char text[] = ENVELOPE("\"type\":\"echo\",\"msg_id\":10000000,\"echo\":\"Please echo 00\"");
  enum { ID_AT = 55, PAYLOAD_AT = 84 };
  memcpy(out, text, sizeof text - 1);
  write_id(out + ID_AT, FIRST_ID + index);
  put_payload(out + PAYLOAD_AT, index);
  return sizeof text - 1;
}

static int64_t echo_reply(const char *line, size_t count, uint64_t expected) {
  static template known;
  if (fits(&known, line, count, expected)) return (int64_t)expected;
  int64_t index = checked_header(line, count, "echo_ok");
  if (index < 0) return -1;
  char payload[] = "Please echo 00";
  put_payload(payload + sizeof payload - 3, (uint64_t)index);
  if (!has_string(line, count, "echo", payload)) return wrong("not what was to be echoed", line, count);
  learn(&known, line, count, (uint64_t)index, "Please echo ");
  return index;
}

const traffic echo_traffic = {"echo", true, 0, echo_request, echo_reply};

// What `cat` gives back: the request itself.

static int64_t raw_reply(const char *line, size_t count, uint64_t expected) {
  char request[REQUEST_BYTES_MAX];
  if (count + 1 != echo_request(expected, request) || memcmp(line, request, count))
    return wrong("not the line that was sent", line, count);
  return (int64_t)expected;
}

const traffic raw_traffic = {"raw", false, 0, echo_request, raw_reply};

// Unique ids.

static size_t generate_request(uint64_t index, char *out) {
  return (size_t)sprintf(out, ENVELOPE("\"type\":\"generate\",\"msg_id\":%llu"), FIRST_ID + (unsigned long long)index);
}

/// That no id comes twice is the workbench's affair; here it must be there, and not that of the reply before.
static int64_t generate_reply(const char *line, size_t count, uint64_t expected) {
  (void)expected;
  static char last[128];
  int64_t index = checked_header(line, count, "generate_ok");
  if (index < 0) return -1;
  const char *id = find_value(line, count, "id");
  if (!id) return wrong("a reply without an id", line, count);
  size_t length = (size_t)(line + count - id);
  if (length > sizeof last) length = sizeof last;
  const char *end = memchr(id, ',', length);
  if (end) length = (size_t)(end - id);
  if (!memcmp(last, id, length)) return wrong("the same id twice", line, count);
  memset(last, 0, sizeof last);
  memcpy(last, id, length);
  return index;
}

const traffic unique_ids_traffic = {"unique-ids", true, 0, generate_request, generate_reply};

// Writes to 1,000 keys of a key-value store.

static size_t write_request(uint64_t index, char *out) {
  return (size_t)sprintf(
    out, ENVELOPE("\"type\":\"write\",\"msg_id\":%llu,\"key\":%u,\"value\":%llu"),
    FIRST_ID + (unsigned long long)index, (unsigned)(index % 1000), (unsigned long long)index);
}

static int64_t write_reply(const char *line, size_t count, uint64_t expected) {
  (void)expected;
  return checked_header(line, count, "write_ok");
}

const traffic writes_traffic = {"writes", true, 0, write_request, write_reply};

// Broadcast: every value new, one read in 1,000 requests.

enum { READ_EVERY = 1000 };

static bool is_read(uint64_t index) { return index % READ_EVERY == READ_EVERY - 1; }

size_t read_request(uint64_t index, char *out) {
  return (size_t)sprintf(out, ENVELOPE("\"type\":\"read\",\"msg_id\":%llu"), FIRST_ID + (unsigned long long)index);
}

static size_t value_request(uint64_t index, uint64_t value, char *out) {
  static const char text[] = ENVELOPE("\"type\":\"broadcast\",\"msg_id\":10000000,\"message\":10000000");
  enum { ID_AT = 60, VALUE_AT = 79 };
  memcpy(out, text, sizeof text - 1);
  write_id(out + ID_AT, FIRST_ID + index);
  write_id(out + VALUE_AT, FIRST_ID + value);
  return sizeof text - 1;
}

static size_t broadcast_request(uint64_t index, char *out) {
  return is_read(index) ? read_request(index, out) : value_request(index, index, out);
}

/// The elements of a read, by their commas.
static uint64_t elements(const char *array, const char *limit) {
  const char *place = array + 1;
  if (place < limit && *place == ']') return 0;
  uint64_t commas = 0;
  while (place < limit && *place != ']') commas += *place++ == ',';
  return commas + 1;
}

static int64_t broadcast_reply(const char *line, size_t count, uint64_t expected) {
  static template known;
  if (!is_read(expected)) {
    if (fits(&known, line, count, expected)) return (int64_t)expected;
    int64_t index = checked_header(line, count, "broadcast_ok");
    if (index >= 0) learn(&known, line, count, (uint64_t)index, NULL);
    return index;
  }
  int64_t index = checked_header(line, count, "read_ok");
  if (index < 0) return -1;
  const char *values = find_value(line, count, "messages");
  // Requests come through one pipe, so a read shows what was broadcast before it.
  uint64_t before = (uint64_t)index - (uint64_t)index / READ_EVERY;
  if (!values || elements(values, line + count) != before)
    return wrong("a read that does not show what was acknowledged before", line, count);
  return index;
}

const traffic broadcast_traffic = {"broadcast", true, 0, broadcast_request, broadcast_reply};

int64_t check_read(const char *line, size_t count, uint64_t values) {
  const char *place = find_value(line, count, "messages"), *limit = line + count;
  if (!has_string(line, count, "type", "read_ok") || !place) return wrong("not a read_ok", line, count);
  uint8_t *seen = calloc(values / 8 + 1, 1);
  int64_t found = 0;
  for (place++; place < limit && *place != ']'; place++) {
    if (*place < '0' || *place > '9') continue;
    uint64_t value = 0;
    while (*place >= '0' && *place <= '9') value = value * 10 + (uint64_t)(*place++ - '0');
    value -= FIRST_ID;
    if (value >= values || seen[value / 8] & 1 << value % 8) return wrong("a false value in a read", line, count);
    seen[value / 8] |= (uint8_t)(1 << value % 8);
    found++;
    place--;
  }
  free(seen);
  return found;
}

// Broadcasts only, to fill a node.

static size_t values_request(uint64_t index, char *out) { return value_request(index, index, out); }

static int64_t values_reply(const char *line, size_t count, uint64_t expected) {
  static template known;
  if (fits(&known, line, count, expected)) return (int64_t)expected;
  int64_t index = checked_header(line, count, "broadcast_ok");
  if (index >= 0) learn(&known, line, count, (uint64_t)index, NULL);
  return index;
}

const traffic values_traffic = {"values", true, 0, values_request, values_reply};

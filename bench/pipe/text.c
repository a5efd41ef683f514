#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "driver.h"

const char *find_value(const char *line, size_t count, const char *key) {
  char quoted[64];
  size_t length = (size_t)snprintf(quoted, sizeof quoted, "\"%s\"", key);
  const char *limit = line + count;
  for (const char *place = line; (place = memmem(place, (size_t)(limit - place), quoted, length));) {
    place += length;
    while (place < limit && *place == ' ') place++;
    // The same word may also be a value, as in "type":"echo".
    if (place == limit || *place != ':') continue;
    place++;
    while (place < limit && *place == ' ') place++;
    return place;
  }
  return NULL;
}

int64_t find_integer(const char *line, size_t count, const char *key) {
  const char *place = find_value(line, count, key), *limit = line + count;
  if (!place || place == limit || *place < '0' || *place > '9') return -1;
  int64_t value = 0;
  while (place < limit && *place >= '0' && *place <= '9') value = value * 10 + (*place++ - '0');
  return value;
}

bool has_string(const char *line, size_t count, const char *key, const char *value) {
  const char *place = find_value(line, count, key);
  size_t length = strlen(value);
  if (!place || (size_t)(line + count - place) < length + 2) return false;
  return place[0] == '"' && !memcmp(place + 1, value, length) && place[length + 1] == '"';
}

void write_id(char *place, uint64_t id) {
  for (int digit = ID_DIGITS - 1; digit >= 0; digit--) {
    place[digit] = (char)('0' + id % 10);
    id /= 10;
  }
}

int64_t wrong(const char *why, const char *line, size_t count) {
  fprintf(stderr, "driver: %s: %.*s\n", why, (int)(count < 400 ? count : 400), line);
  return -1;
}

size_t init_request(char *out) {
  return (size_t)sprintf(
    out, "{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n0\","
         "\"node_ids\":[\"n0\"]}}\n");
}

bool is_init_ok(const char *line, size_t count) {
  return has_string(line, count, "type", "init_ok") && find_integer(line, count, "in_reply_to") == 1
    && has_string(line, count, "src", "n0") && has_string(line, count, "dest", "c1");
}

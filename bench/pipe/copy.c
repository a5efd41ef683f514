// The limit for a node in the same run: echo by copying bytes, without looking at JSON. Takes only the lines that
// the driver writes, whose members stand in a known order, and answers them as fast as this machine can.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_BYTES = 1 << 16, OUTPUT_BYTES = 1 << 18 };

static char input[INPUT_BYTES * 2];
static char output[OUTPUT_BYTES];
static size_t used;

static void flush(void) {
  for (size_t done = 0; done < used;) {
    ssize_t count = write(1, output + done, used - done);
    if (count < 0) exit(1);
    done += (size_t)count;
  }
  used = 0;
}

static inline void put(const char *bytes, size_t count) {
  memcpy(output + used, bytes, count);
  used += count;
}

#define PUT(text) put(text, sizeof text - 1)

/// What stands between a marker after `*place` and the next `end`; moves `*place` behind it.
static inline size_t cut(const char **place, const char *limit, const char *marker, size_t length, char end, const char **text) {
  const char *start = memmem(*place, (size_t)(limit - *place), marker, length);
  if (!start) exit(2);
  start += length;
  const char *stop = memchr(start, end, (size_t)(limit - start));
  if (!stop) exit(2);
  *text = start;
  *place = stop;
  return (size_t)(stop - start);
}

#define CUT(marker, end, text) cut(&place, limit, marker, sizeof marker - 1, end, text)

static void answer(const char *line, size_t count) {
  const char *place = line, *limit = line + count;
  const char *source, *destination, *type, *id, *payload;
  size_t source_count = CUT("\"src\":\"", '"', &source);
  size_t destination_count = CUT("\"dest\":\"", '"', &destination);
  size_t type_count = CUT("\"type\":\"", '"', &type);
  size_t id_count = CUT("\"msg_id\":", ',', &id);
  PUT("{\"src\":\"");
  put(destination, destination_count);
  PUT("\",\"dest\":\"");
  put(source, source_count);
  PUT("\",\"body\":{\"type\":\"");
  put(type, type_count);
  if (type[0] == 'e') {
    size_t payload_count = CUT("\"echo\":\"", '"', &payload);
    PUT("_ok\",\"echo\":\"");
    put(payload, payload_count);
  } else {
    PUT("_ok");
  }
  PUT("\",\"in_reply_to\":");
  put(id, id_count);
  PUT("}}\n");
}

int main(void) {
  size_t held = 0;
  for (;;) {
    ssize_t count = read(0, input + held, INPUT_BYTES);
    if (count <= 0) return count == 0 ? 0 : 1;
    char *start = input, *end = input + held + count, *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
      if (OUTPUT_BYTES - used < (size_t)(newline - start) + 256) flush();
      answer(start, (size_t)(newline - start));
      start = newline + 1;
    }
    flush();
    held = (size_t)(end - start);
    if (held > INPUT_BYTES) return 2;
    memmove(input, start, held);
  }
}

// What a contestant does: reads lines into the fields of their kind, and writes the same lines from them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Requests, then answers.
typedef enum {
  ECHO, NESTED, BROADCAST, READ, GENERATE, SEND, POLL,
  ECHO_OK, NESTED_OK, BROADCAST_OK, READ_OK, GENERATE_OK, SEND_OK, POLL_OK, KINDS,
} line_kind;

static inline bool is_answer(line_kind kind) { return kind >= ECHO_OK; }

/// PADDING zeros follow a line: as many as any contestant may look at. A field takes two bytes of its line or more.
enum { LINE_BYTES_MAX = 1 << 14, FIELDS_MAX = LINE_BYTES_MAX / 2, PADDING = 64 };

typedef struct {
  const char *start;
  size_t length;
} text;

/// What a line says, each sort of field in the order of the line; the number of an array's or object's members comes
/// before them, but for pairs of a log. Texts are without escapes, and valid until the next line is read.
typedef struct {
  text *texts;
  int64_t *integers;
  double *reals;
  uint32_t text_count, integer_count, real_count;
  /// The payload of a nested echo as it came: for writing only, where it is what a node keeps.
  text payload;
} fields;

static inline void put_text(fields *to, const char *start, size_t length) {
  text *place = to->texts + to->text_count++;
  place->start = start;
  place->length = length;
}

static inline void put_integer(fields *to, int64_t value) { to->integers[to->integer_count++] = value; }

static inline void put_real(fields *to, double value) { to->reals[to->real_count++] = value; }

/// Where the number of members goes, once it is known.
static inline int64_t *put_number(fields *to) { return to->integers + to->integer_count++; }

/// The library's name and version.
extern const char *const contestant;
/// Whether it can write.
extern const bool is_writer;

/// Called once, before anything else.
void prepare(void);
/// Reads a line of that kind into empty fields. The line may be spoiled. False if the line is not understood.
bool read_line(line_kind kind, char *line, size_t length, fields *to);
/// Writes the line that these fields were read from. The text is valid until the next one is written; NULL: failed.
const char *write_line(line_kind kind, const fields *from, size_t *length);

#ifdef __cplusplus
}
#endif

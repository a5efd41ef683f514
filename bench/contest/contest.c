// Times one contestant on lines from stdin, and prints what it measured as one line of JSON.
//
//   CONTESTANT read|write KIND MILLISECONDS <lines
//   CONTESTANT about
//
// All lines are read (or written) in one pass, pass after pass; the time is the median of the passes. Reading may spoil
// its lines, so each pass is given fresh ones; that copying is not timed. What was read or written goes into a
// checksum in a pass of its own, by which json_contest.py knows that it was right.
#define _GNU_SOURCE
#include "contest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINES_MAX = 4096, INPUT_BYTES_MAX = 1 << 22, PASSES_MAX = 100000 };

static const char *const kinds[KINDS] = {
  "echo", "nested", "broadcast", "read", "generate", "send", "poll",
  "echo_ok", "nested_ok", "broadcast_ok", "read_ok", "generate_ok", "send_ok", "poll_ok",
};

typedef struct {
  size_t start, length;
} span;

static char master[INPUT_BYTES_MAX], fresh[INPUT_BYTES_MAX];
static span lines[LINES_MAX];
static size_t line_count, byte_count;
static text texts[FIELDS_MAX];
static int64_t integers[FIELDS_MAX];
static double reals[FIELDS_MAX];

static _Noreturn void fail(const char *why) {
  fprintf(stderr, "%s: %s\n", contestant, why);
  exit(1);
}

/// Lays the lines out with their padding.
static void take_lines(void) {
  static char line[LINE_BYTES_MAX + 2];
  while (fgets(line, sizeof line, stdin)) {
    size_t length = strlen(line);
    if (!length || line[length - 1] != '\n') fail("a line that is too long, or has no end");
    length--;
    if (line_count == LINES_MAX || byte_count + length + PADDING > INPUT_BYTES_MAX) fail("too many lines");
    memcpy(master + byte_count, line, length);
    lines[line_count++] = (span){byte_count, length};
    byte_count += length + PADDING;
  }
  if (!line_count) fail("no lines");
}

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static fields empty(void) { return (fields){.texts = texts, .integers = integers, .reals = reals}; }

/// Adler-32.
static uint32_t add(uint32_t sum, const void *bytes, size_t count) {
  uint32_t a = sum & 0xFFFF, b = sum >> 16;
  for (const uint8_t *at = bytes, *end = at + count; at < end; at++) {
    a = (a + *at) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

static uint32_t add_fields(uint32_t sum, const fields *fields) {
  for (uint32_t i = 0; i < fields->text_count; i++) {
    sum = add(sum, fields->texts[i].start, fields->texts[i].length);
    sum = add(sum, "", 1);
  }
  sum = add(sum, fields->integers, fields->integer_count * sizeof(int64_t));
  return add(sum, fields->reals, fields->real_count * sizeof(double));
}

static void *copy(const void *bytes, size_t count) {
  void *to = malloc(count + 1);
  if (!to) fail("out of memory");
  return memcpy(to, bytes, count);
}

/// The payload of a nested echo, between its key and the id after it.
static text payload(line_kind kind, const char *line, size_t length) {
  const char *before = "\"echo\":", *after = is_answer(kind) ? ",\"in_reply_to\":" : ",\"msg_id\":";
  // The type is the same word, but no colon follows it.
  const char *start = memmem(line, length, before, strlen(before));
  const char *end = start ? memmem(start, (size_t)(line + length - start), after, strlen(after)) : NULL;
  if (!end) fail("no payload");
  start += strlen(before);
  return (text){start, (size_t)(end - start)};
}

/// Fields of their own, to be written from.
static fields keep(line_kind kind, const fields *read, const char *line, size_t length) {
  fields kept = *read;
  kept.texts = copy(read->texts, read->text_count * sizeof(text));
  kept.integers = copy(read->integers, read->integer_count * sizeof(int64_t));
  kept.reals = copy(read->reals, read->real_count * sizeof(double));
  for (uint32_t i = 0; i < kept.text_count; i++) {
    kept.texts[i].start = copy(kept.texts[i].start, kept.texts[i].length);
  }
  if (kind == NESTED || kind == NESTED_OK) kept.payload = payload(kind, line, length);
  return kept;
}

static void read_one(line_kind kind, size_t number, fields *to) {
  if (!read_line(kind, fresh + lines[number].start, lines[number].length, to)) fail("a line that was not understood");
}

static uint32_t read_all(line_kind kind) {
  uint32_t sum = 1;
  memcpy(fresh, master, byte_count);
  for (size_t number = 0; number < line_count; number++) {
    fields read = empty();
    read_one(kind, number, &read);
    sum = add_fields(sum, &read);
  }
  return sum;
}

static double time_reading(line_kind kind) {
  memcpy(fresh, master, byte_count);
  double begin = now_ns();
  for (size_t number = 0; number < line_count; number++) {
    fields read = empty();
    read_one(kind, number, &read);
    // As if the fields were used.
    __asm__ volatile("" : : "r"(&read) : "memory");
  }
  return now_ns() - begin;
}

static const fields *all_fields(line_kind kind) {
  fields *all = malloc(line_count * sizeof *all);
  if (!all) fail("out of memory");
  memcpy(fresh, master, byte_count);
  for (size_t number = 0; number < line_count; number++) {
    fields read = empty();
    read_one(kind, number, &read);
    all[number] = keep(kind, &read, master + lines[number].start, lines[number].length);
  }
  return all;
}

static const char *write_one(line_kind kind, const fields *from, size_t *length) {
  const char *written = write_line(kind, from, length);
  if (!written) fail("a line could not be written");
  return written;
}

static uint32_t write_all(line_kind kind, const fields *all) {
  uint32_t sum = 1;
  for (size_t number = 0; number < line_count; number++) {
    size_t length;
    const char *written = write_one(kind, all + number, &length);
    sum = add(add(sum, written, length), "\n", 1);
  }
  return sum;
}

static double time_writing(line_kind kind, const fields *all) {
  double begin = now_ns();
  for (size_t number = 0; number < line_count; number++) {
    size_t length;
    const char *written = write_one(kind, all + number, &length);
    __asm__ volatile("" : : "r"(written), "r"(length) : "memory");
  }
  return now_ns() - begin;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "about")) {
    printf("{\"contestant\":\"%s\",\"writes\":%s}\n", contestant, is_writer ? "true" : "false");
    return 0;
  }
  line_kind kind = 0;
  while (count == 4 && kind < KINDS && strcmp(words[2], kinds[kind])) kind++;
  bool writes = count == 4 && !strcmp(words[1], "write");
  if (count != 4 || kind == KINDS || (!writes && strcmp(words[1], "read")) || (writes && !is_writer)) {
    fputs("usage: as the head of contest.c says\n", stderr);
    return 2;
  }
  take_lines();
  prepare();
  const fields *all = writes ? all_fields(kind) : NULL;
  uint32_t sum = writes ? write_all(kind, all) : read_all(kind);
  static double samples[PASSES_MAX];
  size_t passes = 0;
  double until = now_ns() + strtod(words[3], NULL) * 1e6;
  do {
    samples[passes++] = writes ? time_writing(kind, all) : time_reading(kind);
  } while (passes < PASSES_MAX && now_ns() < until);
  qsort(samples, passes, sizeof *samples, compare);
  printf("{\"ns\":%.2f,\"passes\":%zu,\"checksum\":%u}\n", samples[passes / 2] / (double)line_count, passes, sum);
  return 0;
}

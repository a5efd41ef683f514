/*
 * A libFuzzer harness over the templates: a tape that has read lines before makes of a line what a tape makes of it that
 * has read none. Bytes up to the first newline are a line; what follows says, two bytes at a time, which of its bytes
 * become what, one after the other: so that lines differ little from those before, and templates fit.
 *
 * Build and run, from the root of the repository (clang of the Swift toolchain):
 *
 *   clang -g -O1 -fuse-ld=lld -fsanitize=fuzzer,address,undefined -ICSupport/CGlomers/include \
 *     Tests/Fuzz/fuzz_template.c CSupport/CGlomers/{tape,template,header,scan}.c -o .build/fuzz_template
 *   mkdir -p .build/fuzz-lines
 *   .build/fuzz_template -dict=Tests/Fuzz/json.dict -max_total_time=60 .build/fuzz-lines Tests/Fuzz/seeds
 */
#include "glomers_tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

/* Members are found by the heads of their keys. */
static void same_keys(const glomers_token *a, const glomers_token *b, uint32_t object) {
  uint32_t key = object + 1;
  for (uint32_t left = b[object].of.group.count; left > 0; left--) {
    require(a[key].of.head == b[key].of.head, "keys are the same");
    key = glomers_token_after(b, key + 1);
  }
}

static void same(glomers_tape *warm, const uint8_t *line, size_t length) {
  /* Of exactly this size, so that the sanitizer sees whoever looks beyond it. */
  uint8_t *bytes = malloc(length);
  glomers_tape *cold = glomers_tape_create();
  require(bytes && cold, "there is memory");
  memcpy(bytes, line, length);
  bool is_taken = glomers_tape_parse(warm, bytes, length, false);
  require(glomers_tape_parse(cold, bytes, length, false) == is_taken, "both take a line, or neither");
  if (is_taken) {
    require(warm->length == length && memcmp(warm->text, bytes, length) == 0, "the text is the line");
    require(warm->token_count == cold->token_count, "tokens are as many");
    for (size_t index = 0; index < cold->token_count; index++) {
      const glomers_token *a = warm->tokens + index, *b = cold->tokens + index;
      uint32_t kind = glomers_token_kind(b);
      bool has_value = kind <= GLOMERS_ARRAY || kind == GLOMERS_INTEGER || kind == GLOMERS_REAL;
      require(a->start == b->start && a->shape == b->shape, "tokens are the same");
      require(!has_value || a->of.integer == b->of.integer, "values are the same");
      if (kind == GLOMERS_OBJECT) same_keys(warm->tokens, cold->tokens, (uint32_t)index);
    }
    glomers_header *a = glomers_tape_header(warm), *b = glomers_tape_header(cold);
    require((a == NULL) == (b == NULL), "both are messages, or neither");
    if (a) {
      require(memcmp(a, b, offsetof(glomers_header, place)) == 0, "headers are the same");
      a->new_names = 0;
    }
  }
  free(bytes);
  glomers_tape_destroy(cold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *newline = memchr(data, '\n', size);
  size_t length = newline ? (size_t)(newline - data) : size;
  glomers_tape *warm = glomers_tape_create();
  uint8_t *line = malloc(length + 1);
  require(warm && line, "there is memory");
  memcpy(line, data, length);
  same(warm, line, length);
  same(warm, line, length);
  for (const uint8_t *change = data + length + 1; length > 0 && change + 1 < data + size; change += 2) {
    line[change[0] % length] = change[1];
    same(warm, line, length);
  }
  free(line);
  glomers_tape_destroy(warm);
  return 0;
}

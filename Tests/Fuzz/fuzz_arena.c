/*
 * A libFuzzer harness over jansson under the arena: any bytes are parsed or refused, within the arena's bounds,
 * and the line after them is read as if they had never been.
 *
 * Build and run, from the root of the repository (clang of the Swift toolchain, jansson's headers installed):
 *
 *   clang -g -O1 -fuse-ld=lld -fsanitize=fuzzer,address,undefined -ICSupport/CGlomers/include \
 *     Tests/Fuzz/fuzz_arena.c CSupport/CGlomers/arena.c -ljansson -o .build/fuzz_arena
 *   mkdir -p .build/fuzz-found
 *   .build/fuzz_arena -max_total_time=60 -rss_limit_mb=1024 .build/fuzz-found Tests/Fuzz/seeds
 */
#include "glomers_arena.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

/* Reads all that a value holds, so that the sanitizer sees any of it that lies outside the arena. */
static size_t weigh(json_t *value) {
  size_t weight = 1;
  switch (json_typeof(value)) {
    case JSON_OBJECT: {
      for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        const char *key = json_object_iter_key(at);
        size_t length = json_object_iter_key_len(at);
        weight += length;
        require(json_object_getn(value, key, length) == json_object_iter_value(at), "a key finds its value");
        weight += weigh(json_object_iter_value(at));
      }
      return weight;
    }
    case JSON_ARRAY:
      for (size_t index = 0; index < json_array_size(value); index++) {
        weight += weigh(json_array_get(value, index));
      }
      return weight;
    case JSON_STRING:
      require(json_string_value(value)[json_string_length(value)] == '\0', "a string ends");
      return weight + json_string_length(value);
    default: return weight;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static glomers_arena *arena;
  if (!arena) arena = glomers_arena_create();
  require(arena != NULL, "there is memory");

  json_t *value = glomers_arena_parse_any(arena, (const char *)data, size);
  if (value) {
    size_t weight = weigh(value);
    /* What is written outside the arena is malloc's, and comes to the same when it is read again. */
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    require(text != NULL, "what was parsed can be written");
    json_t *again = glomers_arena_parse_any(arena, text, strlen(text));
    require(again != NULL, "what was written can be parsed");
    require(weigh(again) == weight, "what was written is what was parsed");
    free(text);
  } else {
    require(glomers_arena_error(arena)[0] != '\0', "a refusal has a reason");
  }

  json_t *plain = glomers_arena_parse(arena, "{\"a\":[1]}", 9);
  require(plain != NULL, "the next line is parsed");
  json_t *one = json_array_get(json_object_get(plain, "a"), 0);
  require(one && json_integer_value(one) == 1, "the next line is what it is");
  glomers_arena_statistics statistics = glomers_arena_get_statistics(arena);
  require(statistics.bytes_reserved <= (size_t)1 << 20, "the arena keeps no more than 1 MiB");
  return 0;
}

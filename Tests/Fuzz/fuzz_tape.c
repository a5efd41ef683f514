/*
 * A libFuzzer harness over the tape and jansson at once: what the tape accepts, jansson accepts, with the same
 * values in the same order; and what jansson refuses, the tape declines. Where the tape has found numbers beyond 64
 * bits or halves of surrogate pairs, which jansson refuses, jansson gets the line with 0 and U+FFFD in their places.
 *
 * Build and run, from the root of the repository (clang of the Swift toolchain, jansson's headers installed):
 *
 *   clang -g -O1 -fuse-ld=lld -fsanitize=fuzzer,address,undefined -ICSupport/CGlomers/include \
 *     Tests/Fuzz/fuzz_tape.c CSupport/CGlomers/{tape,template,header,scan,arena}.c -ljansson -o .build/fuzz_tape
 *   mkdir -p .build/fuzz-found
 *   .build/fuzz_tape -dict=Tests/Fuzz/json.dict -max_total_time=60 -rss_limit_mb=1024 \
 *     .build/fuzz-found Tests/Fuzz/seeds
 *
 * What it has found so far is in Tests/WireTests/Corpus/fuzzed.hex, one input a line, and the tests replay it. To
 * start from there:
 *
 *   n=0; while read -r hex; do n=$((n+1)); printf %s "$hex" | xxd -r -p > .build/fuzz-found/$n; done \
 *     < Tests/WireTests/Corpus/fuzzed.hex
 */
#include "glomers_arena.h"
#include "glomers_tape.h"

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

static void same_text(const glomers_tape *tape, uint32_t index, const char *text, size_t length) {
  const glomers_token *token = tape->tokens + index;
  const uint8_t *inner = tape->text + token->start + 1;
  size_t inner_length = glomers_token_extent(token) - 2;
  uint8_t *plain = malloc(inner_length + 1);
  require(plain != NULL, "there is memory");
  size_t plain_length = glomers_unescape(plain, inner, inner_length);
  require(plain_length <= inner_length, "escapes never grow");
  require(plain_length == length && memcmp(plain, text, length) == 0, "texts are the same");
  require(glomers_token_escaped(token) == (memchr(inner, '\\', inner_length) != NULL), "escapes are marked");
  uint8_t *copy = malloc(plain_length + 1);
  require(copy != NULL, "there is memory");
  size_t prefix = glomers_copy_plain(copy, plain, plain_length);
  require(prefix <= plain_length && memcmp(copy, plain, prefix) == 0, "a plain prefix is copied");
  for (size_t at = 0; at < prefix; at++) {
    require(plain[at] >= 0x20 && plain[at] != '"' && plain[at] != '\\', "a plain prefix is plain");
  }
  require(prefix == plain_length || plain[prefix] < 0x20 || plain[prefix] == '"' || plain[prefix] == '\\',
          "a plain prefix is as long as can be");
  free(copy);
  free(plain);
}

static void same(glomers_tape *tape, uint32_t index, json_t *value) {
  const glomers_token *token = tape->tokens + index;
  require(index < tape->token_count, "a token is on the tape");
  require(token->start + glomers_token_length(token) <= tape->length, "a text is in the line");
  if (glomers_token_kind(token) == GLOMERS_NUMBER) {
    require(json_is_integer(value) && json_integer_value(value) == 0, "a number has been replaced");
    return;
  }
  require(glomers_token_kind(token) == (uint32_t)json_typeof(value), "kinds are the same");
  switch (json_typeof(value)) {
    case JSON_OBJECT: {
      require(token->of.group.count == json_object_size(value), "members are as many");
      uint32_t key = index + 1;
      for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        const char *name = json_object_iter_key(at);
        size_t length = json_object_iter_key_len(at);
        same_text(tape, key, name, length);
        require(glomers_tape_find(tape, index, name, length) == key + 1, "a key finds its value");
        same(tape, key + 1, json_object_iter_value(at));
        require(glomers_tape_find(tape, index, name, length) == key + 1, "a key still finds its value");
        key = glomers_token_after(tape->tokens, key + 1);
      }
      require(key == glomers_token_after(tape->tokens, index), "an object ends with its last member");
      require(glomers_tape_find(tape, index, "\n no key has this", 17) == 0, "what is not there is not found");
      return;
    }
    case JSON_ARRAY: {
      require(token->of.group.count == json_array_size(value), "elements are as many");
      uint32_t element = index + 1;
      for (size_t place = 0; place < json_array_size(value); place++) {
        require(glomers_tape_element(tape, index, (uint32_t)place) == element, "a place finds its element");
        same(tape, element, json_array_get(value, place));
        element = glomers_token_after(tape->tokens, element);
      }
      require(element == glomers_token_after(tape->tokens, index), "an array ends with its last element");
      return;
    }
    case JSON_STRING: same_text(tape, index, json_string_value(value), json_string_length(value)); return;
    case JSON_INTEGER: {
      require(token->of.integer == json_integer_value(value), "integers are the same");
      uint8_t written[20];
      char expected[24];
      size_t length = glomers_write_integer(written, token->of.integer);
      require((size_t)snprintf(expected, sizeof expected, "%lld", (long long)token->of.integer) == length &&
                  memcmp(written, expected, length) == 0,
              "an integer is written as it is");
      return;
    }
    case JSON_REAL: {
      double real = json_real_value(value);
      require(memcmp(&token->of.real, &real, sizeof real) == 0, "reals are the same to the bit");
      return;
    }
    default: return;
  }
}

/* Whether a member of the body has been replaced by an integer. */
static bool was_number(glomers_tape *tape, const char *name) {
  uint32_t body = glomers_tape_find(tape, 0, "body", 4);
  if (body == 0 || glomers_token_kind(tape->tokens + body) != GLOMERS_OBJECT) return false;
  uint32_t member = glomers_tape_find(tape, body, name, strlen(name));
  return member != 0 && glomers_token_kind(tape->tokens + member) == GLOMERS_NUMBER;
}

/* The header, found the slow way. */
static void same_header(glomers_tape *tape, json_t *line) {
  glomers_header *found = glomers_tape_header(tape);
  glomers_header header = found ? *found : (glomers_header){0};
  bool is_message = found != NULL;
  json_t *body = json_object_get(line, "body");
  json_t *id = json_object_get(body, "msg_id");
  json_t *answered = json_object_get(body, "in_reply_to");
  bool should = json_is_string(json_object_get(line, "src")) && json_is_string(json_object_get(line, "dest")) &&
                json_is_object(body) && json_is_string(json_object_get(body, "type")) &&
                (!id || json_is_integer(id) || json_is_null(id)) &&
                (!answered || json_is_integer(answered) || json_is_null(answered)) &&
                !was_number(tape, "msg_id") && !was_number(tape, "in_reply_to");
  if (should && is_message) {
    same(tape, header.source, json_object_get(line, "src"));
    same(tape, header.destination, json_object_get(line, "dest"));
    same(tape, header.body, body);
    same(tape, header.type, json_object_get(body, "type"));
    require((header.id != 0) == json_is_integer(id), "there is an id or not");
    if (header.id) same(tape, header.id, id);
    require((header.in_reply_to != 0) == json_is_integer(answered), "it is an answer or not");
    if (header.in_reply_to) same(tape, header.in_reply_to, answered);
    const char *type = json_string_value(json_object_get(body, "type"));
    require((header.role == GLOMERS_ROLE_INIT) == (strcmp(type, "init") == 0), "init is known");
    require((header.role == GLOMERS_ROLE_INIT_OK) == (strcmp(type, "init_ok") == 0), "init_ok is known");
    require((header.role == GLOMERS_ROLE_ERROR) == (strcmp(type, "error") == 0), "error is known");
  } else {
    require(!is_message, "what is no message has no header");
    /* A type that is spelled with escapes is all that may be left to the slow way. */
    uint32_t place = should ? glomers_tape_find(tape, glomers_tape_find(tape, 0, "body", 4), "type", 4) : 0;
    require(!should || glomers_token_escaped(tape->tokens + place), "a message has a header");
  }
}

/* Whether jansson refuses a number for its size alone, and takes it for a real where it is an integer. */
static void beyond_jansson(const char *text, size_t length) {
  json_error_t error;
  json_t *value = json_loadb(text, length, JSON_DECODE_ANY, &error);
  require(value == NULL, "a number that jansson takes is no rare one");
  require(strstr(error.text, "too big") || strstr(error.text, "overflow"), "a rare number is a number");
}

/*
 * Replaces what jansson can't read, as far as the tape has found any of it, by as many bytes that it can. False where
 * there is nothing to replace.
 */
static bool replace(const glomers_tape *tape, char *bytes) {
  bool has_replaced = false;
  for (uint32_t index = 0; index < tape->token_count; index++) {
    const glomers_token *token = tape->tokens + index;
    size_t length = glomers_token_length(token);
    if (glomers_token_kind(token) == GLOMERS_NUMBER) {
      beyond_jansson(bytes + token->start, length);
      memset(bytes + token->start, ' ', length);
      bytes[token->start] = '0';
      has_replaced = true;
    } else if (glomers_token_kind(token) == GLOMERS_STRING && glomers_token_escaped(token)) {
      uint8_t *inner = (uint8_t *)bytes + token->start + 1;
      for (size_t at; (at = glomers_lone_surrogate(inner, length - 2)) < length - 2; has_replaced = true) {
        memcpy(inner + at, "\\ufffd", 6);
      }
    }
  }
  return has_replaced;
}

static void compare(glomers_tape *tape, glomers_arena *arena, const char *bytes, size_t size, bool any) {
  if (!glomers_tape_parse(tape, bytes, size, any)) return;
  char *replaced = malloc(size);
  require(replaced != NULL, "there is memory");
  memcpy(replaced, bytes, size);
  bool has_replaced = replace(tape, replaced);
  json_t *value =
      any ? glomers_arena_parse_any(arena, replaced, size) : glomers_arena_parse(arena, replaced, size);
  if (has_replaced) {
    require(!(any ? glomers_arena_parse_any(arena, bytes, size) : glomers_arena_parse(arena, bytes, size)),
            "jansson refuses what has been replaced");
    value = any ? glomers_arena_parse_any(arena, replaced, size) : glomers_arena_parse(arena, replaced, size);
  }
  require(value != NULL, "jansson accepts what the tape accepts");
  same(tape, 0, value);
  if (json_is_object(value)) same_header(tape, value);
  else if (!any) require(!glomers_tape_header(tape), "an array is no message");
  free(replaced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static glomers_arena *arena;
  static glomers_tape *tape;
  if (!arena) arena = glomers_arena_create();
  if (!tape) tape = glomers_tape_create();
  require(arena && tape, "there is memory");
  compare(tape, arena, (const char *)data, size, true);
  compare(tape, arena, (const char *)data, size, false);
  const char plain[] = "{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{\"type\":\"echo\",\"msg_id\":1}}";
  require(glomers_tape_parse(tape, plain, sizeof plain - 1, false), "an ordinary line is not declined");
  compare(tape, arena, plain, sizeof plain - 1, false);
  require(glomers_tape_reserved(tape) <= (size_t)3 << 20, "the tape keeps no more than 1 MiB of each kind");
  return 0;
}

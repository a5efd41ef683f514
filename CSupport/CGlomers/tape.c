#include "glomers_tape.h"

#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "template.h"

/* What a tape keeps of each of its buffers from one line to the next, at most. */
#define KEPT_BYTES ((size_t)1 << 20)
#define FIRST_TEXT_BYTES ((size_t)4 << 10)
#define FIRST_TOKENS ((size_t)256)
/* Extents have 27 bits. */
#define LENGTH_MAX (((size_t)1 << 27) - 1)
/* jansson's, which counts a scalar as a level too. */
#define DEPTH_MAX 2048
/* Longer than any run that keys make by chance in a half empty table; by malice it costs no more than this. */
#define PROBES_MAX 256

glomers_tape *glomers_tape_create(void) { return calloc(1, sizeof(glomers_tape)); }

void glomers_tape_destroy(glomers_tape *tape) {
  if (!tape) return;
  free(tape->line_text);
  free(tape->line_tokens);
  free(tape->slots);
  free(tape->templates);
  free(tape);
}

bool glomers_prefers_jansson(void) {
  const char *choice = getenv("GLOMERS_JSON");
  return choice && strcmp(choice, "jansson") == 0;
}

size_t glomers_tape_reserved(const glomers_tape *tape) {
  return tape->text_capacity + tape->token_capacity * sizeof(glomers_token) +
         tape->slot_capacity * sizeof(uint32_t) + glomers_templates_reserved(tape);
}

/* Gives back what is more than an ordinary line needs. */
static void trim(glomers_tape *tape) {
  if (tape->text_capacity > KEPT_BYTES) {
    free(tape->line_text);
    tape->line_text = NULL;
    tape->text_capacity = 0;
  }
  if (tape->token_capacity > KEPT_BYTES / sizeof(glomers_token)) {
    free(tape->line_tokens);
    tape->line_tokens = NULL;
    tape->token_capacity = 0;
  }
  if (tape->slot_capacity > KEPT_BYTES / sizeof(uint32_t)) {
    free(tape->slots);
    tape->slots = NULL;
    tape->slot_capacity = 0;
  }
}

static bool make_room_for_text(glomers_tape *tape, size_t need) {
  if (need <= tape->text_capacity) return true;
  size_t capacity = need < FIRST_TEXT_BYTES ? FIRST_TEXT_BYTES : need + need / 4;
  free(tape->line_text);
  tape->line_text = malloc(capacity);
  tape->text_capacity = tape->line_text ? capacity : 0;
  tape->acquisitions++;
  return tape->line_text != NULL;
}

static glomers_token *make_room_for_token(glomers_tape *tape) {
  size_t capacity = tape->token_capacity ? 2 * tape->token_capacity : FIRST_TOKENS;
  glomers_token *tokens = realloc(tape->line_tokens, capacity * sizeof(glomers_token));
  if (!tokens) return NULL;
  tape->line_tokens = tape->tokens = tokens;
  tape->token_capacity = capacity;
  tape->acquisitions++;
  return tokens;
}

/* Keys. */

static inline bool same_key(const uint8_t *text, const glomers_token *a, const glomers_token *b) {
  if (a->shape != b->shape || a->of.head != b->of.head) return false;
  size_t length = glomers_token_extent(a) - 2;
  return length <= 8 || memcmp(text + a->start + 9, text + b->start + 9, length - 8) == 0;
}

static uint64_t hash_of(uint64_t head, const uint8_t *text, size_t length) {
  const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
  uint64_t hash = (head ^ length) * odd;
  for (size_t at = 8; at < length; at += 8) {
    uint64_t word = 0;
    memcpy(&word, text + at, length - at < 8 ? length - at : 8);
    hash = ((hash ^ (hash >> 29)) ^ word) * odd;
  }
  return hash ^ (hash >> 32);
}

/* Puts the keys of an object into the table. False where a key comes twice, or the table would be slow. */
static bool index_object(glomers_tape *tape, uint32_t object) {
  const glomers_token *tokens = tape->tokens;
  size_t members = tokens[object].of.group.count;
  size_t slots = 32;
  while (slots < 2 * members) slots *= 2;
  tape->slot_count = 0;
  if (slots > tape->slot_capacity) {
    free(tape->slots);
    tape->slots = malloc(slots * sizeof(uint32_t));
    tape->slot_capacity = tape->slots ? slots : 0;
    tape->acquisitions++;
    if (!tape->slots) return false;
  }
  memset(tape->slots, 0, slots * sizeof(uint32_t));
  uint32_t key = object + 1;
  for (size_t member = 0; member < members; member++) {
    const glomers_token *token = tokens + key;
    size_t place = hash_of(token->of.head, tape->text + token->start + 1, glomers_token_extent(token) - 2);
    for (int probe = 0;; probe++, place++) {
      if (probe == PROBES_MAX) return false;
      place &= slots - 1;
      if (tape->slots[place] == 0) break;
      if (same_key(tape->text, token, tokens + tape->slots[place] - 1)) return false;
    }
    tape->slots[place] = key + 1;
    key = glomers_token_after(tokens, key + 1);
  }
  tape->slot_count = slots;
  tape->indexed = object;
  return true;
}

bool glomers_few_are_distinct(const uint8_t *text, const glomers_token *tokens, uint32_t object) {
  uint32_t members = tokens[object].of.group.count;
  uint64_t seen = 0;
  uint32_t key = object + 1;
  for (uint32_t member = 0; member < members; member++) {
    /* One bit of 64 for each key: only keys that share theirs may be the same. */
    uint64_t bit = UINT64_C(1) << ((tokens[key].of.head + tokens[key].shape) * UINT64_C(0x9E3779B97F4A7C15) >> 58);
    if (seen & bit) {
      for (uint32_t earlier = object + 1; earlier < key; earlier = glomers_token_after(tokens, earlier + 1)) {
        if (same_key(text, tokens + earlier, tokens + key)) return false;
      }
    }
    seen |= bit;
    key = glomers_token_after(tokens, key + 1);
  }
  return true;
}

/* Whether no key comes twice. Where one does, the last value counts and the first place: jansson knows how. */
static bool has_distinct_keys(glomers_tape *tape, uint32_t object) {
  bool are_few = tape->tokens[object].of.group.count <= GLOMERS_FEW_MEMBERS;
  return are_few ? glomers_few_are_distinct(tape->text, tape->tokens, object) : index_object(tape, object);
}

/* A key that is looked for, as its token would have it. */
typedef struct {
  const uint8_t *text;
  size_t length;
  uint64_t head;
  uint32_t shape;
} wanted_key;

static inline uint32_t shape_of_key(size_t length) {
  return (uint32_t)(length + 2) << GLOMERS_SHAPE_BITS | GLOMERS_STRING;
}

static inline bool is_key(const glomers_tape *tape, const glomers_token *token, const wanted_key *key) {
  return token->shape == key->shape && token->of.head == key->head &&
         (key->length <= 8 || memcmp(tape->text + token->start + 9, key->text + 8, key->length - 8) == 0);
}

/* By the table of the object's keys; one by one where they would make a slow table. */
static uint32_t find_among_many(glomers_tape *tape, uint32_t object, const wanted_key *key) {
  if ((tape->slot_count > 0 && tape->indexed == object) || index_object(tape, object)) {
    for (size_t place = hash_of(key->head, key->text, key->length);; place++) {
      uint32_t slot = tape->slots[place & (tape->slot_count - 1)];
      if (slot == 0) return 0;
      if (is_key(tape, tape->tokens + slot - 1, key)) return slot;
    }
  }
  uint32_t index = object + 1;
  for (uint32_t left = tape->tokens[object].of.group.count; left > 0; left--) {
    if (is_key(tape, tape->tokens + index, key)) return index + 1;
    index = glomers_token_after(tape->tokens, index + 1);
  }
  return 0;
}

/* Any key in any object. */
__attribute__((noinline)) static uint32_t find(glomers_tape *tape, uint32_t object, const void *text, size_t length) {
  /* With its quotes it has to fit into a line. */
  if (length > LENGTH_MAX - 2) return 0;
  const wanted_key key = {text, length, glomers_short_head(text, length), shape_of_key(length)};
  uint32_t left = tape->tokens[object].of.group.count;
  if (left > GLOMERS_FEW_MEMBERS) return find_among_many(tape, object, &key);
  for (uint32_t index = object + 1; left > 0; left--) {
    if (is_key(tape, tape->tokens + index, &key)) return index + 1;
    index = glomers_token_after(tape->tokens, index + 1);
  }
  return 0;
}

uint32_t glomers_tape_find(glomers_tape *tape, uint32_t object, const void *text, size_t length) {
  const glomers_token *tokens = tape->tokens;
  uint32_t left = tokens[object].of.group.count;
  if (length > 8 || left > GLOMERS_FEW_MEMBERS) return find(tape, object, text, length);
  /* The head is all of the key. */
  uint64_t head = glomers_short_head(text, length);
  uint32_t shape = shape_of_key(length);
  for (uint32_t index = object + 1; left > 0; left--) {
    if (tokens[index].of.head == head && tokens[index].shape == shape) return index + 1;
    index = glomers_token_after(tokens, index + 1);
  }
  return 0;
}

uint32_t glomers_tape_element(glomers_tape *tape, uint32_t array, uint32_t place) {
  const glomers_token *token = tape->tokens + array;
  /* Nothing but scalars: each is one token. */
  if (glomers_token_extent(token) == token->of.group.count + 1) return array + 1 + place;
  if (tape->cursor_array != array || tape->cursor_place > place || tape->cursor_token == 0) {
    tape->cursor_array = array;
    tape->cursor_place = 0;
    tape->cursor_token = array + 1;
  }
  while (tape->cursor_place < place) {
    tape->cursor_token = glomers_token_after(tape->tokens, tape->cursor_token);
    tape->cursor_place++;
  }
  return tape->cursor_token;
}

/* Parsing. */

static inline const uint8_t *skip_space(const uint8_t *at) {
  /* Nearly always there is none. */
  while (__builtin_expect(*at <= ' ', false) && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at;
}

/* The strings of messages are short: most end within sixteen plain bytes. */
static inline const uint8_t *scan_string(const uint8_t *at, uint32_t *flags) {
  at += glomers_plain_ascii(at);
  return *at == '"' ? at + 1 : glomers_scan_string(at, flags);
}

/* Takes a word of the language; the text goes on, or ends in zeros. */
static const uint8_t *take_word(const uint8_t *at, const char *word, size_t length) {
  return memcmp(at, word, length) == 0 ? at + length : NULL;
}

static inline bool is_end_of_value(uint8_t byte) { return byte == ',' || byte == ']' || byte == '}'; }

enum { NOTHING = UINT32_MAX };

/*
 * Containers that are still open are linked from the innermost to the outermost through their `length`, so that
 * no depth of nesting needs a stack.
 */
static bool run(glomers_tape *tape, bool any) {
  const uint8_t *text = tape->text;
  const uint8_t *at = skip_space(text);
  glomers_token *tokens = tape->tokens;
  size_t capacity = tape->token_capacity;
  uint32_t parent = NOTHING;
  uint32_t depth = 0;
  uint32_t count = 0;
  bool in_object = false;
  glomers_token *token;
  if (!any && *at != '{' && *at != '[') return false;

value:
  if (count == capacity) {
    if (!(tokens = make_room_for_token(tape))) return false;
    capacity = tape->token_capacity;
  }
  token = tokens + count;
  token->start = (uint32_t)(at - text);
  switch (*at) {
    case '{':
    case '[':
      if (depth == DEPTH_MAX) return false;
      depth++;
      in_object = *at == '{';
      token->shape = in_object ? GLOMERS_OBJECT : GLOMERS_ARRAY;
      token->of.group.count = 0;
      token->of.group.length = parent;
      parent = count++;
      at = skip_space(at + 1);
      if (*at == (in_object ? '}' : ']')) goto close;
      if (in_object) goto key;
      token->of.group.count = 1;
      goto value;
    case '"': {
      uint32_t flags = 0;
      const uint8_t *end = scan_string(at + 1, &flags);
      if (!end) return false;
      token->shape = (uint32_t)(end - at) << GLOMERS_SHAPE_BITS | flags | GLOMERS_STRING;
      at = end;
      break;
    }
    case 't':
      if (!(at = take_word(at, "true", 4))) return false;
      token->shape = 4u << GLOMERS_SHAPE_BITS | GLOMERS_TRUE;
      break;
    case 'f':
      if (!(at = take_word(at, "false", 5))) return false;
      token->shape = 5u << GLOMERS_SHAPE_BITS | GLOMERS_FALSE;
      break;
    case 'n':
      if (!(at = take_word(at, "null", 4))) return false;
      token->shape = 4u << GLOMERS_SHAPE_BITS | GLOMERS_NULL;
      break;
    default: {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      /* Most numbers are such: up to eight digits, then a comma or a bracket. */
      uint64_t number;
      size_t digits = glomers_read_digits(at, &number);
      if (digits > 0 && *at != '0' && is_end_of_value(at[digits])) {
        token->of.integer = (int64_t)number;
        token->shape = (uint32_t)digits << GLOMERS_SHAPE_BITS | GLOMERS_INTEGER;
        at += digits;
        if (*at != ',' || in_object || depth == 0 || depth == DEPTH_MAX) break;
        /* A list of numbers goes on at once, as long as they are such. */
        uint32_t first = ++count;
        const uint8_t *next = at + 1;
        for (; count < capacity; count++) {
          digits = glomers_read_digits(next, &number);
          at = next + digits;
          if (digits == 0 || *next == '0' || (*at != ',' && *at != ']')) break;
          token = tokens + count;
          token->start = (uint32_t)(next - text);
          token->of.integer = (int64_t)number;
          token->shape = (uint32_t)digits << GLOMERS_SHAPE_BITS | GLOMERS_INTEGER;
          if (*at == ']') {
            count++;
            tokens[parent].of.group.count += count - first;
            goto after;
          }
          next = at + 1;
        }
        tokens[parent].of.group.count += count - first + 1;
        at = skip_space(next);
        goto value;
      }
#endif
      bool is_real = false;
      const uint8_t *end = glomers_scan_number(at, &token->of.integer, &token->of.real, &is_real);
      if (!end) {
        if (!(at = glomers_scan_rare_number(at, token))) return false;
        break;
      }
      token->shape = (uint32_t)(end - at) << GLOMERS_SHAPE_BITS | (is_real ? GLOMERS_REAL : GLOMERS_INTEGER);
      at = end;
    }
  }
  if (depth == DEPTH_MAX) return false;
  count++;

after:
  at = skip_space(at);
  if (parent == NOTHING) {
    tape->token_count = count;
    return at == text + tape->length;
  }
  token = tokens + parent;
  if (*at == ',') {
    at = skip_space(at + 1);
    if (in_object) goto key;
    token->of.group.count++;
    goto value;
  }
  if (*at == (in_object ? '}' : ']')) goto close;
  return false;

key: {
  /* Here `token` is the object. */
  token->of.group.count++;
  if (*at != '"') return false;
  uint32_t flags = 0;
  const uint8_t *end = scan_string(at + 1, &flags);
  if (!end || flags) return false;
  if (count == capacity) {
    if (!(tokens = make_room_for_token(tape))) return false;
    capacity = tape->token_capacity;
  }
  token = tokens + count++;
  token->start = (uint32_t)(at - text);
  token->shape = (uint32_t)(end - at) << GLOMERS_SHAPE_BITS | GLOMERS_STRING;
  token->of.head = glomers_head(at + 1, (size_t)(end - at) - 2);
  at = skip_space(end);
  if (*at != ':') return false;
  at = skip_space(at + 1);
  goto value;
}

close: {
  /* Here `at` is at the bracket, and `parent` is what it closes. */
  token = tokens + parent;
  uint32_t outer = token->of.group.length;
  uint32_t length = (uint32_t)(++at - text) - token->start;
  token->of.group.length = length;
  token->shape |= (count - parent) << GLOMERS_SHAPE_BITS;
  if (in_object && !has_distinct_keys(tape, parent)) return false;
  parent = outer;
  in_object = parent != NOTHING && (tokens[parent].shape & 15u) == GLOMERS_OBJECT;
  depth--;
  goto after;
}
}

bool glomers_tape_parse(glomers_tape *tape, const void *bytes, size_t length, bool any) {
  trim(tape);
  tape->slot_count = 0;
  tape->cursor_token = 0;
  tape->template = NULL;
  if (!any && glomers_templates_read(tape, bytes, length)) return true;
  if (length == 0 || length > LENGTH_MAX || !make_room_for_text(tape, length + GLOMERS_PADDING)) return false;
  memcpy(tape->line_text, bytes, length);
  memset(tape->line_text + length, 0, GLOMERS_PADDING);
  tape->text = tape->line_text;
  tape->tokens = tape->line_tokens;
  tape->length = length;
  if (!run(tape, any)) return false;
  if (!any) glomers_templates_keep(tape);
  return true;
}

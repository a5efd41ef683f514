#ifndef GLOMERS_TAPE_H
#define GLOMERS_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The fast path under jansson: a line is parsed in one pass onto a flat tape of tokens, without a tree.
 *
 * The parser validates in full, and declines whatever it is not sure of: all that jansson refuses, and some things
 * that jansson takes (keys with escapes, keys given twice). The verdict on a declined line is jansson's. So a line that
 * is accepted here is a line that jansson accepts, with the same values, but for two things that JSON's grammar allows
 * and jansson does not: numbers of any size, and escapes that are half of a surrogate pair.
 */

/* In jansson's order, and one more. */
enum {
  GLOMERS_OBJECT,
  GLOMERS_ARRAY,
  GLOMERS_STRING,
  GLOMERS_INTEGER,
  GLOMERS_REAL,
  GLOMERS_TRUE,
  GLOMERS_FALSE,
  GLOMERS_NULL,
  GLOMERS_NUMBER /* an integer beyond 64 bits or a real beyond a double: its text is its value */
};

/* A value, or a key. The tokens of what is in an object (key, value, key, ...) or an array follow it. */
typedef struct {
  uint32_t start; /* where its text begins in the line */
  uint32_t shape; /* bits 0-3: kind; bit 4: a string with escapes; from bit 5: extent */
  union {
    int64_t integer;
    double real;
    uint64_t head; /* of a key: its first eight bytes, or all and zeros */
    struct {
      uint32_t count;  /* members or elements */
      uint32_t length; /* of its text, brackets included */
    } group;
  } of;
} glomers_token;

#define GLOMERS_SHAPE_BITS 5
#define GLOMERS_ESCAPED 16u

typedef struct glomers_template glomers_template;

/* The types that the codec itself knows. */
enum { GLOMERS_ROLE_OTHER, GLOMERS_ROLE_INIT, GLOMERS_ROLE_INIT_OK, GLOMERS_ROLE_ERROR };

/* What every message has: the numbers of tokens. Zero for a number that is missing or null. */
typedef struct {
  uint32_t source;
  uint32_t destination;
  uint32_t body;
  uint32_t type;
  uint32_t id;
  uint32_t in_reply_to;
  uint32_t role;
  uint32_t place;     /* of the template that the line fits; GLOMERS_TEMPLATES where none does */
  uint32_t new_names; /* which names may be others than in the line before at this place, until somebody clears it */
} glomers_header;

/* How many shapes of lines are remembered (template.h). */
enum { GLOMERS_TEMPLATES = 32 };
enum { GLOMERS_NEW_SOURCE = 1, GLOMERS_NEW_DESTINATION = 2, GLOMERS_NEW_TYPE = 4, GLOMERS_NEW_NAMES = 7 };

typedef struct {
  uint8_t *text; /* a copy of the line, and zeros after it */
  glomers_token *tokens;
  uint8_t *line_text; /* for a line that no template fits */
  glomers_token *line_tokens;
  glomers_template **templates; /* NULL until the first short line */
  glomers_template *template;   /* the one that fits this line, or NULL */
  glomers_header header;        /* where no template fits */
  uint32_t *slots; /* a hash table of the keys of one object: their tokens' numbers plus one */
  size_t length;
  size_t text_capacity;
  size_t token_count;
  size_t token_capacity;
  size_t slot_count; /* a power of two, or 0 */
  size_t slot_capacity;
  uint32_t indexed; /* the object in `slots`; meaningful while slot_count > 0 */
  /* Where the last element that was asked for by its place in an array was found. */
  uint32_t cursor_array;
  uint32_t cursor_place;
  uint32_t cursor_token;
  size_t generation;   /* lines so far */
  size_t acquisitions; /* buffers taken from malloc so far */
} glomers_tape;

glomers_tape *glomers_tape_create(void);
void glomers_tape_destroy(glomers_tape *tape);

/*
 * Forgets the line before and reads this one, copying it. False when declined. Without `any`, only an object or an
 * array is accepted.
 */
bool glomers_tape_parse(glomers_tape *tape, const void *bytes, size_t length, bool any);

/* Bytes held from malloc now. */
size_t glomers_tape_reserved(const glomers_tape *tape);

/* Whether the environment asks for jansson alone: GLOMERS_JSON=jansson. */
bool glomers_prefers_jansson(void);

static inline uint32_t glomers_token_kind(const glomers_token *token) { return token->shape & 15u; }

static inline bool glomers_token_escaped(const glomers_token *token) { return token->shape & GLOMERS_ESCAPED; }

/* Of an object or array the number of its tokens, itself included; of others the length of their text. */
static inline uint32_t glomers_token_extent(const glomers_token *token) {
  return token->shape >> GLOMERS_SHAPE_BITS;
}

/* The number of the token after a value and all that is in it. */
static inline uint32_t glomers_token_after(const glomers_token *tokens, uint32_t index) {
  const glomers_token *token = tokens + index;
  return index + (glomers_token_kind(token) <= GLOMERS_ARRAY ? glomers_token_extent(token) : 1);
}

/* The length of a value's text. */
static inline uint32_t glomers_token_length(const glomers_token *token) {
  return glomers_token_kind(token) <= GLOMERS_ARRAY ? token->of.group.length : glomers_token_extent(token);
}

/* The number of the value's token, or 0 where the object has no such key. */
uint32_t glomers_tape_find(glomers_tape *tape, uint32_t object, const void *key, size_t length);

/* The number of an element's token. The place must be one of the array's. Cheap for places in rising order. */
uint32_t glomers_tape_element(glomers_tape *tape, uint32_t array, uint32_t place);

/*
 * Replaces the escapes of a string's inner text; half of a surrogate pair becomes U+FFFD. Returns the length of the
 * result, which is at most `length`.
 */
size_t glomers_unescape(uint8_t *to, const uint8_t *from, size_t length);

/* Where the first escape of a string's inner text is that is half of a surrogate pair; `length` if none is. */
size_t glomers_lone_surrogate(const uint8_t *text, size_t length);

/* memcmp, which Swift's modules for the C library have under other names on each platform. */
static inline bool glomers_same_bytes(const void *a, const void *b, size_t count) {
  return __builtin_memcmp(a, b, count) == 0;
}

/* memcpy, without a call where only a few bytes are to be copied. */
static inline void glomers_copy_bytes(void *to, const void *from, size_t count) {
  char *out = (char *)to;
  const char *in = (const char *)from;
  if (count > 32) {
    __builtin_memcpy(out, in, count);
  } else if (count >= 16) {
    __builtin_memcpy(out, in, 16);
    __builtin_memcpy(out + count - 16, in + count - 16, 16);
  } else if (count >= 8) {
    __builtin_memcpy(out, in, 8);
    __builtin_memcpy(out + count - 8, in + count - 8, 8);
  } else if (count >= 4) {
    __builtin_memcpy(out, in, 4);
    __builtin_memcpy(out + count - 4, in + count - 4, 4);
  } else {
    for (size_t at = 0; at < count; at++) out[at] = in[at];
  }
}

/* A hash of the length and of the first and last eight bytes: its upper bits. (Knuth's volume 3, 6.4: Fibonacci hashing.) */
static inline uint64_t glomers_quick_hash(const void *text, size_t length) {
  const uint8_t *bytes = (const uint8_t *)text;
  uint64_t first = 0, last = 0;
  if (length >= 8) {
    __builtin_memcpy(&first, bytes, 8);
    __builtin_memcpy(&last, bytes + length - 8, 8);
  } else if (length >= 4) {
    __builtin_memcpy(&first, bytes, 4);
    __builtin_memcpy(&last, bytes + length - 4, 4);
  } else if (length > 0) {
    /* The first, the middle and the last, of which some are the same. */
    first = (uint64_t)(bytes[0] | bytes[length / 2] << 8 | bytes[length - 1] << 16);
  }
  return ((first * 3 ^ last) + length) * UINT64_C(0x9E3779B97F4A7C15);
}

/* NULL where the line on the tape is no message: a field is missing or of another kind than it should be. */
glomers_header *glomers_tape_header(glomers_tape *tape);

/*
 * Copies the bytes before the first that a JSON string must escape, and returns how many they are. What is after
 * them in `to`, up to `length` bytes, is spoiled.
 */
size_t glomers_copy_plain(uint8_t *to, const uint8_t *from, size_t length);

/* Writes a decimal number where there is room for 20 bytes: what is after it is spoiled. Returns how many bytes it has. */
size_t glomers_write_integer(uint8_t *to, int64_t value);

#endif

/* The lexer of the fast path. All of it reads text that is followed by GLOMERS_PADDING zeros. */
#ifndef GLOMERS_SCAN_H
#define GLOMERS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes at a time may be looked at from the last byte of a text on. */
#define GLOMERS_PADDING ((size_t)16)

#define GLOMERS_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

static inline uint64_t glomers_load(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* A mask of the bytes that are first in memory. At most 8. */
static inline uint64_t glomers_first_bytes(size_t count) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return count == 0 ? 0 : UINT64_MAX >> (64 - 8 * count);
#else
  return count == 0 ? 0 : UINT64_MAX << (64 - 8 * count);
#endif
}

/* A name of up to eight bytes as they are loaded, and zeros. The compiler makes a constant of it. */
static inline uint64_t glomers_name(const char *name, size_t length) {
  uint64_t word = 0;
  memcpy(&word, name, length);
  return word;
}

/*
 * The high bit of each byte that is no plain character of a string: a quote, a backslash, a control character.
 * Above the lowest of them in significance, bits may be wrong.
 */
static inline uint64_t glomers_special(uint64_t word) {
  const uint64_t ones = GLOMERS_EACH_BYTE(1), highs = GLOMERS_EACH_BYTE(0x80);
  uint64_t quote = word ^ GLOMERS_EACH_BYTE('"');
  uint64_t backslash = word ^ GLOMERS_EACH_BYTE('\\');
  return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
          ((word - GLOMERS_EACH_BYTE(0x20)) & ~word)) & highs;
}

/* How many bytes come before the lowest bit of a mask that is not zero. */
static inline size_t glomers_bytes_before(uint64_t mask) { return (size_t)__builtin_ctzll(mask) / 8; }

/*
 * Goes over a string from the byte after its first quote, checking its escapes and its UTF-8. Returns what comes
 * after its last quote, or NULL. Sets `flags` to GLOMERS_ESCAPED if there are escapes.
 */
const uint8_t *glomers_scan_string(const uint8_t *at, uint32_t *flags);

/* Goes over a number. Returns what comes after it, or NULL for one to decline. */
const uint8_t *glomers_scan_number(const uint8_t *at, int64_t *integer, double *real, bool *is_real);

#endif

/* The lexer of the fast path. All of it reads text that is followed by GLOMERS_PADDING zeros. */
#ifndef GLOMERS_SCAN_H
#define GLOMERS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "glomers_tape.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Sixteen bytes at a time may be looked at, up to those that follow the last byte of a text. */
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

/* The first eight bytes of a text, or all of it and zeros. There are eight more bytes to read, whatever they are. */
static inline uint64_t glomers_head(const uint8_t *text, size_t length) {
  uint64_t word = glomers_load(text);
  return length >= 8 ? word : word & glomers_first_bytes(length);
}

/* The same of a text that nothing need follow. */
static inline uint64_t glomers_short_head(const uint8_t *text, size_t length) {
  if (length >= 8) return glomers_load(text);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (length >= 4) {
    uint32_t first, last;
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + length - 4, sizeof last);
    return first | (uint64_t)last << 8 * (length - 4);
  }
  if (length == 0) return 0;
  /* Of one to three bytes: the first, the middle and the last, of which some are the same. */
  return text[0] | (uint64_t)text[length / 2] << 8 * (length / 2) | (uint64_t)text[length - 1] << 8 * (length - 1);
#else
  uint64_t word = 0;
  memcpy(&word, text, length);
  return word;
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
 * How many bytes come before the first that is no plain ASCII character of a string: a quote, a backslash, a control
 * character, a byte of a longer character. Looks at no more than 16 bytes.
 */
static inline size_t glomers_plain_ascii(const uint8_t *at) {
#if defined(__SSE2__)
  __m128i block = _mm_loadu_si128((const __m128i *)at);
  __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  /* The comparison is signed: what is not ASCII is below zero. */
  __m128i other = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
  int stops = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), other));
  return (size_t)__builtin_ctz((unsigned)stops | 1u << 16);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  uint8x16_t block = vld1q_u8(at);
  uint8x16_t quote = vceqq_u8(block, vdupq_n_u8('"'));
  uint8x16_t backslash = vceqq_u8(block, vdupq_n_u8('\\'));
  uint8x16_t other = vcltq_s8(vreinterpretq_s8_u8(block), vdupq_n_s8(0x20));
  uint8x16_t stop = vorrq_u8(vorrq_u8(quote, backslash), other);
  /* Four bits for each byte. */
  uint64_t stops = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(stop), 4)), 0);
  return stops == 0 ? 16 : (size_t)__builtin_ctzll(stops) / 4;
#elif __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t word = glomers_load(at);
  uint64_t stop = glomers_special(word) | (word & GLOMERS_EACH_BYTE(0x80));
  return stop == 0 ? 8 : glomers_bytes_before(stop);
#else
  return 0;
#endif
}

/* How many bytes two texts have in common from their beginning: at most 16, which both must have. */
static inline size_t glomers_common_bytes(const uint8_t *a, const uint8_t *b) {
#if defined(__SSE2__)
  __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
  unsigned mask = (unsigned)_mm_movemask_epi8(same);
  return __builtin_expect(mask == 0xFFFF, true) ? 16 : (size_t)__builtin_ctz(~mask);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  uint8x16_t same = vceqq_u8(vld1q_u8(a), vld1q_u8(b));
  uint64_t others = ~vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(same), 4)), 0);
  return others == 0 ? 16 : (size_t)__builtin_ctzll(others) / 4;
#else
  size_t count = 0;
  while (count < 16 && a[count] == b[count]) count++;
  return count;
#endif
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Of eight bytes that were digits, and are now their values: the high bit of each that is none, because not below ten. */
static inline uint64_t glomers_no_digits(uint64_t digits) {
  return (((digits & GLOMERS_EACH_BYTE(0x7F)) + GLOMERS_EACH_BYTE(0x76)) | digits) & GLOMERS_EACH_BYTE(0x80);
}

/* The number that the first of eight digits make, at least one: pairs of digits, then of twos, then of fours, all at once. */
static inline uint64_t glomers_join_digits(uint64_t digits, size_t count) {
  /* Zeros take the places of digits that are not there, which come first. */
  digits <<= 64 - 8 * count;
  digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
  digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
  return (digits * 10000 + (digits >> 32)) & UINT64_C(0x00000000FFFFFFFF);
}

/* The number that the first digits make, at most eight of them, and how many they are. */
static inline size_t glomers_read_digits(const uint8_t *at, uint64_t *number) {
  uint64_t digits = glomers_load(at) ^ GLOMERS_EACH_BYTE('0');
  uint64_t others = glomers_no_digits(digits);
  size_t count = others == 0 ? 8 : glomers_bytes_before(others);
  *number = count == 0 ? 0 : glomers_join_digits(digits, count);
  return count;
}
#endif

/*
 * Goes over a string from the byte after its first quote, checking its escapes and its UTF-8. Returns what comes
 * after its last quote, or NULL. Sets `flags` to GLOMERS_ESCAPED if there are escapes.
 */
const uint8_t *glomers_scan_string(const uint8_t *at, uint32_t *flags);

/* Goes over a number. Returns what comes after it, or NULL for one to decline. */
const uint8_t *glomers_scan_number(const uint8_t *at, int64_t *integer, double *real, bool *is_real);

/*
 * Goes over a number that glomers_scan_number has declined, and makes its token: of kind GLOMERS_REAL, or
 * GLOMERS_NUMBER where neither 64 bits nor a double hold it. Returns what comes after it, or NULL for what is no number.
 */
const uint8_t *glomers_scan_rare_number(const uint8_t *at, glomers_token *token);

#endif

#include "scan.h"

#include <float.h>
#include <stdlib.h>

#include "glomers_tape.h"

/* Strings. */

static inline bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* Goes over one character of more than one byte: no surrogates, nothing overlong, nothing beyond U+10FFFF. */
static const uint8_t *scan_wide(const uint8_t *at) {
  uint8_t first = at[0];
  if (first < 0xC2) return NULL;
  if (!is_continuation(at[1])) return NULL;
  if (first < 0xE0) return at + 2;
  if (!is_continuation(at[2])) return NULL;
  if (first < 0xF0) {
    if (first == 0xE0 && at[1] < 0xA0) return NULL;
    if (first == 0xED && at[1] > 0x9F) return NULL;
    return at + 3;
  }
  if (!is_continuation(at[3])) return NULL;
  if (first == 0xF0 && at[1] < 0x90) return NULL;
  if (first == 0xF4 && at[1] > 0x8F) return NULL;
  return first <= 0xF4 ? at + 4 : NULL;
}

static int hex_digit(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  byte |= 0x20;
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The number in the four digits of \uXXXX, or -1. */
static int32_t code_unit(const uint8_t *digits) {
  int32_t value = 0;
  for (int place = 0; place < 4; place++) {
    int digit = hex_digit(digits[place]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

static inline bool is_lead(int32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static inline bool is_trail(int32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* Goes over an escape, or the two of a surrogate pair. JSON's grammar allows half of a pair, too. */
static const uint8_t *scan_escape(const uint8_t *at) {
  switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return at + 2;
    case 'u': break;
    default: return NULL;
  }
  int32_t unit = code_unit(at + 2);
  if (unit < 0) return NULL;
  bool is_pair = is_lead(unit) && at[6] == '\\' && at[7] == 'u' && is_trail(code_unit(at + 8));
  return at + (is_pair ? 12 : 6);
}

const uint8_t *glomers_scan_string(const uint8_t *at, uint32_t *flags) {
  for (;;) {
    at += glomers_plain_ascii(at);
    uint8_t byte = *at;
    if (byte == '"') return at + 1;
    if (byte >= 0x80) {
      do {
        if (!(at = scan_wide(at))) return NULL;
      } while (*at >= 0x80);
    } else if (byte == '\\') {
      *flags = GLOMERS_ESCAPED;
      if (!(at = scan_escape(at))) return NULL;
    } else if (byte < 0x20) {
      return NULL;
    } else {
      at++;
    }
  }
}

static size_t write_character(uint8_t *to, uint32_t character) {
  if (character < 0x80) {
    to[0] = (uint8_t)character;
    return 1;
  }
  if (character < 0x800) {
    to[0] = (uint8_t)(0xC0 | character >> 6);
    to[1] = (uint8_t)(0x80 | (character & 0x3F));
    return 2;
  }
  if (character < 0x10000) {
    to[0] = (uint8_t)(0xE0 | character >> 12);
    to[1] = (uint8_t)(0x80 | (character >> 6 & 0x3F));
    to[2] = (uint8_t)(0x80 | (character & 0x3F));
    return 3;
  }
  to[0] = (uint8_t)(0xF0 | character >> 18);
  to[1] = (uint8_t)(0x80 | (character >> 12 & 0x3F));
  to[2] = (uint8_t)(0x80 | (character >> 6 & 0x3F));
  to[3] = (uint8_t)(0x80 | (character & 0x3F));
  return 4;
}

size_t glomers_unescape(uint8_t *to, const uint8_t *from, size_t length) {
  const uint8_t *end = from + length;
  uint8_t *out = to;
  while (from < end) {
    const uint8_t *backslash = memchr(from, '\\', (size_t)(end - from));
    size_t plain = (size_t)((backslash ? backslash : end) - from);
    memcpy(out, from, plain);
    out += plain;
    from += plain;
    if (!backslash) break;
    switch (from[1]) {
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': {
        int32_t unit = code_unit(from + 2);
        bool has_next = end - from >= 12 && from[6] == '\\' && from[7] == 'u';
        int32_t low = has_next && is_lead(unit) ? code_unit(from + 8) : -1;
        if (is_trail(low)) {
          unit = 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
          from += 6;
        } else if (is_lead(unit) || is_trail(unit)) {
          unit = 0xFFFD;
        }
        out += write_character(out, (uint32_t)unit);
        from += 4;
        break;
      }
      default: *out++ = from[1];
    }
    from += 2;
  }
  return (size_t)(out - to);
}

size_t glomers_lone_surrogate(const uint8_t *text, size_t length) {
  size_t at = 0;
  while (at < length) {
    const uint8_t *backslash = memchr(text + at, '\\', length - at);
    if (!backslash) return length;
    at = (size_t)(backslash - text);
    int32_t unit = length - at >= 6 && text[at + 1] == 'u' ? code_unit(text + at + 2) : -1;
    if (unit < 0) {
      at += 2;
    } else if (!is_lead(unit) && !is_trail(unit)) {
      at += 6;
    } else {
      bool has_next = length - at >= 12 && text[at + 6] == '\\' && text[at + 7] == 'u';
      if (!is_lead(unit) || !has_next || !is_trail(code_unit(text + at + 8))) return at;
      at += 12;
    }
  }
  return length;
}

static inline bool is_plain(uint8_t byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

size_t glomers_copy_plain(uint8_t *to, const uint8_t *from, size_t length) {
  size_t at = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (length >= 8) {
    for (; length - at >= 8; at += 8) {
      uint64_t word = glomers_load(from + at);
      memcpy(to + at, &word, sizeof word);
      uint64_t special = glomers_special(word);
      if (special != 0) return at + glomers_bytes_before(special);
    }
    /* The last eight once more, some of them for the second time. */
    uint64_t word = glomers_load(from + length - 8);
    memcpy(to + length - 8, &word, sizeof word);
    if (glomers_special(word) == 0) return length;
  } else if (length >= 4) {
    uint32_t low, high;
    memcpy(&low, from, sizeof low);
    memcpy(&high, from + length - 4, sizeof high);
    memcpy(to, &low, sizeof low);
    memcpy(to + length - 4, &high, sizeof high);
    if (glomers_special((uint64_t)high << 32 | low) == 0) return length;
  }
#endif
  for (; at < length && is_plain(from[at]); at++) to[at] = from[at];
  return at;
}

/* Numbers. */

static inline bool is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

/* Powers of ten that a double holds exactly. */
static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_POWER_MAX = 22 };
/* Up to here a double holds every integer. */
#define EXACT_INTEGER_MAX (UINT64_C(1) << 53)
/* No sum of so many decimal digits goes beyond 64 bits. */
enum { DIGITS_MAX = 19 };

/*
 * The fraction and the exponent. Converts by one exactly rounded operation on two exact operands (W. Clinger, How
 * to Read Floating Point Numbers Accurately, PLDI 1990), as strtod would; declines where that can't be done.
 */
static const uint8_t *scan_real(const uint8_t *at, uint64_t digits, int digit_count, bool is_negative,
                                double *real) {
  int exponent = 0;
  if (*at == '.') {
    const uint8_t *point = at++;
    for (; is_digit(*at); at++) {
      if (++digit_count > DIGITS_MAX) return NULL;
      digits = digits * 10 + (uint64_t)(*at - '0');
    }
    exponent = (int)(point + 1 - at);
    if (exponent == 0) return NULL;
  }
  if (*at == 'e' || *at == 'E') {
    at++;
    bool is_small = *at == '-';
    if (*at == '-' || *at == '+') at++;
    if (!is_digit(*at)) return NULL;
    int power = 0;
    for (; is_digit(*at); at++) {
      power = power * 10 + (*at - '0');
      if (power > 1000) return NULL;
    }
    exponent += is_small ? -power : power;
  }
  if (digits > EXACT_INTEGER_MAX || exponent > EXACT_POWER_MAX || exponent < -EXACT_POWER_MAX) return NULL;
  double value = (double)digits;
  value = exponent < 0 ? value / powers_of_ten[-exponent] : value * powers_of_ten[exponent];
  *real = is_negative ? -value : value;
  return at;
}

const uint8_t *glomers_scan_number(const uint8_t *at, int64_t *integer, double *real, bool *is_real) {
  bool is_negative = *at == '-';
  if (is_negative) at++;
  const uint8_t *first = at;
  uint64_t digits = 0;
  if (*at == '0') {
    at++;
  } else {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    at += glomers_read_digits(at, &digits);
#endif
    for (; is_digit(*at); at++) {
      if (at - first == DIGITS_MAX) return NULL;
      digits = digits * 10 + (uint64_t)(*at - '0');
    }
    if (at == first) return NULL;
  }
  if (*at == '.' || *at == 'e' || *at == 'E') {
    *is_real = true;
    return scan_real(at, digits, (int)(at - first), is_negative, real);
  }
  /* What follows a zero is no digit: the caller expects a comma or a bracket. */
  uint64_t bound = (uint64_t)INT64_MAX + is_negative;
  if (digits > bound) return NULL;
  *integer = is_negative ? (int64_t)(0 - digits) : (int64_t)digits;
  return at;
}

const uint8_t *glomers_scan_rare_number(const uint8_t *at, glomers_token *token) {
  const uint8_t *first = at;
  bool is_integer = true;
  if (*at == '-') at++;
  if (!is_digit(*at)) return NULL;
  if (*at == '0') {
    at++;
  } else {
    while (is_digit(*at)) at++;
  }
  if (*at == '.') {
    is_integer = false;
    if (!is_digit(*++at)) return NULL;
    while (is_digit(*at)) at++;
  }
  if (*at == 'e' || *at == 'E') {
    is_integer = false;
    at++;
    if (*at == '-' || *at == '+') at++;
    if (!is_digit(*at)) return NULL;
    while (is_digit(*at)) at++;
  }
  uint32_t kind = GLOMERS_NUMBER;
  if (!is_integer) {
    char *end;
    token->of.real = strtod((const char *)first, &end);
    /* In a locale that has another decimal point it stops early. */
    if ((const uint8_t *)end != at) return NULL;
    if (token->of.real >= -DBL_MAX && token->of.real <= DBL_MAX) kind = GLOMERS_REAL;
  }
  token->shape = (uint32_t)(at - first) << GLOMERS_SHAPE_BITS | kind;
  return at;
}

/* How many decimal digits a number has. */
static inline size_t count_digits(uint64_t value) {
  static const uint64_t powers[] = {
      0, 10, 100, 1000, 10000, 100000,
      1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
      1000000000000, 10000000000000, 100000000000000, 1000000000000000,
      10000000000000000, 100000000000000000, 1000000000000000000, UINT64_C(10000000000000000000)};
  /* The logarithm to base 2, times log10(2), is right or one too small. */
  unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
  unsigned guess = bits * 1233 >> 12;
  return guess + (value >= powers[guess]);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/*
 * Writes a number below 10^8 where there is room for eight digits. Returns how many it has. Splits it into two fours, four
 * twos, and eight digits, all parts of a word at once.
 */
static inline size_t write_small(uint8_t *to, uint32_t value) {
  uint64_t digits = value / 10000 | (uint64_t)(value % 10000) << 32;
  /* A hundredth of each four digits, and a tenth of each two: exact for numbers as small. */
  uint64_t upper = (digits * 10486 >> 20) & UINT64_C(0x0000007F0000007F);
  digits = upper | (digits - 100 * upper) << 16;
  upper = (digits * 103 >> 10) & UINT64_C(0x000F000F000F000F);
  digits = upper | (digits - 10 * upper) << 8;
  size_t zeros = digits == 0 ? 7 : glomers_bytes_before(digits);
  digits = (digits | GLOMERS_EACH_BYTE('0')) >> 8 * zeros;
  memcpy(to, &digits, sizeof digits);
  return 8 - zeros;
}
#endif

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

/* Writes a number below 10^4. Returns how many digits it has. */
static inline size_t write_smallest(uint8_t *to, uint32_t value) {
  if (value < 100) {
    if (value < 10) {
      to[0] = (uint8_t)('0' + value);
      return 1;
    }
    memcpy(to, pairs + 2 * value, 2);
    return 2;
  }
  /* A hundredth: exact for numbers as small. */
  uint32_t upper = value * 5243 >> 19;
  size_t length = upper < 10 ? 1 : 2;
  memcpy(to, pairs + 2 * upper + 2 - length, 2);
  memcpy(to + length, pairs + 2 * (value - 100 * upper), 2);
  return length + 2;
}

size_t glomers_write_integer(uint8_t *to, int64_t value) {
  if ((uint64_t)value < 10000) return write_smallest(to, (uint32_t)value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (value >= 0 && value < 100000000) return write_small(to, (uint32_t)value);
#endif
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  size_t sign = value < 0;
  if (sign) to[0] = '-';
  size_t length = sign + count_digits(rest);
  uint8_t *at = to + length;
  while (rest >= 100) {
    at -= 2;
    memcpy(at, pairs + rest % 100 * 2, 2);
    rest /= 100;
  }
  if (rest >= 10) {
    memcpy(at - 2, pairs + rest * 2, 2);
  } else {
    at[-1] = (uint8_t)('0' + rest);
  }
  return length;
}

#include "template.h"

#include <stdlib.h>
#include <string.h>

#include "scan.h"

/* Lines of a length share a set of so many places; the one used last comes first. */
enum { WAYS = 2, SETS = GLOMERS_TEMPLATES / WAYS };
/* Longer lines, and lines of more tokens, are rare, and seldom alike. */
enum { BYTES_MIN = 16, BYTES_MAX = 240, TOKENS_MAX = 48, HOLES_MAX = 24, DEPTH_MAX = 8 };

/* Where a line may differ: the inside of a plain string, or a number. */
typedef struct {
  uint16_t start;
  uint16_t end;
  uint16_t token;
  uint16_t object; /* whose key it is; 0 for a value */
  uint16_t kind;
  uint16_t new_names; /* which name of the message it is */
} hole;

struct glomers_template {
  uint8_t text[BYTES_MAX + GLOMERS_PADDING];
  glomers_token tokens[TOKENS_MAX];
  hole holes[HOLES_MAX + 1]; /* in the order of the text; the last one is beyond the text */
  size_t length;             /* 0 while there is nothing */
  size_t token_count;
  glomers_header header;
  bool is_message;
};

static size_t set_of(size_t length) { return length % SETS * WAYS; }

static inline bool has_place(size_t length) { return length >= BYTES_MIN && length <= BYTES_MAX; }

/* Reads what is new in a hole. False if it is no value of that kind that ends where the hole does. */
__attribute__((noinline)) static bool fill(glomers_template *template, const hole *hole) {
  glomers_token *token = template->tokens + hole->token;
  const uint8_t *start = template->text + hole->start, *end = template->text + hole->end;
  if (hole->kind == GLOMERS_STRING) {
    if (hole->object) token->of.head = glomers_head(start, (size_t)(end - start));
    if (glomers_plain_ascii(start) == (size_t)(end - start)) return true;
    uint32_t flags = 0;
    return glomers_scan_string(start, &flags) == end + 1 && flags == 0;
  }
  int64_t integer = 0;
  double real = 0;
  bool is_real = false;
  if (glomers_scan_number(start, &integer, &real, &is_real) != end) return false;
  if (is_real != (hole->kind == GLOMERS_REAL)) return false;
  if (is_real) {
    token->of.real = real;
  } else {
    token->of.integer = integer;
  }
  return true;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Does the same for a hole of up to eight bytes, as most are: all of them at once. False if that does not tell. */
static inline bool fill_short(glomers_template *template, const hole *hole, const uint8_t *line) {
  size_t count = (size_t)(hole->end - hole->start);
  /* Eight bytes may be more than are left of the line. */
  size_t excess = hole->start + 8u > template->length ? hole->start + 8u - template->length : 0;
  uint64_t mask = glomers_first_bytes(count);
  uint64_t word = glomers_load(line + hole->start - excess) >> 8 * excess & mask;
  uint8_t *text = template->text + hole->start;
  uint64_t next = glomers_load(text) & ~mask;
  next |= word;
  memcpy(text, &next, sizeof next);
  glomers_token *token = template->tokens + hole->token;
  if (hole->kind == GLOMERS_STRING) {
    if (hole->object) token->of.head = word;
    return glomers_plain_ascii(text) == count;
  }
  if (hole->kind != GLOMERS_INTEGER || (*text == '0' && count > 1)) return false;
  uint64_t digits = word ^ GLOMERS_EACH_BYTE('0');
  if (glomers_no_digits(digits) & mask) return false;
  token->of.integer = (int64_t)glomers_join_digits(digits, count);
  return true;
}
#endif

/* Puts a line's bytes into a hole, and reads them. */
static inline bool refill(glomers_template *template, const hole *hole, const uint8_t *line) {
  size_t count = (size_t)(hole->end - hole->start);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (count <= 8) return fill_short(template, hole, line) || fill(template, hole);
#endif
  glomers_copy_bytes(template->text + hole->start, line + hole->start, count);
  return fill(template, hole);
}

/* Whether no key comes twice in the objects whose keys may differ. */
static bool are_keys_distinct(const glomers_template *template) {
  uint16_t last = 0;
  for (const hole *hole = template->holes; hole->start != UINT16_MAX; hole++) {
    if (hole->object == last || hole->object == 0) continue;
    last = hole->object;
    if (!glomers_few_are_distinct(template->text, template->tokens, last)) return false;
  }
  return true;
}

/* Where two texts of a length first differ, which are the same before `at`; the length if they don't. */
static inline size_t first_difference(const uint8_t *a, const uint8_t *b, size_t at, size_t length) {
  const size_t last = length - 16;
  for (; at < last; at += 16) {
    size_t same = glomers_common_bytes(a + at, b + at);
    if (same < 16) return at + same;
  }
  return last + glomers_common_bytes(a + last, b + last);
}

/*
 * Turns the template into this line, of the same length. False if the two differ in more than what is in the holes: the
 * template is then a line that lies between the two, or nothing.
 */
static bool fit(glomers_template *template, const uint8_t *line) {
  const size_t length = template->length;
  const hole *hole = template->holes;
  bool has_new_keys = false;
  size_t at = 0;
  while ((at = first_difference(line, template->text, at, length)) < length) {
    while (hole->end <= at) hole++;
    if (hole->start > at) break;
    if (!refill(template, hole, line)) {
      template->length = 0;
      return false;
    }
    template->header.new_names |= hole->new_names;
    has_new_keys |= hole->object != 0;
    at = hole->end;
  }
  if (has_new_keys && !are_keys_distinct(template)) {
    template->length = 0;
    return false;
  }
  return at == length;
}

bool glomers_templates_read(glomers_tape *tape, const uint8_t *line, size_t length) {
  if (!tape->templates || !has_place(length)) return false;
  glomers_template **set = tape->templates + set_of(length);
  glomers_template *template = set[0];
  if (template->length != length || !fit(template, line)) {
    template = set[1];
    if (template->length != length || !fit(template, line)) return false;
    set[1] = set[0];
    set[0] = template;
  }
  tape->text = template->text;
  tape->tokens = template->tokens;
  tape->length = length;
  tape->token_count = template->token_count;
  tape->template = template;
  return true;
}

/* A string that a colon follows is a key. */
static bool is_key(const glomers_tape *tape, const glomers_token *token) {
  const uint8_t *after = tape->text + token->start + glomers_token_extent(token);
  while (*after == ' ' || *after == '\n' || *after == '\r' || *after == '\t') after++;
  return *after == ':';
}

/*
 * Finds the holes. The type of a message is none, nor are the keys of a message and its body: what else is there hangs on
 * them.
 */
static bool find_holes(const glomers_tape *tape, glomers_template *template) {
  uint32_t parents[DEPTH_MAX + 1], depth = 0;
  size_t count = 0;
  for (uint32_t index = 0; index < tape->token_count; index++) {
    const glomers_token *token = tape->tokens + index;
    uint32_t kind = glomers_token_kind(token), quote = kind == GLOMERS_STRING;
    while (depth > 0 && glomers_token_after(tape->tokens, parents[depth - 1]) <= index) depth--;
    if (kind <= GLOMERS_ARRAY) {
      if (depth == DEPTH_MAX) return false;
      parents[depth++] = index;
      continue;
    }
    if (kind != GLOMERS_STRING && kind != GLOMERS_INTEGER && kind != GLOMERS_REAL) continue;
    if (glomers_token_escaped(token) || (template->is_message && index == template->header.type)) continue;
    uint32_t object = 0;
    if (quote && is_key(tape, token)) {
      object = parents[depth - 1];
      if (depth < 3 || tape->tokens[object].of.group.count > GLOMERS_FEW_MEMBERS) continue;
    }
    if (count == HOLES_MAX) return false;
    uint32_t end = token->start + glomers_token_extent(token), names = 0;
    if (template->is_message && index == template->header.source) names = GLOMERS_NEW_SOURCE;
    if (template->is_message && index == template->header.destination) names = GLOMERS_NEW_DESTINATION;
    template->holes[count++] = (hole){
        (uint16_t)(token->start + quote), (uint16_t)(end - quote), (uint16_t)index, (uint16_t)object, (uint16_t)kind,
        (uint16_t)names};
  }
  template->holes[count] = (hole){.start = UINT16_MAX, .end = UINT16_MAX};
  return true;
}

#define BYTES_FOR_ALL (GLOMERS_TEMPLATES * (sizeof(glomers_template *) + sizeof(glomers_template)))

/* Room for all templates, from malloc in one piece. */
static bool make_templates(glomers_tape *tape) {
  glomers_template **templates = malloc(BYTES_FOR_ALL);
  if (!templates) return false;
  glomers_template *first = (glomers_template *)(templates + GLOMERS_TEMPLATES);
  for (uint32_t place = 0; place < GLOMERS_TEMPLATES; place++) {
    templates[place] = first + place;
    first[place].length = 0;
    first[place].header.place = place;
  }
  tape->templates = templates;
  tape->acquisitions++;
  return true;
}

size_t glomers_templates_reserved(const glomers_tape *tape) {
  return tape->templates ? BYTES_FOR_ALL : 0;
}

void glomers_templates_keep(glomers_tape *tape) {
  if (!has_place(tape->length) || tape->token_count > TOKENS_MAX) return;
  if (!tape->templates && !make_templates(tape)) return;
  glomers_template **set = tape->templates + set_of(tape->length);
  glomers_template *template = set[1];
  template->length = 0;
  template->is_message = glomers_find_header(tape, &template->header);
  template->header.new_names = GLOMERS_NEW_NAMES;
  if (!find_holes(tape, template)) return;
  memcpy(template->text, tape->text, tape->length + GLOMERS_PADDING);
  memcpy(template->tokens, tape->tokens, tape->token_count * sizeof(glomers_token));
  template->length = tape->length;
  template->token_count = tape->token_count;
  set[1] = set[0];
  set[0] = tape->template = template;
}

glomers_header *glomers_tape_header(glomers_tape *tape) {
  glomers_template *template = tape->template;
  if (template) return template->is_message ? &template->header : NULL;
  tape->header.place = GLOMERS_TEMPLATES;
  tape->header.new_names = GLOMERS_NEW_NAMES;
  return glomers_find_header(tape, &tape->header) ? &tape->header : NULL;
}

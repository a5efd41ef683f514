// CSupport/CGlomers: the parser of a node. With -DGLOMERS_WITHOUT_TEMPLATES each line is parsed as if none like it had
// come before. Its writer is Swift's: bench/Sources/Contestant.
#include <string.h>

#include "contest.h"
#include "glomers_tape.h"

#ifdef GLOMERS_WITHOUT_TEMPLATES
const char *const contestant = "Glomers, without templates";
enum { ANY = true };
#else
const char *const contestant = "Glomers";
enum { ANY = false };
#endif
const bool is_writer = false;

static glomers_tape *tape;
static uint8_t unescaped[LINE_BYTES_MAX];
static size_t unescaped_count;

void prepare(void) { tape = glomers_tape_create(); }

static inline void take_text(fields *to, const glomers_token *token) {
  const uint8_t *start = tape->text + token->start + 1;
  size_t length = glomers_token_extent(token) - 2;
  if (glomers_token_escaped(token)) {
    uint8_t *place = unescaped + unescaped_count;
    length = glomers_unescape(place, start, length);
    unescaped_count += length;
    start = place;
  }
  put_text(to, (const char *)start, length);
}

static inline bool take_integer(fields *to, const glomers_token *token) {
  put_integer(to, token->of.integer);
  return glomers_token_kind(token) == GLOMERS_INTEGER;
}

/// Tokens lie in the order of the line, those of keys and of what is in a group too: so there is no tree to climb.
static bool take_value(fields *to, uint32_t index) {
  const glomers_token *token = tape->tokens + index, *end = tape->tokens + glomers_token_after(tape->tokens, index);
  for (; token < end; token++) {
    switch (glomers_token_kind(token)) {
      case GLOMERS_OBJECT:
      case GLOMERS_ARRAY: put_integer(to, token->of.group.count); break;
      case GLOMERS_STRING: take_text(to, token); break;
      case GLOMERS_INTEGER: put_integer(to, token->of.integer); break;
      case GLOMERS_REAL: put_real(to, token->of.real); break;
      case GLOMERS_TRUE: put_integer(to, 1); break;
      case GLOMERS_FALSE: put_integer(to, 0); break;
      case GLOMERS_NULL: put_integer(to, -1); break;
      default: return false;
    }
  }
  return true;
}

static bool take_offsets(fields *to, const glomers_token *group) {
  put_integer(to, group->of.group.count);
  const glomers_token *key = group + 1;
  for (uint32_t left = group->of.group.count; left > 0; left--, key += 2) {
    take_text(to, key);
    if (!take_integer(to, key + 1)) return false;
  }
  return true;
}

static bool take_integers(fields *to, const glomers_token *group) {
  uint32_t count = group->of.group.count;
  put_integer(to, count);
  for (const glomers_token *element = group + 1; count > 0; count--, element++) {
    if (!take_integer(to, element)) return false;
  }
  return true;
}

static bool take_logs(fields *to, const glomers_token *group) {
  put_integer(to, group->of.group.count);
  const glomers_token *token = group + 1;
  for (uint32_t left = group->of.group.count; left > 0; left--) {
    take_text(to, token++);
    uint32_t pairs = token->of.group.count;
    if (glomers_token_kind(token++) != GLOMERS_ARRAY) return false;
    put_integer(to, pairs);
    for (; pairs > 0; pairs--, token += 3) {
      if (glomers_token_kind(token) != GLOMERS_ARRAY || token->of.group.count != 2) return false;
      if (!take_integer(to, token + 1) || !take_integer(to, token + 2)) return false;
    }
  }
  return true;
}

static inline const glomers_token *member(uint32_t body, const char *name, uint32_t kind) {
  const glomers_token *token = tape->tokens + glomers_tape_find(tape, body, name, strlen(name));
  return token != tape->tokens && glomers_token_kind(token) == kind ? token : NULL;
}

static bool take_payload(line_kind kind, uint32_t body, fields *to) {
  const glomers_token *token;
  switch (kind) {
    case ECHO:
    case ECHO_OK:
      if (!(token = member(body, "echo", GLOMERS_STRING))) return false;
      take_text(to, token);
      return true;
    case NESTED:
    case NESTED_OK: {
      uint32_t found = glomers_tape_find(tape, body, "echo", 4);
      return found && take_value(to, found);
    }
    case BROADCAST: return (token = member(body, "message", GLOMERS_INTEGER)) && take_integer(to, token);
    case SEND:
      if (!(token = member(body, "key", GLOMERS_STRING))) return false;
      take_text(to, token);
      return (token = member(body, "msg", GLOMERS_INTEGER)) && take_integer(to, token);
    case GENERATE_OK:
      if (!(token = member(body, "id", GLOMERS_STRING))) return false;
      take_text(to, token);
      return true;
    case SEND_OK: return (token = member(body, "offset", GLOMERS_INTEGER)) && take_integer(to, token);
    case POLL: return (token = member(body, "offsets", GLOMERS_OBJECT)) && take_offsets(to, token);
    case READ_OK: return (token = member(body, "messages", GLOMERS_ARRAY)) && take_integers(to, token);
    case POLL_OK: return (token = member(body, "msgs", GLOMERS_OBJECT)) && take_logs(to, token);
    default: return true;
  }
}

bool read_line(line_kind kind, char *line, size_t length, fields *to) {
  unescaped_count = 0;
  if (!glomers_tape_parse(tape, line, length, ANY)) return false;
  const glomers_header *header = glomers_tape_header(tape);
  if (!header) return false;
  take_text(to, tape->tokens + header->source);
  take_text(to, tape->tokens + header->destination);
  take_text(to, tape->tokens + header->type);
  if (!take_payload(kind, header->body, to)) return false;
  uint32_t id = is_answer(kind) ? header->in_reply_to : header->id;
  return id && take_integer(to, tape->tokens + id);
}

const char *write_line(line_kind kind, const fields *from, size_t *length) {
  (void)kind, (void)from, (void)length;
  return NULL;
}

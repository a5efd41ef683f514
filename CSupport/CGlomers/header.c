/* What every message has. */
#include <string.h>

#include "scan.h"
#include "template.h"

static inline bool is_kind(const glomers_tape *tape, uint32_t index, uint32_t kind) {
  return index != 0 && glomers_token_kind(tape->tokens + index) == kind;
}

/* A number that is missing or null is none; false for anything else that is no integer. */
static inline bool take_number(const glomers_tape *tape, uint32_t *index) {
  if (*index == 0 || is_kind(tape, *index, GLOMERS_INTEGER)) return true;
  bool is_null = is_kind(tape, *index, GLOMERS_NULL);
  *index = 0;
  return is_null;
}

#define IS(token, name) \
  ((token)->of.head == glomers_name(name, sizeof(name) - 1) && \
   glomers_token_extent(token) == sizeof(name) + 1)

/* A type that is spelled with escapes is for the slow path. */
static uint32_t role_of(const glomers_tape *tape, const glomers_token *type) {
  size_t length = glomers_token_extent(type) - 2;
  const uint8_t *text = tape->text + type->start + 1;
  if (length == 4 && memcmp(text, "init", 4) == 0) return GLOMERS_ROLE_INIT;
  if (length == 5 && memcmp(text, "error", 5) == 0) return GLOMERS_ROLE_ERROR;
  if (length == 7 && memcmp(text, "init_ok", 7) == 0) return GLOMERS_ROLE_INIT_OK;
  return GLOMERS_ROLE_OTHER;
}

bool glomers_find_header(const glomers_tape *tape, glomers_header *header) {
  const glomers_token *tokens = tape->tokens;
  header->source = header->destination = header->body = header->type = header->id = header->in_reply_to = 0;
  if (glomers_token_kind(tokens) != GLOMERS_OBJECT) return false;
  uint32_t key = 1;
  for (uint32_t left = tokens->of.group.count; left > 0; left--) {
    const glomers_token *token = tokens + key;
    uint32_t value = key + 1;
    if (IS(token, "src")) header->source = value;
    else if (IS(token, "dest")) header->destination = value;
    else if (IS(token, "body")) header->body = value;
    key = glomers_token_after(tokens, value);
  }
  if (!is_kind(tape, header->source, GLOMERS_STRING) || !is_kind(tape, header->destination, GLOMERS_STRING) ||
      !is_kind(tape, header->body, GLOMERS_OBJECT)) {
    return false;
  }
  key = header->body + 1;
  for (uint32_t left = tokens[header->body].of.group.count; left > 0; left--) {
    const glomers_token *token = tokens + key;
    uint32_t value = key + 1;
    if (IS(token, "type")) header->type = value;
    else if (IS(token, "msg_id")) header->id = value;
    else if (token->of.head == glomers_name("in_reply_to", 8) && glomers_token_extent(token) == 13 &&
             memcmp(tape->text + token->start + 9, "_to", 3) == 0) {
      header->in_reply_to = value;
    }
    key = glomers_token_after(tokens, value);
  }
  if (!is_kind(tape, header->type, GLOMERS_STRING) || glomers_token_escaped(tokens + header->type)) return false;
  header->role = role_of(tape, tokens + header->type);
  return take_number(tape, &header->id) && take_number(tape, &header->in_reply_to);
}

#include "plain_jansson.h"

#include <jansson.h>

// As Maelstrom's texts ask for: see arena.c.
enum { PARSING = JSON_ALLOW_NUL | JSON_DECODE_ANY };

int plain_jansson_parse(const char *text, size_t count) {
  json_t *value = json_loadb(text, count, PARSING, NULL);
  if (!value) return -1;
  json_decref(value);
  return 0;
}

plain_jansson_value *plain_jansson_load(const char *text, size_t count) {
  return (plain_jansson_value *)json_loadb(text, count, PARSING, NULL);
}

size_t plain_jansson_dump(const plain_jansson_value *value, char *buffer, size_t capacity) {
  return json_dumpb((const json_t *)value, buffer, capacity, JSON_COMPACT | JSON_ENCODE_ANY);
}

void plain_jansson_free(plain_jansson_value *value) { json_decref((json_t *)value); }

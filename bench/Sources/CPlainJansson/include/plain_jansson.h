#pragma once

#include <stddef.h>

/// Parses a text with jansson's own values on malloc's memory, and frees them. Returns 0, or -1 if it is no JSON.
int plain_jansson_parse(const char *text, size_t count);

typedef struct plain_jansson_value plain_jansson_value;

/// A text as jansson's values, to be dumped again and again. NULL if it is no JSON.
plain_jansson_value *plain_jansson_load(const char *text, size_t count);
/// Dumps into a buffer. Returns the count of the whole text, which may be more than the capacity.
size_t plain_jansson_dump(const plain_jansson_value *value, char *buffer, size_t capacity);
void plain_jansson_free(plain_jansson_value *value);

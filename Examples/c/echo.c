/* A node in C, with nothing but libc and jansson. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_int_t next_id = 0;

static void reply(json_t *message, json_t *request, json_t *body) {
  json_object_set_new(body, "msg_id", json_integer(++next_id));
  json_object_set(body, "in_reply_to", json_object_get(request, "msg_id"));
  json_t *answer = json_pack("{s:O, s:O, s:o}", "src", json_object_get(message, "dest"), "dest",
                             json_object_get(message, "src"), "body", body);
  json_dumpf(answer, stdout, JSON_COMPACT);
  putchar('\n');
  fflush(stdout);
  json_decref(answer);
}

int main(void) {
  char *line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) > 0) {
    json_t *message = json_loads(line, 0, NULL);
    json_t *request = json_object_get(message, "body");
    const char *type = json_string_value(json_object_get(request, "type"));
    if (type && !strcmp(type, "init")) reply(message, request, json_pack("{s:s}", "type", "init_ok"));
    if (type && !strcmp(type, "echo"))
      reply(message, request,
            json_pack("{s:s, s:O}", "type", "echo_ok", "echo", json_object_get(request, "echo")));
    json_decref(message);
  }
  return 0;
}

/* An echo node in C on the bridge of this project alone: its loop hands out lines, its arena parses them without an allocation, and
   its writer puts all answers of a turn into one write. */
#include <cglomers.h>
#include <glomers_arena.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  glomers_loop *loop;
  glomers_writer *writer;
  glomers_arena *arena;
} node;

/* Answers a request; takes the body over. */
static void reply(node *me, json_t *message, json_t *request, json_t *body) {
  json_object_set(body, "in_reply_to", json_object_get(request, "msg_id"));
  json_t *answer = json_pack("{s:O, s:O, s:o}", "src", json_object_get(message, "dest"), "dest",
                             json_object_get(message, "src"), "body", body);
  char *line = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
  if (line) {
    glomers_writer_append(me->writer, line, strlen(line));
    glomers_writer_append(me->writer, "\n", 1);
  }
  free(line);
  json_decref(answer);
}

static void take(void *owner, const uint8_t *bytes, size_t count) {
  node *me = owner;
  json_t *message = glomers_arena_parse(me->arena, (const char *)bytes, count);
  if (!message) {
    const char *error = glomers_arena_error(me->arena);
    glomers_log(error, strlen(error));
    return;
  }
  json_t *request = json_object_get(message, "body");
  const char *type = json_string_value(json_object_get(request, "type"));
  if (type && !strcmp(type, "init")) reply(me, message, request, json_pack("{s:s}", "type", "init_ok"));
  if (type && !strcmp(type, "echo"))
    reply(me, message, request,
          json_pack("{s:s, s:O}", "type", "echo_ok", "echo", json_object_get(request, "echo")));
}

/* Nothing is ever due. */
static int64_t turn(void *owner, int64_t now) { return (void)owner, (void)now, INT64_MAX; }
static void stop(void *owner, int error) { (void)error, glomers_loop_stop(((node *)owner)->loop); }
static void discard(void *owner, size_t count) { (void)owner, (void)count; }
static void drained(void *owner) { (void)owner; }

int main(void) {
  const glomers_events events = {
    .turn = turn, .line = take, .oversized = discard, .ended = stop, .drained = drained, .failed = stop};
  int error = 0;
  glomers_open_standard_descriptors();
  node me = {.loop = glomers_loop_create(&events), .arena = glomers_arena_create()};
  if (!me.loop || !me.arena) return 1;
  glomers_reader *reader = glomers_reader_open(me.loop, 0, 16 << 20, &me, &error);
  if (reader) me.writer = glomers_writer_open(me.loop, 1, &me, &error);
  if (error) {
    glomers_log(glomers_error_text(error), strlen(glomers_error_text(error)));
    return 1;
  }
  glomers_loop_run(me.loop, &me);
  glomers_reader_close(reader);
  glomers_writer_finish(me.writer);
  glomers_loop_destroy(me.loop);
  glomers_arena_destroy(me.arena);
  return 0;
}

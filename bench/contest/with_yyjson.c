// yyjson, in its fastest way: lines are read in place, and all memory is a pool's that is used again.
#include <string.h>
#include <yyjson.h>

#include "contest.h"

const char *const contestant = "yyjson " YYJSON_VERSION_STRING;
const bool is_writer = true;

enum { POOL_BYTES = 1 << 20 };

static char pool[POOL_BYTES];
static yyjson_alc allocator;

void prepare(void) { yyjson_alc_pool_init(&allocator, pool, sizeof pool); }

static inline bool take_text(fields *to, yyjson_val *value) {
  put_text(to, unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value));
  return yyjson_is_str(value);
}

static inline bool take_integer(fields *to, yyjson_val *value) {
  put_integer(to, unsafe_yyjson_get_sint(value));
  return yyjson_is_int(value);
}

static bool take_value(fields *to, yyjson_val *value) {
  yyjson_val *key, *element;
  size_t place, count;
  switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_OBJ:
      put_integer(to, (int64_t)unsafe_yyjson_get_len(value));
      yyjson_obj_foreach(value, place, count, key, element) {
        if (!take_text(to, key) || !take_value(to, element)) return false;
      }
      return true;
    case YYJSON_TYPE_ARR:
      put_integer(to, (int64_t)unsafe_yyjson_get_len(value));
      yyjson_arr_foreach(value, place, count, element) {
        if (!take_value(to, element)) return false;
      }
      return true;
    case YYJSON_TYPE_STR: return take_text(to, value);
    case YYJSON_TYPE_NUM:
      if (yyjson_is_real(value)) put_real(to, unsafe_yyjson_get_real(value));
      else put_integer(to, unsafe_yyjson_get_sint(value));
      return true;
    case YYJSON_TYPE_BOOL: put_integer(to, unsafe_yyjson_get_bool(value)); return true;
    case YYJSON_TYPE_NULL: put_integer(to, -1); return true;
    default: return false;
  }
}

static bool take_integers(fields *to, yyjson_val *array) {
  yyjson_val *element;
  size_t place, count;
  if (!yyjson_is_arr(array)) return false;
  put_integer(to, (int64_t)unsafe_yyjson_get_len(array));
  yyjson_arr_foreach(array, place, count, element) {
    if (!take_integer(to, element)) return false;
  }
  return true;
}

static bool take_pairs(fields *to, yyjson_val *array) {
  yyjson_val *pair;
  size_t place, count;
  if (!yyjson_is_arr(array)) return false;
  put_integer(to, (int64_t)unsafe_yyjson_get_len(array));
  yyjson_arr_foreach(array, place, count, pair) {
    if (!yyjson_is_arr(pair) || unsafe_yyjson_get_len(pair) != 2) return false;
    yyjson_val *first = unsafe_yyjson_get_first(pair);
    if (!take_integer(to, first) || !take_integer(to, unsafe_yyjson_get_next(first))) return false;
  }
  return true;
}

/// An object whose values are integers, or arrays of pairs.
static bool take_members(fields *to, yyjson_val *object, bool (*take)(fields *, yyjson_val *)) {
  yyjson_val *key, *value;
  size_t place, count;
  if (!yyjson_is_obj(object)) return false;
  put_integer(to, (int64_t)unsafe_yyjson_get_len(object));
  yyjson_obj_foreach(object, place, count, key, value) {
    if (!take_text(to, key) || !take(to, value)) return false;
  }
  return true;
}

// The members are asked for in the order of the line, which an iterator finds at once.
static bool take_payload(line_kind kind, yyjson_obj_iter *body, fields *to) {
  switch (kind) {
    case ECHO:
    case ECHO_OK: return take_text(to, yyjson_obj_iter_get(body, "echo"));
    case NESTED:
    case NESTED_OK: return take_value(to, yyjson_obj_iter_get(body, "echo"));
    case BROADCAST: return take_integer(to, yyjson_obj_iter_get(body, "message"));
    case SEND:
      return take_text(to, yyjson_obj_iter_get(body, "key")) && take_integer(to, yyjson_obj_iter_get(body, "msg"));
    case GENERATE_OK: return take_text(to, yyjson_obj_iter_get(body, "id"));
    case SEND_OK: return take_integer(to, yyjson_obj_iter_get(body, "offset"));
    case POLL: return take_members(to, yyjson_obj_iter_get(body, "offsets"), take_integer);
    case READ_OK: return take_integers(to, yyjson_obj_iter_get(body, "messages"));
    case POLL_OK: return take_members(to, yyjson_obj_iter_get(body, "msgs"), take_pairs);
    default: return true;
  }
}

static bool take_line(line_kind kind, yyjson_val *root, fields *to) {
  yyjson_obj_iter members, body;
  if (!yyjson_obj_iter_init(root, &members)) return false;
  if (!take_text(to, yyjson_obj_iter_get(&members, "src"))) return false;
  if (!take_text(to, yyjson_obj_iter_get(&members, "dest"))) return false;
  if (!yyjson_obj_iter_init(yyjson_obj_iter_get(&members, "body"), &body)) return false;
  if (!take_text(to, yyjson_obj_iter_get(&body, "type"))) return false;
  if (!take_payload(kind, &body, to)) return false;
  const char *id = is_answer(kind) ? "in_reply_to" : "msg_id";
  return take_integer(to, yyjson_obj_iter_get(&body, id));
}

bool read_line(line_kind kind, char *line, size_t length, fields *to) {
  yyjson_doc *document = yyjson_read_opts(line, length, YYJSON_READ_INSITU, &allocator, NULL);
  if (!document) return false;
  bool is_read = take_line(kind, yyjson_doc_get_root(document), to);
  // The texts lie in the line.
  yyjson_doc_free(document);
  return is_read;
}

typedef yyjson_mut_doc document;
typedef yyjson_mut_val value;

// Inlined, for the keys are constants then, whose length is known.
__attribute__((always_inline)) static inline void add_text(
  document *document, value *object, const char *key, text text
) {
  yyjson_mut_obj_add_strn(document, object, key, text.start, text.length);
}

static value *offsets(document *document, const fields *from) {
  value *object = yyjson_mut_obj(document);
  for (int64_t place = 0; place < from->integers[0]; place++) {
    text key = from->texts[3 + place];
    value *name = yyjson_mut_strn(document, key.start, key.length);
    yyjson_mut_obj_add(object, name, yyjson_mut_sint(document, from->integers[1 + place]));
  }
  return object;
}

static value *logs(document *document, const fields *from) {
  value *object = yyjson_mut_obj(document);
  const int64_t *at = from->integers + 1;
  for (int64_t place = 0; place < from->integers[0]; place++) {
    text key = from->texts[3 + place];
    value *pairs = yyjson_mut_arr(document);
    for (int64_t left = *at++; left > 0; left--, at += 2) {
      yyjson_mut_arr_append(pairs, yyjson_mut_arr_with_sint64(document, at, 2));
    }
    yyjson_mut_obj_add(object, yyjson_mut_strn(document, key.start, key.length), pairs);
  }
  return object;
}

static void add_payload(line_kind kind, document *document, value *body, const fields *from) {
  switch (kind) {
    case ECHO:
    case ECHO_OK: add_text(document, body, "echo", from->texts[3]); break;
    case NESTED:
    case NESTED_OK:
      yyjson_mut_obj_add_val(
        document, body, "echo", yyjson_mut_rawn(document, from->payload.start, from->payload.length));
      break;
    case BROADCAST: yyjson_mut_obj_add_sint(document, body, "message", from->integers[0]); break;
    case SEND:
      add_text(document, body, "key", from->texts[3]);
      yyjson_mut_obj_add_sint(document, body, "msg", from->integers[0]);
      break;
    case GENERATE_OK: add_text(document, body, "id", from->texts[3]); break;
    case SEND_OK: yyjson_mut_obj_add_sint(document, body, "offset", from->integers[0]); break;
    case POLL: yyjson_mut_obj_add_val(document, body, "offsets", offsets(document, from)); break;
    case READ_OK:
      yyjson_mut_obj_add_val(
        document, body, "messages",
        yyjson_mut_arr_with_sint64(document, from->integers + 1, (size_t)from->integers[0]));
      break;
    case POLL_OK: yyjson_mut_obj_add_val(document, body, "msgs", logs(document, from)); break;
    default: break;
  }
}

const char *write_line(line_kind kind, const fields *from, size_t *length) {
  // What was written before lies in the same pool.
  prepare();
  document *document = yyjson_mut_doc_new(&allocator);
  value *root = yyjson_mut_obj(document), *body = yyjson_mut_obj(document);
  yyjson_mut_doc_set_root(document, root);
  add_text(document, root, "src", from->texts[0]);
  add_text(document, root, "dest", from->texts[1]);
  yyjson_mut_obj_add_val(document, root, "body", body);
  add_text(document, body, "type", from->texts[2]);
  add_payload(kind, document, body, from);
  int64_t id = from->integers[from->integer_count - 1];
  if (is_answer(kind)) yyjson_mut_obj_add_sint(document, body, "in_reply_to", id);
  else yyjson_mut_obj_add_sint(document, body, "msg_id", id);
  return yyjson_mut_write_opts(document, 0, &allocator, length, NULL);
}

// simdjson's On-Demand, in its fastest way: one parser for all lines, no copy of them, members in their order. The
// version of this library that Debian has cannot write.
#include <simdjson.h>

#include "contest.h"

#define STRING(words) #words
#define VERSION(words) STRING(words)

const char *const contestant = "simdjson " VERSION(SIMDJSON_VERSION);
const bool is_writer = false;

using namespace simdjson;

static ondemand::parser parser;

void prepare(void) {
  if (parser.allocate(LINE_BYTES_MAX + PADDING)) abort();
}

namespace {

using object = ondemand::object;
using value = ondemand::value;

inline bool take_text(fields *to, simdjson_result<std::string_view> result) {
  std::string_view text;
  if (std::move(result).get(text)) return false;
  put_text(to, text.data(), text.size());
  return true;
}

inline bool take_integer(fields *to, simdjson_result<int64_t> result) {
  int64_t integer;
  if (std::move(result).get(integer)) return false;
  put_integer(to, integer);
  return true;
}

inline bool take_text(fields *to, object &from, std::string_view key) { return take_text(to, from.find_field(key).get_string()); }

inline bool take_integer(fields *to, object &from, std::string_view key) {
  return take_integer(to, from.find_field(key).get_int64());
}

bool take_number(fields *to, value from) {
  ondemand::number number;
  if (from.get_number().get(number)) return false;
  if (number.is_double()) put_real(to, number.get_double());
  else put_integer(to, number.is_int64() ? number.get_int64() : int64_t(number.get_uint64()));
  return true;
}

/// Calls `take` for each element, and puts their number before them.
template <typename Take> bool take_array(fields *to, simdjson_result<ondemand::array> result, Take take) {
  ondemand::array array;
  if (std::move(result).get(array)) return false;
  int64_t *number = put_number(to), count = 0;
  for (auto element : array) {
    value taken;
    if (element.get(taken) || !take(taken)) return false;
    count++;
  }
  *number = count;
  return true;
}

template <typename Take> bool take_object(fields *to, simdjson_result<object> result, Take take) {
  object members;
  if (std::move(result).get(members)) return false;
  int64_t *number = put_number(to), count = 0;
  for (auto member : members) {
    value taken;
    if (!take_text(to, member.unescaped_key()) || member.value().get(taken) || !take(taken)) return false;
    count++;
  }
  *number = count;
  return true;
}

bool take_value(fields *to, value from) {
  ondemand::json_type type;
  if (from.type().get(type)) return false;
  switch (type) {
    case ondemand::json_type::object:
      return take_object(to, from.get_object(), [&](value element) { return take_value(to, element); });
    case ondemand::json_type::array:
      return take_array(to, from.get_array(), [&](value element) { return take_value(to, element); });
    case ondemand::json_type::string: return take_text(to, from.get_string());
    case ondemand::json_type::number: return take_number(to, from);
    case ondemand::json_type::boolean: {
      bool boolean;
      if (from.get_bool().get(boolean)) return false;
      put_integer(to, boolean);
      return true;
    }
    case ondemand::json_type::null: put_integer(to, -1); return true;
  }
  return false;
}

bool take_pair(fields *to, value from) {
  ondemand::array pair;
  if (from.get_array().get(pair)) return false;
  int count = 0;
  for (auto element : pair) {
    if (!take_integer(to, element.get_int64())) return false;
    count++;
  }
  return count == 2;
}

bool take_payload(line_kind kind, object &body, fields *to) {
  auto integer = [&](value element) { return take_integer(to, element.get_int64()); };
  auto pair = [&](value element) { return take_pair(to, element); };
  switch (kind) {
    case ECHO:
    case ECHO_OK: return take_text(to, body, "echo");
    case NESTED:
    case NESTED_OK: {
      value payload;
      return !body.find_field("echo").get(payload) && take_value(to, payload);
    }
    case BROADCAST: return take_integer(to, body, "message");
    case SEND: return take_text(to, body, "key") && take_integer(to, body, "msg");
    case GENERATE_OK: return take_text(to, body, "id");
    case SEND_OK: return take_integer(to, body, "offset");
    case POLL: return take_object(to, body.find_field("offsets").get_object(), integer);
    case READ_OK: return take_array(to, body.find_field("messages").get_array(), integer);
    case POLL_OK:
      return take_object(to, body.find_field("msgs").get_object(), [&](value pairs) {
        return take_array(to, pairs.get_array(), pair);
      });
    default: return true;
  }
}

}  // namespace

bool read_line(line_kind kind, char *line, size_t length, fields *to) {
  ondemand::document document;
  object members, body;
  if (parser.iterate(line, length, length + PADDING).get(document) || document.get_object().get(members)) return false;
  if (!take_text(to, members, "src") || !take_text(to, members, "dest")) return false;
  if (members.find_field("body").get_object().get(body)) return false;
  if (!take_text(to, body, "type") || !take_payload(kind, body, to)) return false;
  return is_answer(kind) ? take_integer(to, body, "in_reply_to") : take_integer(to, body, "msg_id");
}

const char *write_line(line_kind, const fields *, size_t *) { return nullptr; }

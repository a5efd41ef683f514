// Reading lines. One buffer, which is scanned once and handed out in place; it grows for long lines only.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct glomers_reader {
  glomers_stream stream;
  /// Active while there is something to do that no input will announce: a file to read, or buffered lines.
  uv_idle_t work;
  glomers_loop *loop;
  void *owner;
  uint8_t *bytes;
  size_t capacity;
  /// The unfinished line: [start, end), of which [start, scanned) holds no newline.
  size_t start;
  size_t scanned;
  size_t end;
  size_t line_bytes_max;
  /// Bytes of the current line that have been thrown away because it is too long.
  size_t discarded;
  int error;
  int handles;
  bool paused;
  bool at_end;
  bool end_reported;
  bool closed;
};

static bool may_go_on(const glomers_reader *reader) {
  return !reader->paused && !reader->closed && !reader->loop->stopped;
}

static bool make_room(glomers_reader *reader) {
  if (reader->capacity - reader->end >= GLOMERS_CHUNK_BYTES) return true;
  if (reader->start > 0) {
    memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->scanned -= reader->start;
    reader->start = 0;
    if (reader->capacity - reader->end >= GLOMERS_CHUNK_BYTES) return true;
  }
  size_t capacity = reader->capacity < GLOMERS_CHUNK_BYTES ? GLOMERS_CHUNK_BYTES : 2 * reader->capacity;
  uint8_t *bytes = realloc(reader->bytes, capacity);
  if (bytes == NULL) return false;
  reader->bytes = bytes;
  reader->capacity = capacity;
  return true;
}

static void hand_out(glomers_reader *reader, size_t line_end, size_t next_start) {
  const uint8_t *bytes = reader->bytes + reader->start;
  size_t count = line_end - reader->start;
  size_t discarded = reader->discarded;
  reader->start = reader->scanned = next_start;
  reader->discarded = 0;
  if (discarded > 0 || count > reader->line_bytes_max) {
    reader->loop->events.oversized(reader->owner, discarded + count);
  } else {
    reader->loop->events.line(reader->owner, bytes, count);
  }
}

static void split(glomers_reader *reader) {
  /// To ask for the time takes longer than a tenth of an ordinary line.
  enum { lines_at_a_time = 8 };
  unsigned lines = 0;
  while (may_go_on(reader) && reader->scanned < reader->end) {
    const uint8_t *from = reader->bytes + reader->scanned;
    const uint8_t *newline = memchr(from, '\n', reader->end - reader->scanned);
    if (newline == NULL) {
      reader->scanned = reader->end;
      break;
    }
    size_t line_end = (size_t)(newline - reader->bytes);
    if (lines++ % lines_at_a_time == 0) {
      if (glomers_loop_stopped_since(reader->loop) < INT64_MAX) glomers_notice_stop(reader->loop);
      reader->loop->line_time = glomers_now();
    }
    hand_out(reader, line_end, line_end + 1);
  }
  if (reader->closed) return;
  if (reader->scanned == reader->end && reader->end - reader->start > reader->line_bytes_max) {
    reader->discarded += reader->end - reader->start;
    reader->start = reader->end;
  }
  if (reader->start == reader->end) {
    reader->start = reader->scanned = reader->end = 0;
    if (reader->capacity > GLOMERS_KEPT_BYTES_MAX) {
      free(reader->bytes);
      reader->bytes = NULL;
      reader->capacity = 0;
    }
  }
}

static void on_work(uv_idle_t *work);
static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);

/// Hands out what there is to hand out, and arranges for more.
static void proceed(glomers_reader *reader) {
  reader->loop->turn_due = true;
  glomers_notice_stop(reader->loop);
  split(reader);
  if (reader->at_end && may_go_on(reader) && (reader->end > reader->start || reader->discarded > 0)) {
    // The last line counts even without a newline.
    reader->loop->line_time = glomers_now();
    hand_out(reader, reader->end, reader->end);
  }
  if (reader->closed || reader->paused) return;
  if (reader->loop->stopped) {
    // If the loop runs again, this goes on from here.
    uv_idle_start(&reader->work, on_work);
  } else if (reader->at_end) {
    uv_idle_stop(&reader->work);
    if (!reader->end_reported) {
      reader->end_reported = true;
      reader->loop->events.ended(reader->owner, reader->error);
    }
  } else if (reader->stream.is_file) {
    uv_idle_start(&reader->work, on_work);
  } else {
    uv_idle_stop(&reader->work);
    if (uv_is_active(&reader->stream.handle)) return;
    int error = uv_read_start(&reader->stream.stream, allocate, on_read);
    if (error != 0) {
      reader->at_end = true;
      reader->error = error;
      proceed(reader);
    }
  }
}

static void finish(glomers_reader *reader, int error) {
  reader->at_end = true;
  // A terminal whose other side has gone says EIO.
  bool regular = error == UV_EOF || (error == UV_EIO && reader->stream.is_terminal);
  reader->error = regular ? 0 : error;
  if (!reader->stream.is_file) uv_read_stop(&reader->stream.stream);
  proceed(reader);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  (void)suggested;
  glomers_reader *reader = handle->data;
  if (make_room(reader)) {
    *buffer = uv_buf_init((char *)reader->bytes + reader->end, GLOMERS_CHUNK_BYTES);
  } else {
    *buffer = uv_buf_init(NULL, 0);
  }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
  (void)buffer;
  glomers_reader *reader = stream->data;
  if (count == 0) return;
  if (count < 0) {
    finish(reader, (int)count);
    return;
  }
  reader->end += (size_t)count;
  proceed(reader);
}

static void on_work(uv_idle_t *work) {
  glomers_reader *reader = work->data;
  // Lines that are left from before a pause go first.
  if (!reader->stream.is_file || reader->at_end || reader->scanned < reader->end) {
    proceed(reader);
    return;
  }
  if (!make_room(reader)) {
    finish(reader, UV_ENOMEM);
    return;
  }
  ssize_t count;
  do {
    count = read(reader->stream.descriptor, reader->bytes + reader->end, GLOMERS_CHUNK_BYTES);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    finish(reader, count == 0 ? UV_EOF : uv_translate_sys_error(errno));
    return;
  }
  reader->end += (size_t)count;
  proceed(reader);
}

glomers_reader *glomers_reader_open(
  glomers_loop *loop, int descriptor, size_t line_bytes_max, void *owner, int *error) {
  glomers_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    *error = UV_ENOMEM;
    return NULL;
  }
  reader->loop = loop;
  reader->owner = owner;
  reader->line_bytes_max = line_bytes_max;
  uv_idle_init(&loop->uv, &reader->work);
  reader->work.data = reader;
  reader->handles = 1;
  *error = glomers_stream_open(&reader->stream, loop, descriptor);
  if (!reader->stream.is_file) {
    reader->stream.handle.data = reader;
    reader->handles += 1;
  }
  if (*error != 0) {
    glomers_reader_close(reader);
    return NULL;
  }
  uv_idle_start(&reader->work, on_work);
  return reader;
}

void glomers_reader_pause(glomers_reader *reader) {
  if (reader->paused || reader->closed) return;
  reader->paused = true;
  uv_idle_stop(&reader->work);
  if (!reader->stream.is_file) uv_read_stop(&reader->stream.stream);
}

const uint8_t *glomers_reader_unfinished(const glomers_reader *reader, size_t *count) {
  *count = reader->end - reader->start;
  return *count == 0 ? NULL : reader->bytes + reader->start;
}

void glomers_reader_resume(glomers_reader *reader) {
  if (!reader->paused || reader->closed) return;
  reader->paused = false;
  // Not from here: the caller may be inside an event.
  uv_idle_start(&reader->work, on_work);
}

static void on_close(uv_handle_t *handle) {
  glomers_reader *reader = handle->data;
  reader->handles -= 1;
  if (reader->handles > 0) return;
  free(reader->bytes);
  free(reader);
}

void glomers_reader_close(glomers_reader *reader) {
  if (reader->closed) return;
  reader->closed = true;
  glomers_stream_restore(&reader->stream);
  if (reader->stream.is_file) {
    glomers_file_close(&reader->stream);
  } else {
    uv_close(&reader->stream.handle, on_close);
  }
  uv_close((uv_handle_t *)&reader->work, on_close);
}

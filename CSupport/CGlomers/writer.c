// Writing. At most one request is under way; what comes meanwhile gathers in a second buffer, and the two take
// turns, so that nothing is allocated once they have grown to the size that the traffic needs.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} buffer;

struct glomers_writer {
  glomers_stream stream;
  uv_write_t request;
  glomers_loop *loop;
  void *owner;
  /// What the request under way is writing.
  buffer current;
  /// What comes after it.
  buffer waiting;
  glomers_writer *next_unflushed;
  bool unflushed;
  bool requested;
  bool failed;
  bool finishing;
  bool closed;
};

static bool append(buffer *buffer, const void *bytes, size_t count) {
  if (buffer->capacity - buffer->count < count) {
    size_t capacity = buffer->capacity < GLOMERS_CHUNK_BYTES ? GLOMERS_CHUNK_BYTES : buffer->capacity;
    while (capacity - buffer->count < count) capacity *= 2;
    uint8_t *grown = realloc(buffer->bytes, capacity);
    if (grown == NULL) return false;
    buffer->bytes = grown;
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->count, bytes, count);
  buffer->count += count;
  return true;
}

static void empty(buffer *buffer) {
  buffer->count = 0;
  if (buffer->capacity <= GLOMERS_KEPT_BYTES_MAX) return;
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->capacity = 0;
}

static void fail(glomers_writer *writer, int error) {
  if (writer->failed) return;
  writer->failed = true;
  empty(&writer->waiting);
  writer->loop->turn_due = true;
  if (!writer->closed && !writer->finishing) writer->loop->events.failed(writer->owner, error);
}

/// Writes to a file until it has taken everything.
static ssize_t write_file(int descriptor, const uint8_t *bytes, size_t count) {
  size_t written = 0;
  while (written < count) {
    ssize_t result = write(descriptor, bytes + written, count - written);
    if (result >= 0) {
      written += (size_t)result;
    } else if (errno == EAGAIN) {
      // Somebody has made a device non-blocking. It can't be watched, so it is waited for.
      struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return (ssize_t)written;
}

/// Writes what the descriptor takes now. Returns the number of bytes, or an error.
static ssize_t write_some(glomers_writer *writer, const void *bytes, size_t count) {
  if (writer->stream.is_file) return write_file(writer->stream.descriptor, bytes, count);
  // uv_buf_t has no const; uv_buf_init takes 32 bits of length only.
  size_t piece = count < (size_t)1 << 30 ? count : (size_t)1 << 30;
  uv_buf_t part = {.base = (char *)bytes, .len = piece};
  int written = uv_try_write(&writer->stream.stream, &part, 1);
  return written == UV_EAGAIN ? 0 : written;
}

static void on_written(uv_write_t *request, int status);

/// Hands the waiting bytes over to libuv, which waits until they can be written.
static void start_request(glomers_writer *writer) {
  buffer current = writer->current;
  writer->current = writer->waiting;
  writer->waiting = current;
  uv_buf_t part = {.base = (char *)writer->current.bytes, .len = writer->current.count};
  writer->requested = true;
  int error = uv_write(&writer->request, &writer->stream.stream, &part, 1, on_written);
  if (error == 0) return;
  writer->requested = false;
  empty(&writer->current);
  fail(writer, error);
}

static void on_written(uv_write_t *request, int status) {
  glomers_writer *writer = request->data;
  writer->requested = false;
  empty(&writer->current);
  if (writer->closed) return;
  writer->loop->turn_due = true;
  if (status != 0) {
    fail(writer, status);
  } else if (writer->waiting.count > 0) {
    glomers_writer_flush(writer);
  }
  if (writer->requested) return;
  if (writer->finishing) {
    glomers_writer_close(writer);
  } else if (!writer->failed) {
    writer->loop->events.drained(writer->owner);
  }
}

void glomers_writer_flush(glomers_writer *writer) {
  if (writer->requested || writer->failed || writer->waiting.count == 0) return;
  ssize_t written = write_some(writer, writer->waiting.bytes, writer->waiting.count);
  if (written < 0) {
    fail(writer, (int)written);
  } else if ((size_t)written == writer->waiting.count) {
    empty(&writer->waiting);
  } else {
    writer->waiting.count -= (size_t)written;
    memmove(writer->waiting.bytes, writer->waiting.bytes + written, writer->waiting.count);
    start_request(writer);
  }
}

void glomers_writer_write(glomers_writer *writer, const void *bytes, size_t count) {
  if (writer->failed || writer->closed || count == 0) return;
  size_t done = 0;
  if (!writer->requested && writer->waiting.count == 0) {
    ssize_t written = write_some(writer, bytes, count);
    if (written < 0) {
      fail(writer, (int)written);
      return;
    }
    done = (size_t)written;
  }
  if (done == count) return;
  if (!append(&writer->waiting, (const uint8_t *)bytes + done, count - done)) {
    fail(writer, UV_ENOMEM);
  } else if (!writer->requested) {
    if (done > 0) {
      start_request(writer);
    } else {
      glomers_writer_flush(writer);
    }
  }
}

void glomers_writer_append(glomers_writer *writer, const void *bytes, size_t count) {
  if (writer->failed || writer->closed) return;
  if (!append(&writer->waiting, bytes, count)) {
    fail(writer, UV_ENOMEM);
  } else if (writer->waiting.count >= GLOMERS_CHUNK_BYTES) {
    glomers_writer_flush(writer);
  } else if (!writer->unflushed) {
    writer->unflushed = true;
    writer->next_unflushed = writer->loop->unflushed;
    writer->loop->unflushed = writer;
  }
}

void glomers_flush_all(glomers_loop *loop) {
  // A failing writer may call back, and the callee may write: so the list is taken entry by entry.
  while (loop->unflushed != NULL) {
    glomers_writer *writer = loop->unflushed;
    loop->unflushed = writer->next_unflushed;
    writer->unflushed = false;
    glomers_writer_flush(writer);
  }
}

size_t glomers_writer_queued(const glomers_writer *writer) {
  // libuv keeps count of what is left of the request under way.
  size_t current = writer->requested ? uv_stream_get_write_queue_size(&writer->stream.stream) : 0;
  return current + writer->waiting.count;
}

bool glomers_writer_blocked(const glomers_writer *writer) { return writer->requested; }

glomers_writer *glomers_writer_open(glomers_loop *loop, int descriptor, void *owner, int *error) {
  glomers_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) {
    *error = UV_ENOMEM;
    return NULL;
  }
  writer->loop = loop;
  writer->owner = owner;
  writer->request.data = writer;
  *error = glomers_stream_open(&writer->stream, loop, descriptor);
  if (!writer->stream.is_file) writer->stream.handle.data = writer;
  if (*error != 0) {
    glomers_writer_close(writer);
    return NULL;
  }
  return writer;
}

static void release(glomers_writer *writer) {
  free(writer->current.bytes);
  free(writer->waiting.bytes);
  free(writer);
}

static void on_close(uv_handle_t *handle) { release(handle->data); }

void glomers_writer_close(glomers_writer *writer) {
  if (writer->closed) return;
  writer->closed = true;
  if (writer->unflushed) {
    glomers_writer **link = &writer->loop->unflushed;
    while (*link != writer) link = &(*link)->next_unflushed;
    *link = writer->next_unflushed;
  }
  glomers_stream_restore(&writer->stream);
  if (writer->stream.is_file) {
    glomers_file_close(&writer->stream);
    release(writer);
  } else {
    uv_close(&writer->stream.handle, on_close);
  }
}

void glomers_writer_finish(glomers_writer *writer) {
  if (writer->finishing || writer->closed) return;
  writer->finishing = true;
  glomers_writer_flush(writer);
  if (!writer->requested) glomers_writer_close(writer);
}

// What the files of the bridge share.
#pragma once

#include <uv.h>

#include "cglomers.h"

/// Room for one read, and the size at which deferred output is written early.
#define GLOMERS_CHUNK_BYTES ((size_t)64 * 1024)
/// A buffer that has grown beyond this is given back once it is empty.
#define GLOMERS_KEPT_BYTES_MAX ((size_t)1024 * 1024)

struct glomers_loop {
  uv_loop_t uv;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_timer_t timer;
  glomers_events events;
  void *owner;
  /// Writers with output that was deferred to the end of the turn.
  glomers_writer *unflushed;
  bool turn_due;
  bool stopped;
};

/// Any descriptor: a stream that libuv watches, or a file, which epoll refuses, and which never blocks anyway.
typedef struct {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
    uv_tty_t tty;
  };
  int descriptor;
  /// The status flags that the descriptor came with.
  int flags;
  bool is_file;
  bool is_terminal;
} glomers_stream;

int glomers_stream_open(glomers_stream *stream, glomers_loop *loop, int descriptor);
/// Gives a standard descriptor its flags back. To be followed by uv_close, or by glomers_file_close for files.
void glomers_stream_restore(const glomers_stream *stream);
void glomers_file_close(const glomers_stream *stream);
void glomers_writer_flush(glomers_writer *writer);
/// Writes what was deferred by the writers of this loop.
void glomers_flush_all(glomers_loop *loop);

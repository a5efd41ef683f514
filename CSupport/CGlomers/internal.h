// What the files of the bridge share.
#pragma once

#include <sys/types.h>
#include <uv.h>

#include "cglomers.h"

/// Room for one read, and the size at which deferred output is written early.
#define GLOMERS_CHUNK_BYTES ((size_t)64 * 1024)
/// A buffer that has grown beyond this is given back once it is empty.
#define GLOMERS_KEPT_BYTES_MAX ((size_t)1024 * 1024)

/// Makes a turn due when its deadline has passed: to the nanosecond on Linux, elsewhere to libuv's millisecond.
typedef struct {
#ifdef __linux__
  uv_poll_t handle;
  int descriptor;
  /// What the kernel's timer is set to.
  int64_t due;
#else
  uv_timer_t handle;
#endif
} glomers_timer;

/// The process that ends what children leave behind: see keeper.c.
typedef struct {
  /// 0 while there is none.
  pid_t process;
  int end;
  int32_t next_serial;
  char mark[48];
} glomers_keeper;

struct glomers_loop {
  uv_loop_t uv;
  uv_prepare_t prepare;
  uv_check_t check;
  glomers_timer timer;
  glomers_keeper keeper;
  glomers_events events;
  void *owner;
  /// Writers with output that was deferred to the end of the turn.
  glomers_writer *unflushed;
  /// When the line that is being handed out was taken up, or one just before it.
  int64_t line_time;
  /// When the process was last seen to run, and how long the machine had slept by then.
  int64_t awake;
  int64_t asleep;
  /// Whether stops are looked for, and whether the loop waits for events, which is no stop.
  bool watches_stops;
  bool polling;
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

int glomers_timer_open(glomers_timer *timer, glomers_loop *loop);
void glomers_timer_start(glomers_timer *timer);
void glomers_timer_stop(glomers_timer *timer);
/// A deadline in nanoseconds of glomers_now, in the place of the one before; INT64_MAX for none.
void glomers_timer_set(glomers_timer *timer, int64_t deadline);
/// When the timer will fire; INT64_MAX for never, and where that is not known.
int64_t glomers_timer_due(const glomers_timer *timer);
/// After the loop has closed its handle.
void glomers_timer_release(glomers_timer *timer);

/// Starts the keeper where there is none yet. Without one, children are only ended by this process.
void glomers_keeper_start(glomers_keeper *keeper);
/// Writes the variable that marks the next child, and returns its serial number.
int32_t glomers_keeper_mark(glomers_keeper *keeper, char *mark, size_t size);
/// A child has started; or, with a negative number for its process, it has ended: what it has started is killed.
void glomers_keeper_tell(glomers_keeper *keeper, int32_t serial, int32_t process);
/// Has everything killed that is left of all children, and waits for that.
void glomers_keeper_finish(glomers_keeper *keeper);

/// Tells the owner if the process has been stopped since it was last seen to run. To be called before whatever may
/// have waited meanwhile is handed out.
void glomers_notice_stop(glomers_loop *loop);
/// Whether there is such a stop to be noticed, unless it was one in which the loop waited for events. If not, the process
/// has been seen to run.
bool glomers_was_away(glomers_loop *loop);

/// Lets a signal through to this thread.
void glomers_unblock_signal(int number);

int glomers_stream_open(glomers_stream *stream, glomers_loop *loop, int descriptor);
/// Gives a standard descriptor its flags back. To be followed by uv_close, or by glomers_file_close for files.
void glomers_stream_restore(const glomers_stream *stream);
void glomers_file_close(const glomers_stream *stream);
void glomers_writer_flush(glomers_writer *writer);
/// Writes what was deferred by the writers of this loop.
void glomers_flush_all(glomers_loop *loop);

// The bridge to libuv: an event loop that calls back with lines, and writes lines.
//
// Everything belongs to the thread that runs the loop. Errors are libuv's negative codes; glomers_error_text
// puts them into words. An `owner` is handed back unchanged with each event of the thing it was given for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct glomers_loop glomers_loop;
typedef struct glomers_reader glomers_reader;
typedef struct glomers_writer glomers_writer;
typedef struct glomers_child glomers_child;
typedef struct glomers_waker glomers_waker;

/// What the loop calls. One table for all that lives on a loop.
typedef struct {
  /// A batch of events is over, or the deadline has passed. Returns the next deadline in nanoseconds of
  /// glomers_now, or INT64_MAX for none. The owner is the loop's.
  int64_t (*turn)(void *owner, int64_t now);
  void (*signalled)(void *owner, int number);
  /// The process was stopped, since that time at the earliest, and goes on now. Lines that come from now on may have
  /// waited since then. The owner is the loop's. Only after glomers_loop_watch_stops.
  void (*resumed)(void *owner, int64_t since, int64_t now);
  /// A line without its newline. The bytes are gone when the call returns. The owner is the reader's, as below.
  void (*line)(void *owner, const uint8_t *bytes, size_t count);
  /// A line was longer than the reader's limit and has been discarded.
  void (*oversized)(void *owner, size_t count);
  /// There will be no more lines. The error is 0 at a regular end.
  void (*ended)(void *owner, int error);
  /// What could not be written at once has now been written. The owner is the writer's, as below.
  void (*drained)(void *owner);
  /// Writing failed: what was queued is lost, and so is what is written from now on.
  void (*failed)(void *owner, int error);
  /// The process is gone; its pipes may still hold output. `number` is the signal that killed it, or 0.
  void (*exited)(void *owner, int64_t status, int number);
  /// The process has been gone for a second: whoever still holds its pipes is not the process.
  void (*overdue)(void *owner);
  /// Another thread has woken the loop, once or several times. The owner is the waker's.
  void (*woken)(void *owner);
} glomers_events;

// Loop. Creating one makes the process ignore SIGPIPE: a closed pipe is an error of write(2).

glomers_loop *_Nullable glomers_loop_create(const glomers_events *events);
/// Runs until glomers_loop_stop, starting with a turn.
void glomers_loop_run(glomers_loop *loop, void *owner);
void glomers_loop_stop(glomers_loop *loop);
/// Events of this signal come to `signalled` from now on, also if the parent process had it blocked.
int glomers_loop_watch(glomers_loop *loop, int number);
/// Whether this process ignores a signal, as nohup has it ignore SIGHUP.
bool glomers_signal_ignored(int number);
/// Has `resumed` called after a stop: by SIGSTOP, by a machine that slept (Linux only), or by whatever else kept the
/// process from running for more than a second while it had something to do.
int glomers_loop_watch_stops(glomers_loop *loop);
/// Since when, at the earliest, the process was stopped, if `resumed` has still to be called for that; else INT64_MAX.
int64_t glomers_loop_stopped_since(const glomers_loop *loop);
/// All readers, writers and children must have been closed.
void glomers_loop_destroy(glomers_loop *loop);
/// Monotonic, in nanoseconds.
int64_t glomers_now(void);
/// While a line is handed out: when that began, or the handing out of a line that was at most seven lines before it.
int64_t glomers_line_time(const glomers_loop *loop);

// Readers and writers take the descriptor over, whatever it is: pipe, socket, terminal, or file. Closing gives
// descriptors 0 to 2 back in the mode they came in and closes all others.

glomers_reader *_Nullable glomers_reader_open(
  glomers_loop *loop, int descriptor, size_t line_bytes_max, void *owner, int *error);
/// No line comes until glomers_reader_resume; the rest of what was read is kept.
void glomers_reader_pause(glomers_reader *reader);
void glomers_reader_resume(glomers_reader *reader);
/// The line that has begun and not ended; the bytes are gone with the loop's next turn.
const uint8_t *_Nullable glomers_reader_unfinished(const glomers_reader *reader, size_t *count);
void glomers_reader_close(glomers_reader *reader);

glomers_writer *_Nullable glomers_writer_open(glomers_loop *loop, int descriptor, void *owner, int *error);
/// Writes at once what the descriptor takes, and queues the rest.
void glomers_writer_write(glomers_writer *writer, const void *bytes, size_t count);
/// Queues, to be written at the end of the turn together with what else comes.
void glomers_writer_append(glomers_writer *writer, const void *bytes, size_t count);
/// Bytes that are not written yet.
size_t glomers_writer_queued(const glomers_writer *writer);
/// Whether the descriptor took less than it was given, so that what is written now has to wait.
bool glomers_writer_blocked(const glomers_writer *writer);
/// Closes once all that is queued is written; no event comes from now on.
void glomers_writer_finish(glomers_writer *writer);
/// Closes at once; what is queued is lost.
void glomers_writer_close(glomers_writer *writer);

// Wakers.

/// To be opened and closed by the loop's thread.
glomers_waker *_Nullable glomers_waker_open(glomers_loop *loop, void *owner, int *error);
/// Has `woken` called by the loop; from any thread.
void glomers_waker_wake(glomers_waker *waker);
/// Nobody may wake it any more.
void glomers_waker_close(glomers_waker *waker);

// Children.

/// Starts a process in a session of its own, so that a terminal's ^C is left to the parent. `arguments` starts
/// with the program's name; `variables` are added to the environment; NULL ends both. `descriptors` gets the parent's
/// ends of stdin, stdout and stderr: real pipes, since sockets can't be opened through /dev/stderr, which shell scripts
/// do. SIGCHLD is let through to this thread, also if the parent process had it blocked. What the process has started
/// is killed once glomers_child_close is called; the process and all that when the loop is destroyed, or this process
/// ends, in whatever way.
glomers_child *_Nullable glomers_child_spawn(
  glomers_loop *loop, const char *file, char *_Nullable const *_Nonnull arguments,
  char *_Nullable const *_Nonnull variables, const char *directory, int descriptors[_Nonnull 3], int *error);
/// To be set before the loop runs again.
void glomers_child_set_owner(glomers_child *child, void *owner);
int glomers_child_id(const glomers_child *child);
/// Limits the size of the files that the process can write from now on; negative for no limit. Linux only.
int glomers_child_limit_files(glomers_child *child, int64_t bytes);
/// Signals the process and what it has started.
int glomers_child_signal(glomers_child *child, int number);
/// CPU time in nanoseconds, and the peak of resident memory in bytes; false where they can't be known.
bool glomers_child_usage(const glomers_child *child, int64_t *cpu, int64_t *peak_resident);
/// After `exited` only.
void glomers_child_close(glomers_child *child);

/// Raises the soft limit of this process's open files to the hard one. Children get the one that it had before (Linux).
void glomers_raise_file_limit(void);

// Process.

/// Makes sure that descriptors 0 to 2 are open, so that no other file takes their number and their traffic. A
/// missing stdin is then at its end, and a missing stdout or stderr fails on writing.
void glomers_open_standard_descriptors(void);
/// Writes one line to stderr in one write(2), cut to 4096 bytes; a reader that stays away loses lines, and is
/// told how many, but never blocks the caller for more than 50 ms.
void glomers_log(const void *bytes, size_t count);
/// libuv's words for an error code. Always valid: the text is never freed.
const char *glomers_error_text(int error);

#pragma clang assume_nonnull end

// The loop: turns, signals, and what a descriptor is.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static void turn_if_due(glomers_loop *loop) {
  if (loop->turn_due && !loop->stopped) {
    loop->turn_due = false;
    glomers_notice_stop(loop);
    glomers_timer_set(&loop->timer, loop->events.turn(loop->owner, glomers_now()));
  }
  glomers_flush_all(loop);
}

// libuv's timers run before this, and polling comes after it: what a timer has made due must not wait for input.
static void on_prepare(uv_prepare_t *prepare) {
  glomers_loop *loop = prepare->data;
  turn_if_due(loop);
  if (!loop->polling && glomers_was_away(loop)) {
    // A turn that took long, for a disk that did, has let lines wait.
    loop->turn_due = true;
    turn_if_due(loop);
  }
  loop->polling = true;
}

static void on_check(uv_check_t *check) { turn_if_due(check->data); }

glomers_loop *glomers_loop_create(const glomers_events *events) {
  glomers_loop *loop = calloc(1, sizeof *loop);
  if (loop == NULL) return NULL;
  if (uv_loop_init(&loop->uv) != 0) {
    free(loop);
    return NULL;
  }
  if (glomers_timer_open(&loop->timer, loop) != 0) {
    uv_loop_close(&loop->uv);
    free(loop);
    return NULL;
  }
  signal(SIGPIPE, SIG_IGN);
  loop->events = *events;
  uv_prepare_init(&loop->uv, &loop->prepare);
  uv_check_init(&loop->uv, &loop->check);
  loop->prepare.data = loop->check.data = loop;
  return loop;
}

void glomers_loop_run(glomers_loop *loop, void *owner) {
  loop->owner = owner;
  loop->stopped = false;
  loop->turn_due = true;
  uv_prepare_start(&loop->prepare, on_prepare);
  uv_check_start(&loop->check, on_check);
  glomers_timer_start(&loop->timer);
  while (!loop->stopped) uv_run(&loop->uv, UV_RUN_DEFAULT);
  uv_prepare_stop(&loop->prepare);
  uv_check_stop(&loop->check);
  glomers_timer_stop(&loop->timer);
}

void glomers_loop_stop(glomers_loop *loop) {
  loop->stopped = true;
  uv_stop(&loop->uv);
}

// Stops. SIGCONT can be caught, and its handler runs before anything else of a process that has one thread. How long
// the stop was is not known: no longer than since the process was last seen to run. Nothing wakes it for that alone.

static volatile sig_atomic_t continued;

static void on_continue(int number) {
  (void)number;
  continued = 1;
}

/// How long the machine has slept since it was started. glomers_now stands still meanwhile.
static int64_t time_asleep(void) {
#ifdef CLOCK_BOOTTIME
  struct timespec all, awake;
  if (clock_gettime(CLOCK_MONOTONIC, &awake) != 0 || clock_gettime(CLOCK_BOOTTIME, &all) != 0) return 0;
  return (int64_t)(all.tv_sec - awake.tv_sec) * 1000000000 + (all.tv_nsec - awake.tv_nsec);
#else
  return 0;
#endif
}

int glomers_loop_watch_stops(glomers_loop *loop) {
  struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGCONT, &action, NULL) != 0) return uv_translate_sys_error(errno);
  glomers_unblock_signal(SIGCONT);
  loop->watches_stops = true;
  loop->awake = glomers_now();
  loop->asleep = time_asleep();
  return 0;
}

int64_t glomers_loop_stopped_since(const glomers_loop *loop) {
  return loop->watches_stops && continued ? loop->awake : INT64_MAX;
}

// A processor that others have taken for less than this is no stop.
static const int64_t stop_min = 1000000000;

bool glomers_was_away(glomers_loop *loop) {
  if (!loop->watches_stops) return false;
  int64_t now = glomers_now();
  if (continued || now - loop->awake > stop_min) return true;
  loop->awake = now;
  return false;
}

void glomers_notice_stop(glomers_loop *loop) {
  if (!loop->watches_stops) return;
  int64_t now = glomers_now(), asleep = time_asleep(), due = glomers_timer_due(&loop->timer);
  int64_t since = now;
  if (continued || (!loop->polling && now - loop->awake > stop_min)) {
    continued = 0;
    since = loop->awake;
  } else if (now > due && now - due > stop_min) {
    since = due;
  }
  if (asleep - loop->asleep > stop_min) since -= asleep - loop->asleep;
  loop->awake = now;
  loop->asleep = asleep;
  loop->polling = false;
  if (since < now) loop->events.resumed(loop->owner, since, now);
}

static void on_signal(uv_signal_t *signal, int number) {
  glomers_loop *loop = signal->data;
  loop->turn_due = true;
  loop->events.signalled(loop->owner, number);
}

static void free_signal(uv_handle_t *handle) { free(handle); }

int glomers_loop_watch(glomers_loop *loop, int number) {
  uv_signal_t *signal = malloc(sizeof *signal);
  if (signal == NULL) return UV_ENOMEM;
  uv_signal_init(&loop->uv, signal);
  signal->data = loop;
  int error = uv_signal_start(signal, on_signal, number);
  if (error != 0) {
    uv_close((uv_handle_t *)signal, free_signal);
    return error;
  }
  glomers_unblock_signal(number);
  return 0;
}

bool glomers_signal_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void glomers_unblock_signal(int number) {
  // A process inherits what the thread that started it had blocked.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, number);
  pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
}

static void close_leftover(uv_handle_t *handle, void *unused) {
  (void)unused;
  if (uv_is_closing(handle)) return;
  uv_close(handle, handle->type == UV_SIGNAL ? free_signal : NULL);
}

void glomers_loop_destroy(glomers_loop *loop) {
  glomers_keeper_finish(&loop->keeper);
  uv_walk(&loop->uv, close_leftover, NULL);
  // Rounds to carry out the closing callbacks.
  while (uv_loop_close(&loop->uv) == UV_EBUSY) uv_run(&loop->uv, UV_RUN_DEFAULT);
  glomers_timer_release(&loop->timer);
  free(loop);
}

int64_t glomers_now(void) { return (int64_t)uv_hrtime(); }

int64_t glomers_line_time(const glomers_loop *loop) { return loop->line_time; }

// Descriptors.

int glomers_stream_open(glomers_stream *stream, glomers_loop *loop, int descriptor) {
  stream->descriptor = descriptor;
  stream->flags = fcntl(descriptor, F_GETFL);
  int error = 0;
  switch (uv_guess_handle(descriptor)) {
    case UV_NAMED_PIPE:
      uv_pipe_init(&loop->uv, &stream->pipe, 0);
      error = uv_pipe_open(&stream->pipe, descriptor);
      break;
    case UV_TCP:
      uv_tcp_init(&loop->uv, &stream->tcp);
      error = uv_tcp_open(&stream->tcp, descriptor);
      break;
    case UV_TTY:
      stream->is_terminal = true;
      error = uv_tty_init(&loop->uv, &stream->tty, descriptor, 0);
      // A terminal that libuv can't take (no handle to close is left then) still takes read(2) and write(2).
      if (error != 0) stream->is_file = true;
      return 0;
    default:
      // What is no file either fails on the first read or write, with an error that says what it is.
      stream->is_file = true;
      return 0;
  }
  return error;
}

void glomers_stream_restore(const glomers_stream *stream) {
  // O_NONBLOCK belongs to the open file, which other processes may share.
  if (stream->descriptor <= STDERR_FILENO && stream->flags >= 0) {
    fcntl(stream->descriptor, F_SETFL, stream->flags);
  }
}

void glomers_file_close(const glomers_stream *stream) {
  if (stream->descriptor > STDERR_FILENO) close(stream->descriptor);
}

// Process.

void glomers_open_standard_descriptors(void) {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is the missing one. Read-only for all three: writing then fails, as it should.
    if (open("/dev/null", O_RDONLY) != descriptor) return;
  }
}

void glomers_log(const void *bytes, size_t count) {
  // Up to PIPE_BUF a write to a pipe is whole or not at all, and poll promises that it won't block.
  enum { line_bytes_max = 4096, patience_milliseconds = 50 };
  static size_t lost;
  char line[line_bytes_max];
  size_t length = 0;
  if (lost > 0) length = (size_t)snprintf(line, sizeof line, "(%zu lines lost) ", lost);
  size_t room = sizeof line - 1 - length;
  size_t taken = count < room ? count : room;
  memcpy(line + length, bytes, taken);
  length += taken;
  line[length++] = '\n';

  struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
  // After a loss the caller is not made to wait again until somebody reads.
  int answer = poll(&ready, 1, lost > 0 ? 0 : patience_milliseconds);
  ssize_t written = -1;
  if (answer > 0) {
    do {
      written = write(STDERR_FILENO, line, length);
    } while (written < 0 && errno == EINTR);
  }
  lost = written < 0 ? lost + 1 : 0;
}

const char *glomers_error_text(int error) {
  // uv_strerror allocates for numbers that it does not know.
  static char unknown[32];
  if (strcmp(uv_err_name(error), "") == 0) {
    snprintf(unknown, sizeof unknown, "error %d", error);
    return unknown;
  }
  return uv_strerror(error);
}

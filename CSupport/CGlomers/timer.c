// The loop's one timer. libuv's own count milliseconds, which makes every wake-up half of one too late on average.
#include "internal.h"

#ifdef __linux__

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { nanoseconds_per_second = 1000000000 };
/// The kernel's timer has fired since it was set, or was never set.
static const int64_t unset = -1;

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  glomers_loop *loop = poll->data;
  glomers_notice_stop(loop);
  // Nothing is read from the descriptor: the turn sets the timer anew, and that makes it unreadable.
  loop->timer.due = unset;
  loop->turn_due = true;
}

int glomers_timer_open(glomers_timer *timer, glomers_loop *loop) {
  timer->descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer->descriptor < 0) return uv_translate_sys_error(errno);
  int error = uv_poll_init(&loop->uv, &timer->handle, timer->descriptor);
  if (error != 0) {
    close(timer->descriptor);
    return error;
  }
  timer->handle.data = loop;
  timer->due = unset;
  return 0;
}

void glomers_timer_start(glomers_timer *timer) { uv_poll_start(&timer->handle, UV_READABLE, on_ready); }

void glomers_timer_stop(glomers_timer *timer) { uv_poll_stop(&timer->handle); }

void glomers_timer_set(glomers_timer *timer, int64_t deadline) {
  // The clock is that of glomers_now. To the kernel, 0 is never.
  int64_t due = deadline == INT64_MAX ? 0 : deadline > 0 ? deadline : 1;
  if (due == timer->due) return;
  timer->due = due;
  struct itimerspec spec = {
    .it_value = {.tv_sec = due / nanoseconds_per_second, .tv_nsec = due % nanoseconds_per_second},
  };
  timerfd_settime(timer->descriptor, TFD_TIMER_ABSTIME, &spec, NULL);
}

int64_t glomers_timer_due(const glomers_timer *timer) { return timer->due > 0 ? timer->due : INT64_MAX; }

void glomers_timer_release(glomers_timer *timer) { close(timer->descriptor); }

#else

static const int64_t nanoseconds_per_millisecond = 1000000;

static void on_timer(uv_timer_t *timer) {
  glomers_loop *loop = timer->data;
  loop->turn_due = true;
}

int glomers_timer_open(glomers_timer *timer, glomers_loop *loop) {
  timer->handle.data = loop;
  return uv_timer_init(&loop->uv, &timer->handle);
}

void glomers_timer_start(glomers_timer *timer) { (void)timer; }

void glomers_timer_stop(glomers_timer *timer) { uv_timer_stop(&timer->handle); }

void glomers_timer_set(glomers_timer *timer, int64_t deadline) {
  if (deadline == INT64_MAX) {
    uv_timer_stop(&timer->handle);
    return;
  }
  // Rounding up: a turn before its deadline would be for nothing.
  int64_t due = deadline / nanoseconds_per_millisecond + (deadline % nanoseconds_per_millisecond > 0);
  int64_t wait = due - (int64_t)uv_now(timer->handle.loop);
  uv_timer_start(&timer->handle, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

int64_t glomers_timer_due(const glomers_timer *timer) {
  (void)timer;
  return INT64_MAX;
}

void glomers_timer_release(glomers_timer *timer) { (void)timer; }

#endif

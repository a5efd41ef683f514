// A run as its caller sees it.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <stdatomic.h>

enum { slices_per_probe = 64, tick_milliseconds = 20 };

// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t virtual_draw(uint64_t *state) {
  uint64_t mixed = (*state += 0x9e3779b97f4a7c15);
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

// --- The processor -----------------------------------------------------------------------------------------

// Which processors have a run of this process.
static atomic_uchar runs_on[CPU_SETSIZE];

// Tracer and programs change places all the time, which costs five times as much between processors.
static void pin(virtual_run *run) {
  sched_getaffinity(0, sizeof run->processors, &run->processors);
  int count = CPU_COUNT(&run->processors), start = getpid() % (count > 0 ? count : 1), least = -1;
  // The one with the fewest runs, from a place on that differs between processes.
  for (int pass = 0, place = 0; pass < 2; pass++, place = 0) {
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
      if (!CPU_ISSET(processor, &run->processors)) continue;
      if ((place++ < start) != (pass == 1)) continue;
      if (least < 0 || runs_on[processor] < runs_on[least]) least = processor;
    }
  }
  run->processor = least;
  if (least < 0) return;
  atomic_fetch_add(&runs_on[least], 1);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(least, &one);
  sched_setaffinity(0, sizeof one, &one);
}

static void unpin(virtual_run *run) {
  if (run->processor < 0) return;
  atomic_fetch_sub(&runs_on[run->processor], 1);
  sched_setaffinity(0, sizeof run->processors, &run->processors);
}

// --- The tick: interrupts a wait for a thread that does not stop -------------------------------------------

static void on_tick(int number) { (void)number; }

static bool make_tick(virtual_run *run) {
  int number = SIGRTMAX - 3;
  // Threads of a pool have all signals blocked.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, &run->signals);
  // A program that closes its input must not end this process: see flush.
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  struct sigaction action = {.sa_handler = on_tick};
  sigaction(number, &action, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = number};
  event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  return timer_create(CLOCK_MONOTONIC, &event, &run->tick) == 0;
}

static void set_tick(virtual_run *run, int64_t interval) {
  struct itimerspec setting = {{0, interval}, {0, interval}};
  timer_settime(run->tick, 0, &setting, NULL);
}

// --- Opening and closing -----------------------------------------------------------------------------------

virtual_run *virtual_open(virtual_options options, char *problem, size_t problem_bytes) {
  virtual_run *run = calloc(1, sizeof *run);
  struct node *nodes = calloc((size_t)options.node_count, sizeof *nodes);
  if (run == NULL || nodes == NULL || !make_tick(run)) {
    snprintf(problem, problem_bytes, "no memory for a run, or no timer: %s", strerror(errno));
    free(run);
    free(nodes);
    return NULL;
  }
  run->options = options;
  run->nodes = nodes;
  run->earliest = NEVER;
  run->random = options.seed ^ 0x6f72646572;
  for (int index = 0; index < options.node_count; index++) {
    nodes[index] = (struct node){.run = run, .index = index, .input = -1};
    nodes[index].streams[1].descriptor = nodes[index].streams[2].descriptor = -1;
  }
  pin(run);
  return run;
}

void virtual_close(virtual_run *run) {
  for (int index = 0; index < run->options.node_count; index++) {
    virtual_kill(run, index);
    free(run->nodes[index].pending.bytes);
    free(run->nodes[index].streams[1].bytes);
    free(run->nodes[index].streams[2].bytes);
  }
  timer_delete(run->tick);
  pthread_sigmask(SIG_SETMASK, &run->signals, NULL);
  unpin(run);
  for (int index = 0; index < refusals_max; index++) free(run->refusals[index]);
  free(run->nodes);
  free(run);
}

bool virtual_start(virtual_run *run, int index, const char *const *arguments, const char *const *environment,
                   const char *directory, char *problem, size_t problem_bytes) {
  struct node *node = &run->nodes[index];
  virtual_kill(run, index);
  for (int stream = 1; stream <= 2; stream++) free(node->streams[stream].bytes);
  node->pending.count = 0;
  node->paused = node->ended = node->end_told = false;
  memset(node->closed, 0, sizeof node->closed);
  node->disk = virtual_disk_sound;
  node->fruitless_polls = 0;
  node->random = run->options.seed + (uint64_t)index * 0x10001 + (uint64_t)node->incarnation++ * 0x100000001;
  virtual_draw(&node->random);
  return virtual_launch(node, arguments, environment, directory, problem, problem_bytes);
}

void virtual_kill(virtual_run *run, int index) {
  struct node *node = &run->nodes[index];
  if (node->guard > 0) kill(node->guard, SIGKILL);
  for (struct process *process = node->processes; process != NULL; process = process->next) {
    kill(process->id, SIGKILL);
  }
  while (node->processes != NULL || node->guard > 0) {
    int status;
    pid_t id = virtual_wait(-1, &status);
    if (id < 0) break;
    virtual_dispatch(run, id, status);
  }
  while (node->processes != NULL) virtual_thread_ended(node->processes->threads, 0);
  virtual_drain(node);
  if (node->input >= 0) close(node->input);
  node->input = -1;
  node->guard = 0;
  for (int stream = 1; stream <= 2; stream++) {
    if (node->streams[stream].descriptor >= 0) close(node->streams[stream].descriptor);
    node->streams[stream].descriptor = -1;
  }
  node->ended = false;
}

void virtual_pause(virtual_run *run, int index) { run->nodes[index].paused = true; }

void virtual_resume(virtual_run *run, int index) {
  run->nodes[index].paused = false;
  run->nodes[index].dirty = true;
  run->earliest = run->now;
}

void virtual_skew(virtual_run *run, int index, int64_t nanoseconds) {
  virtual_shift_wall(&run->nodes[index], nanoseconds);
}

void virtual_set_disk(virtual_run *run, int index, virtual_disk disk) { run->nodes[index].disk = disk; }

// --- Streams -----------------------------------------------------------------------------------------------

static bool reserve(struct stream *stream, size_t more) {
  if (stream->count + more <= stream->capacity) return true;
  size_t capacity = (stream->count + more) * 2;
  uint8_t *grown = realloc(stream->bytes, capacity);
  if (grown == NULL) return false;
  stream->bytes = grown;
  stream->capacity = capacity;
  return true;
}

static void flood(struct node *node, const char *what) {
  virtual_fail(node->run, "n%d %s more than %d MiB at once", node->index, what, stream_bytes_max >> 20);
}

static void flush(struct node *node) {
  struct stream *pending = &node->pending;
  if (pending->count == 0 || node->input < 0) return;
  ssize_t count = write(node->input, pending->bytes, pending->count);
  if (count < 0 && errno == EPIPE) {
    // The signal that came with it waits for this thread.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigtimedwait(&set, NULL, &(struct timespec){0, 0});
    close(node->input);
    node->input = -1;
    node->closed[0] = stream_closed;
    pending->count = 0;
  }
  if (count <= 0) return;
  memmove(pending->bytes, pending->bytes + count, pending->count - (size_t)count);
  pending->count -= (size_t)count;
  node->dirty = true;
}

void virtual_feed(virtual_run *run, int index, const uint8_t *bytes, size_t count) {
  struct node *node = &run->nodes[index];
  if (node->input < 0) return;
  if (node->pending.count + count > stream_bytes_max) return flood(node, "leaves unread");
  if (!reserve(&node->pending, count)) return;
  memcpy(node->pending.bytes + node->pending.count, bytes, count);
  node->pending.count += count;
  node->fruitless_polls = 0;
  node->dirty = true;
  flush(node);
}

// Takes what a program has written. Returns whether there was anything.
bool virtual_drain(struct node *node) {
  bool any = false;
  for (int index = 1; index <= 2; index++) {
    struct stream *stream = &node->streams[index];
    while (stream->descriptor >= 0 && reserve(stream, 65536)) {
      ssize_t count = read(stream->descriptor, stream->bytes + stream->count, 65536);
      if (count == 0 && node->closed[index] == stream_open) node->closed[index] = stream_closed;
      if (count <= 0) break;
      stream->count += (size_t)count;
      any = true;
      if (stream->count - stream->taken <= stream_bytes_max) continue;
      if (index == 2) {
        // Of what people are told the end matters.
        stream->count = stream->taken = stream->scanned = 0;
        continue;
      }
      flood(node, "wrote");
      return false;
    }
  }
  return any;
}

const uint8_t *virtual_line(virtual_run *run, int index, int number, size_t *count) {
  struct stream *stream = &run->nodes[index].streams[number];
  if (stream->bytes == NULL) return NULL;
  uint8_t *line = stream->bytes + stream->taken;
  size_t known = stream->scanned > stream->taken ? stream->scanned - stream->taken : 0;
  uint8_t *end = memchr(line + known, '\n', stream->count - stream->taken - known);
  if (end == NULL) {
    memmove(stream->bytes, line, stream->count - stream->taken);
    stream->count -= stream->taken;
    stream->taken = 0;
    stream->scanned = stream->count;
    return NULL;
  }
  *count = (size_t)(end - line);
  stream->taken += *count + 1;
  stream->scanned = stream->taken;
  return line;
}

const uint8_t *virtual_unfinished(const virtual_run *run, int index, size_t *count) {
  const struct stream *stream = &run->nodes[index].streams[1];
  *count = stream->count - stream->taken;
  return *count == 0 ? NULL : stream->bytes + stream->taken;
}

bool virtual_closed(virtual_run *run, int index, int number) {
  struct node *node = &run->nodes[index];
  // The streams of what has ended are closed, too.
  if (node->closed[number] != stream_closed || node->ended || node->processes == NULL) return false;
  node->closed[number] = stream_told;
  return true;
}

bool virtual_ended(virtual_run *run, int index, int *status) {
  struct node *node = &run->nodes[index];
  if (!node->ended || node->end_told) return false;
  node->end_told = true;
  *status = node->status;
  virtual_kill(run, index);
  return true;
}

// --- Time --------------------------------------------------------------------------------------------------

int64_t virtual_now(const virtual_run *run) { return run->now; }

void virtual_set_now(virtual_run *run, int64_t now) {
  if (now > run->now) run->now = now;
  run->retried_at = run->slices > 0 ? run->slices - 1 : 0;
}

int64_t virtual_deadline(virtual_run *run) { return run->earliest; }

virtual_state virtual_advance(virtual_run *run, int64_t limit) {
  virtual_state state = virtual_quiet;
  run->limit = limit;
  set_tick(run, tick_milliseconds * MILLISECOND);
  if (run->earliest <= run->now) virtual_expire(run);
  virtual_probe(run, false);
  for (;;) {
    struct thread *thread = virtual_take_ready(run);
    if (thread == NULL) {
      for (int index = 0; index < run->options.node_count; index++) {
        if (!run->nodes[index].dirty) continue;
        virtual_drain(&run->nodes[index]);
        flush(&run->nodes[index]);
      }
      virtual_probe(run, false);
      if (virtual_has_ready(run) || virtual_retry(run)) continue;
      break;
    }
    virtual_run_slice(thread);
    if (run->failure[0] != 0) break;
    if (run->earliest <= run->now) virtual_expire(run);
    if (run->slices % slices_per_probe == 0) virtual_probe(run, false);
    if (run->now < limit) continue;
    state = virtual_due;
    break;
  }
  set_tick(run, 0);
  for (int index = 0; index < run->options.node_count; index++) virtual_drain(&run->nodes[index]);
  return run->failure[0] != 0 ? virtual_failed : state;
}

// --- What became of it -------------------------------------------------------------------------------------

const char *virtual_failure(const virtual_run *run) { return run->failure[0] == 0 ? NULL : run->failure; }

const char *virtual_refusal(const virtual_run *run, int place) {
  return place >= 0 && place < refusals_max ? run->refusals[place] : NULL;
}

virtual_counts virtual_count(const virtual_run *run) { return run->counts; }

#else

// No other system has what is needed: ptrace with seccomp, and pidfd_getfd.

#include <stdio.h>

#include "include/cvirtual.h"

virtual_run *virtual_open(virtual_options options, char *problem, size_t problem_bytes) {
  (void)options;
  snprintf(problem, problem_bytes, "programs run in virtual time on Linux on x86-64 only");
  return NULL;
}
void virtual_close(virtual_run *run) { (void)run; }
bool virtual_start(virtual_run *run, int node, const char *const *arguments, const char *const *environment,
                   const char *directory, char *problem, size_t problem_bytes) {
  (void)run, (void)node, (void)arguments, (void)environment, (void)directory, (void)problem, (void)problem_bytes;
  return false;
}
void virtual_kill(virtual_run *run, int node) { (void)run, (void)node; }
void virtual_pause(virtual_run *run, int node) { (void)run, (void)node; }
void virtual_resume(virtual_run *run, int node) { (void)run, (void)node; }
void virtual_skew(virtual_run *run, int node, int64_t nanoseconds) { (void)run, (void)node, (void)nanoseconds; }
void virtual_set_disk(virtual_run *run, int node, virtual_disk disk) { (void)run, (void)node, (void)disk; }
void virtual_feed(virtual_run *run, int node, const uint8_t *bytes, size_t count) {
  (void)run, (void)node, (void)bytes, (void)count;
}
int64_t virtual_now(const virtual_run *run) { return (void)run, 0; }
void virtual_set_now(virtual_run *run, int64_t now) { (void)run, (void)now; }
virtual_state virtual_advance(virtual_run *run, int64_t limit) { return (void)run, (void)limit, virtual_failed; }
int64_t virtual_deadline(virtual_run *run) { return (void)run, INT64_MAX; }
const uint8_t *virtual_line(virtual_run *run, int node, int stream, size_t *count) {
  return (void)run, (void)node, (void)stream, (void)count, NULL;
}
const uint8_t *virtual_unfinished(const virtual_run *run, int node, size_t *count) {
  return (void)run, (void)node, *count = 0, NULL;
}
bool virtual_closed(virtual_run *run, int node, int stream) { return (void)run, (void)node, (void)stream, false; }
bool virtual_ended(virtual_run *run, int node, int *status) { return (void)run, (void)node, (void)status, false; }
const char *virtual_failure(const virtual_run *run) { return (void)run, NULL; }
const char *virtual_refusal(const virtual_run *run, int place) { return (void)run, (void)place, NULL; }
virtual_counts virtual_count(const virtual_run *run) { return (void)run, (virtual_counts){0}; }

#endif

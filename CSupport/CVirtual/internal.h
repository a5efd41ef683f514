// Shared by the files of CVirtual. A run has nodes, a node processes, a process threads.
#ifndef CVIRTUAL_INTERNAL_H
#define CVIRTUAL_INTERNAL_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "include/cvirtual.h"

#define NEVER INT64_MAX
#define SECOND 1000000000LL
#define MILLISECOND 1000000LL

enum {
  // A look at a clock takes so long.
  creep_nanoseconds = 1000,
  // After so many looks at a clock without a wait, other threads have their turn.
  looks_per_slice = 200,
  // What a program may write before it waits, and what may wait to be read by it.
  stream_bytes_max = 64 << 20,
  pipe_bytes = 1 << 20,
  timers_max = 1024,
  refusals_max = 8,
  clocks = 12,
};

// The wall clock at the start, and how long the machine seems to have been up.
#define WALL_START (1700000000LL * SECOND)
#define UP_START (1000LL * SECOND)

// The page that a process and the tracer share.
struct clock_page {
  volatile int64_t now;
  volatile int64_t budget;
  // What is added to `now` for each clock; 0 for clocks that are asked for by a call.
  volatile int64_t base[clocks];
};

// Forked processes have the page of their parent.
struct page {
  struct clock_page *map;
  int users;
};

// What a parked thread waits for.
enum wait {
  wait_nothing,
  wait_sleep,
  wait_futex,
  // poll, ppoll, select, pselect6, epoll_*: answered from here.
  wait_poll,
  // A descriptor; the call itself runs when that is ready.
  wait_descriptor,
  wait_child,
  wait_signal,
  // A thread that computes without end goes on when others have run.
  wait_spin,
  // A call that blocked natively and was interrupted: it is tried again when others have run.
  wait_blocked,
};

enum state { thread_ready, thread_parked, thread_delayed, thread_vfork, thread_dead };

struct process;

struct thread {
  pid_t id;
  struct process *process;
  struct thread *next;
  struct thread *next_ready;
  enum state state;
  bool queued;
  enum wait wait;
  // When the wait ends by itself, and whether that is an instant of the wall clock.
  int64_t due;
  bool due_on_wall;
  // The order in which threads began to wait.
  uint64_t turn;
  uint64_t futex;
  uint32_t futex_bits;
  int descriptor;
  short events;
  // The call at whose stop the thread is, and its registers.
  long call;
  struct user_regs_struct registers;
  // Written to 0 by the kernel when the thread ends, and a futex.
  uint64_t clear_at_exit;
  // The options of a call that waits for children.
  int asked;
  // What it waited for when a signal came, and until when.
  enum wait resumes;
  int64_t resumes_at;
  // Why the tracer interrupted it.
  enum wait interrupted;
  // Registers changed by an answer are still to be set.
  bool has_answer;
  // A status of waitpid that came while another thread was waited for.
  bool has_status;
  int status;
  int looks, spins;
  // It has computed for long without a call: it need not show that at length again.
  bool has_spun;
  pid_t vfork_child;
};

enum timer_kind { timer_descriptor, timer_posix, timer_interval };

struct timer {
  enum timer_kind kind;
  // The guest's descriptor, timer id or kind of interval timer.
  int id;
  // A duplicate of the guest's eventfd, or -1.
  int descriptor;
  int64_t due, interval;
  bool on_wall;
  int signal;
  pid_t thread;
  uint64_t value;
  int64_t overrun;
};

struct process {
  pid_t id;
  int descriptor;
  struct node *node;
  struct process *next;
  pid_t parent;
  struct page *page;
  struct thread *threads;
  int thread_count;
  // One of its threads has ended them all.
  bool ends;
  struct timer *timers;
  int timer_count;
  int next_timer;
  uint64_t random;
};

struct stream {
  int descriptor;
  uint8_t *bytes;
  size_t count, capacity, taken, scanned;
};

struct node {
  virtual_run *run;
  int index;
  // The first process of its namespace, which ends all others with it; 0 if there is none.
  pid_t guard;
  pid_t main;
  int input;
  struct stream pending, streams[3];
  struct process *processes;
  uint64_t random;
  int incarnation;
  int64_t skew;
  // Whether threads ran or input came since descriptors were last looked at.
  bool dirty;
  bool paused;
  virtual_disk disk;
  bool ended, end_told;
  // What the program has done to its standard streams.
  enum { stream_open, stream_closed, stream_told } closed[3];
  int status;
  int fruitless_polls;
};

struct virtual_run {
  virtual_options options;
  int64_t now, limit;
  // No thread or timer is due before.
  int64_t earliest;
  struct node *nodes;
  struct thread *first_ready, *last_ready;
  int ready_count;
  uint64_t turn;
  uint64_t random;
  uint64_t slices;
  // When spinning threads and blocked calls were last given another chance.
  uint64_t retried_at;
  timer_t tick;
  // What the calling thread had blocked.
  sigset_t signals;
  cpu_set_t processors;
  int processor;
  // Threads that were reported before the clone that made them.
  pid_t newborn[64];
  int newborn_count;
  char *refusals[refusals_max];
  char failure[256];
  virtual_counts counts;
};

// How a handler leaves its thread.
enum outcome {
  // The call was answered, or is to run: the thread goes on.
  go_on,
  // It waits.
  parked,
  // It goes to the end of the queue.
  yields,
  // The call is to run, and to stop once more with its result.
  stops_again,
};

typedef enum outcome (*handler)(struct thread *);

// When a call is traced.
enum traced {
  always,
  // Where threads are delayed before they write, or disks are to fail, or either.
  for_delays = 1,
  for_disks = 2,
  for_writes = for_delays | for_disks,
};

struct call {
  int number;
  const char *name;
  handler handle;
  enum traced traced;
};

// calls.c
extern const struct call virtual_calls[];
extern const int virtual_call_count;
enum outcome virtual_handle_call(struct thread *thread);
enum outcome virtual_handle_result(struct thread *thread);

// clocks.c
int64_t virtual_clock(struct thread *thread, int id);
int64_t virtual_clock_base(struct node *node, int id);
int64_t virtual_from_now(virtual_run *run, int64_t duration);
int64_t virtual_nanoseconds(struct timespec time);
enum outcome virtual_clock_gettime(struct thread *), virtual_gettimeofday(struct thread *),
    virtual_time(struct thread *), virtual_nanosleep(struct thread *), virtual_clock_nanosleep(struct thread *),
    virtual_yield(struct thread *), virtual_timerfd_create(struct thread *), virtual_timerfd_settime(struct thread *),
    virtual_timerfd_gettime(struct thread *), virtual_timer_create(struct thread *),
    virtual_timer_settime(struct thread *), virtual_timer_gettime(struct thread *),
    virtual_timer_getoverrun(struct thread *), virtual_timer_delete(struct thread *),
    virtual_setitimer(struct thread *), virtual_getitimer(struct thread *), virtual_alarm(struct thread *);
int64_t virtual_timers_due(struct process *process);
void virtual_fire_timers(struct process *process);
void virtual_shift_wall(struct node *node, int64_t nanoseconds);
enum outcome virtual_looked(struct thread *thread);
enum outcome virtual_polled(struct thread *thread);

// futex.c
enum outcome virtual_futex(struct thread *thread);
int virtual_wake(struct process *process, uint64_t address, int count, uint32_t bits, uint64_t to, int move);

// park.c
enum outcome virtual_park(struct thread *thread, enum wait wait, int64_t due);
void virtual_answer(struct thread *thread, int64_t value);
void virtual_make_ready(struct thread *thread);
void virtual_run_now(struct thread *thread);
struct thread *virtual_take_ready(virtual_run *run);
bool virtual_has_ready(const virtual_run *run);
bool virtual_check(struct thread *thread);
void virtual_probe(virtual_run *run, bool all);
void virtual_expire(virtual_run *run);
bool virtual_retry(virtual_run *run);
enum outcome virtual_poll(struct thread *), virtual_select(struct thread *), virtual_epoll(struct thread *),
    virtual_read(struct thread *);

// launch.c
bool virtual_launch(struct node *node, const char *const *arguments, const char *const *environment,
                    const char *directory, char *problem, size_t problem_bytes);

// guest.c
bool virtual_load(struct process *process, uint64_t address, void *bytes, size_t count);
bool virtual_store(struct process *process, uint64_t address, const void *bytes, size_t count);
int virtual_borrow(struct process *process, int descriptor);
struct thread *virtual_new_thread(struct process *process, pid_t id);
struct process *virtual_new_process(struct node *node, pid_t id, pid_t parent);
void virtual_thread_ended(struct thread *thread, int status);
void virtual_free_process(struct process *process);
struct thread *virtual_find(virtual_run *run, pid_t id);
void virtual_fail(virtual_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void virtual_refuse(virtual_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

// page.c
void virtual_prepare_program(struct thread *thread);
void virtual_release_page(struct page *page);

// trace.c
pid_t virtual_wait(pid_t id, int *status);
void virtual_dispatch(virtual_run *run, pid_t id, int status);
void virtual_await_end(virtual_run *run, pid_t process);
void virtual_run_slice(struct thread *thread);
char virtual_thread_state(struct thread *thread, int64_t *cpu);
bool virtual_drain(struct node *node);

// signals.c
void virtual_signalled(struct process *process, pid_t thread, int number);
bool virtual_emulate_timestamp(struct thread *thread);
enum outcome virtual_kill_call(struct thread *), virtual_sigtimedwait(struct thread *),
    virtual_sigsuspend(struct thread *), virtual_wait_child(struct thread *);
void virtual_kill_result(struct thread *thread);
enum outcome virtual_wait_result(struct thread *thread);
bool virtual_is_interrupted(struct thread *thread);
enum outcome virtual_restart(struct thread *thread);
struct thread *virtual_find_inner(struct node *node, pid_t inner);

uint64_t virtual_draw(uint64_t *state);

#endif

// Clocks, sleeps and timers.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <sys/time.h>

// --- Clocks ------------------------------------------------------------------------------------------------

static bool is_wall(int id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI; }

static bool counts_work(int id) {
  return id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID || id < 0 || id >= clocks;
}

// What a clock shows beyond the virtual time; 0 for clocks that count work.
int64_t virtual_clock_base(struct node *node, int id) {
  if (counts_work(id)) return 0;
  return is_wall(id) ? WALL_START + node->skew : UP_START;
}

// Work is a fiction: a hundredth of the time.
int64_t virtual_clock(struct thread *thread, int id) {
  struct node *node = thread->process->node;
  return counts_work(id) ? node->run->now / 100 : node->run->now + virtual_clock_base(node, id);
}

int64_t virtual_nanoseconds(struct timespec time) {
  if (time.tv_sec < 0) return 0;
  return time.tv_sec > 4000000000LL ? NEVER : time.tv_sec * SECOND + time.tv_nsec;
}

int64_t virtual_from_now(virtual_run *run, int64_t duration) {
  return duration >= NEVER - run->now ? NEVER : run->now + duration;
}

static struct timespec timespec_of(int64_t nanoseconds) {
  return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

// A look at a clock, or the like, takes a moment; after many without a wait others have their turn.
enum outcome virtual_looked(struct thread *thread) {
  thread->process->node->run->now += creep_nanoseconds;
  if (++thread->looks <= looks_per_slice) return go_on;
  thread->looks = 0;
  return yields;
}

// A poll that finds nothing, or a yield, takes a moment too, and a longer one the more often it happens: a program that
// polls without pause would need a stop for each microsecond. Nothing that is due is passed over, and input makes the
// moment short again. A thread that yields may well work between one time and the next, so its moment stays short.
enum outcome virtual_polled(struct thread *thread) {
  struct node *node = thread->process->node;
  virtual_run *run = node->run;
  int64_t step = creep_nanoseconds;
  int doublings = (++node->fruitless_polls - 64) / 8, most = thread->call == SYS_sched_yield ? 4 : 10;
  if (doublings > 0) step <<= doublings < most ? doublings : most;
  int64_t next = run->limit < run->earliest ? run->limit : run->earliest;
  if (run->now + step > next) step = next > run->now ? next - run->now : creep_nanoseconds;
  run->now += step;
  run->counts.polls += 1;
  return yields;
}

enum outcome virtual_clock_gettime(struct thread *thread) {
  enum outcome outcome = virtual_looked(thread);
  struct timespec time = timespec_of(virtual_clock(thread, (int)thread->registers.rdi));
  bool is_stored = virtual_store(thread->process, thread->registers.rsi, &time, sizeof time);
  virtual_answer(thread, is_stored ? 0 : -EFAULT);
  return outcome;
}

enum outcome virtual_gettimeofday(struct thread *thread) {
  enum outcome outcome = virtual_looked(thread);
  int64_t now = virtual_clock(thread, CLOCK_REALTIME);
  struct timeval time = {now / SECOND, now % SECOND / 1000};
  if (thread->registers.rdi != 0) virtual_store(thread->process, thread->registers.rdi, &time, sizeof time);
  virtual_answer(thread, 0);
  return outcome;
}

enum outcome virtual_time(struct thread *thread) {
  enum outcome outcome = virtual_looked(thread);
  int64_t seconds = virtual_clock(thread, CLOCK_REALTIME) / SECOND;
  if (thread->registers.rdi != 0) virtual_store(thread->process, thread->registers.rdi, &seconds, sizeof seconds);
  virtual_answer(thread, seconds);
  return outcome;
}

enum outcome virtual_yield(struct thread *thread) {
  virtual_answer(thread, 0);
  return virtual_polled(thread);
}

enum outcome virtual_nanosleep(struct thread *thread) {
  struct timespec time;
  if (!virtual_load(thread->process, thread->registers.rdi, &time, sizeof time)) return go_on;
  return virtual_park(thread, wait_sleep, virtual_from_now(thread->process->node->run, virtual_nanoseconds(time)));
}

enum outcome virtual_clock_nanosleep(struct thread *thread) {
  int id = (int)thread->registers.rdi;
  struct node *node = thread->process->node;
  struct timespec time;
  if (!virtual_load(thread->process, thread->registers.rdx, &time, sizeof time)) return go_on;
  int64_t due = virtual_nanoseconds(time);
  if ((thread->registers.rsi & TIMER_ABSTIME) == 0) {
    return virtual_park(thread, wait_sleep, virtual_from_now(node->run, due));
  }
  virtual_park(thread, wait_sleep, due == NEVER ? NEVER : due - virtual_clock_base(node, id));
  thread->due_on_wall = is_wall(id);
  return parked;
}

// --- Timers ------------------------------------------------------------------------------------------------

static struct timer *find_timer(struct process *process, enum timer_kind kind, int id) {
  for (int index = 0; index < process->timer_count; index++) {
    if (process->timers[index].kind == kind && process->timers[index].id == id) return &process->timers[index];
  }
  return NULL;
}

static struct timer *add_timer(struct process *process, enum timer_kind kind, int id) {
  struct timer *timer = find_timer(process, kind, id);
  if (timer != NULL) return timer;
  if (process->timer_count == timers_max) {
    virtual_fail(process->node->run, "n%d has more than %d timers", process->node->index, timers_max);
    return NULL;
  }
  struct timer *grown = realloc(process->timers, (process->timer_count + 1) * sizeof *grown);
  if (grown == NULL) return NULL;
  process->timers = grown;
  timer = &grown[process->timer_count++];
  *timer = (struct timer){.kind = kind, .id = id, .descriptor = -1, .due = NEVER, .signal = SIGALRM};
  return timer;
}

// Sets a timer to what the program asks for.
static void arm(struct process *process, struct timer *timer, int64_t value, int64_t interval, bool is_absolute) {
  virtual_run *run = process->node->run;
  timer->interval = interval;
  timer->overrun = 0;
  if (value == 0) {
    timer->due = NEVER;
  } else if (is_absolute) {
    timer->due = value == NEVER ? NEVER : value - (timer->on_wall ? WALL_START + process->node->skew : UP_START);
  } else {
    timer->due = virtual_from_now(run, value);
  }
  if (timer->due < run->now) timer->due = run->now;
  if (timer->due < run->earliest) run->earliest = timer->due;
}

static struct itimerspec setting_of(struct process *process, const struct timer *timer) {
  int64_t left = timer == NULL || timer->due == NEVER ? 0 : timer->due - process->node->run->now;
  if (timer != NULL && timer->due != NEVER && left <= 0) left = 1;
  return (struct itimerspec){timespec_of(timer == NULL ? 0 : timer->interval), timespec_of(left)};
}

int64_t virtual_timers_due(struct process *process) {
  int64_t due = NEVER;
  for (int index = 0; index < process->timer_count; index++) {
    if (process->timers[index].due < due) due = process->timers[index].due;
  }
  return due;
}

static void fire(struct process *process, struct timer *timer) {
  if (timer->kind == timer_descriptor) {
    uint64_t one = 1;
    if (timer->descriptor >= 0 && write(timer->descriptor, &one, sizeof one) < 0) timer->overrun += 1;
    process->node->dirty = true;
  } else if (timer->signal != 0) {
    siginfo_t info = {.si_signo = timer->signal, .si_code = SI_TIMER};
    info.si_timerid = timer->id;
    info.si_ptr = (void *)timer->value;
    long sent = timer->kind == timer_interval ? kill(process->id, timer->signal)
                : timer->thread != 0
                    ? syscall(SYS_rt_tgsigqueueinfo, process->id, timer->thread, timer->signal, &info)
                    : syscall(SYS_rt_sigqueueinfo, process->id, timer->signal, &info);
    if (sent == 0) virtual_signalled(process, timer->thread, timer->signal);
  }
  timer->due = timer->interval > 0 ? timer->due + timer->interval : NEVER;
}

// Fires what is due, earliest first.
void virtual_fire_timers(struct process *process) {
  int64_t now = process->node->run->now;
  while (virtual_timers_due(process) <= now) {
    struct timer *first = process->timers;
    for (int index = 1; index < process->timer_count; index++) {
      if (process->timers[index].due < first->due) first = &process->timers[index];
    }
    fire(process, first);
  }
}

// A wall clock jumps: what waits for an instant of it comes earlier or later.
void virtual_shift_wall(struct node *node, int64_t nanoseconds) {
  node->skew += nanoseconds;
  for (struct process *process = node->processes; process != NULL; process = process->next) {
    for (int id = 0; process->page != NULL && id < clocks; id++) {
      process->page->map->base[id] = virtual_clock_base(node, id);
    }
    for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
      if (thread->due_on_wall && thread->due != NEVER) thread->due -= nanoseconds;
    }
    for (int index = 0; index < process->timer_count; index++) {
      struct timer *timer = &process->timers[index];
      if (timer->on_wall && timer->due != NEVER) timer->due -= nanoseconds;
    }
  }
  node->run->earliest = node->run->now;
}

// An eventfd is read as a timerfd is: eight bytes that count.
enum outcome virtual_timerfd_create(struct thread *thread) {
  thread->registers.orig_rax = SYS_eventfd2;
  thread->registers.rdi = 0;
  thread->has_answer = true;
  return go_on;
}

enum outcome virtual_timerfd_settime(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  struct process *process = thread->process;
  struct itimerspec setting;
  int file = virtual_borrow(process, (int)registers->rdi);
  struct timer *timer = file < 0 ? NULL : add_timer(process, timer_descriptor, (int)registers->rdi);
  if (timer == NULL || !virtual_load(process, registers->rdx, &setting, sizeof setting)) {
    if (file >= 0) close(file);
    virtual_answer(thread, file < 0 ? -EBADF : -EFAULT);
    return go_on;
  }
  struct itimerspec before = setting_of(process, timer);
  if (timer->descriptor >= 0) close(timer->descriptor);
  timer->descriptor = file;
  // Expirations that were not read are forgotten.
  uint64_t unread;
  struct pollfd ready = {file, POLLIN, 0};
  if (poll(&ready, 1, 0) > 0 && read(file, &unread, sizeof unread) < 0) virtual_looked(thread);
  // Which clock it was made for is not known here; no clock that counts from the start shows years.
  int64_t value = virtual_nanoseconds(setting.it_value);
  timer->on_wall = (registers->rsi & TIMER_ABSTIME) != 0 && value > WALL_START / 2;
  arm(process, timer, value, virtual_nanoseconds(setting.it_interval), (registers->rsi & TIMER_ABSTIME) != 0);
  if (registers->r10 != 0) virtual_store(process, registers->r10, &before, sizeof before);
  virtual_answer(thread, 0);
  return go_on;
}

// The two calls that tell how a timer is set; a timer that was never set is at rest.
static enum outcome get_timer(struct thread *thread, enum timer_kind kind) {
  struct process *process = thread->process;
  struct itimerspec setting = setting_of(process, find_timer(process, kind, (int)thread->registers.rdi));
  virtual_store(process, thread->registers.rsi, &setting, sizeof setting);
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_timerfd_gettime(struct thread *thread) { return get_timer(thread, timer_descriptor); }
enum outcome virtual_timer_gettime(struct thread *thread) { return get_timer(thread, timer_posix); }

enum outcome virtual_timer_create(struct thread *thread) {
  struct process *process = thread->process;
  struct {
    uint64_t value;
    int32_t signal, notify, thread;
  } event = {0, SIGALRM, SIGEV_SIGNAL, 0};
  if (thread->registers.rsi != 0) virtual_load(process, thread->registers.rsi, &event, sizeof event);
  struct timer *timer = add_timer(process, timer_posix, process->next_timer);
  if (timer == NULL) return parked;
  process->next_timer += 1;
  timer->on_wall = is_wall((int)thread->registers.rdi);
  timer->signal = event.notify == SIGEV_NONE ? 0 : event.signal;
  timer->value = event.value;
  if (event.notify == SIGEV_THREAD_ID) {
    struct thread *target = virtual_find_inner(process->node, event.thread);
    timer->thread = target == NULL ? thread->id : target->id;
  }
  virtual_store(process, thread->registers.rdx, &timer->id, sizeof timer->id);
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_timer_settime(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  struct process *process = thread->process;
  struct timer *timer = find_timer(process, timer_posix, (int)registers->rdi);
  struct itimerspec setting;
  if (timer == NULL || !virtual_load(process, registers->rdx, &setting, sizeof setting)) {
    virtual_answer(thread, timer == NULL ? -EINVAL : -EFAULT);
    return go_on;
  }
  struct itimerspec before = setting_of(process, timer);
  arm(process, timer, virtual_nanoseconds(setting.it_value), virtual_nanoseconds(setting.it_interval),
      (registers->rsi & TIMER_ABSTIME) != 0);
  if (registers->r10 != 0) virtual_store(process, registers->r10, &before, sizeof before);
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_timer_getoverrun(struct thread *thread) {
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_timer_delete(struct thread *thread) {
  struct process *process = thread->process;
  struct timer *timer = find_timer(process, timer_posix, (int)thread->registers.rdi);
  virtual_answer(thread, timer == NULL ? -EINVAL : 0);
  if (timer != NULL) *timer = process->timers[--process->timer_count];
  return go_on;
}

static struct itimerval interval_of(struct itimerspec setting) {
  return (struct itimerval){{setting.it_interval.tv_sec, setting.it_interval.tv_nsec / 1000},
                            {setting.it_value.tv_sec, setting.it_value.tv_nsec / 1000}};
}

enum outcome virtual_getitimer(struct thread *thread) {
  struct process *process = thread->process;
  struct itimerval value = interval_of(
      setting_of(process, find_timer(process, timer_interval, (int)thread->registers.rdi)));
  virtual_store(process, thread->registers.rsi, &value, sizeof value);
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_setitimer(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
  struct process *process = thread->process;
  struct itimerval setting = {0};
  if (registers->rdi > ITIMER_PROF || !virtual_load(process, registers->rsi, &setting, sizeof setting)) {
    virtual_answer(thread, -EINVAL);
    return go_on;
  }
  struct timer *timer = add_timer(process, timer_interval, (int)registers->rdi);
  if (timer == NULL) return parked;
  struct itimerval before = interval_of(setting_of(process, timer));
  timer->signal = signals[registers->rdi];
  arm(process, timer, setting.it_value.tv_sec * SECOND + setting.it_value.tv_usec * 1000,
      setting.it_interval.tv_sec * SECOND + setting.it_interval.tv_usec * 1000, false);
  if (registers->rdx != 0) virtual_store(process, registers->rdx, &before, sizeof before);
  virtual_answer(thread, 0);
  return go_on;
}

enum outcome virtual_alarm(struct thread *thread) {
  struct process *process = thread->process;
  struct timer *timer = add_timer(process, timer_interval, ITIMER_REAL);
  if (timer == NULL) return parked;
  int64_t left = timer->due == NEVER ? 0 : (timer->due - process->node->run->now + SECOND - 1) / SECOND;
  arm(process, timer, (int64_t)(uint32_t)thread->registers.rdi * SECOND, 0, false);
  virtual_answer(thread, left);
  return go_on;
}
#endif

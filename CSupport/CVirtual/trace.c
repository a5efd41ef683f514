// The tracer: lets one thread run until it stops, and deals with what is reported meanwhile.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <sched.h>
#include <sys/mman.h>

enum {
  // A thread that has used so much time without a call seems to compute without end; if it did so before, sooner; and
  // sooner still when it is tried again.
  spin_milliseconds = 1000,
  known_spin_milliseconds = 200,
  next_spin_milliseconds = 40,
  spins_max = 200,
  // A thread that sleeps at so many ticks in a row is blocked in a call.
  blocked_ticks = 2,
  // The kernel's own: the call is to be made again.
  restart_first = 512,
  restart_last = 516,
};

pid_t virtual_wait(pid_t id, int *status) {
  pid_t got;
  do got = waitpid(id, status, __WALL | __WNOTHREAD);
  while (got < 0 && errno == EINTR);
  return got;
}

static bool has_ended(int status) { return WIFEXITED(status) || WIFSIGNALED(status); }

// Threads and processes that a thread has just made.
static void clone_made(struct thread *parent, int event) {
  virtual_run *run = parent->process->node->run;
  unsigned long id = 0;
  struct user_regs_struct registers = {0};
  ptrace(PTRACE_GETEVENTMSG, parent->id, 0, &id);
  ptrace(PTRACE_GETREGS, parent->id, 0, &registers);
  uint64_t flags = registers.orig_rax == SYS_clone ? registers.rdi : 0, clear = registers.r10;
  if (registers.orig_rax == SYS_clone3) {
    uint64_t arguments[3] = {0};
    virtual_load(parent->process, registers.rdi, arguments, sizeof arguments);
    flags = arguments[0];
    clear = arguments[2];
  }
  struct process *process = parent->process;
  if ((flags & CLONE_THREAD) == 0) {
    process = virtual_new_process(process->node, (pid_t)id, process->id);
    if (process == NULL) return;
    process->random = virtual_draw(&parent->process->random);
    process->page = parent->process->page;
    if (process->page != NULL) process->page->users += 1;
  }
  struct thread *child = virtual_new_thread(process, (pid_t)id);
  if (child == NULL) return;
  child->clear_at_exit = (flags & CLONE_CHILD_CLEARTID) != 0 ? clear : 0;
  // Its first stop may have been reported already.
  bool is_known = false;
  for (int index = 0; index < run->newborn_count && !is_known; index++) {
    if (run->newborn[index] != (pid_t)id) continue;
    run->newborn[index] = run->newborn[--run->newborn_count];
    is_known = true;
  }
  int status = 0;
  if (!is_known && (virtual_wait((pid_t)id, &status) != (pid_t)id || has_ended(status))) {
    virtual_thread_ended(child, status);
    return;
  }
  virtual_make_ready(child);
  if (event == PTRACE_EVENT_VFORK) parent->vfork_child = (pid_t)id;
}

// The parent of a vfork goes on when its child has executed a program or ended.
static void release_vfork(struct node *node, pid_t child) {
  for (struct process *process = node->processes; process != NULL; process = process->next) {
    for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
      if (thread->state != thread_vfork || thread->vfork_child != child) continue;
      int status;
      if (!thread->has_status && virtual_wait(thread->id, &status) == thread->id && has_ended(status)) {
        virtual_thread_ended(thread, status);
        return;
      }
      thread->has_status = false;
      virtual_make_ready(thread);
      return;
    }
  }
}

static void executed(struct thread *thread) {
  struct process *process = thread->process;
  // All other threads are gone, some without a word; the one that called has the process's id now.
  while (process->threads != thread || thread->next != NULL) {
    struct thread *other = process->threads == thread ? thread->next : process->threads;
    virtual_thread_ended(other, 0);
  }
  thread->id = process->id;
  thread->clear_at_exit = 0;
  for (int index = process->timer_count - 1; index >= 0; index--) {
    if (process->timers[index].kind == timer_posix) process->timers[index] = process->timers[--process->timer_count];
  }
  virtual_prepare_program(thread);
  release_vfork(process->node, process->id);
}

// Deals with a report about a thread that was not waited for.
void virtual_dispatch(virtual_run *run, pid_t id, int status) {
  struct thread *thread = virtual_find(run, id);
  if (thread != NULL && has_ended(status)) {
    struct node *node = thread->process->node;
    bool was_last = thread->process->thread_count == 1;
    virtual_thread_ended(thread, status);
    if (was_last) release_vfork(node, id);
  } else if (thread != NULL) {
    thread->has_status = true;
    thread->status = status;
  } else if (has_ended(status)) {
    for (int index = 0; index < run->options.node_count; index++) {
      if (run->nodes[index].guard == id) run->nodes[index].guard = 0;
    }
  } else if (run->newborn_count < (int)(sizeof run->newborn / sizeof *run->newborn)) {
    run->newborn[run->newborn_count++] = id;
  }
}

// Threads that end together are reported one after the other, whenever the kernel comes to them: no time may pass between.
// The first thread, which has the process's id, is reported last.
void virtual_await_end(virtual_run *run, pid_t process) {
  while (virtual_find(run, process) != NULL) {
    int status;
    pid_t id = virtual_wait(-1, &status);
    if (id < 0) return;
    virtual_dispatch(run, id, status);
  }
}

// A letter for the state of a thread, as in /proc, and the processor time that it has used, in nanoseconds.
char virtual_thread_state(struct thread *thread, int64_t *cpu) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", thread->process->id, thread->id);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 'X';
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
  const char *end = strrchr(text, ')');
  unsigned long user = 0, system = 0;
  char state = 'X';
  if (end != NULL) {
    sscanf(end + 2, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system);
  }
  *cpu = (int64_t)(user + system) * (SECOND / sysconf(_SC_CLK_TCK));
  return state;
}

// What a slice has shown so far, tick by tick.
struct watch {
  int ticks, asleep;
  int64_t cpu_at_start;
};

// Nothing was reported for a while: what does the thread do? It may wait for room in a pipe that is read here.
static void look_at(struct thread *thread, struct watch *watch) {
  int64_t cpu;
  char state = virtual_thread_state(thread, &cpu);
  bool wrote = virtual_drain(thread->process->node);
  if (watch->ticks++ == 0) watch->cpu_at_start = cpu;
  watch->asleep = state == 'S' && !wrote ? watch->asleep + 1 : 0;
  if (thread->interrupted != wait_nothing) return;
  if (watch->asleep >= blocked_ticks) thread->interrupted = wait_blocked;
  int64_t spin = spin_milliseconds * MILLISECOND;
  if (thread->has_spun) spin = (thread->spins == 0 ? known_spin_milliseconds : next_spin_milliseconds) * MILLISECOND;
  if (state == 'R' && cpu - watch->cpu_at_start > spin) thread->interrupted = wait_spin;
  if (thread->interrupted != wait_nothing) ptrace(PTRACE_INTERRUPT, thread->id, 0, 0);
}

// Waits for a thread's next stop. False if it has ended.
static bool await_stop(virtual_run *run, struct thread *thread, int *status) {
  struct watch watch = {0};
  pid_t wanted = thread->id;
  for (;;) {
    pid_t id = waitpid(-1, status, __WALL | __WNOTHREAD);
    if (id < 0 && errno == EINTR) {
      look_at(thread, &watch);
    } else if (id < 0) {
      virtual_thread_ended(thread, 0);
      return false;
    } else if (id == wanted && !has_ended(*status)) {
      return true;
    } else if (*status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8) && id == thread->process->id) {
      // A thread that is not the first has executed a program, and is now called by the first's id.
      return true;
    } else {
      pid_t process = thread->process->id;
      bool all_end = id == wanted && (thread->process->ends || WIFSIGNALED(*status));
      virtual_dispatch(run, id, *status);
      if (all_end) virtual_await_end(run, process);
      if (id == wanted) return false;
    }
  }
}

// A thread was interrupted from here.
static enum outcome interrupted(struct thread *thread) {
  virtual_run *run = thread->process->node->run;
  enum wait why = thread->interrupted;
  thread->interrupted = wait_nothing;
  if (why == wait_spin) {
    run->counts.spins += 1;
    thread->has_spun = true;
    if (++thread->spins == spins_max) {
      virtual_fail(run, "n%d computes without end: a thread made no system call however long it ran",
                   thread->process->node->index);
    }
    return virtual_park(thread, wait_spin, NEVER);
  }
  ptrace(PTRACE_GETREGS, thread->id, 0, &thread->registers);
  long result = -(long)thread->registers.rax;
  if (result < restart_first || result > restart_last) return go_on;
  // The kernel makes the call again when the thread goes on.
  run->counts.blocks += 1;
  return virtual_park(thread, wait_blocked, NEVER);
}

// What a stop demands. `number` gets the signal that the thread is to be given.
static enum outcome stopped(struct thread *thread, int status, int *number) {
  switch (status >> 16) {
    case PTRACE_EVENT_SECCOMP: return virtual_handle_call(thread);
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK: clone_made(thread, status >> 16); return go_on;
    case PTRACE_EVENT_VFORK:
      clone_made(thread, PTRACE_EVENT_VFORK);
      thread->state = thread_vfork;
      return go_on;
    case PTRACE_EVENT_VFORK_DONE: return go_on;
    case PTRACE_EVENT_EXEC: executed(thread); return yields;
    case PTRACE_EVENT_STOP: return thread->interrupted != wait_nothing ? interrupted(thread) : go_on;
    default: break;
  }
  if (WSTOPSIG(status) == (SIGTRAP | 0x80)) return virtual_handle_result(thread);
  *number = WSTOPSIG(status);
  if (*number == SIGSEGV && virtual_emulate_timestamp(thread)) *number = 0;
  return go_on;
}

static void set_clock(struct process *process) {
  if (process->page == NULL) return;
  process->page->map->now = process->node->run->now;
  process->page->map->budget = looks_per_slice;
}

static void take_clock(struct process *process) {
  virtual_run *run = process->node->run;
  if (process->page != NULL && process->page->map->now > run->now) run->now = process->page->map->now;
}

// Runs a thread until it waits, ends, or has had its turn.
void virtual_run_slice(struct thread *thread) {
  struct process *process = thread->process;
  struct node *node = process->node;
  virtual_run *run = node->run;
  // What it waited for may be gone again: another thread was quicker.
  if (thread->wait == wait_descriptor && !virtual_check(thread)) {
    virtual_park(thread, wait_descriptor, NEVER);
    return;
  }
  thread->wait = wait_nothing;
  run->slices += 1;
  node->dirty = true;
  enum outcome outcome = go_on;
  int number = 0;
  for (;;) {
    if (thread->has_answer) ptrace(PTRACE_SETREGS, thread->id, 0, &thread->registers);
    thread->has_answer = false;
    set_clock(thread->process);
    ptrace(outcome == stops_again ? PTRACE_SYSCALL : PTRACE_CONT, thread->id, 0, (long)number);
    // The parent of a vfork is no more to be waited for than a parked thread.
    if (thread->state == thread_vfork || thread->state == thread_dead) return;
    int status;
    number = 0;
    if (thread->has_status) {
      status = thread->status;
      thread->has_status = false;
    } else if (!await_stop(run, thread, &status)) {
      return;
    }
    run->counts.stops += 1;
    take_clock(thread->process);
    if (status >> 16 != PTRACE_EVENT_STOP) thread->spins = 0;
    outcome = stopped(thread, status, &number);
    if (run->failure[0] != 0 || outcome == parked) return;
    if (outcome == yields) {
      virtual_make_ready(thread);
      return;
    }
  }
}
#endif

// Threads that wait: the queue of those that are ready, what the others wait for, and when they go on.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { descriptors_max = 1024, delay_milliseconds_max = 3, delay_odds = 8 };

// --- The queue ---------------------------------------------------------------------------------------------

static void enqueue(struct thread *thread, bool first) {
  virtual_run *run = thread->process->node->run;
  thread->state = thread_ready;
  thread->due = NEVER;
  thread->due_on_wall = false;
  if (thread->queued) return;
  thread->queued = true;
  run->ready_count += 1;
  thread->next_ready = NULL;
  if (run->first_ready == NULL) {
    run->first_ready = run->last_ready = thread;
  } else if (first) {
    thread->next_ready = run->first_ready;
    run->first_ready = thread;
  } else {
    run->last_ready->next_ready = thread;
    run->last_ready = thread;
  }
}

// Has a thread wait a little before it goes on, where delays are asked for and the dice say so.
static bool delay(struct thread *thread) {
  virtual_run *run = thread->process->node->run;
  if (!run->options.delays || virtual_draw(&run->random) % delay_odds != 0) return false;
  thread->state = thread_delayed;
  thread->due = run->now + virtual_draw(&run->random) % (delay_milliseconds_max * MILLISECOND);
  if (thread->due < run->earliest) run->earliest = thread->due;
  run->counts.delays += 1;
  return true;
}

void virtual_make_ready(struct thread *thread) {
  if (thread->queued || !delay(thread)) enqueue(thread, false);
}

// A signal has come for a parked thread: its call runs natively, and the kernel ends it as that signal demands.
void virtual_run_now(struct thread *thread) {
  thread->resumes = thread->wait;
  thread->resumes_at = thread->due;
  thread->wait = wait_nothing;
  enqueue(thread, true);
}

// Whether some thread can run now.
bool virtual_has_ready(const virtual_run *run) {
  for (struct thread *thread = run->first_ready; thread != NULL; thread = thread->next_ready) {
    if (!thread->process->node->paused) return true;
  }
  return false;
}

// Takes the next thread out of the queue, or any where delays are asked for; those of paused programs stay in it.
struct thread *virtual_take_ready(virtual_run *run) {
  int skip = run->options.delays && run->ready_count > 1 ? (int)(virtual_draw(&run->random) % run->ready_count) : 0;
  struct thread *chosen = NULL, *before_chosen = NULL, *before = NULL;
  for (struct thread *thread = run->first_ready; thread != NULL; before = thread, thread = thread->next_ready) {
    if (thread->process->node->paused) continue;
    chosen = thread;
    before_chosen = before;
    if (skip-- <= 0) break;
  }
  if (chosen == NULL) return NULL;
  if (before_chosen == NULL) {
    run->first_ready = chosen->next_ready;
  } else {
    before_chosen->next_ready = chosen->next_ready;
  }
  if (run->last_ready == chosen) run->last_ready = before_chosen;
  chosen->queued = false;
  run->ready_count -= 1;
  return chosen;
}

// --- Waiting -----------------------------------------------------------------------------------------------

enum outcome virtual_park(struct thread *thread, enum wait wait, int64_t due) {
  virtual_run *run = thread->process->node->run;
  thread->state = thread_parked;
  thread->wait = wait;
  thread->due = due;
  thread->due_on_wall = false;
  thread->turn = run->turn++;
  thread->looks = 0;
  if (due < run->earliest) run->earliest = due;
  return parked;
}

// The call does not run: the thread goes on with this result.
void virtual_answer(struct thread *thread, int64_t value) {
  thread->registers.orig_rax = -1;
  thread->registers.rax = value;
  thread->has_answer = true;
  thread->wait = wait_nothing;
}

// What a wait ends with when its time has come.
static void time_out(struct thread *thread) {
  switch (thread->wait) {
    case wait_futex: virtual_answer(thread, -ETIMEDOUT); break;
    case wait_signal: virtual_answer(thread, -EAGAIN); break;
    case wait_sleep: virtual_answer(thread, 0); break;
    case wait_poll:
      // All sets are emptied.
      if (thread->call == SYS_select || thread->call == SYS_pselect6) {
        uint64_t sets[] = {thread->registers.rsi, thread->registers.rdx, thread->registers.r10};
        size_t bytes = (thread->registers.rdi + 63) / 64 * 8;
        fd_set none = {0};
        for (int index = 0; index < 3; index++) {
          if (sets[index] != 0 && bytes <= sizeof none) virtual_store(thread->process, sets[index], &none, bytes);
        }
      }
      virtual_answer(thread, 0);
      break;
    default: break;
  }
}

static bool is_waiting(const struct thread *thread) {
  return thread->state == thread_parked || thread->state == thread_delayed;
}

// The earliest instant at which something is due.
static int64_t find_earliest(virtual_run *run) {
  int64_t earliest = NEVER;
  for (int index = 0; index < run->options.node_count; index++) {
    if (run->nodes[index].paused) continue;
    for (struct process *process = run->nodes[index].processes; process != NULL; process = process->next) {
      int64_t due = virtual_timers_due(process);
      if (due < earliest) earliest = due;
      for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (is_waiting(thread) && thread->due < earliest) earliest = thread->due;
      }
    }
  }
  return earliest;
}

// Ends the waits whose time has come, earliest first, and of several at one instant the one that began first.
void virtual_expire(virtual_run *run) {
  for (int index = 0; index < run->options.node_count; index++) {
    if (run->nodes[index].paused) continue;
    for (struct process *process = run->nodes[index].processes; process != NULL; process = process->next) {
      virtual_fire_timers(process);
    }
  }
  for (;;) {
    struct thread *first = NULL;
    for (int index = 0; index < run->options.node_count; index++) {
      if (run->nodes[index].paused) continue;
      for (struct process *process = run->nodes[index].processes; process != NULL; process = process->next) {
        for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
          if (!is_waiting(thread) || thread->due > run->now) continue;
          if (first == NULL || thread->due < first->due || (thread->due == first->due && thread->turn < first->turn)) {
            first = thread;
          }
        }
      }
    }
    if (first == NULL) break;
    if (first->state == thread_delayed) {
      enqueue(first, false);
    } else {
      time_out(first);
      virtual_make_ready(first);
    }
  }
  run->earliest = find_earliest(run);
}

// Threads that spin and calls that blocked have another chance, if others ran meanwhile. Returns whether there are any.
bool virtual_retry(virtual_run *run) {
  if (run->retried_at == run->slices) return false;
  bool any = false;
  for (int index = 0; index < run->options.node_count; index++) {
    for (struct process *process = run->nodes[index].processes; process != NULL; process = process->next) {
      for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (thread->state != thread_parked) continue;
        if (thread->wait != wait_spin && thread->wait != wait_blocked) continue;
        thread->wait = wait_nothing;
        enqueue(thread, false);
        any = true;
      }
    }
  }
  // Their own slices do not count.
  run->retried_at = run->slices + run->ready_count;
  return any;
}

// --- Looking at descriptors --------------------------------------------------------------------------------

static short readiness(struct process *process, int descriptor, short events) {
  int ours = virtual_borrow(process, descriptor);
  if (ours < 0) return POLLNVAL;
  struct pollfd ready = {ours, events, 0};
  poll(&ready, 1, 0);
  close(ours);
  return ready.revents;
}

// Each of the following answers how many descriptors are ready and stores which, or an error below 0.

static int look_by_poll(struct thread *thread) {
  struct process *process = thread->process;
  size_t count = thread->registers.rsi;
  struct pollfd theirs[descriptors_max];
  if (count > descriptors_max) return -EINVAL;
  if (!virtual_load(process, thread->registers.rdi, theirs, count * sizeof *theirs)) return -EFAULT;
  int ready = 0;
  for (size_t index = 0; index < count; index++) {
    theirs[index].revents = theirs[index].fd < 0 ? 0 : readiness(process, theirs[index].fd, theirs[index].events);
    if (theirs[index].revents != 0) ready += 1;
  }
  virtual_store(process, thread->registers.rdi, theirs, count * sizeof *theirs);
  return ready;
}

static int look_by_select(struct thread *thread) {
  struct process *process = thread->process;
  size_t count = thread->registers.rdi, bytes = (count + 63) / 64 * 8;
  uint64_t places[] = {thread->registers.rsi, thread->registers.rdx, thread->registers.r10};
  static const short asked[] = {POLLIN, POLLOUT, POLLPRI};
  static const short answers[] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
  fd_set sets[3] = {0}, found[3] = {0};
  if (count > FD_SETSIZE) return -EINVAL;
  for (int set = 0; set < 3; set++) {
    if (places[set] != 0 && !virtual_load(process, places[set], &sets[set], bytes)) return -EFAULT;
  }
  int ready = 0;
  for (size_t descriptor = 0; descriptor < count; descriptor++) {
    short events = 0;
    for (int set = 0; set < 3; set++) {
      if (FD_ISSET(descriptor, &sets[set])) events |= asked[set];
    }
    short seen = events == 0 ? 0 : readiness(process, (int)descriptor, events);
    if (seen & POLLNVAL) return -EBADF;
    for (int set = 0; set < 3; set++) {
      if (FD_ISSET(descriptor, &sets[set]) && (seen & answers[set]) != 0) {
        FD_SET(descriptor, &found[set]);
        ready += 1;
      }
    }
  }
  // While it waits, its sets are still to be read.
  for (int set = 0; ready > 0 && set < 3; set++) {
    if (places[set] != 0) virtual_store(process, places[set], &found[set], bytes);
  }
  return ready;
}

static int look_by_epoll(struct thread *thread) {
  int ours = virtual_borrow(thread->process, (int)thread->registers.rdi);
  if (ours < 0) return -EBADF;
  struct epoll_event events[descriptors_max];
  int most = (int)thread->registers.rdx;
  int ready = epoll_wait(ours, events, most > descriptors_max ? descriptors_max : most, 0);
  if (ready < 0) ready = -errno;
  close(ours);
  if (ready > 0) virtual_store(thread->process, thread->registers.rsi, events, ready * sizeof *events);
  return ready;
}

static int look(struct thread *thread) {
  switch (thread->call) {
    case SYS_poll:
    case SYS_ppoll: return look_by_poll(thread);
    case SYS_select:
    case SYS_pselect6: return look_by_select(thread);
    default: return look_by_epoll(thread);
  }
}

// Whether a parked thread can go on because of what became of its descriptors; answers its call if that is so.
bool virtual_check(struct thread *thread) {
  if (thread->wait == wait_descriptor) return readiness(thread->process, thread->descriptor, thread->events) != 0;
  if (thread->wait != wait_poll) return false;
  int ready = look(thread);
  if (ready != 0) virtual_answer(thread, ready);
  return ready != 0;
}

// Looks at what parked threads wait for, in programs where something happened.
void virtual_probe(virtual_run *run, bool all) {
  for (int index = 0; index < run->options.node_count; index++) {
    struct node *node = &run->nodes[index];
    if (node->paused || (!node->dirty && !all)) continue;
    node->dirty = false;
    for (struct process *process = node->processes; process != NULL; process = process->next) {
      for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (thread->state == thread_parked && virtual_check(thread)) virtual_make_ready(thread);
      }
    }
  }
}

// --- The calls ---------------------------------------------------------------------------------------------

// All that wait for several descriptors: `duration` is how long, in nanoseconds.
static enum outcome poll_for(struct thread *thread, int64_t duration) {
  int ready = look(thread);
  if (ready == 0 && duration > 0) {
    if (virtual_is_interrupted(thread)) return go_on;
    return virtual_park(thread, wait_poll, virtual_from_now(thread->process->node->run, duration));
  }
  if (ready == 0) {
    thread->wait = wait_poll;
    time_out(thread);
    return virtual_polled(thread);
  }
  virtual_answer(thread, ready);
  return virtual_looked(thread);
}

static int64_t duration_of_milliseconds(int milliseconds) { return milliseconds < 0 ? NEVER : milliseconds * MILLISECOND; }

static int64_t duration_at(struct thread *thread, uint64_t address) {
  struct timespec time;
  if (address == 0 || !virtual_load(thread->process, address, &time, sizeof time)) return NEVER;
  return virtual_nanoseconds(time);
}

enum outcome virtual_poll(struct thread *thread) {
  return poll_for(thread, thread->call == SYS_poll ? duration_of_milliseconds((int)thread->registers.rdx)
                                                   : duration_at(thread, thread->registers.rdx));
}

enum outcome virtual_select(struct thread *thread) {
  int64_t duration = duration_at(thread, thread->registers.r8);
  if (thread->call == SYS_select && duration < NEVER) {
    // Microseconds stand where elsewhere nanoseconds do.
    duration = duration / SECOND * SECOND + duration % SECOND * 1000;
  }
  return poll_for(thread, duration);
}

enum outcome virtual_epoll(struct thread *thread) {
  return poll_for(thread, thread->call == SYS_epoll_pwait2 ? duration_at(thread, thread->registers.r10)
                                                           : duration_of_milliseconds((int)thread->registers.r10));
}

// Bytes from /dev/random and /dev/urandom come from the seed.
static bool is_random_device(int file) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) == 1 &&
         (minor(status.st_rdev) == 8 || minor(status.st_rdev) == 9);
}

static bool never_blocks(const struct thread *thread, int file) {
  const struct user_regs_struct *registers = &thread->registers;
  if (thread->call == SYS_recvfrom && (registers->r10 & MSG_DONTWAIT) != 0) return true;
  if (thread->call == SYS_recvmsg && (registers->rdx & MSG_DONTWAIT) != 0) return true;
  return (fcntl(file, F_GETFL) & O_NONBLOCK) != 0;
}

// All that wait for one descriptor to have something; the call runs when it has.
enum outcome virtual_read(struct thread *thread) {
  int file = virtual_borrow(thread->process, (int)thread->registers.rdi);
  if (file < 0) return go_on;
  if (thread->call == SYS_read && is_random_device(file)) {
    close(file);
    uint8_t bytes[4096];
    size_t count = thread->registers.rdx < sizeof bytes ? thread->registers.rdx : sizeof bytes;
    for (size_t index = 0; index < count; index++) bytes[index] = (uint8_t)virtual_draw(&thread->process->random);
    virtual_answer(thread, virtual_store(thread->process, thread->registers.rsi, bytes, count) ? (int64_t)count : -EFAULT);
    return go_on;
  }
  struct pollfd ready = {file, POLLIN, 0};
  poll(&ready, 1, 0);
  bool runs = ready.revents != 0 || never_blocks(thread, file);
  close(file);
  if (runs) return go_on;
  thread->descriptor = (int)thread->registers.rdi;
  thread->events = POLLIN;
  return virtual_park(thread, wait_descriptor, NEVER);
}
#endif

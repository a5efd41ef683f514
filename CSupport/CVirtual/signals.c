// Signals, and waiting for children. Signals stay the kernel's: what is done here is to find out which parked thread one
// of them is for, and to let that thread's call run natively. With a signal pending it ends at once, as that call must.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

// A line of /proc/.../status, after its name; empty if there is none.
static void read_status(pid_t id, const char *name, char *value, size_t bytes) {
  char path[64], line[512];
  value[0] = 0;
  snprintf(path, sizeof path, "/proc/%d/status", id);
  FILE *file = fopen(path, "re");
  if (file == NULL) return;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0) snprintf(value, bytes, "%s", line + strlen(name));
  }
  fclose(file);
}

// A thread of a program by the id that the program knows it by.
struct thread *virtual_find_inner(struct node *node, pid_t inner) {
  for (struct process *process = node->processes; process != NULL; process = process->next) {
    for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
      char value[128];
      read_status(thread->id, "NSpid:", value, sizeof value);
      const char *last = strrchr(value, '\t');
      if (last != NULL && atoi(last) == inner) return thread;
    }
  }
  return NULL;
}

static uint64_t bit(int number) { return 1UL << (number - 1); }

static uint64_t pending(const struct thread *thread) {
  char own[128], shared[128];
  read_status(thread->id, "SigPnd:", own, sizeof own);
  read_status(thread->id, "ShdPnd:", shared, sizeof shared);
  return strtoull(own, NULL, 16) | strtoull(shared, NULL, 16);
}

// The mask that a call brings for as long as it waits; false if it brings none.
static bool brings_mask(struct thread *thread, uint64_t *mask) {
  const struct user_regs_struct *registers = &thread->registers;
  uint64_t place = 0;
  if (thread->call == SYS_ppoll) place = registers->r10;
  if (thread->call == SYS_epoll_pwait || thread->call == SYS_epoll_pwait2) place = registers->r8;
  if (thread->call == SYS_rt_sigsuspend) place = registers->rdi;
  if (thread->call == SYS_pselect6 && registers->r9 != 0) {
    if (!virtual_load(thread->process, registers->r9, &place, sizeof place)) place = 0;
  }
  return place != 0 && virtual_load(thread->process, place, mask, sizeof *mask);
}

// Whether a signal would end a thread's wait.
static bool takes(struct thread *thread, int number) {
  uint64_t mask = 0;
  if (thread->call == SYS_rt_sigtimedwait && thread->wait == wait_signal &&
      virtual_load(thread->process, thread->registers.rdi, &mask, sizeof mask) && (mask & bit(number)) != 0) {
    return true;
  }
  bool is_waiting = thread->state == thread_parked && thread->wait != wait_spin;
  if (!is_waiting || !brings_mask(thread, &mask)) ptrace(PTRACE_GETSIGMASK, thread->id, sizeof mask, &mask);
  return (mask & bit(number)) == 0;
}

// Whether a signal that waits already ends a call that brings a mask.
bool virtual_is_interrupted(struct thread *thread) {
  uint64_t mask;
  return brings_mask(thread, &mask) && (pending(thread) & ~mask) != 0;
}

// A signal was sent to a process, or to one of its threads: the first that takes it goes on.
void virtual_signalled(struct process *process, pid_t id, int number) {
  process->node->dirty = true;
  for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
    if (id != 0 && thread->id != id) continue;
    if (thread->state == thread_dead || thread->state == thread_vfork || !takes(thread, number)) continue;
    if (thread->state != thread_parked) return;
    if ((pending(thread) & bit(number)) != 0) virtual_run_now(thread);
    return;
  }
}

// The call runs, and then whom it is for is looked up.
enum outcome virtual_kill_call(struct thread *thread) {
  (void)thread;
  return stops_again;
}

void virtual_kill_result(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  struct node *node = thread->process->node;
  bool names_both = thread->call == SYS_tgkill || thread->call == SYS_rt_tgsigqueueinfo;
  bool names_process = thread->call == SYS_kill || thread->call == SYS_rt_sigqueueinfo;
  int number = (int)(names_both ? registers->rdx : registers->rsi);
  pid_t target = (pid_t)(names_both ? registers->rsi : registers->rdi);
  if (registers->rax != 0 || number < 1 || number > 64) return;
  if (target <= 0) {
    // A group: those who got it are those who have it.
    for (struct process *process = node->processes; process != NULL; process = process->next) {
      virtual_signalled(process, 0, number);
    }
    return;
  }
  struct thread *found = virtual_find_inner(node, target);
  if (found == NULL || found == thread) return;
  if (number == SIGKILL && found->process != thread->process) {
    virtual_await_end(node->run, found->process->id);
    return;
  }
  virtual_signalled(found->process, names_process ? 0 : found->id, number);
}

enum outcome virtual_sigtimedwait(struct thread *thread) {
  uint64_t set = 0;
  struct timespec time;
  int64_t duration = NEVER;
  virtual_load(thread->process, thread->registers.rdi, &set, sizeof set);
  if (thread->registers.rdx != 0 && virtual_load(thread->process, thread->registers.rdx, &time, sizeof time)) {
    duration = virtual_nanoseconds(time);
  }
  if ((set & pending(thread)) != 0 || duration == 0) return go_on;
  return virtual_park(thread, wait_signal, virtual_from_now(thread->process->node->run, duration));
}

enum outcome virtual_sigsuspend(struct thread *thread) {
  if (virtual_is_interrupted(thread)) return go_on;
  return virtual_park(thread, wait_signal, NEVER);
}

// A call that a signal interrupted without a handler goes on waiting as it did.
enum outcome virtual_restart(struct thread *thread) {
  int64_t due = thread->resumes_at;
  if (thread->resumes == wait_nothing) return go_on;
  return virtual_park(thread, thread->resumes, due);
}

// Children: the call runs without waiting; if it finds none, the thread waits and makes the call again when one ends.

enum outcome virtual_wait_child(struct thread *thread) {
  unsigned long long *options = thread->call == SYS_wait4 ? &thread->registers.rdx : &thread->registers.r10;
  thread->asked = (int)*options;
  if ((*options & WNOHANG) != 0) return go_on;
  *options |= WNOHANG;
  thread->has_answer = true;
  return stops_again;
}

enum outcome virtual_wait_result(struct thread *thread) {
  struct user_regs_struct *registers = &thread->registers;
  bool found = registers->rax != 0;
  if (thread->call == SYS_waitid && !found && registers->rdx != 0) {
    siginfo_t info = {0};
    virtual_load(thread->process, registers->rdx, &info, sizeof info);
    found = info.si_pid != 0;
  }
  *(thread->call == SYS_wait4 ? &registers->rdx : &registers->r10) = thread->asked;
  thread->has_answer = true;
  if (found) return go_on;
  registers->rip -= 2;
  registers->rax = thread->call;
  registers->orig_rax = -1;
  return virtual_park(thread, wait_child, NEVER);
}

// rdtsc and rdtscp are forbidden and answered here. Returns whether a thread's SIGSEGV was one of them.
bool virtual_emulate_timestamp(struct thread *thread) {
  uint8_t code[3] = {0};
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, thread->id, 0, &registers) != 0) return false;
  if (!virtual_load(thread->process, registers.rip, code, sizeof code)) return false;
  bool is_short = code[0] == 0x0f && code[1] == 0x31;
  bool is_long = code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xf9;
  if (!is_short && !is_long) return false;
  virtual_run *run = thread->process->node->run;
  uint64_t now = (uint64_t)(UP_START + (run->now += creep_nanoseconds));
  registers.rax = (uint32_t)now;
  registers.rdx = now >> 32;
  if (is_long) registers.rcx = 0;
  registers.rip += is_long ? 3 : 2;
  return ptrace(PTRACE_SETREGS, thread->id, 0, &registers) == 0;
}
#endif

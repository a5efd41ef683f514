// Futexes, wholly emulated: a thread that waits is parked, and one that wakes makes it ready. Threads wake in the order
// in which they began to wait.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <linux/futex.h>

// The first of a process's threads that waits at an address.
static struct thread *first_waiter(struct process *process, uint64_t address, uint32_t bits) {
  struct thread *first = NULL;
  for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
    if (thread->state == thread_parked && thread->wait == wait_futex && thread->futex == address &&
        (thread->futex_bits & bits) != 0 && (first == NULL || thread->turn < first->turn)) {
      first = thread;
    }
  }
  return first;
}

// Wakes threads, and has others wait at another address. Returns how many.
int virtual_wake(struct process *process, uint64_t address, int count, uint32_t bits, uint64_t to, int move) {
  int done = 0;
  struct thread *thread;
  while (done < count && (thread = first_waiter(process, address, bits)) != NULL) {
    virtual_answer(thread, 0);
    virtual_make_ready(thread);
    done += 1;
  }
  while (move-- > 0 && (thread = first_waiter(process, address, bits)) != NULL) {
    thread->futex = to;
    done += 1;
  }
  return done;
}

static enum outcome wait_at(struct thread *thread, int operation) {
  const struct user_regs_struct *registers = &thread->registers;
  struct process *process = thread->process;
  uint32_t value;
  if (!virtual_load(process, registers->rdi, &value, sizeof value)) {
    virtual_answer(thread, -EFAULT);
    return go_on;
  }
  if (value != (uint32_t)registers->rdx) {
    virtual_answer(thread, -EAGAIN);
    return virtual_looked(thread);
  }
  int64_t due = NEVER;
  bool on_wall = false;
  struct timespec time;
  if (registers->r10 != 0 && virtual_load(process, registers->r10, &time, sizeof time)) {
    int64_t duration = virtual_nanoseconds(time);
    if (operation == FUTEX_WAIT) {
      due = virtual_from_now(process->node->run, duration);
    } else if (duration < NEVER) {
      on_wall = (registers->rsi & FUTEX_CLOCK_REALTIME) != 0;
      due = duration - virtual_clock_base(process->node, on_wall ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    }
  }
  thread->futex = registers->rdi;
  thread->futex_bits = operation == FUTEX_WAIT ? ~0u : (uint32_t)registers->r9;
  virtual_park(thread, wait_futex, due);
  thread->due_on_wall = on_wall;
  return parked;
}

// FUTEX_WAKE_OP: changes a word, and wakes there too if the old value compares as asked.
static int wake_and_change(struct process *process, const struct user_regs_struct *registers) {
  uint32_t code = (uint32_t)registers->r9, old = 0;
  uint32_t operand = code >> 12 & 0xfff, comparand = code & 0xfff;
  if (code >> 28 & FUTEX_OP_OPARG_SHIFT) operand = 1u << (operand & 31);
  if (!virtual_load(process, registers->r8, &old, sizeof old)) return -EFAULT;
  uint32_t changed = old;
  switch (code >> 28 & 7) {
    case FUTEX_OP_SET: changed = operand; break;
    case FUTEX_OP_ADD: changed = old + operand; break;
    case FUTEX_OP_OR: changed = old | operand; break;
    case FUTEX_OP_ANDN: changed = old & ~operand; break;
    case FUTEX_OP_XOR: changed = old ^ operand; break;
    default: return -ENOSYS;
  }
  virtual_store(process, registers->r8, &changed, sizeof changed);
  int woken = virtual_wake(process, registers->rdi, (int)registers->rdx, ~0u, 0, 0);
  int32_t was = (int32_t)old, limit = (int32_t)(comparand << 20) >> 20;
  bool holds = false;
  switch (code >> 24 & 15) {
    case FUTEX_OP_CMP_EQ: holds = was == limit; break;
    case FUTEX_OP_CMP_NE: holds = was != limit; break;
    case FUTEX_OP_CMP_LT: holds = was < limit; break;
    case FUTEX_OP_CMP_LE: holds = was <= limit; break;
    case FUTEX_OP_CMP_GT: holds = was > limit; break;
    case FUTEX_OP_CMP_GE: holds = was >= limit; break;
    default: return -ENOSYS;
  }
  if (holds) woken += virtual_wake(process, registers->r8, (int)registers->r10, ~0u, 0, 0);
  return woken;
}

enum outcome virtual_futex(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  struct process *process = thread->process;
  int operation = (int)registers->rsi & FUTEX_CMD_MASK, count = (int)registers->rdx;
  uint32_t value;
  switch (operation) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: return wait_at(thread, operation);
    case FUTEX_WAKE:
      virtual_answer(thread, virtual_wake(process, registers->rdi, count, ~0u, 0, 0));
      return go_on;
    case FUTEX_WAKE_BITSET:
      virtual_answer(thread, virtual_wake(process, registers->rdi, count, (uint32_t)registers->r9, 0, 0));
      return go_on;
    case FUTEX_CMP_REQUEUE:
      if (!virtual_load(process, registers->rdi, &value, sizeof value) || value != (uint32_t)registers->r9) {
        virtual_answer(thread, -EAGAIN);
        return go_on;
      }
      // fall through
    case FUTEX_REQUEUE:
      virtual_answer(thread,
                     virtual_wake(process, registers->rdi, count, ~0u, registers->r8, (int)registers->r10));
      return go_on;
    case FUTEX_WAKE_OP: virtual_answer(thread, wake_and_change(process, registers)); return go_on;
    default:
      virtual_fail(process->node->run, "n%d used operation %d of futex, which virtual time does not know",
                   process->node->index, operation);
      return parked;
  }
}
#endif

// What is known of programs: their processes and threads, their memory and descriptors, their end.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <stdarg.h>
#include <sys/uio.h>

void virtual_fail(virtual_run *run, const char *format, ...) {
  if (run->failure[0] != 0) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(run->failure, sizeof run->failure, format, arguments);
  va_end(arguments);
}

void virtual_refuse(virtual_run *run, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (int index = 0; index < refusals_max; index++) {
    if (run->refusals[index] == NULL) run->refusals[index] = strdup(text);
    if (run->refusals[index] == NULL || strcmp(run->refusals[index], text) == 0) return;
  }
}

// --- Memory and descriptors --------------------------------------------------------------------------------

bool virtual_load(struct process *process, uint64_t address, void *bytes, size_t count) {
  struct iovec ours = {bytes, count}, theirs = {(void *)address, count};
  return count == 0 || process_vm_readv(process->id, &ours, 1, &theirs, 1, 0) == (ssize_t)count;
}

bool virtual_store(struct process *process, uint64_t address, const void *bytes, size_t count) {
  struct iovec ours = {(void *)bytes, count}, theirs = {(void *)address, count};
  return count == 0 || process_vm_writev(process->id, &ours, 1, &theirs, 1, 0) == (ssize_t)count;
}

// A descriptor of the guest as one of this process, to be closed.
int virtual_borrow(struct process *process, int descriptor) {
  return (int)syscall(SYS_pidfd_getfd, process->descriptor, descriptor, 0);
}

// --- Threads and processes ---------------------------------------------------------------------------------

struct thread *virtual_new_thread(struct process *process, pid_t id) {
  struct thread *thread = calloc(1, sizeof *thread);
  if (thread == NULL) return NULL;
  thread->id = id;
  thread->process = process;
  thread->due = NEVER;
  thread->state = thread_parked;
  // In the order of their making, so that the first thread is the first.
  struct thread **last = &process->threads;
  while (*last != NULL) last = &(*last)->next;
  *last = thread;
  process->thread_count += 1;
  process->node->run->counts.threads += 1;
  return thread;
}

struct process *virtual_new_process(struct node *node, pid_t id, pid_t parent) {
  struct process *process = calloc(1, sizeof *process);
  if (process == NULL) return NULL;
  process->id = id;
  process->node = node;
  process->parent = parent;
  process->random = virtual_draw(&node->random);
  process->descriptor = (int)syscall(SYS_pidfd_open, id, 0);
  struct process **last = &node->processes;
  while (*last != NULL) last = &(*last)->next;
  *last = process;
  return process;
}

struct thread *virtual_find(virtual_run *run, pid_t id) {
  for (int index = 0; index < run->options.node_count; index++) {
    for (struct process *process = run->nodes[index].processes; process != NULL; process = process->next) {
      for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (thread->id == id) return thread;
      }
    }
  }
  return NULL;
}

void virtual_free_process(struct process *process) {
  struct process **place = &process->node->processes;
  while (*place != process) place = &(*place)->next;
  *place = process->next;
  for (int index = 0; index < process->timer_count; index++) {
    if (process->timers[index].descriptor >= 0) close(process->timers[index].descriptor);
  }
  virtual_release_page(process->page);
  if (process->descriptor >= 0) close(process->descriptor);
  free(process->timers);
  free(process);
}

static void leave_queue(virtual_run *run, struct thread *thread) {
  struct thread **place = &run->first_ready, *before = NULL;
  if (!thread->queued) return;
  while (*place != thread) {
    before = *place;
    place = &before->next_ready;
  }
  *place = thread->next_ready;
  if (run->last_ready == thread) run->last_ready = before;
  run->ready_count -= 1;
}

// A thread is gone; with the last one its process.
void virtual_thread_ended(struct thread *thread, int status) {
  struct process *process = thread->process;
  struct node *node = process->node;
  leave_queue(node->run, thread);
  node->dirty = true;
  struct thread **place = &process->threads;
  while (*place != thread) place = &(*place)->next;
  *place = thread->next;
  if (thread->clear_at_exit != 0) virtual_wake(process, thread->clear_at_exit, 1, ~0u, 0, 0);
  free(thread);
  if (--process->thread_count > 0) return;
  if (process->id == node->main) {
    node->ended = true;
    node->status = status;
  }
  for (struct process *parent = node->processes; parent != NULL; parent = parent->next) {
    if (parent->id != process->parent) continue;
    for (struct thread *waiting = parent->threads; waiting != NULL; waiting = waiting->next) {
      if (waiting->state == thread_parked && waiting->wait == wait_child) virtual_make_ready(waiting);
    }
    virtual_signalled(parent, 0, SIGCHLD);
  }
  virtual_free_process(process);
}
#endif

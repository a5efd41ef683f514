// The one table of system calls: what is traced, what it is called, and who answers it. All other calls run as they are.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <sys/stat.h>
#include <sys/sysinfo.h>

static enum outcome answer_with(struct thread *thread, int64_t value) {
  virtual_answer(thread, value);
  return go_on;
}

static enum outcome get_random(struct thread *thread) {
  uint8_t bytes[4096];
  size_t count = thread->registers.rsi < sizeof bytes ? thread->registers.rsi : sizeof bytes;
  for (size_t index = 0; index < count; index++) bytes[index] = (uint8_t)virtual_draw(&thread->process->random);
  bool is_stored = virtual_store(thread->process, thread->registers.rdi, bytes, count);
  return answer_with(thread, is_stored ? (int64_t)count : -EFAULT);
}

static enum outcome get_usage(struct thread *thread) {
  int64_t microseconds = thread->process->node->run->now / 100000;
  int64_t usage[18] = {microseconds / 1000000, microseconds % 1000000};
  virtual_store(thread->process, thread->registers.rsi, usage, sizeof usage);
  return answer_with(thread, 0);
}

static enum outcome get_times(struct thread *thread) {
  int64_t ticks = thread->process->node->run->now / (10 * MILLISECOND);
  int64_t times[4] = {ticks / 100};
  if (thread->registers.rdi != 0) virtual_store(thread->process, thread->registers.rdi, times, sizeof times);
  return answer_with(thread, ticks);
}

static enum outcome get_system(struct thread *thread) {
  struct sysinfo info = {.totalram = 8UL << 30, .freeram = 4UL << 30, .mem_unit = 1, .procs = 10};
  info.uptime = virtual_clock(thread, CLOCK_BOOTTIME) / SECOND;
  virtual_store(thread->process, thread->registers.rdi, &info, sizeof info);
  return answer_with(thread, 0);
}

static enum outcome get_processor(struct thread *thread) {
  uint32_t zero = 0;
  if (thread->registers.rdi != 0) virtual_store(thread->process, thread->registers.rdi, &zero, sizeof zero);
  if (thread->registers.rsi != 0) virtual_store(thread->process, thread->registers.rsi, &zero, sizeof zero);
  return answer_with(thread, 0);
}

// The last thing that the first thread of a process does may be to leave before the others: the kernel says nothing of
// that until they have ended too.
static enum outcome leave(struct thread *thread) {
  if (thread->id != thread->process->id || thread->process->thread_count == 1) return go_on;
  ptrace(PTRACE_CONT, thread->id, 0, 0L);
  thread->state = thread_dead;
  return parked;
}

static enum outcome end_process(struct thread *thread) {
  thread->process->ends = true;
  return go_on;
}

// What a node's disk answers to a write or a sync: 0, or an error. Only files are on a disk.
static int disk_error(struct thread *thread) {
  const struct user_regs_struct *registers = &thread->registers;
  virtual_disk disk = thread->process->node->disk;
  int file = virtual_borrow(thread->process, (int)registers->rdi), error = 0;
  struct stat status;
  if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
    bool has_place = thread->call == SYS_pwrite64 || thread->call == SYS_pwritev || thread->call == SYS_pwritev2;
    bool is_sync = thread->call == SYS_fsync || thread->call == SYS_fdatasync;
    bool has_count = thread->call == SYS_write || thread->call == SYS_pwrite64;
    int64_t begin = (fcntl(file, F_GETFL) & O_APPEND) != 0 ? status.st_size : lseek(file, 0, SEEK_CUR);
    if (has_place && (int64_t)registers->r10 >= 0) begin = (int64_t)registers->r10;
    // Of a list of pieces the first byte decides.
    int64_t end = begin + (has_count ? (int64_t)registers->rdx : 1);
    if (disk == virtual_disk_failing) error = EIO;
    if (disk == virtual_disk_full && !is_sync && end > status.st_size) error = ENOSPC;
  }
  if (file >= 0) close(file);
  return error;
}

// Delays are put before a write, after which others may see what was written.
static enum outcome write_out(struct thread *thread) {
  struct node *node = thread->process->node;
  if (node->disk != virtual_disk_sound) {
    int error = disk_error(thread);
    if (error != 0) return answer_with(thread, -error);
  }
  if (!node->run->options.delays) return go_on;
  virtual_make_ready(thread);
  return parked;
}

static enum outcome use_disk(struct thread *thread) {
  int error = thread->process->node->disk == virtual_disk_sound ? 0 : disk_error(thread);
  return error == 0 ? go_on : answer_with(thread, -error);
}

// Room for a file before anything is written there.
static enum outcome allocate(struct thread *thread) {
  virtual_disk disk = thread->process->node->disk;
  if (disk == virtual_disk_sound) return go_on;
  return answer_with(thread, disk == virtual_disk_full ? -ENOSPC : -EIO);
}

static enum outcome pretend(struct thread *thread) { return answer_with(thread, 0); }
static enum outcome forbid(struct thread *thread) { return answer_with(thread, -EPERM); }
static enum outcome deny(struct thread *thread) { return answer_with(thread, -ENOSYS); }

// Waits or reads a clock in a way that is not known here: the run must not go on as if it were.
static enum outcome fail(struct thread *thread) {
  struct node *node = thread->process->node;
  for (int index = 0; index < virtual_call_count; index++) {
    if (virtual_calls[index].number != thread->call) continue;
    virtual_fail(node->run, "n%d made the system call %s, which virtual time does not know", node->index,
                 virtual_calls[index].name);
    return parked;
  }
  virtual_fail(node->run, "n%d made the system call %ld, which virtual time does not know", node->index, thread->call);
  return parked;
}

#define CALL(name, handle) {SYS_##name, #name, handle, always}

const struct call virtual_calls[] = {
    // Clocks.
    CALL(clock_gettime, virtual_clock_gettime),
    CALL(gettimeofday, virtual_gettimeofday),
    CALL(time, virtual_time),
    CALL(getrusage, get_usage),
    CALL(times, get_times),
    CALL(sysinfo, get_system),
    CALL(clock_settime, forbid),
    CALL(settimeofday, forbid),
    CALL(clock_adjtime, forbid),
    CALL(adjtimex, forbid),
    // Sleeps and turns.
    CALL(nanosleep, virtual_nanosleep),
    CALL(clock_nanosleep, virtual_clock_nanosleep),
    CALL(sched_yield, virtual_yield),
    CALL(restart_syscall, virtual_restart),
    CALL(futex, virtual_futex),
    // Descriptors.
    CALL(poll, virtual_poll),
    CALL(ppoll, virtual_poll),
    CALL(select, virtual_select),
    CALL(pselect6, virtual_select),
    CALL(epoll_wait, virtual_epoll),
    CALL(epoll_pwait, virtual_epoll),
    CALL(epoll_pwait2, virtual_epoll),
    CALL(read, virtual_read),
    CALL(readv, virtual_read),
    CALL(recvfrom, virtual_read),
    CALL(recvmsg, virtual_read),
    CALL(accept, virtual_read),
    CALL(accept4, virtual_read),
    {SYS_write, "write", write_out, for_writes},
    {SYS_writev, "writev", write_out, for_writes},
    {SYS_sendto, "sendto", write_out, for_delays},
    {SYS_sendmsg, "sendmsg", write_out, for_delays},
    {SYS_pwrite64, "pwrite64", use_disk, for_disks},
    {SYS_pwritev, "pwritev", use_disk, for_disks},
    {SYS_pwritev2, "pwritev2", use_disk, for_disks},
    {SYS_fsync, "fsync", use_disk, for_disks},
    {SYS_fdatasync, "fdatasync", use_disk, for_disks},
    {SYS_fallocate, "fallocate", allocate, for_disks},
    // Timers.
    CALL(timerfd_create, virtual_timerfd_create),
    CALL(timerfd_settime, virtual_timerfd_settime),
    CALL(timerfd_gettime, virtual_timerfd_gettime),
    CALL(timer_create, virtual_timer_create),
    CALL(timer_settime, virtual_timer_settime),
    CALL(timer_gettime, virtual_timer_gettime),
    CALL(timer_getoverrun, virtual_timer_getoverrun),
    CALL(timer_delete, virtual_timer_delete),
    CALL(setitimer, virtual_setitimer),
    CALL(getitimer, virtual_getitimer),
    CALL(alarm, virtual_alarm),
    // Signals and children.
    CALL(kill, virtual_kill_call),
    CALL(tkill, virtual_kill_call),
    CALL(tgkill, virtual_kill_call),
    CALL(rt_sigqueueinfo, virtual_kill_call),
    CALL(rt_tgsigqueueinfo, virtual_kill_call),
    CALL(rt_sigtimedwait, virtual_sigtimedwait),
    CALL(rt_sigsuspend, virtual_sigsuspend),
    CALL(pause, virtual_sigsuspend),
    CALL(wait4, virtual_wait_child),
    CALL(waitid, virtual_wait_child),
    CALL(exit, leave),
    CALL(exit_group, end_process),
    // The seed's, and one processor.
    CALL(getrandom, get_random),
    CALL(getcpu, get_processor),
    CALL(sched_setaffinity, pretend),
    // Done without.
    CALL(io_uring_setup, deny),
    CALL(perf_event_open, deny),
    CALL(ptrace, forbid),
    // Waits that are not known here.
    CALL(semtimedop, fail),
    CALL(semop, fail),
    CALL(msgrcv, fail),
    CALL(msgsnd, fail),
    CALL(mq_timedsend, fail),
    CALL(mq_timedreceive, fail),
    CALL(io_getevents, fail),
    CALL(io_pgetevents, fail),
    CALL(recvmmsg, fail),
    CALL(signalfd, fail),
    CALL(signalfd4, fail),
    CALL(pidfd_send_signal, fail),
    {449, "futex_waitv", fail, always},
    {454, "futex_wake", fail, always},
    {455, "futex_wait", fail, always},
    {456, "futex_requeue", fail, always},
};
const int virtual_call_count = sizeof virtual_calls / sizeof *virtual_calls;

// A thread is about to make a traced call.
enum outcome virtual_handle_call(struct thread *thread) {
  if (ptrace(PTRACE_GETREGS, thread->id, 0, &thread->registers) != 0) return go_on;
  thread->has_answer = false;
  long number = (long)thread->registers.orig_rax;
  // The call that is restarted keeps its number.
  if (number != SYS_restart_syscall) thread->call = number;
  for (int index = 0; index < virtual_call_count; index++) {
    if (virtual_calls[index].number == number) return virtual_calls[index].handle(thread);
  }
  return fail(thread);
}

// A call that stops again has run.
enum outcome virtual_handle_result(struct thread *thread) {
  if (ptrace(PTRACE_GETREGS, thread->id, 0, &thread->registers) != 0) return go_on;
  if (thread->call != SYS_wait4 && thread->call != SYS_waitid) {
    virtual_kill_result(thread);
    return go_on;
  }
  return virtual_wait_result(thread);
}
#endif

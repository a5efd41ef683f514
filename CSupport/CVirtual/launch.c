// How a program is started: in namespaces of its own where that is allowed, under a filter for system calls, stopped at
// its first instruction.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { highest_call = 462, file_bytes_max = 1 << 30, files_max = 1024 };

// The child has no more of this process than its memory, so it says by a pipe what went wrong.
struct word {
  int error;
  bool is_fatal;
  char what[40];
};

static void tell(int pipe, bool is_fatal, const char *what) {
  struct word word = {errno, is_fatal, ""};
  for (size_t index = 0; index + 1 < sizeof word.what && what[index] != 0; index++) word.what[index] = what[index];
  if (write(pipe, &word, sizeof word) < 0 || is_fatal) syscall(SYS_exit_group, 127);
}

// Built from the table of calls: what it names stops, what is newer than it stops too and fails.
static int install_filter(bool delays) {
  struct sock_filter code[300];
  int count = 0;
#define ADD(...) code[count++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, highest_call, 0, 1));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  for (int index = 0; index < virtual_call_count; index++) {
    if (virtual_calls[index].only_with_delays && !delays) continue;
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)virtual_calls[index].number, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  }
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
  struct sock_fprog program = {(unsigned short)count, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

struct launch {
  const char *const *arguments, *const *environment;
  const char *directory;
  int input, output, errors, words;
  bool delays, has_users, has_names;
  uid_t user;
  gid_t group;
  // What Java shares between all processes of a user, by process id.
  char java[128];
};

static void limit(int resource, rlim_t most) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return;
  if (limit.rlim_max > most) limit.rlim_max = most;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(resource, &limit);
}

static void become_program(const struct launch *launch) {
  int words = launch->words;
  dup2(launch->input, 0);
  dup2(launch->output, 1);
  dup2(launch->errors, 2);
  if (words != 3) dup3(words, 3, O_CLOEXEC);
  words = 3;
  syscall(SYS_close_range, 4, ~0U, 0);
  syscall(SYS_setsid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct sigaction usual = {.sa_handler = SIG_DFL};
  for (int number = 1; number <= SIGRTMAX; number++) sigaction(number, &usual, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, file_bytes_max);
  limit(RLIMIT_NOFILE, files_max);
  if (launch->directory != NULL && chdir(launch->directory) != 0) tell(words, true, "its directory");
  if (personality(ADDR_NO_RANDOMIZE) < 0) tell(words, false, "addresses that do not change (personality)");
  if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) tell(words, false, "stopping rdtsc (PR_SET_TSC)");
  if (install_filter(launch->delays) != 0) tell(words, true, "a filter for system calls (seccomp)");
  execve(launch->arguments[0], (char *const *)launch->arguments, (char *const *)launch->environment);
  tell(words, true, "the program");
}

static void write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (write(file, text, strlen(text)) < 0) errno = EIO;
  close(file);
}

// A process that begins with no more than this thread has.
static pid_t clone_process(unsigned long flags) { return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

// The first process of a namespace: has the program as its child, and takes everything with it when it ends.
static void guard(const struct launch *launch, int begin) {
  char byte, text[64];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (launch->has_users) {
    write_file("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%u %u 1", launch->user, launch->user);
    write_file("/proc/self/uid_map", text);
    snprintf(text, sizeof text, "%u %u 1", launch->group, launch->group);
    write_file("/proc/self/gid_map", text);
  }
  if (launch->has_names) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("proc", "/proc", "proc", 0, NULL) != 0) {
      tell(launch->words, false, "a /proc of its own (mount)");
    }
    if (launch->java[0] != 0) mount("none", launch->java, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64m");
  }
  if (read(begin, &byte, 1) != 1) syscall(SYS_exit_group, 127);
  if (clone_process(0) == 0) become_program(launch);
  syscall(SYS_close_range, 0, ~0U, 0);
  int status;
  while (wait4(-1, &status, 0, NULL) > 0 || errno == EINTR) continue;
  syscall(SYS_exit_group, 0);
}

// Starts the guard, in namespaces if that is allowed.
static pid_t start_guard(virtual_run *run, struct launch *launch, int begin) {
  unsigned long names = CLONE_NEWPID | CLONE_NEWNS;
  launch->user = geteuid();
  launch->group = getegid();
  launch->has_names = true;
  const struct passwd *user = getpwuid(launch->user);
  if (user != NULL) snprintf(launch->java, sizeof launch->java, "/tmp/hsperfdata_%s", user->pw_name);
  if (user != NULL) mkdir(launch->java, 0755);
  launch->has_users = launch->user != 0;
  pid_t id = clone_process(launch->has_users ? names | CLONE_NEWUSER : names);
  if (id < 0 && !launch->has_users) {
    launch->has_users = true;
    id = clone_process(names | CLONE_NEWUSER);
  }
  if (id < 0) {
    virtual_refuse(run, "namespaces are refused (%s): process ids differ from run to run", strerror(errno));
    launch->has_names = launch->has_users = false;
    id = clone_process(0);
  }
  if (id == 0) guard(launch, begin);
  return id;
}

static const int trace_options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                 PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;

// Seizes the guard, lets it fork, keeps the child and lets the guard go. Returns the child, or -1.
static pid_t seize_child(pid_t guard, int begin) {
  int status;
  unsigned long child = 0;
  if (ptrace(PTRACE_SEIZE, guard, 0, (long)trace_options) != 0 || write(begin, "x", 1) != 1) return -1;
  for (;;) {
    if (virtual_wait(guard, &status) != guard || WIFEXITED(status) || WIFSIGNALED(status)) return -1;
    if (status >> 16 == PTRACE_EVENT_FORK || status >> 16 == PTRACE_EVENT_CLONE) break;
    ptrace(PTRACE_CONT, guard, 0, 0L);
  }
  ptrace(PTRACE_GETEVENTMSG, guard, 0, &child);
  if (virtual_wait((pid_t)child, &status) != (pid_t)child) return -1;
  ptrace(PTRACE_DETACH, guard, 0, 0);
  return (pid_t)child;
}

// Lets the child run until it has executed the program.
static bool reach_program(pid_t child) {
  int status;
  long number = 0;
  for (;;) {
    ptrace(PTRACE_CONT, child, 0, number);
    if (virtual_wait(child, &status) != child || !WIFSTOPPED(status)) return false;
    if (status >> 16 == PTRACE_EVENT_EXEC) return true;
    number = status >> 16 == 0 ? WSTOPSIG(status) : 0;
  }
}

// What the child said. Returns whether it was fatal.
static bool hear(virtual_run *run, int words, char *problem, size_t bytes) {
  struct word word;
  bool is_fatal = false;
  while (read(words, &word, sizeof word) == sizeof word) {
    if (word.is_fatal) snprintf(problem, bytes, "%s: %s", word.what, strerror(word.error));
    if (word.is_fatal && word.error == ENOEXEC) {
      snprintf(problem, bytes, "it is neither a program nor a script; scripts begin with a line like #!/bin/sh");
    }
    if (word.is_fatal && word.error == ENOENT) {
      snprintf(problem, bytes, "%s, or the interpreter that its first line names, is not there", word.what);
    }
    if (!word.is_fatal) virtual_refuse(run, "%s is refused: %s", word.what, strerror(word.error));
    is_fatal = is_fatal || word.is_fatal;
  }
  return is_fatal;
}

bool virtual_launch(struct node *node, const char *const *arguments, const char *const *environment,
                    const char *directory, char *problem, size_t bytes) {
  virtual_run *run = node->run;
  int pipes[5][2];
  for (int index = 0; index < 5; index++) {
    if (pipe2(pipes[index], O_CLOEXEC) == 0) continue;
    snprintf(problem, bytes, "no more pipes: %s", strerror(errno));
    while (--index >= 0) close(pipes[index][0]), close(pipes[index][1]);
    return false;
  }
  int *input = pipes[0], *output = pipes[1], *errors = pipes[2], *words = pipes[3], *begin = pipes[4];
  struct launch launch = {.arguments = arguments, .environment = environment, .directory = directory};
  launch.input = input[0], launch.output = output[1], launch.errors = errors[1], launch.words = words[1];
  launch.delays = run->options.delays;
  node->guard = start_guard(run, &launch, begin[0]);
  snprintf(problem, bytes, "ptrace is refused here: %s", strerror(errno));
  pid_t child = node->guard < 0 ? -1 : seize_child(node->guard, begin[1]);
  bool runs = child > 0 && reach_program(child);
  int theirs[] = {input[0], output[1], errors[1], words[1], begin[0], begin[1]};
  for (size_t index = 0; index < sizeof theirs / sizeof *theirs; index++) close(theirs[index]);
  bool is_fatal = hear(run, words[0], problem, bytes);
  close(words[0]);
  if (!runs || is_fatal) {
    close(input[1]), close(output[0]), close(errors[0]);
    if (node->guard > 0) kill(node->guard, SIGKILL);
    if (node->guard > 0) waitpid(node->guard, &(int){0}, __WALL);
    node->guard = 0;
    return false;
  }
  int ours[] = {input[1], output[0], errors[0]};
  for (int index = 0; index < 3; index++) {
    fcntl(ours[index], F_SETPIPE_SZ, pipe_bytes);
    fcntl(ours[index], F_SETFL, O_NONBLOCK);
  }
  node->input = input[1];
  node->streams[1] = (struct stream){.descriptor = output[0]};
  node->streams[2] = (struct stream){.descriptor = errors[0]};
  node->main = child;
  struct process *process = virtual_new_process(node, child, node->guard);
  struct thread *thread = process == NULL ? NULL : virtual_new_thread(process, child);
  if (thread == NULL) return false;
  int probe = virtual_borrow(process, 0);
  if (probe < 0) virtual_fail(run, "pidfd_getfd is refused here (%s): in a container, add CAP_SYS_PTRACE", strerror(errno));
  if (probe >= 0) close(probe);
  virtual_prepare_program(thread);
  virtual_make_ready(thread);
  return true;
}
#endif

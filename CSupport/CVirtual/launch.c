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

// What a child may be refused before the program runs, and what doing without costs; nothing is done without where no
// cost is given.
enum step { its_directory, its_filter, its_program, its_addresses, its_timestamps, its_files };
static const struct {
  const char *what, *cost;
} steps[] = {
    [its_directory] = {"its directory", NULL},
    [its_filter] = {"a filter for system calls (seccomp) is refused here", NULL},
    [its_program] = {"the program", NULL},
    [its_addresses] = {"addresses that do not change (personality)",
                       "Node.js and Ruby, for two, differ from run to run"},
    [its_timestamps] = {"stopping rdtsc (PR_SET_TSC)", "programs that read that counter see the real time"},
    [its_files] = {"a /proc of its own (mount)", "programs see the machine's processes"},
};

// The child has no more of this process than its memory, so it says by a pipe what went wrong.
struct word {
  int error;
  enum step step;
};

static void tell(int pipe, enum step step) {
  struct word word = {errno, step};
  if (write(pipe, &word, sizeof word) < 0 || steps[step].cost == NULL) syscall(SYS_exit_group, 127);
}

// Built from the table of calls: what it names stops, what is newer than it stops too and fails.
static int install_filter(enum traced wanted) {
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
    enum traced traced = virtual_calls[index].traced;
    if (traced != always && (traced & wanted) == 0) continue;
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
  enum traced wanted;
  bool has_users, has_names;
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
  if (launch->directory != NULL && chdir(launch->directory) != 0) tell(words, its_directory);
  if (personality(ADDR_NO_RANDOMIZE) < 0) tell(words, its_addresses);
  if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) tell(words, its_timestamps);
  if (install_filter(launch->wanted) != 0) tell(words, its_filter);
  execve(launch->arguments[0], (char *const *)launch->arguments, (char *const *)launch->environment);
  tell(words, its_program);
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
      tell(launch->words, its_files);
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

static const char container_advice[] =
    "; in a container, allow it (Docker: --cap-add SYS_PTRACE --security-opt seccomp=unconfined)";
static const int trace_options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                 PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;

// Seizes the guard, lets it fork, keeps the child and lets the guard go. Returns the child, or -1.
static pid_t seize_child(pid_t guard, int begin, char *problem, size_t bytes) {
  int status;
  unsigned long child = 0;
  if (ptrace(PTRACE_SEIZE, guard, 0, (long)trace_options) != 0) {
    snprintf(problem, bytes, "ptrace is refused here (%s)%s", strerror(errno), container_advice);
    return -1;
  }
  snprintf(problem, bytes, "its first process ended before the program began");
  if (write(begin, "x", 1) != 1) return -1;
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
static bool reach_program(pid_t child, char *problem, size_t bytes) {
  int status;
  long number = 0;
  for (;;) {
    ptrace(PTRACE_CONT, child, 0, number);
    if (virtual_wait(child, &status) != child) return false;
    if (WIFSIGNALED(status)) {
      // Past the point from which execve can't return.
      snprintf(problem, bytes, "the system can't execute it (signal %d): the file is cut short, or damaged",
               WTERMSIG(status));
    }
    if (!WIFSTOPPED(status)) return false;
    if (status >> 16 == PTRACE_EVENT_EXEC) return true;
    number = status >> 16 == 0 ? WSTOPSIG(status) : 0;
  }
}

// What the child said. Returns whether it was fatal.
static bool hear(virtual_run *run, int words, char *problem, size_t bytes) {
  struct word word;
  bool is_fatal = false;
  while (read(words, &word, sizeof word) == sizeof word) {
    const char *what = steps[word.step].what, *cost = steps[word.step].cost, *error = strerror(word.error);
    if (cost != NULL) {
      virtual_refuse(run, "%s is refused (%s): %s", what, error, cost);
      continue;
    }
    is_fatal = true;
    snprintf(problem, bytes, "%s: %s", what, error);
    if (word.step != its_program) continue;
    if (word.error == ENOEXEC) {
      snprintf(problem, bytes, "it is neither a program nor a script; scripts begin with a line like #!/bin/sh");
    }
    if (word.error == ENOENT) {
      snprintf(problem, bytes, "%s, or the interpreter that its first line names, is not there", what);
    }
  }
  return is_fatal;
}

static uint64_t stack_of(pid_t child) {
  struct user_regs_struct registers = {0};
  ptrace(PTRACE_GETREGS, child, 0, &registers);
  return registers.rsp;
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
  launch.wanted = (run->options.delays ? for_delays : 0) | (run->options.disks ? for_disks : 0);
  node->guard = start_guard(run, &launch, begin[0]);
  if (node->guard < 0) snprintf(problem, bytes, "no more processes: %s", strerror(errno));
  pid_t child = node->guard < 0 ? -1 : seize_child(node->guard, begin[1], problem, bytes);
  bool runs = child > 0 && reach_program(child, problem, bytes);
  int theirs[] = {input[0], output[1], errors[1], words[1], begin[0], begin[1]};
  for (size_t index = 0; index < sizeof theirs / sizeof *theirs; index++) close(theirs[index]);
  // A guard that waits for ever would keep the pipe of words open.
  if (!runs && node->guard > 0) kill(node->guard, SIGKILL);
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
  uint64_t word;
  if (probe < 0) virtual_fail(run, "pidfd_getfd is refused here (%s)%s", strerror(errno), container_advice);
  if (!virtual_load(process, stack_of(child), &word, sizeof word)) {
    virtual_fail(run, "process_vm_readv is refused here (%s)%s", strerror(errno), container_advice);
  }
  if (probe >= 0) close(probe);
  virtual_prepare_program(thread);
  virtual_make_ready(thread);
  return true;
}
#endif

// Processes, for the workbench.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

extern char **environ;

struct glomers_child {
  uv_process_t process;
  uv_timer_t grace;
  glomers_loop *loop;
  void *owner;
  int handles;
  /// By which the keeper knows it.
  int32_t serial;
  bool exited;
};

enum { grace_milliseconds = 1000 };

static void on_overdue(uv_timer_t *timer) {
  glomers_child *child = timer->data;
  child->loop->turn_due = true;
  // What holds the pipes was started by the process, and is to end with it. The number is still that of its group if no
  // other process has got it since.
  if (kill(child->process.pid, 0) != 0 && errno == ESRCH) kill(-child->process.pid, SIGKILL);
  child->loop->events.overdue(child->owner);
}

static void on_exit_of_process(uv_process_t *process, int64_t status, int number) {
  glomers_child *child = process->data;
  child->exited = true;
  child->loop->turn_due = true;
  uv_timer_start(&child->grace, on_overdue, grace_milliseconds, 0);
  child->loop->events.exited(child->owner, status, number);
}

static void on_close(uv_handle_t *handle) {
  glomers_child *child = handle->data;
  child->handles -= 1;
  if (child->handles == 0) free(child);
}

void glomers_child_close(glomers_child *child) {
  if (child->exited) glomers_keeper_tell(&child->loop->keeper, child->serial, -1);
  uv_close((uv_handle_t *)&child->grace, on_close);
  uv_close((uv_handle_t *)&child->process, on_close);
}

static void close_all(const int *descriptors, int count) {
  for (int index = 0; index < count; index++) {
    if (descriptors[index] >= 0) close(descriptors[index]);
  }
}

// The mark, the variables, and then this process's own: of one that is there twice, the first counts. NULL, which stands for
// the latter alone, without memory.
static char **join_environment(char *mark, char *const *variables) {
  size_t added = 0, present = 0;
  while (variables[added] != NULL) added++;
  while (environ[present] != NULL) present++;
  char **all = malloc((1 + added + present + 1) * sizeof *all);
  if (all == NULL) return NULL;
  all[0] = mark;
  memcpy(all + 1, variables, added * sizeof *all);
  memcpy(all + 1 + added, environ, (present + 1) * sizeof *all);
  return all;
}

/// The soft limit of open files before it was raised; 0 if it was not.
static rlim_t files_before;

void glomers_raise_file_limit(void) {
  struct rlimit limit;
  if (files_before != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
#ifdef __APPLE__
  if (limit.rlim_cur > OPEN_MAX) limit.rlim_cur = OPEN_MAX;
#endif
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) files_before = before;
}

/// Programs that use select(2) rely on the limit that they were given.
static void restore_file_limit(pid_t process) {
#ifdef __linux__
  struct rlimit limit;
  if (files_before == 0 || prlimit(process, RLIMIT_NOFILE, NULL, &limit) != 0) return;
  limit.rlim_cur = files_before;
  prlimit(process, RLIMIT_NOFILE, &limit, NULL);
#else
  (void)process;
#endif
}

glomers_child *glomers_child_spawn(
  glomers_loop *loop, const char *file, char *const *arguments, char *const *variables,
  const char *directory, int descriptors[3], int *error) {
  glomers_child *child = calloc(1, sizeof *child);
  if (child == NULL) {
    *error = UV_ENOMEM;
    return NULL;
  }
  // libuv hears of the end of a process by this.
  glomers_unblock_signal(SIGCHLD);
  child->loop = loop;
  child->handles = 2;
  child->process.data = child->grace.data = child;
  uv_timer_init(&loop->uv, &child->grace);

  // pipes[i] is {reading end, writing end}; the child gets the reading end of the first.
  int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
  uv_stdio_container_t streams[3];
  *error = 0;
  for (int index = 0; index < 3 && *error == 0; index++) {
    *error = uv_pipe(pipes[index], 0, 0);
    streams[index].flags = UV_INHERIT_FD;
    streams[index].data.fd = pipes[index][index == 0 ? 0 : 1];
    descriptors[index] = pipes[index][index == 0 ? 1 : 0];
  }
  if (*error != 0) {
    close_all(&pipes[0][0], 6);
    // uv_spawn, which would have set this handle up, was never called.
    child->handles = 1;
    uv_close((uv_handle_t *)&child->grace, on_close);
    return NULL;
  }
  char mark[64];
  glomers_keeper_start(&loop->keeper);
  child->serial = glomers_keeper_mark(&loop->keeper, mark, sizeof mark);
  uv_process_options_t options = {
    .exit_cb = on_exit_of_process,
    .file = file,
    // libuv only reads the arguments.
    .args = (char **)arguments,
    .env = join_environment(mark, variables),
    .cwd = directory,
    .flags = UV_PROCESS_DETACHED,
    .stdio_count = 3,
    .stdio = streams,
  };
  *error = uv_spawn(&loop->uv, &child->process, &options);
  free(options.env);
  for (int index = 0; index < 3; index++) close(streams[index].data.fd);
  if (*error != 0) {
    close_all(descriptors, 3);
    glomers_child_close(child);
    return NULL;
  }
  glomers_keeper_tell(&loop->keeper, child->serial, child->process.pid);
  restore_file_limit(child->process.pid);
  return child;
}

void glomers_child_set_owner(glomers_child *child, void *owner) { child->owner = owner; }

int glomers_child_id(const glomers_child *child) { return child->process.pid; }

int glomers_child_signal(glomers_child *child, int number) {
  if (child->exited) return UV_ESRCH;
  return kill(-child->process.pid, number) == 0 ? 0 : uv_translate_sys_error(errno);
}

int glomers_child_limit_files(glomers_child *child, int64_t bytes) {
#ifdef __linux__
  if (child->exited) return UV_ESRCH;
  struct rlimit limit;
  if (prlimit(child->process.pid, RLIMIT_FSIZE, NULL, &limit) != 0) return uv_translate_sys_error(errno);
  limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
  return prlimit(child->process.pid, RLIMIT_FSIZE, &limit, NULL) == 0 ? 0 : uv_translate_sys_error(errno);
#else
  (void)child, (void)bytes;
  return UV_ENOTSUP;
#endif
}

bool glomers_child_usage(const glomers_child *child, int64_t *cpu, int64_t *peak_resident) {
#ifdef __linux__
  if (child->exited) return false;
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(child->process.pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return false;
  *cpu = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;

  char line[256];
  snprintf(line, sizeof line, "/proc/%d/status", child->process.pid);
  FILE *status = fopen(line, "re");
  if (status == NULL) return false;
  long long kibibytes = -1;
  while (kibibytes < 0 && fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0) kibibytes = strtoll(line + 6, NULL, 10);
  }
  fclose(status);
  *peak_resident = kibibytes * 1024;
  return kibibytes >= 0;
#else
  (void)child, (void)cpu, (void)peak_resident;
  return false;
#endif
}

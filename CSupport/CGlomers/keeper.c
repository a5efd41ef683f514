// The keeper: a process that ends what the children of a loop leave behind, however the loop's own process ends.
//
// It is forked before the first child, and does nothing but wait: for the end of a pipe whose other end this process
// holds, and for word of children that have ended. Then it kills what those have started, wherever that has gone: by the
// mark that is in the environment of each child and of all that it starts (Linux only), and by the child's session.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "internal.h"

#define MARK "GLOMERS_CHILD="

/// What the keeper hears: a child has started, or, with a negative number, has ended and been waited for.
typedef struct {
  int32_t serial;
  int32_t process;
} word;

typedef struct {
  char mark[48];
  /// By serial: the process of a child; 0 before it has started, negative once it has ended.
  int32_t *processes;
  size_t count;
} keeper;

static void pause_for(long milliseconds) {
  nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

static void take(keeper *keeper, word said) {
  if (said.serial < 0) return;
  size_t serial = (size_t)said.serial;
  if (serial >= keeper->count) {
    size_t count = 2 * serial + 16;
    int32_t *processes = realloc(keeper->processes, count * sizeof *processes);
    if (processes == NULL) return;
    memset(processes + keeper->count, 0, (count - keeper->count) * sizeof *processes);
    keeper->processes = processes;
    keeper->count = count;
  }
  keeper->processes[serial] = said.process;
}

#ifdef __linux__
/// The serial in a process's mark; -1 without one of this keeper's.
static long serial_of(const keeper *keeper, const char *process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/environ", process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  // The mark comes first, unless the process was started with an environment that somebody has put together.
  static char bytes[(1 << 17) + 1];
  size_t length = 0, mark_length = strlen(keeper->mark);
  for (ssize_t taken = 1; taken > 0 && length < sizeof bytes - 1;) {
    taken = read(file, bytes + length, sizeof bytes - 1 - length);
    if (taken > 0) length += (size_t)taken;
  }
  close(file);
  bytes[length] = '\0';
  const char *found = memmem(bytes, length, keeper->mark, mark_length);
  return found == NULL ? -1 : strtol(found + mark_length, NULL, 10);
}
#endif

/// Kills what children that have ended, or all children, have started. Returns how many processes that were.
static size_t sweep(keeper *keeper, bool all) {
  size_t found = 0;
  if (all) {
    for (size_t serial = 0; serial < keeper->count; serial++) {
      int32_t process = keeper->processes[serial];
      if (process <= 0) continue;
      // Once: a group whose processes nobody waits for can be killed again and again.
      if (kill(-process, SIGKILL) == 0) found++;
      keeper->processes[serial] = -1;
    }
  }
#ifdef __linux__
  DIR *directory = opendir("/proc");
  if (directory == NULL) return found;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    long serial = serial_of(keeper, entry->d_name);
    if (serial < 0) continue;
    bool ended = (size_t)serial < keeper->count && keeper->processes[serial] < 0;
    if ((all || ended) && kill((pid_t)atol(entry->d_name), SIGKILL) == 0) found++;
  }
  closedir(directory);
#endif
  return found;
}

/// Sweeps until nothing is left: what is killed takes a moment to go, and may have started something in it.
static void sweep_out(keeper *keeper, bool all) {
  enum { rounds_max = 500, round_milliseconds = 10 };
  for (int round = 0; round < rounds_max; round++) {
    if (sweep(keeper, all) == 0) return;
    pause_for(round_milliseconds);
  }
}

/// Whoever looks for the program that this was forked from, to kill it, is not to find this.
static void change_name(void) {
#ifdef __linux__
  static char name[] = "glomers-keeper";
  prctl(PR_SET_NAME, name);
  FILE *file = fopen("/proc/self/stat", "re");
  if (file == NULL) return;
  char line[1024];
  const char *rest = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
  fclose(file);
  // Of what proc(5) numbers from 1, the third follows; 48 and 49 are where the arguments begin and end.
  for (int field = 2; field < 48 && rest != NULL; field++) rest = strchr(rest + 1, ' ');
  unsigned long begin, end;
  if (rest == NULL || sscanf(rest, " %lu %lu", &begin, &end) != 2 || begin == 0 || end < begin + sizeof name) return;
  memset((void *)begin, 0, end - begin);
  memcpy((void *)begin, name, sizeof name);
#endif
}

/// Holds nothing of what this process holds, but its end of the pipe.
static void let_go(int kept) {
#ifdef __linux__
  DIR *directory = opendir("/proc/self/fd");
  if (directory != NULL) {
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
      int descriptor = atoi(entry->d_name);
      if (isdigit((unsigned char)entry->d_name[0]) && descriptor != kept && descriptor != dirfd(directory)) close(descriptor);
    }
    closedir(directory);
    return;
  }
#endif
  for (int descriptor = 0; descriptor < 4096; descriptor++) {
    if (descriptor != kept) close(descriptor);
  }
}

static _Noreturn void keep(const char *mark, int end) {
  setsid();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  change_name();
  let_go(end);
  if (chdir("/") != 0) _exit(1);
  keeper keeper = {0};
  snprintf(keeper.mark, sizeof keeper.mark, "%s", mark);
  word words[256];
  for (;;) {
    ssize_t taken = read(end, words, sizeof words);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;
    bool has_ended = false;
    for (size_t index = 0; index < (size_t)taken / sizeof *words; index++) {
      take(&keeper, words[index]);
      has_ended = has_ended || words[index].process < 0;
    }
    if (has_ended) sweep_out(&keeper, false);
  }
  sweep_out(&keeper, true);
  _exit(0);
}

void glomers_keeper_start(glomers_keeper *keeper) {
  if (keeper->process != 0) return;
  int ends[2];
  if (uv_pipe(ends, 0, UV_NONBLOCK_PIPE) != 0) return;
  snprintf(
    keeper->mark, sizeof keeper->mark, MARK "%llx-%x.", (unsigned long long)uv_hrtime(), (unsigned)getpid());
  pid_t process = fork();
  if (process == 0) keep(keeper->mark, ends[0]);
  close(ends[0]);
  if (process < 0) {
    close(ends[1]);
    return;
  }
  keeper->process = process;
  keeper->end = ends[1];
}

int32_t glomers_keeper_mark(glomers_keeper *keeper, char *mark, size_t size) {
  int32_t serial = keeper->next_serial++;
  snprintf(mark, size, "%s%d", keeper->mark[0] != '\0' ? keeper->mark : MARK, serial);
  return serial;
}

void glomers_keeper_tell(glomers_keeper *keeper, int32_t serial, int32_t process) {
  if (keeper->process == 0) return;
  word said = {.serial = serial, .process = process};
  // So short that it is written whole or not at all. A keeper that is not there can't be helped.
  ssize_t written = write(keeper->end, &said, sizeof said);
  (void)written;
}

void glomers_keeper_finish(glomers_keeper *keeper) {
  if (keeper->process == 0) return;
  close(keeper->end);
  while (waitpid(keeper->process, NULL, 0) < 0 && errno == EINTR) {
  }
  keeper->process = 0;
}

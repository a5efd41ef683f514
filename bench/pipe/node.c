#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

extern char **environ;

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("driver: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

node node_start(char *const *arguments) {
  int input[2], output[2];
  // Ends of our own must not stay open in the node: it would never see the end of its input.
  if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC)) fail("pipe: %s", strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], 0);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  node node = {.input = input[1], .output = output[0]};
  int error = posix_spawnp(&node.pid, arguments[0], &actions, NULL, arguments, environ);
  if (error) fail("can't start %s: %s", arguments[0], strerror(error));
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  node.capacity = 1 << 18;
  node.buffer = malloc(node.capacity);
  return node;
}

double node_cpu(const node *node) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(node->pid, &clock) || clock_gettime(clock, &time)) return 0;
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void node_memory(const node *node, size_t *now, size_t *peak) {
  char path[64], line[256];
  *now = *peak = 0;
  snprintf(path, sizeof path, "/proc/%d/status", node->pid);
  FILE *file = fopen(path, "r");
  if (!file) return;
  while (fgets(line, sizeof line, file)) {
    size_t kibibytes;
    if (sscanf(line, "VmRSS: %zu", &kibibytes) == 1) *now = kibibytes * 1024;
    if (sscanf(line, "VmHWM: %zu", &kibibytes) == 1) *peak = kibibytes * 1024;
  }
  fclose(file);
}

void node_block(const node *node, bool blocks) {
  fcntl(node->input, F_SETFL, blocks ? 0 : O_NONBLOCK);
  fcntl(node->output, F_SETFL, blocks ? 0 : O_NONBLOCK);
}

bool node_read(node *node) {
  if (node->start == node->end) node->start = node->end = 0;
  if (node->capacity - node->end < 1 << 16) {
    if (node->start > node->capacity / 2) {
      memmove(node->buffer, node->buffer + node->start, node->end - node->start);
      node->end -= node->start;
      node->start = 0;
    } else {
      node->capacity *= 2;
      node->buffer = realloc(node->buffer, node->capacity);
      if (!node->buffer) fail("out of memory");
    }
  }
  ssize_t count = read(node->output, node->buffer + node->end, node->capacity - node->end);
  if (count > 0) {
    node->end += (size_t)count;
    return true;
  }
  if (count == 0) fail("the node ended, or closed its stdout, while replies were awaited");
  if (errno != EAGAIN && errno != EINTR) fail("read: %s", strerror(errno));
  return false;
}

void node_await(const node *node, bool wants_room) {
  enum { PATIENCE_SECONDS = 120 };
  double cpu = node_cpu(node);
  struct pollfd descriptors[2] = {
    {.fd = node->output, .events = POLLIN},
    {.fd = node->input, .events = POLLOUT},
  };
  if (poll(descriptors, wants_room ? 2 : 1, PATIENCE_SECONDS * 1000) == 0)
    fail("no reply within %d s, of which the node computed %.1f s", PATIENCE_SECONDS, node_cpu(node) - cpu);
}

char *node_line(node *node, size_t *count) {
  char *start = node->buffer + node->start;
  char *newline = memchr(start, '\n', node->end - node->start);
  if (!newline) return NULL;
  *count = (size_t)(newline - start);
  node->start += *count + 1;
  return start;
}

char *node_await_line(node *node, size_t *count) {
  // What was searched in vain is not searched again: a line may have 100 MB.
  size_t searched = 0;
  for (;;) {
    size_t length = node->end - node->start;
    char *newline = length > searched ? memchr(node->buffer + node->start + searched, '\n', length - searched) : NULL;
    if (newline) return node_line(node, count);
    searched = length;
    if (!node_read(node)) node_await(node, false);
  }
}

void node_write(const node *node, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(node->input, bytes, count);
    if (written < 0 && errno != EINTR) fail("write: %s", strerror(errno));
    if (written > 0) bytes += written, count -= (size_t)written;
  }
}

void node_end(node *node) {
  close(node->input);
  int status;
  if (waitpid(node->pid, &status, 0) < 0) fail("waitpid: %s", strerror(errno));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("the node ended with wait status %#x", (unsigned)status);
  close(node->output);
  free(node->buffer);
}

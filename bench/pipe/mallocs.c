// Counts a process's allocations: LD_PRELOAD this, and the count goes to the file that GLOMERS_MALLOCS names when
// the process ends. Freeing is left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// glibc's own names for what is put in front of here: no dlsym, which allocates itself.
extern void *__libc_malloc(size_t count);
extern void *__libc_calloc(size_t number, size_t count);
extern void *__libc_realloc(void *old, size_t count);
extern void *__libc_memalign(size_t alignment, size_t count);

static atomic_ulong allocations, bytes;

static void *counted(void *result, size_t count) {
  atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&bytes, count, memory_order_relaxed);
  return result;
}

void *malloc(size_t count) { return counted(__libc_malloc(count), count); }
void *calloc(size_t number, size_t count) { return counted(__libc_calloc(number, count), number * count); }
void *realloc(void *old, size_t count) { return counted(__libc_realloc(old, count), count); }
void *memalign(size_t alignment, size_t count) { return counted(__libc_memalign(alignment, count), count); }
void *aligned_alloc(size_t alignment, size_t count) { return memalign(alignment, count); }

int posix_memalign(void **place, size_t alignment, size_t count) {
  void *result = memalign(alignment, count);
  if (!result) return 12;  // ENOMEM
  *place = result;
  return 0;
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("GLOMERS_MALLOCS");
  if (!path) return;
  char text[64];
  int count = snprintf(text, sizeof text, "%lu %lu\n", allocations, bytes);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || write(file, text, (size_t)count) != count) _exit(1);
  close(file);
}

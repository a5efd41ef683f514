#include "glomers_arena.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most lines need less than 4 KiB. */
#define FIRST_CHUNK_BYTES ((size_t)16 << 10)
/* What an arena keeps from one line to the next, at most. */
#define KEPT_BYTES ((size_t)1 << 20)
/* A line of 16 MiB may be four million empty objects, of 250 bytes each in jansson: that has to end somewhere. */
#define LIMIT_BYTES ((size_t)256 << 20)
/* jansson stores pointers, sizes, doubles and long longs, and nothing that needs more. */
#define ALIGNMENT ((size_t)8)

typedef struct chunk {
  struct chunk *next;
  size_t capacity;
  _Alignas(8) char bytes[];
} chunk;

struct glomers_arena {
  chunk *newest;
  size_t newest_used;
  glomers_arena_statistics statistics;
  json_error_t error;
};

/*
 * jansson's allocator hooks have no argument for whom they work, so it is kept here. While it is set, all that
 * this thread's jansson allocates and frees is the arena's; while it is not, malloc's.
 */
static _Thread_local glomers_arena *current;

static int add_chunk(glomers_arena *arena, size_t need) {
  size_t capacity = arena->newest ? arena->newest->capacity * 2 : FIRST_CHUNK_BYTES;
  if (capacity > KEPT_BYTES) capacity = KEPT_BYTES;
  if (capacity < need) capacity = need;
  if (capacity > LIMIT_BYTES - arena->statistics.bytes_reserved) return -1;
  chunk *fresh = malloc(sizeof(chunk) + capacity);
  if (!fresh) return -1;
  fresh->capacity = capacity;
  fresh->next = arena->newest;
  arena->newest = fresh;
  arena->newest_used = 0;
  arena->statistics.chunks_acquired++;
  arena->statistics.bytes_reserved += capacity;
  return 0;
}

static void *arena_malloc(size_t size) {
  glomers_arena *arena = current;
  if (!arena) return malloc(size);
  /* jansson asks for at most a small multiple of the line, but a wrapped sum would be a hole in the arena. */
  if (size > LIMIT_BYTES) return NULL;
  size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  if (!arena->newest || size > arena->newest->capacity - arena->newest_used) {
    if (add_chunk(arena, size) != 0) return NULL;
  }
  void *block = arena->newest->bytes + arena->newest_used;
  arena->newest_used += size;
  arena->statistics.allocations++;
  arena->statistics.bytes_used += size;
  return block;
}

static void arena_free(void *block) {
  /* Freed one by one only in the middle of a parse: then everything goes with the line. */
  if (!current) free(block);
}

static void install(void) { json_set_alloc_funcs(arena_malloc, arena_free); }

glomers_arena *glomers_arena_create(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  return calloc(1, sizeof(glomers_arena));
}

static void free_chunks(glomers_arena *arena) {
  while (arena->newest) {
    chunk *next = arena->newest->next;
    free(arena->newest);
    arena->newest = next;
  }
  arena->newest_used = 0;
  arena->statistics.bytes_reserved = 0;
}

void glomers_arena_destroy(glomers_arena *arena) {
  if (!arena) return;
  free_chunks(arena);
  free(arena);
}

void glomers_arena_reset(glomers_arena *arena) {
  chunk *newest = arena->newest;
  if (newest && (newest->next || newest->capacity > KEPT_BYTES)) {
    /* The line outgrew one chunk. Lines come in kinds: one chunk that would have held it serves the next one. */
    size_t wanted = arena->statistics.bytes_used;
    free_chunks(arena);
    wanted = (wanted + FIRST_CHUNK_BYTES - 1) / FIRST_CHUNK_BYTES * FIRST_CHUNK_BYTES;
    if (wanted > KEPT_BYTES) wanted = KEPT_BYTES;
    /* Without memory for it the next allocation will say so. */
    (void)add_chunk(arena, wanted);
  }
  arena->newest_used = 0;
  arena->statistics.bytes_used = 0;
}

static void *parse(glomers_arena *arena, const char *bytes, size_t length, size_t flags) {
  glomers_arena_reset(arena);
  /* An empty buffer may be a null pointer, which jansson takes for a caller's mistake. */
  if (!bytes) bytes = "";
  /* No JSON text has a NUL byte in it, but jansson passes over one that follows a number. */
  const char *nul = memchr(bytes, '\0', length);
  if (nul) {
    snprintf(arena->error.text, sizeof arena->error.text, "NUL byte");
    arena->error.position = (int)(nul - bytes);
    return NULL;
  }
  current = arena;
  json_t *value = json_loadb(bytes, length, JSON_ALLOW_NUL | flags, &arena->error);
  current = NULL;
  return value;
}

void *glomers_arena_parse(glomers_arena *arena, const char *bytes, size_t length) {
  return parse(arena, bytes, length, 0);
}

void *glomers_arena_parse_any(glomers_arena *arena, const char *bytes, size_t length) {
  return parse(arena, bytes, length, JSON_DECODE_ANY);
}

const char *glomers_arena_error(const glomers_arena *arena) { return arena->error.text; }

int glomers_arena_error_position(const glomers_arena *arena) { return arena->error.position; }

glomers_arena_statistics glomers_arena_get_statistics(const glomers_arena *arena) { return arena->statistics; }

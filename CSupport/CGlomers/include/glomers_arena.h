#ifndef GLOMERS_ARENA_H
#define GLOMERS_ARENA_H

#include <stddef.h>

/*
 * A bump arena under jansson: what parsing one line allocates lies side by side, and goes all at once when the
 * next line is parsed. In the steady state a line costs no malloc and no free.
 *
 * An arena belongs to one thread at a time. Two arenas may be used on two threads at once.
 */
typedef struct glomers_arena glomers_arena;

/* What an arena has done so far; for tests and for budgets. */
typedef struct {
  size_t allocations;     /* asked for by jansson while parsing, since the arena was made */
  size_t chunks_acquired; /* taken from malloc since the arena was made */
  size_t bytes_reserved;  /* held from malloc now */
  size_t bytes_used;      /* handed out to jansson for the present line */
} glomers_arena_statistics;

/* NULL when out of memory. */
glomers_arena *glomers_arena_create(void);
void glomers_arena_destroy(glomers_arena *arena);

/*
 * Parses one JSON object or array. Forgets the line before: every value of it is gone.
 *
 * Returns a json_t *, owned by the arena (never json_decref it), or NULL with a reason in
 * glomers_arena_error. It is a void * here because this header must not pull jansson.h into a second Clang
 * module.
 */
void *glomers_arena_parse(glomers_arena *arena, const char *bytes, size_t length);

/* The same, for any JSON value, scalars too. */
void *glomers_arena_parse_any(glomers_arena *arena, const char *bytes, size_t length);

/* Why the last parse failed, in jansson's words; and at which byte. */
const char *glomers_arena_error(const glomers_arena *arena);
int glomers_arena_error_position(const glomers_arena *arena);

/* Forgets the present line, and gives back what is more than an ordinary line needs. */
void glomers_arena_reset(glomers_arena *arena);

glomers_arena_statistics glomers_arena_get_statistics(const glomers_arena *arena);

#endif

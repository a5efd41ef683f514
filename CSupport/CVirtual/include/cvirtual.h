// Runs unmodified programs in virtual time: one thread of all of them at a time, every call that waits or reads a
// clock answered by this process. Linux on x86-64; elsewhere virtual_open says that it can't.
//
// A run belongs to the thread that opened it: all functions must be called there. No policy here but the order of
// threads: what goes into standard input, and what is made of the lines that come out, is the caller's.
#ifndef CVIRTUAL_H
#define CVIRTUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct virtual_run virtual_run;

typedef struct {
  // Fixes the programs' entropy, the order of threads and their delays.
  uint64_t seed;
  int node_count;
  // Whether threads that become ready or write are delayed now and then, up to 3 ms: shows races inside a program.
  bool delays;
  // Whether the disks of nodes are to be full or fail, by virtual_set_disk: their writes to files are then stops.
  bool disks;
  // Whether the vDSO is hidden instead of replaced: every look at a clock is then a stop. For comparison.
  bool hides_vdso;
} virtual_options;

// A full disk takes nothing beyond the ends of its files, and what is there can be overwritten; on one that fails, writes
// and syncs end in an error. Files that a program maps into its memory are spared.
typedef enum { virtual_disk_sound, virtual_disk_full, virtual_disk_failing } virtual_disk;

// Why virtual_advance came back.
typedef enum {
  // Every thread waits: for input, or for virtual_deadline.
  virtual_quiet,
  // Looks at clocks have moved the time to the limit.
  virtual_due,
  // A program did what virtual time can't answer: see virtual_failure.
  virtual_failed,
} virtual_state;

// What happened beside the answers, over the whole run.
typedef struct {
  // Times that a program was stopped.
  uint64_t stops;
  // Threads that computed for a second without a call and had to be interrupted.
  uint64_t spins;
  // Calls that blocked where none was expected and were interrupted.
  uint64_t blocks;
  // Polls without a wait that found nothing, and yields.
  uint64_t polls;
  // Delays put in where options asked for them.
  uint64_t delays;
  uint64_t threads;
} virtual_counts;

// Prepares a run; pins the calling thread to a processor. NULL, and a problem in words, where that can't be.
virtual_run *virtual_open(virtual_options options, char *problem, size_t problem_bytes);

// Ends every process of the run and gives the calling thread back its processors.
void virtual_close(virtual_run *run);

// Starts a program, for the first time or after its end, in an environment that is complete. Its threads run in
// virtual_advance. False, and a problem in words, if it can't be started.
bool virtual_start(virtual_run *run, int node, const char *const *arguments, const char *const *environment,
                   const char *directory, char *problem, size_t problem_bytes);

// Ends a program with all that it started, at once. What it has written can still be taken.
void virtual_kill(virtual_run *run, int node);

// Keeps a program's threads from running, until virtual_resume. Time passes without it.
void virtual_pause(virtual_run *run, int node);
void virtual_resume(virtual_run *run, int node);

// Moves a program's wall clock, and only that; the next incarnations' too.
void virtual_skew(virtual_run *run, int node, int64_t nanoseconds);

// The state of a program's disk, until it is started again. Only where options.disks is set.
void virtual_set_disk(virtual_run *run, int node, virtual_disk disk);

// Appends to a program's standard input.
void virtual_feed(virtual_run *run, int node, const uint8_t *bytes, size_t count);

// The virtual time since virtual_open, in nanoseconds.
int64_t virtual_now(const virtual_run *run);

// Lets time pass to an instant; never back.
void virtual_set_now(virtual_run *run, int64_t now);

// Runs threads until all wait, or the time is `limit`.
virtual_state virtual_advance(virtual_run *run, int64_t limit);

// When a thread that waits is next to go on by itself; INT64_MAX for never.
int64_t virtual_deadline(virtual_run *run);

// The next line that a program wrote to standard output (stream 1) or standard error (2), without its newline;
// valid until the next call. NULL where there is none.
const uint8_t *virtual_line(virtual_run *run, int node, int stream, size_t *count);

// What a program has written to standard output without ending the line; valid until the next call. NULL where there is
// nothing.
const uint8_t *virtual_unfinished(const virtual_run *run, int node, size_t *count);

// Whether a program that runs has closed standard input (stream 0) or output (1); says so once. That of input is seen when
// something is fed to it.
bool virtual_closed(virtual_run *run, int node, int stream);

// Whether a program has ended by itself; says so once. The status is wait's.
bool virtual_ended(virtual_run *run, int node, int *status);

// What made the run fail, in a sentence; NULL if nothing did.
const char *virtual_failure(const virtual_run *run);

// What is refused here and was done without, one a place from 0 on, in words; NULL after the last.
const char *virtual_refusal(const virtual_run *run, int place);

virtual_counts virtual_count(const virtual_run *run);

#endif

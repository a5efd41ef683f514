// Drives one node over pipes, checks every reply, and prints what it measured as one line of JSON.
//
//   driver stream   TRAFFIC COUNT OUTSTANDING -- command…   messages a second, CPU time a message
//   driver pingpong TRAFFIC COUNT -- command…               time of a round trip, one request at a time
//   driver spawn    COUNT -- command…                       from spawn to init_ok, and memory after it
//   driver growth   TRAFFIC COUNT -- command…               memory and cost at 1,000, 10,000, … values
//   driver emit     TRAFFIC COUNT                           the requests alone, on stdout
//
// OUTSTANDING 0 leaves it to the traffic: as many as the pipe holds, or as its clients would have.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

enum { OUTPUT_BYTES = 1 << 16 };

static void initialize(node *node) {
  char request[REQUEST_BYTES_MAX];
  size_t count;
  node_write(node, request, init_request(request));
  char *line = node_await_line(node, &count);
  if (!is_init_ok(line, count)) fail("not an init_ok: %.*s", (int)count, line);
}

static node start(const traffic *traffic, char *const *command) {
  node node = node_start(command);
  if (traffic->has_init) initialize(&node);
  return node;
}

static double own_cpu(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// Streaming.

typedef struct {
  const traffic *traffic;
  node *node;
  uint64_t sent, answered, until, outstanding;
  char output[OUTPUT_BYTES];
  size_t output_start, output_end;
  /// Of the requests, which ones have been answered: replies may overtake each other.
  uint8_t *is_answered;
  uint64_t first;
} stream;

/// Renders requests as far as there is room, and writes what the pipe takes. Returns whether anything happened.
static bool push(stream *stream) {
  if (stream->output_start == stream->output_end) stream->output_start = stream->output_end = 0;
  while (stream->sent < stream->until && OUTPUT_BYTES - stream->output_end > REQUEST_BYTES_MAX
         && (!stream->outstanding || stream->sent - stream->answered < stream->outstanding))
    stream->output_end += stream->traffic->request(stream->sent++, stream->output + stream->output_end);
  size_t count = stream->output_end - stream->output_start;
  if (!count) return false;
  ssize_t written = write(stream->node->input, stream->output + stream->output_start, count);
  if (written < 0 && errno != EAGAIN) fail("write: %s", strerror(errno));
  if (written <= 0) return false;
  stream->output_start += (size_t)written;
  return true;
}

static void take_reply(stream *stream, const char *line, size_t count) {
  int64_t index = stream->traffic->reply(line, count, stream->answered);
  if (index < 0) fail("reply %llu is wrong", (unsigned long long)stream->answered);
  uint64_t place = (uint64_t)index - stream->first;
  if ((uint64_t)index < stream->first || (uint64_t)index >= stream->sent) fail("a reply to no request");
  if (stream->is_answered[place]) fail("two replies to one request");
  stream->is_answered[place] = 1;
  stream->answered++;
}

static bool pull(stream *stream) {
  if (!node_read(stream->node)) return false;
  size_t count;
  for (char *line; (line = node_line(stream->node, &count));) take_reply(stream, line, count);
  return true;
}

/// Sends requests `from..<until` and awaits all replies. Returns the seconds that took.
static double run_stream(
  const traffic *traffic, node *node, uint64_t from, uint64_t until, uint64_t outstanding
) {
  static stream stream;
  stream.traffic = traffic;
  stream.node = node;
  stream.sent = stream.answered = stream.first = from;
  stream.until = until;
  stream.outstanding = outstanding ? outstanding : traffic->outstanding;
  stream.output_start = stream.output_end = 0;
  stream.is_answered = calloc(until - from, 1);
  node_block(node, false);
  double begin = seconds_now();
  while (stream.answered < until) {
    bool has_pushed = push(&stream), has_pulled = pull(&stream);
    if (has_pushed || has_pulled) continue;
    node_await(node, stream.output_end > stream.output_start);
  }
  double seconds = seconds_now() - begin;
  free(stream.is_answered);
  return seconds;
}

static void measure_stream(const traffic *traffic, uint64_t count, uint64_t outstanding, char *const *command) {
  node node = start(traffic, command);
  // The first tenth warms up.
  uint64_t warm = count / 10;
  run_stream(traffic, &node, 0, warm, outstanding);
  double cpu = node_cpu(&node), driver = own_cpu();
  double seconds = run_stream(traffic, &node, warm, count, outstanding);
  double messages = (double)(count - warm);
  cpu = node_cpu(&node) - cpu;
  driver = own_cpu() - driver;
  size_t now, peak;
  node_memory(&node, &now, &peak);
  printf(
    "{\"messages\":%.0f,\"seconds\":%.6f,\"per_second\":%.0f,\"cpu_us\":%.4f,\"driver_us\":%.4f,\"peak_mb\":%.2f}\n",
    messages, seconds, messages / seconds, cpu / messages * 1e6, driver / messages * 1e6, (double)peak / 1e6);
  node_block(&node, true);
  node_end(&node);
}

// One at a time.

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

/// The value below which that share of the sorted samples lies.
static double quantile(const double *samples, uint64_t count, double share) {
  uint64_t place = (uint64_t)(share * (double)count);
  return samples[place < count ? place : count - 1];
}

static void measure_pingpong(const traffic *traffic, uint64_t count, char *const *command) {
  node node = start(traffic, command);
  node_block(&node, true);
  double *samples = calloc(count, sizeof *samples);
  uint64_t warm = count / 10;
  for (uint64_t index = 0; index < warm + count; index++) {
    char request[REQUEST_BYTES_MAX];
    size_t length = traffic->request(index, request), reply;
    double begin = seconds_now();
    node_write(&node, request, length);
    char *line = node_await_line(&node, &reply);
    if (index >= warm) samples[index - warm] = (seconds_now() - begin) * 1e6;
    if (traffic->reply(line, reply, index) != (int64_t)index) fail("reply %llu is wrong", (unsigned long long)index);
  }
  qsort(samples, count, sizeof *samples, compare);
  printf(
    "{\"round_trips\":%llu,\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.1f}\n", (unsigned long long)count,
    quantile(samples, count, 0.5), quantile(samples, count, 0.99), samples[count - 1]);
  free(samples);
  node_end(&node);
}

// Starting.

static void measure_spawn(uint64_t count, char *const *command) {
  double *samples = calloc(count, sizeof *samples);
  size_t now = 0, peak = 0;
  for (uint64_t i = 0; i < count; i++) {
    double begin = seconds_now();
    node node = node_start(command);
    initialize(&node);
    samples[i] = (seconds_now() - begin) * 1e3;
    node_memory(&node, &now, &peak);
    node_end(&node);
  }
  qsort(samples, count, sizeof *samples, compare);
  printf(
    "{\"spawns\":%llu,\"p50_ms\":%.3f,\"min_ms\":%.3f,\"p90_ms\":%.3f,\"resident_mb\":%.2f}\n",
    (unsigned long long)count, quantile(samples, count, 0.5), samples[0], quantile(samples, count, 0.9),
    (double)now / 1e6);
  free(samples);
}

// Growing.

typedef struct {
  double read_ms, read_cpu_ms;
  size_t read_bytes;
} probe;

/// What it costs to look at what a node holds: all of a set, or the end of a log.
static probe look(node *node, bool is_log, uint64_t *index, uint64_t values) {
  enum { TIMES = 200 };
  probe probe = {0};
  int times = is_log ? TIMES : 1;
  double begin = seconds_now(), cpu = node_cpu(node);
  for (int i = 0; i < times; i++) {
    char request[REQUEST_BYTES_MAX];
    size_t count;
    // Such requests are numbered above all others.
    uint64_t id = 80000000 + (*index)++;
    node_write(node, request, is_log ? tail_poll_request(id, request) : read_request(id, request));
    char *line = node_await_line(node, &count);
    probe.read_bytes = count;
    if (i + 1 < times) continue;
    probe.read_ms = (seconds_now() - begin) * 1e3 / times;
    probe.read_cpu_ms = (node_cpu(node) - cpu) * 1e3 / times;
    int64_t found = is_log ? check_tail_poll(line, count) : check_read(line, count, values);
    if (found != (int64_t)(is_log ? POLLED : values)) fail("%lld values, not what was acknowledged", (long long)found);
  }
  return probe;
}

static void measure_growth(const traffic *traffic, uint64_t count, char *const *command) {
  bool is_log = traffic == &kafka_send_traffic;
  node node = start(traffic, command);
  size_t empty, now, peak;
  node_memory(&node, &empty, &peak);
  uint64_t filled = 0, looks = 0;
  printf("[");
  for (uint64_t values = 1000; values <= count; values *= 10) {
    double cpu = node_cpu(&node);
    run_stream(traffic, &node, filled, values, 0);
    cpu = (node_cpu(&node) - cpu) / (double)(values - filled) * 1e6;
    filled = values;
    node_block(&node, true);
    node_memory(&node, &now, &peak);
    // Before reading, which needs memory for the reply.
    size_t resident = now;
    probe probe = look(&node, is_log, &looks, values);
    printf(
      "%s{\"values\":%llu,\"store_cpu_us\":%.4f,\"bytes_per_value\":%.1f,\"read_ms\":%.4f,\"read_cpu_ms\":%.4f,"
      "\"read_bytes\":%zu}",
      values > 1000 ? "," : "", (unsigned long long)values, cpu,
      ((double)resident - (double)empty) / (double)values, probe.read_ms, probe.read_cpu_ms, probe.read_bytes);
  }
  printf("]\n");
  node_end(&node);
}

static void emit(const traffic *traffic, uint64_t count) {
  char request[REQUEST_BYTES_MAX];
  predict_offsets();
  if (traffic->has_init) fwrite(request, 1, init_request(request), stdout);
  for (uint64_t index = 0; index < count; index++) fwrite(request, 1, traffic->request(index, request), stdout);
}

static uint64_t number(const char *text) {
  char *end;
  uint64_t value = strtoull(text, &end, 10);
  if (*end || end == text) fail("'%s' is no number", text);
  return value;
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  int dashes = 1;
  while (dashes < count && strcmp(words[dashes], "--")) dashes++;
  char *const *command = dashes + 1 < count ? words + dashes + 1 : NULL;
  const char *mode = count > 1 ? words[1] : "";
  if (!strcmp(mode, "emit") && dashes == 4) {
    emit(find_traffic(words[2]), number(words[3]));
  } else if (!strcmp(mode, "stream") && dashes == 5 && command) {
    measure_stream(find_traffic(words[2]), number(words[3]), number(words[4]), command);
  } else if (!strcmp(mode, "pingpong") && dashes == 4 && command) {
    measure_pingpong(find_traffic(words[2]), number(words[3]), command);
  } else if (!strcmp(mode, "spawn") && dashes == 3 && command) {
    measure_spawn(number(words[2]), command);
  } else if (!strcmp(mode, "growth") && dashes == 4 && command) {
    measure_growth(find_traffic(words[2]), number(words[3]), command);
  } else {
    fputs("usage: driver stream|pingpong|spawn|growth|emit …, as the head of driver.c says\n", stderr);
    return 2;
  }
  return 0;
}

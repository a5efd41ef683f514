// How many messages a second NATS carries: COUNT lines of 86 bytes are published one by one on one connection, and taken in a
// callback on another, as `nats bench` does. With the name of an agent that runs an echo node, the same lines go through that node,
// as a bench sends them: each is a message to the node and one from it.
//
//   publish URL COUNT [AGENT]
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { line_bytes = 86, batch_lines = 256, lines_under_way = 16384, seconds_max = 60 };

static natsConnection *from, *to;
static const char *agent;
static long taken, received, sent;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void take(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *closure) {
  (void)connection, (void)subscription, (void)closure;
  long lines = 1;
  if (agent != NULL) {
    lines = 0;
    const char *reply = natsMsg_GetReply(message);
    // What has no number is a beat.
    long number = reply == NULL ? 0 : atol(reply);
    if (number == received + 1) {
      __atomic_store_n(&received, number, __ATOMIC_RELEASE);
      if (strstr(natsMsg_GetSubject(message), ".up.output.") != NULL) {
        const char *text = natsMsg_GetData(message), *end = text + natsMsg_GetDataLength(message);
        while (text < end && (text = memchr(text, '\n', (size_t)(end - text))) != NULL) lines++, text++;
      }
    }
  }
  __atomic_add_fetch(&taken, lines, __ATOMIC_RELEASE);
  natsMsg_Destroy(message);
}

static void say(const char *verb, const char *bytes, int count) {
  char subject[128], reply[32];
  snprintf(subject, sizeof subject, "glomers.run.figure.%s.down.%s", agent, verb);
  snprintf(reply, sizeof reply, "%ld", ++sent);
  natsConnection_PublishRequest(from, subject, reply, bytes, count);
}

static void beat(void) {
  static double last;
  if (now() - last < 0.1) return;
  last = now();
  char subject[128], text[64];
  snprintf(subject, sizeof subject, "glomers.run.figure.%s.down.beat", agent);
  int count = snprintf(
    text, sizeof text, "{\"sent\":%ld,\"received\":%ld}", sent, __atomic_load_n(&received, __ATOMIC_ACQUIRE));
  natsConnection_Publish(from, subject, text, count);
}

static void wait_for(long *value, long least, double end) {
  while (__atomic_load_n(value, __ATOMIC_ACQUIRE) < least && now() < end) {
    if (agent != NULL) beat();
    nats_Sleep(1);
  }
}

/// Writes a line. Returns its end.
static char *line(char *at, long index) {
  int count = snprintf(
    at, line_bytes, "{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{\"type\":\"echo\",\"msg_id\":%ld,\"echo\":\"", index);
  memset(at + count, 'x', (size_t)(line_bytes - 4 - count));
  memcpy(at + line_bytes - 4, "\"}}\n", 4);
  return at + line_bytes;
}

int main(int count, char **words) {
  if (count < 3) return 2;
  long lines = atol(words[2]);
  agent = count > 3 ? words[3] : NULL;
  char subject[128] = "glomers.figure", batch[batch_lines * line_bytes];
  if (agent != NULL) snprintf(subject, sizeof subject, "glomers.run.figure.%s.up.>", agent);
  natsSubscription *subscription = NULL;
  if (natsConnection_ConnectTo(&from, words[1]) != NATS_OK || natsConnection_ConnectTo(&to, words[1]) != NATS_OK) return 1;
  natsConnection_Subscribe(&subscription, to, subject, take, NULL);
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  natsConnection_FlushTimeout(to, 2000);
  double end = now() + seconds_max;
  if (agent != NULL) {
    static const char init[] =
      "{\"src\":\"c0\",\"dest\":\"n0\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n0\",\"node_ids\":[\"n0\"]}}\n";
    static const char start_options[] = "{\"keepsRecords\":false}";
    say("reserve", "", 0);
    wait_for(&received, 1, end);
    say("start.n0", start_options, sizeof start_options - 1);
    say("input.n0", init, sizeof init - 1);
    wait_for(&taken, 1, end);
    taken = 0;
  }
  double start = now();
  for (long index = 0; index < lines && now() < end;) {
    if (agent == NULL) {
      line(batch, index++);
      natsConnection_Publish(from, subject, batch, line_bytes);
      continue;
    }
    char *at = batch;
    for (int place = 0; place < batch_lines && index < lines; place++) at = line(at, index++);
    say("input.n0", batch, (int)(at - batch));
    beat();
    wait_for(&taken, index - lines_under_way, end);
  }
  natsConnection_FlushTimeout(from, 10000);
  wait_for(&taken, lines, end);
  double seconds = now() - start;
  if (agent != NULL) {
    say("release", "", 0);
    natsConnection_FlushTimeout(from, 2000);
  }
  if (taken < lines) fprintf(stderr, "%ld of %ld lines came back within %d s\n", taken, lines, seconds_max);
  printf("%.0f\n", (double)(agent == NULL ? lines : 2 * lines) / seconds);
  return taken < lines;
}

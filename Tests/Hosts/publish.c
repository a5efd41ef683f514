// How many messages a second the NATS library carries from one connection to another: publish COUNT messages of BYTES each, and
// take them in a callback, as `nats bench` does.
//
//   publish URL COUNT BYTES
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile long taken;

static void take(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *closure) {
  (void)connection, (void)subscription, (void)closure;
  natsMsg_Destroy(message);
  __atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  long messages = atol(words[2]);
  int bytes = atoi(words[3]);
  char *text = calloc(1, (size_t)bytes + 1);
  natsConnection *from = NULL, *to = NULL;
  natsSubscription *subscription = NULL;
  if (natsConnection_ConnectTo(&from, words[1]) != NATS_OK || natsConnection_ConnectTo(&to, words[1]) != NATS_OK) return 1;
  natsConnection_Subscribe(&subscription, to, "glomers.bench", take, NULL);
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  natsConnection_FlushTimeout(to, 2000);
  double start = now();
  for (long index = 0; index < messages; index++) natsConnection_Publish(from, "glomers.bench", text, bytes);
  natsConnection_FlushTimeout(from, 10000);
  while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < messages && now() - start < 60) nats_Sleep(1);
  printf("%.0f\n", (double)taken / (now() - start));
  return 0;
}

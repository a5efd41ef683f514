// A connection of the library, with threads of its own, and the queue between these and the loop.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

const size_t fleet_waiting_bytes_max = (size_t)64 << 20;

#if GLOMERS_HAS_NATS

enum { words_max = 256 };

typedef struct entry {
  struct entry *next;
  natsMsg *message;
  fleet_kind kind;
  char words[];
} entry;

struct fleet_connection {
  natsConnection *nats;
  natsSubscription *subscriptions[8];
  size_t subscription_count;
  glomers_waker *waker;
  /// While the library looks for a server it holds its lock, for up to two seconds: the loop must not ask for it then.
  atomic_bool is_away;
  atomic_size_t payload_max;
  /// Guards all that follows, but `taken`.
  pthread_mutex_t lock;
  entry *first;
  entry **last;
  size_t waiting_bytes;
  uint64_t dropped;
  bool is_closing;
  /// What the loop has in hand.
  entry *taken;
};

static size_t size_of(const natsMsg *message) {
  // The subject and what the library keeps beside it.
  return (size_t)natsMsg_GetDataLength(message) + strlen(natsMsg_GetSubject(message)) + 256;
}

static void free_entry(entry *entry) {
  if (entry == NULL) return;
  natsMsg_Destroy(entry->message);
  free(entry);
}

/// Takes the message over.
static void push(fleet_connection *connection, fleet_kind kind, natsMsg *message, const char *words) {
  size_t length = strnlen(words, words_max - 1);
  entry *added = malloc(sizeof *added + length + 1);
  size_t bytes = message == NULL ? 0 : size_of(message);
  pthread_mutex_lock(&connection->lock);
  bool is_full = added == NULL || (message != NULL && connection->waiting_bytes + bytes > fleet_waiting_bytes_max);
  bool wakes = !is_full && !connection->is_closing && connection->first == NULL;
  if (is_full) connection->dropped++;
  if (is_full || connection->is_closing) {
    natsMsg_Destroy(message);
    free(added);
  } else {
    *added = (entry){.message = message, .kind = kind};
    memcpy(added->words, words, length);
    added->words[length] = '\0';
    *connection->last = added;
    connection->last = &added->next;
    connection->waiting_bytes += bytes;
  }
  // Under the lock: fleet_close is then sure that nobody touches the waker any more.
  if (wakes) glomers_waker_wake(connection->waker);
  pthread_mutex_unlock(&connection->lock);
}

static void on_message(natsConnection *nats, natsSubscription *subscription, natsMsg *message, void *closure) {
  (void)nats;
  (void)subscription;
  push(closure, FLEET_MESSAGE, message, "");
}

static void see_payload(fleet_connection *connection, natsConnection *nats) {
  int64_t bytes = natsConnection_GetMaxPayload(nats);
  atomic_store(&connection->payload_max, bytes > 0 ? (size_t)bytes : (size_t)1 << 20);
}

static void on_away(natsConnection *nats, void *closure) {
  const char *words = NULL;
  fleet_connection *connection = closure;
  atomic_store(&connection->is_away, true);
  natsConnection_GetLastError(nats, &words);
  push(closure, FLEET_AWAY, NULL, words == NULL ? "" : words);
}

static void on_back(natsConnection *nats, void *closure) {
  char url[words_max] = "";
  fleet_connection *connection = closure;
  natsConnection_GetConnectedUrl(nats, url, sizeof url);
  // Another server may take less.
  see_payload(connection, nats);
  atomic_store(&connection->is_away, false);
  push(closure, FLEET_BACK, NULL, url);
}

static void on_closed(natsConnection *nats, void *closure) {
  const char *words = NULL;
  natsConnection_GetLastError(nats, &words);
  push(closure, FLEET_CLOSED, NULL, words == NULL ? "" : words);
}

static void on_error(natsConnection *nats, natsSubscription *subscription, natsStatus status, void *closure) {
  (void)subscription;
  const char *words = NULL;
  if (status == NATS_SLOW_CONSUMER) {
    words = "messages were dropped, since they came faster than they were taken";
  } else {
    natsConnection_GetLastError(nats, &words);
  }
  push(closure, FLEET_COMPLAINT, NULL, words == NULL || *words == '\0' ? natsStatus_GetText(status) : words);
}

static natsStatus set_options(natsOptions *to, const fleet_options *from, fleet_connection *connection) {
  natsStatus status = fleet_set_options(to, from);
#define APPLY(call) if (status == NATS_OK) status = natsOptions_##call
  APPLY(SetErrorHandler(to, on_error, connection));
  APPLY(SetDisconnectedCB(to, on_away, connection));
  APPLY(SetReconnectedCB(to, on_back, connection));
  APPLY(SetClosedCB(to, on_closed, connection));
#undef APPLY
  return status;
}

/// Messages need the library: they go before it does.
static void free_entries(fleet_connection *connection) {
  free_entry(connection->taken);
  connection->taken = NULL;
  while (connection->first != NULL) {
    entry *next = connection->first->next;
    free_entry(connection->first);
    connection->first = next;
  }
}

static void free_connection(fleet_connection *connection) {
  pthread_mutex_destroy(&connection->lock);
  free(connection);
}

fleet_connection *fleet_connect(
  const fleet_options *options, glomers_waker *waker, fleet_outcome *outcome, char reason[256]) {
  fleet_connection *connection = calloc(1, sizeof *connection);
  natsOptions *all = NULL;
  *outcome = FLEET_BAD_OPTIONS;
  snprintf(reason, 256, "out of memory");
  if (connection == NULL) return NULL;
  connection->waker = waker;
  connection->last = &connection->first;
  pthread_mutex_init(&connection->lock, NULL);
  natsStatus status = natsOptions_Create(&all);
  if (status == NATS_OK) status = set_options(all, options, connection);
  if (status == NATS_OK) {
    status = natsConnection_Connect(&connection->nats, all);
    *outcome = fleet_outcome_of(status);
  }
  natsOptions_Destroy(all);
  if (status == NATS_OK) {
    *outcome = FLEET_CONNECTED;
    see_payload(connection, connection->nats);
    return connection;
  }
  const char *words = nats_GetLastError(NULL);
  snprintf(reason, 256, "%s", words == NULL || *words == '\0' ? natsStatus_GetText(status) : words);
  // Callbacks may have come meanwhile.
  free_entries(connection);
  free_connection(connection);
  return NULL;
}

const char *fleet_version(void) { return nats_GetVersion(); }

bool fleet_take(fleet_connection *connection, fleet_event *event) {
  free_entry(connection->taken);
  pthread_mutex_lock(&connection->lock);
  entry *taken = connection->first;
  if (taken != NULL) {
    connection->first = taken->next;
    if (connection->first == NULL) connection->last = &connection->first;
    if (taken->message != NULL) connection->waiting_bytes -= size_of(taken->message);
  }
  pthread_mutex_unlock(&connection->lock);
  connection->taken = taken;
  if (taken == NULL) return false;
  *event = (fleet_event){.kind = taken->kind, .subject = "", .reply = "", .bytes = taken->words};
  if (taken->message == NULL) {
    event->count = strlen(taken->words);
    return true;
  }
  event->subject = natsMsg_GetSubject(taken->message);
  const char *reply = natsMsg_GetReply(taken->message);
  if (reply != NULL) event->reply = reply;
  event->bytes = natsMsg_GetData(taken->message);
  event->count = (size_t)natsMsg_GetDataLength(taken->message);
  if (event->bytes == NULL) event->bytes = "";
  return true;
}

uint64_t fleet_dropped(const fleet_connection *connection) {
  fleet_connection *mine = (fleet_connection *)connection;
  pthread_mutex_lock(&mine->lock);
  uint64_t dropped = mine->dropped;
  pthread_mutex_unlock(&mine->lock);
  return dropped;
}

const char *fleet_subscribe(fleet_connection *connection, const char *subject) {
  if (connection->subscription_count == sizeof connection->subscriptions / sizeof *connection->subscriptions) {
    return "too many subscriptions";
  }
  natsSubscription *added = NULL;
  natsStatus status = natsConnection_Subscribe(&added, connection->nats, subject, on_message, connection);
  // The queue to the loop has a bound in bytes; the library's own is emptied at once.
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(added, 1 << 20, 64 << 20);
  if (status != NATS_OK) return natsStatus_GetText(status);
  connection->subscriptions[connection->subscription_count++] = added;
  return NULL;
}

const char *fleet_publish(
  fleet_connection *connection, const char *subject, const char *reply, const void *bytes, size_t count) {
  if (atomic_load(&connection->is_away)) return "the server is away";
  natsStatus status = *reply == '\0'
    ? natsConnection_Publish(connection->nats, subject, bytes, (int)count)
    : natsConnection_PublishRequest(connection->nats, subject, reply, bytes, (int)count);
  return status == NATS_OK ? NULL : natsStatus_GetText(status);
}

size_t fleet_payload_max(fleet_connection *connection) {
  return atomic_load(&connection->payload_max);
}

bool fleet_flush(fleet_connection *connection, int milliseconds) {
  return natsConnection_FlushTimeout(connection->nats, milliseconds) == NATS_OK;
}

void fleet_close(fleet_connection *connection) {
  pthread_mutex_lock(&connection->lock);
  connection->is_closing = true;
  free_entries(connection);
  pthread_mutex_unlock(&connection->lock);
  natsConnection_Close(connection->nats);
  for (size_t index = 0; index < connection->subscription_count; index++) {
    natsSubscription_Destroy(connection->subscriptions[index]);
  }
  natsConnection_Destroy(connection->nats);
  // Threads of the library may be in a last callback: it returns before this does.
  nats_CloseAndWait(2000);
  free_connection(connection);
}

#else

struct fleet_connection {
  int unused;
};

fleet_connection *fleet_connect(
  const fleet_options *options, glomers_waker *waker, fleet_outcome *outcome, char reason[256]) {
  (void)options;
  (void)waker;
  *outcome = FLEET_NO_LIBRARY;
  snprintf(reason, 256, "built without libnats");
  return NULL;
}

const char *fleet_version(void) { return NULL; }
bool fleet_take(fleet_connection *connection, fleet_event *event) { return (void)connection, (void)event, false; }
uint64_t fleet_dropped(const fleet_connection *connection) { return (void)connection, 0; }
const char *fleet_subscribe(fleet_connection *connection, const char *subject) {
  return (void)connection, (void)subject, "built without libnats";
}
const char *fleet_publish(
  fleet_connection *connection, const char *subject, const char *reply, const void *bytes, size_t count) {
  (void)connection, (void)subject, (void)reply, (void)bytes, (void)count;
  return "built without libnats";
}
size_t fleet_payload_max(fleet_connection *connection) { return (void)connection, 0; }
bool fleet_flush(fleet_connection *connection, int milliseconds) { return (void)connection, (void)milliseconds, false; }
void fleet_close(fleet_connection *connection) { (void)connection; }

#endif

// Work and its results in streams that the server stores (JetStream). Every call waits for the server's answer.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "queue.h"

#if GLOMERS_HAS_NATS

struct fleet_queue {
  natsConnection *nats;
  jsCtx *streams;
};

struct fleet_worker {
  natsSubscription *subscription;
  /// The work in hand. Another thread says that it goes on.
  pthread_mutex_t lock;
  natsMsg *work;
};

static const int64_t nanoseconds = 1000000000;

static void on_error(natsConnection *nats, natsSubscription *subscription, natsStatus status, void *closure) {
  (void)nats, (void)subscription, (void)status, (void)closure;
}

fleet_queue *fleet_queue_open(const fleet_options *options, fleet_outcome *outcome, char reason[256]) {
  fleet_queue *queue = calloc(1, sizeof *queue);
  natsOptions *all = NULL;
  *outcome = FLEET_BAD_OPTIONS;
  snprintf(reason, 256, "out of memory");
  if (queue == NULL) return NULL;
  natsStatus status = natsOptions_Create(&all);
  if (status == NATS_OK) status = fleet_set_options(all, options);
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(all, on_error, NULL);
  if (status == NATS_OK) {
    status = natsConnection_Connect(&queue->nats, all);
    *outcome = fleet_outcome_of(status);
  }
  natsOptions_Destroy(all);
  if (status == NATS_OK) status = natsConnection_JetStream(&queue->streams, queue->nats, NULL);
  if (status == NATS_OK) return queue;
  const char *words = nats_GetLastError(NULL);
  snprintf(reason, 256, "%s", words == NULL || *words == '\0' ? natsStatus_GetText(status) : words);
  fleet_queue_close(queue);
  return NULL;
}

void fleet_queue_close(fleet_queue *queue) {
  jsCtx_Destroy(queue->streams);
  natsConnection_Destroy(queue->nats);
  free(queue);
}

/// What has come of a call; `reason` gets the library's words.
static fleet_result result(natsStatus status, jsErrCode code, char reason[256]) {
  if (status == NATS_OK) return FLEET_DONE;
  // Not every call that fails leaves words; those of an earlier one stay.
  natsStatus last = NATS_OK;
  const char *words = nats_GetLastError(&last);
  snprintf(reason, 256, "%s", words == NULL || *words == '\0' || last != status ? natsStatus_GetText(status) : words);
  switch (code) {
    case JSStreamNotFoundErr: case JSNoMessageFoundErr: case JSConsumerNotFoundErr: return FLEET_ABSENT;
    case JSStreamWrongLastSequenceErr: case JSStreamNameExistErr: return FLEET_CONFLICT;
    case JSNotEnabledErr: case JSNotEnabledForAccountErr: return FLEET_NO_STREAMS;
    default: break;
  }
  if (status == NATS_NOT_FOUND) return FLEET_ABSENT;
  // Also while a server starts, before it has read its streams.
  return status == NATS_NO_RESPONDERS ? FLEET_NO_STREAMS : FLEET_FAILED;
}

fleet_result fleet_stream_create(
  fleet_queue *queue, const char *stream, const char *subject, bool is_work, char reason[256]) {
  jsStreamConfig config;
  jsErrCode code = 0;
  jsStreamConfig_Init(&config);
  config.Name = stream;
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.Retention = is_work ? js_WorkQueuePolicy : js_LimitsPolicy;
  config.MaxAge = 7 * 24 * 3600 * nanoseconds;
  natsStatus status = js_AddStream(NULL, queue->streams, &config, NULL, &code);
  if (status != NATS_OK || !is_work) return result(status, code, reason);
  jsConsumerConfig consumer;
  jsConsumerConfig_Init(&consumer);
  consumer.Durable = "agents";
  consumer.AckPolicy = js_AckExplicit;
  consumer.AckWait = fleet_redelivery_seconds * nanoseconds;
  consumer.MaxAckPending = 65536;
  status = js_AddConsumer(NULL, queue->streams, stream, &consumer, NULL, &code);
  return result(status, code, reason);
}

fleet_result fleet_stream_delete(fleet_queue *queue, const char *stream, char reason[256]) {
  jsErrCode code = 0;
  natsStatus status = js_DeleteStream(queue->streams, stream, NULL, &code);
  return result(status, code, reason);
}

fleet_result fleet_stream_state(
  fleet_queue *queue, const char *stream, uint64_t *last, uint64_t *count, char reason[256]) {
  jsStreamInfo *info = NULL;
  jsErrCode code = 0;
  natsStatus status = js_GetStreamInfo(&info, queue->streams, stream, NULL, &code);
  if (status == NATS_OK) {
    *last = info->State.LastSeq;
    *count = info->State.Msgs;
  }
  jsStreamInfo_Destroy(info);
  return result(status, code, reason);
}

fleet_result fleet_stream_names(
  fleet_queue *queue, void (*each)(void *context, const char *name), void *context, char reason[256]) {
  jsStreamNamesList *list = NULL;
  jsErrCode code = 0;
  natsStatus status = js_StreamNames(&list, queue->streams, NULL, &code);
  for (int index = 0; status == NATS_OK && index < list->Count; index++) each(context, list->List[index]);
  jsStreamNamesList_Destroy(list);
  // The library says this where there are none.
  return status == NATS_NOT_FOUND && code == 0 ? FLEET_DONE : result(status, code, reason);
}

fleet_result fleet_stream_publish(
  fleet_queue *queue, const char *subject, const void *bytes, size_t count, uint64_t after, bool is_first,
  char reason[256]) {
  jsPubOptions options;
  jsErrCode code = 0;
  jsPubOptions_Init(&options);
  options.ExpectLastSeq = after;
  options.ExpectNoMessage = is_first;
  natsStatus status = js_Publish(NULL, queue->streams, subject, bytes, (int)count, &options, &code);
  return result(status, code, reason);
}

fleet_result fleet_stream_read(
  fleet_queue *queue, const char *stream, uint64_t number,
  void (*take)(void *context, const void *bytes, size_t count), void *context, char reason[256]) {
  natsMsg *message = NULL;
  jsErrCode code = 0;
  natsStatus status = js_GetMsg(&message, queue->streams, stream, number, NULL, &code);
  if (status == NATS_OK) {
    const char *bytes = natsMsg_GetData(message);
    take(context, bytes == NULL ? "" : bytes, (size_t)natsMsg_GetDataLength(message));
  }
  natsMsg_Destroy(message);
  return result(status, code, reason);
}

fleet_worker *fleet_worker_open(fleet_queue *queue, const char *stream, fleet_result *outcome, char reason[256]) {
  fleet_worker *worker = calloc(1, sizeof *worker);
  *outcome = FLEET_FAILED;
  if (worker == NULL) return NULL;
  jsSubOptions options;
  jsErrCode code = 0;
  jsSubOptions_Init(&options);
  options.Stream = stream;
  options.Consumer = "agents";
  natsStatus status = js_PullSubscribe(&worker->subscription, queue->streams, NULL, "agents", NULL, &options, &code);
  *outcome = result(status, code, reason);
  if (status != NATS_OK) {
    free(worker);
    return NULL;
  }
  pthread_mutex_init(&worker->lock, NULL);
  return worker;
}

static void set_work(fleet_worker *worker, natsMsg *work) {
  pthread_mutex_lock(&worker->lock);
  natsMsg_Destroy(worker->work);
  worker->work = work;
  pthread_mutex_unlock(&worker->lock);
}

fleet_result fleet_worker_take(
  fleet_worker *worker, int milliseconds, void (*take)(void *context, const void *bytes, size_t count), void *context,
  char reason[256]) {
  natsMsgList list = {0};
  jsErrCode code = 0;
  natsStatus status = natsSubscription_Fetch(&list, worker->subscription, 1, milliseconds, &code);
  natsMsg *work = NULL;
  if (status == NATS_OK && list.Count > 0) {
    work = list.Msgs[0];
    list.Msgs[0] = NULL;
  }
  natsMsgList_Destroy(&list);
  set_work(worker, work);
  if (work == NULL) return status == NATS_OK || status == NATS_TIMEOUT ? FLEET_NONE : result(status, code, reason);
  const char *bytes = natsMsg_GetData(work);
  take(context, bytes == NULL ? "" : bytes, (size_t)natsMsg_GetDataLength(work));
  return FLEET_DONE;
}

void fleet_worker_go_on(fleet_worker *worker) {
  pthread_mutex_lock(&worker->lock);
  if (worker->work != NULL) (void)natsMsg_InProgress(worker->work, NULL);
  pthread_mutex_unlock(&worker->lock);
}

fleet_result fleet_worker_finish(fleet_worker *worker, char reason[256]) {
  jsErrCode code = 0;
  natsStatus status = natsMsg_AckSync(worker->work, NULL, &code);
  set_work(worker, NULL);
  return result(status, code, reason);
}

void fleet_worker_close(fleet_worker *worker) {
  set_work(worker, NULL);
  natsSubscription_Destroy(worker->subscription);
  pthread_mutex_destroy(&worker->lock);
  free(worker);
}

#else

fleet_queue *fleet_queue_open(const fleet_options *options, fleet_outcome *outcome, char reason[256]) {
  (void)options;
  *outcome = FLEET_NO_LIBRARY;
  snprintf(reason, 256, "built without libnats");
  return NULL;
}

// Nobody has a queue to call these with.
#define NEVER(function, ...) fleet_result function(__VA_ARGS__) { abort(); }
#pragma clang diagnostic ignored "-Wunused-parameter"
void fleet_queue_close(fleet_queue *queue) { abort(); }
NEVER(fleet_stream_create, fleet_queue *q, const char *stream, const char *subject, bool is_work, char reason[256])
NEVER(fleet_stream_delete, fleet_queue *q, const char *stream, char reason[256])
NEVER(fleet_stream_state, fleet_queue *q, const char *stream, uint64_t *last, uint64_t *count, char reason[256])
NEVER(fleet_stream_names, fleet_queue *q, void (*each)(void *, const char *), void *context, char reason[256])
NEVER(
  fleet_stream_publish, fleet_queue *q, const char *subject, const void *bytes, size_t count, uint64_t after, bool first,
  char reason[256])
NEVER(
  fleet_stream_read, fleet_queue *q, const char *stream, uint64_t number, fleet_take_bytes take, void *context,
  char reason[256])
fleet_worker *fleet_worker_open(fleet_queue *q, const char *stream, fleet_result *outcome, char reason[256]) { abort(); }
NEVER(fleet_worker_take, fleet_worker *w, int milliseconds, fleet_take_bytes take, void *context, char reason[256])
void fleet_worker_go_on(fleet_worker *worker) { abort(); }
NEVER(fleet_worker_finish, fleet_worker *worker, char reason[256])
void fleet_worker_close(fleet_worker *worker) { abort(); }

#endif

// Work for many hosts, and what came of it, in streams that a NATS server stores (JetStream).
//
// Every call waits for the server's answer, up to five seconds; any thread may make them, but only one at a time has a worker,
// fleet_worker_go_on apart.
#pragma once

#include "cfleet.h"

#pragma clang assume_nonnull begin

typedef struct fleet_queue fleet_queue;
typedef struct fleet_worker fleet_worker;

typedef enum {
  FLEET_DONE,
  /// There is no such stream, message or consumer.
  FLEET_ABSENT,
  /// The stream is there with other settings, or has gone on meanwhile.
  FLEET_CONFLICT,
  /// There was no work within the time.
  FLEET_NONE,
  /// The server has no streams: it runs without --jetstream, or has just started.
  FLEET_NO_STREAMS,
  /// The server did not answer, or objects; worth another try.
  FLEET_FAILED,
} fleet_result;

/// Work that nobody has finished or gone on with for so long is given to another worker.
enum { fleet_redelivery_seconds = 10 };

typedef void (*fleet_take_bytes)(void *_Nullable context, const void *bytes, size_t count);

/// Connects, as fleet_connect does.
fleet_queue *_Nullable fleet_queue_open(
  const fleet_options *options, fleet_outcome *outcome, char reason[_Nonnull 256]);
void fleet_queue_close(fleet_queue *queue);

/// Makes a stream of one subject, if it is not there; what is in it goes after a week. A stream of work gives each message to
/// one worker, and forgets it when that has finished.
fleet_result fleet_stream_create(
  fleet_queue *queue, const char *stream, const char *subject, bool is_work, char reason[_Nonnull 256]);
fleet_result fleet_stream_delete(fleet_queue *queue, const char *stream, char reason[_Nonnull 256]);
/// The number of the last message, and how many there are; messages are numbered from 1 on.
fleet_result fleet_stream_state(
  fleet_queue *queue, const char *stream, uint64_t *last, uint64_t *count, char reason[_Nonnull 256]);
fleet_result fleet_stream_names(
  fleet_queue *queue, void (*each)(void *_Nullable context, const char *name), void *_Nullable context,
  char reason[_Nonnull 256]);
/// Stores a message: with `after` above 0 only if that is the stream's last message, with `is_first` only if there is none.
fleet_result fleet_stream_publish(
  fleet_queue *queue, const char *subject, const void *_Nullable bytes, size_t count, uint64_t after, bool is_first,
  char reason[_Nonnull 256]);
fleet_result fleet_stream_read(
  fleet_queue *queue, const char *stream, uint64_t number, fleet_take_bytes take, void *_Nullable context,
  char reason[_Nonnull 256]);

/// For work from a stream.
fleet_worker *_Nullable fleet_worker_open(
  fleet_queue *queue, const char *stream, fleet_result *outcome, char reason[_Nonnull 256]);
/// Takes the next piece of work.
fleet_result fleet_worker_take(
  fleet_worker *worker, int milliseconds, fleet_take_bytes take, void *_Nullable context, char reason[_Nonnull 256]);
/// Says that the work in hand goes on; from any thread.
void fleet_worker_go_on(fleet_worker *worker);
/// Says that the work in hand is finished.
fleet_result fleet_worker_finish(fleet_worker *worker, char reason[_Nonnull 256]);
void fleet_worker_close(fleet_worker *worker);

#pragma clang assume_nonnull end

// The bridge to NATS: what the library's threads receive goes into a queue that one loop's thread empties.
//
// All functions belong to the loop's thread. None waits for the server, but fleet_connect, fleet_flush and fleet_close.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cglomers.h"

#pragma clang assume_nonnull begin

typedef struct fleet_connection fleet_connection;

typedef struct {
  /// One server, or several with commas between them.
  const char *url;
  /// How the server's monitor shows this connection.
  const char *name;
  const char *_Nullable user;
  const char *_Nullable password;
  /// A file with a JWT and a seed.
  const char *_Nullable credentials;
  /// A file with the certificates to trust, for a server that wants TLS.
  const char *_Nullable authority;
  /// This side's own certificate and key.
  const char *_Nullable certificate;
  const char *_Nullable key;
} fleet_options;

typedef enum {
  /// A message of a subscription.
  FLEET_MESSAGE,
  /// The server has gone; the library looks for it, or for another one, four times a second.
  FLEET_AWAY,
  /// There is a server again.
  FLEET_BACK,
  /// The library has given up.
  FLEET_CLOSED,
  /// The server or the library objects to something; `text` says to what.
  FLEET_COMPLAINT,
} fleet_kind;

typedef struct {
  fleet_kind kind;
  /// None is NULL once fleet_take has returned true. The reply is empty where there is none.
  const char *_Nullable subject;
  const char *_Nullable reply;
  /// Of a message its bytes; of others words, with a zero at the end.
  const char *_Nullable bytes;
  size_t count;
} fleet_event;

typedef enum {
  FLEET_CONNECTED,
  FLEET_NO_LIBRARY,
  FLEET_NO_SERVER,
  FLEET_REFUSED,
  FLEET_BAD_OPTIONS,
} fleet_outcome;

/// Connects within about two seconds. `outcome` says why where that fails, and `reason` in the library's words.
/// Events wake the loop from now on.
fleet_connection *_Nullable fleet_connect(
  const fleet_options *options, glomers_waker *waker, fleet_outcome *outcome, char reason[_Nonnull 256]);
/// The library's version; NULL without it.
const char *_Nullable fleet_version(void);

/// The next event, in the order in which they came; its bytes are gone with the next call.
bool fleet_take(fleet_connection *connection, fleet_event *event);
/// Messages that found the queue full.
uint64_t fleet_dropped(const fleet_connection *connection);
/// So many bytes of messages wait in the queue at most.
extern const size_t fleet_waiting_bytes_max;

/// Returns NULL, or why not.
const char *_Nullable fleet_subscribe(fleet_connection *connection, const char *subject);
/// An empty reply is none. While the server is away nothing is taken. Returns NULL, or why not.
const char *_Nullable fleet_publish(
  fleet_connection *connection, const char *subject, const char *reply, const void *_Nullable bytes, size_t count);
/// What the server takes in one message.
size_t fleet_payload_max(fleet_connection *connection);
/// Waits until the server has taken all that was published. Not while the loop has something better to do.
bool fleet_flush(fleet_connection *connection, int milliseconds);
/// No event comes from now on, and the waker is not touched.
void fleet_close(fleet_connection *connection);

#pragma clang assume_nonnull end

// Swift sees what this header includes.
#include "queue.h"

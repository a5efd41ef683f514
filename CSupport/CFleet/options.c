// How connections are set up.
#include <stdlib.h>
#include <string.h>

#include "options.h"

#if GLOMERS_HAS_NATS

enum {
  connect_milliseconds = 2000,
  reconnect_milliseconds = 250,
  /// A server that takes nothing for so long is lost; the loop waits for it meanwhile.
  write_milliseconds = 2000,
  ping_milliseconds = 2000,
  pings_out_max = 2,
  reconnect_buffer_bytes = 8 << 20,
};

natsStatus fleet_set_options(natsOptions *to, const fleet_options *from) {
  const char *urls[16];
  int count = 0;
  char *copy = strdup(from->url), *rest = copy;
  natsStatus status = copy == NULL ? NATS_NO_MEMORY : NATS_OK;
  for (char *url; status == NATS_OK && (url = strsep(&rest, ",")) != NULL;) {
    if (count == 16) status = NATS_INVALID_ARG;
    else if (*url != '\0') urls[count++] = url;
  }
#define APPLY(call) if (status == NATS_OK) status = natsOptions_##call
  APPLY(SetServers(to, urls, count));
  free(copy);
  APPLY(SetName(to, from->name));
  APPLY(SetTimeout(to, connect_milliseconds));
  APPLY(SetAllowReconnect(to, true));
  APPLY(SetMaxReconnect(to, -1));
  APPLY(SetReconnectWait(to, reconnect_milliseconds));
  APPLY(SetReconnectJitter(to, 50, 50));
  APPLY(SetReconnectBufSize(to, reconnect_buffer_bytes));
  APPLY(SetPingInterval(to, ping_milliseconds));
  APPLY(SetMaxPingsOut(to, pings_out_max));
  APPLY(SetWriteDeadline(to, write_milliseconds));
  APPLY(SetSendAsap(to, true));
  if (from->user != NULL) APPLY(SetUserInfo(to, from->user, from->password == NULL ? "" : from->password));
  if (from->credentials != NULL) APPLY(SetUserCredentialsFromFiles(to, from->credentials, NULL));
  if (from->authority != NULL) {
    APPLY(SetSecure(to, true));
    APPLY(LoadCATrustedCertificates(to, from->authority));
  }
  if (from->certificate != NULL) {
    APPLY(SetSecure(to, true));
    APPLY(LoadCertificatesChain(to, from->certificate, from->key == NULL ? "" : from->key));
  }
#undef APPLY
  return status;
}

fleet_outcome fleet_outcome_of(natsStatus status) {
  switch (status) {
    case NATS_OK: return FLEET_CONNECTED;
    case NATS_CONNECTION_AUTH_FAILED: case NATS_SSL_ERROR: case NATS_SECURE_CONNECTION_REQUIRED: return FLEET_REFUSED;
    default: return FLEET_NO_SERVER;
  }
}

#endif

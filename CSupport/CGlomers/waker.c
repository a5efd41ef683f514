// Wakes a loop from other threads.
#include <stdlib.h>

#include "internal.h"

struct glomers_waker {
  uv_async_t async;
  glomers_loop *loop;
  void *owner;
};

static void on_wake(uv_async_t *async) {
  glomers_waker *waker = async->data;
  waker->loop->turn_due = true;
  waker->loop->events.woken(waker->owner);
}

glomers_waker *glomers_waker_open(glomers_loop *loop, void *owner, int *error) {
  glomers_waker *waker = malloc(sizeof *waker);
  *error = waker == NULL ? UV_ENOMEM : uv_async_init(&loop->uv, &waker->async, on_wake);
  if (*error != 0) {
    free(waker);
    return NULL;
  }
  waker->loop = loop;
  waker->owner = owner;
  waker->async.data = waker;
  return waker;
}

void glomers_waker_wake(glomers_waker *waker) { uv_async_send(&waker->async); }

static void free_waker(uv_handle_t *handle) { free(handle->data); }

void glomers_waker_close(glomers_waker *waker) { uv_close((uv_handle_t *)&waker->async, free_waker); }

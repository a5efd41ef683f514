#pragma once
// The library is optional: without it the workbench is built all the same, and says so when it is asked for NATS. Hence no
// `link` in the module map either: pkg-config knows whether there is anything to link.
#if __has_include(<nats/nats.h>) && !defined(GLOMERS_WITHOUT_NATS)
#include <nats/nats.h>
#define GLOMERS_HAS_NATS 1
#else
#define GLOMERS_HAS_NATS 0
#endif

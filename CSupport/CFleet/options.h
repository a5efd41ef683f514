// What the two kinds of connection share.
#pragma once

#include "../CNATS/shim.h"
#include "cfleet.h"

#if GLOMERS_HAS_NATS

natsStatus fleet_set_options(natsOptions *to, const fleet_options *from);
fleet_outcome fleet_outcome_of(natsStatus status);

#endif

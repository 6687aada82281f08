/* The whole library, for C and C++.  C++ programs include this header only. */
#ifndef ENTENTE_ENTENTE_H
#define ENTENTE_ENTENTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "entente/ansatz.h"
#include "entente/circuit.h"
#include "entente/comm.h"
#include "entente/config.h"
#include "entente/dataset.h"
#include "entente/device.h"
#include "entente/encoding.h"
#include "entente/engine.h"
#include "entente/exact.h"
#include "entente/extend.h"
#include "entente/fed.h"
#include "entente/mask.h"
#include "entente/memory.h"
#include "entente/metrics.h"
#include "entente/missing.h"
#include "entente/model.h"
#include "entente/name.h"
#include "entente/noise.h"
#include "entente/privacy.h"
#include "entente/qasm.h"
#include "entente/reduce.h"
#include "entente/response.h"
#include "entente/rule.h"
#include "entente/shard.h"
#include "entente/split.h"
#include "entente/status.h"
#include "entente/version.h"

#ifdef __cplusplus
}
#endif

#endif

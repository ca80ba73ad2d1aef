// Everything the endpoints work with. All pointers are borrowed and must outlive the handler.
#pragma once

#include "accounts/accounts.h"
#include "accounts/limiter.h"
#include "api/backend_resolver.h"
#include "api/request_log.h"
#include "api/settings.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/random.h"
#include "media/media_loader.h"
#include "metrics/registry.h"

namespace millrace::api {

struct ApiServices {
  const LiveSettings* settings = nullptr;
  const base::Clock* clock = nullptr;
  base::RandomSource* random = nullptr;
  metrics::Registry* metrics = nullptr;
  const BackendResolver* backends = nullptr;
  accounts::Store* store = nullptr;  // null: authentication is off, every caller is the same
  accounts::Limiter* limiter = nullptr;
  const media::MediaLoader* media = nullptr;
  // Where bodies are parsed and prompts rendered; not the server's own thread. Accounts take turns;
  // without authentication, addresses do. The pool has to be stopped before the handler and the
  // server's event loop go.
  base::FairPool* worker = nullptr;
  // Where pictures are decoded: as many at a time as it has threads. The same rules.
  base::FairPool* media_worker = nullptr;
  // The same for requests that have anything fetched, so that slow servers hold up only each other.
  base::FairPool* remote_media_worker = nullptr;
  // Where requests are prepared whose schemas have to be compiled first, and where those with large
  // bodies are parsed and prepared. The same rules.
  base::FairPool* schema_worker = nullptr;
  RequestLogger log;  // may be empty
};

}  // namespace millrace::api

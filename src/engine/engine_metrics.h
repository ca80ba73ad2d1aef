// The engine's numbers for /metrics.
#pragma once

#include <string>

#include "metrics/registry.h"

namespace millrace::engine {

// Every name begins with millrace_engine_; the label `model` is there when the model has a name.
struct EngineMetrics {
  EngineMetrics(metrics::Registry& registry, const std::string& model_name);

  metrics::Gauge& waiting_requests;
  metrics::Gauge& running_sequences;
  metrics::Gauge& blocks_total;
  metrics::Gauge& blocks_free;
  metrics::Gauge& blocks_cached;
  metrics::Counter& generated_tokens;
  metrics::Counter& prefilled_tokens;
  metrics::Counter& cached_tokens;
  metrics::Counter& preemptions;
  metrics::Counter& failed_requests;
  metrics::Histogram& step_seconds;
};

}  // namespace millrace::engine

#include "engine/engine_metrics.h"

#include <array>
#include <vector>

namespace millrace::engine {
namespace {

constexpr std::array kStepSecondsBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                           0.05,   0.1,   0.25,   0.5,   1.0,  2.5};

std::vector<metrics::Label> Labels(const std::string& model_name) {
  if (model_name.empty()) {
    return {};
  }
  return {{"model", model_name}};
}

}  // namespace

EngineMetrics::EngineMetrics(metrics::Registry& registry, const std::string& model_name)
    : waiting_requests(registry.AddGauge("millrace_engine_waiting_requests",
                                         "Requests that have not started.", Labels(model_name))),
      running_sequences(registry.AddGauge("millrace_engine_running_sequences",
                                          "Choices being advanced.", Labels(model_name))),
      blocks_total(registry.AddGauge("millrace_engine_kv_blocks_total", "Blocks of the KV cache.",
                                     Labels(model_name))),
      blocks_free(registry.AddGauge("millrace_engine_kv_blocks_free",
                                    "Blocks of the KV cache that hold nothing.",
                                    Labels(model_name))),
      blocks_cached(registry.AddGauge("millrace_engine_kv_blocks_cached",
                                      "Blocks that only the prefix cache holds.",
                                      Labels(model_name))),
      generated_tokens(registry.AddCounter("millrace_engine_generated_tokens_total",
                                           "Tokens generated.", Labels(model_name))),
      prefilled_tokens(registry.AddCounter("millrace_engine_prefilled_tokens_total",
                                           "Prompt tokens computed, repeated ones included.",
                                           Labels(model_name))),
      cached_tokens(registry.AddCounter("millrace_engine_cached_tokens_total",
                                        "Prompt tokens found in the prefix cache.",
                                        Labels(model_name))),
      preemptions(registry.AddCounter("millrace_engine_preemptions_total",
                                      "Sequences that gave up their blocks and start over.",
                                      Labels(model_name))),
      failed_requests(registry.AddCounter("millrace_engine_failed_requests_total",
                                          "Requests ended by a failure of the engine.",
                                          Labels(model_name))),
      step_seconds(registry.AddHistogram("millrace_engine_step_seconds", "Time of one step.",
                                         kStepSecondsBounds, Labels(model_name))) {}

}  // namespace millrace::engine

#include "model/rope.h"

#include "kernels/ops.h"

namespace millrace::model {
namespace {

kernels::RopeOptions OptionsOf(const RopeParameters& parameters) {
  kernels::RopeOptions options;
  options.rotary_size = parameters.dimension_count;
  options.base = parameters.base;
  switch (parameters.scaling) {
    case RopeScaling::kNone:
      break;
    case RopeScaling::kLinear:
      options.linear_factor = parameters.factor;
      break;
    case RopeScaling::kYarn:
      options.yarn = kernels::YarnOptions{.factor = parameters.factor,
                                          .original_context_tokens = parameters.original_context,
                                          .beta_fast = parameters.beta_fast,
                                          .beta_slow = parameters.beta_slow};
      break;
  }
  return options;
}

}  // namespace

RopeTable::RopeTable(const RopeParameters& parameters)
    : frequencies_(kernels::RopeFrequencies(OptionsOf(parameters))) {
  if (parameters.scaling == RopeScaling::kYarn) {
    magnitude_ = kernels::YarnAttentionFactor(parameters.factor) * parameters.attention_factor;
  }
}

void RopeTable::Angles(int32_t position, std::span<float> cos_sin) const {
  kernels::RopeAngles(frequencies_, position, magnitude_, cos_sin);
}

}  // namespace millrace::model

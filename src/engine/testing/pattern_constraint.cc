#include "engine/testing/pattern_constraint.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::engine::testing {

void PatternConstraint::FillMask(std::span<uint32_t> mask) {
  std::ranges::fill(mask, 0);
  const auto allow = [mask](base::TokenId token) {
    const auto index = static_cast<size_t>(ToIndex(token));
    mask[index / 32] |= uint32_t{1} << (index % 32);
  };
  if (MustEnd()) {
    allow(end_);
    return;
  }
  for (base::TokenId token : choices_[place_]) {
    allow(token);
  }
}

void PatternConstraint::Accept(base::TokenId token) {
  MILLRACE_CHECK(!MustEnd());
  MILLRACE_CHECK(std::ranges::find(choices_[place_], token) != choices_[place_].end());
  ++place_;
}

std::vector<base::TokenId> PatternConstraint::TakeForced(size_t count_max) {
  std::vector<base::TokenId> forced;
  while (forced.size() < count_max && !MustEnd() && choices_[place_].size() == 1) {
    forced.push_back(choices_[place_++].front());
  }
  return forced;
}

}  // namespace millrace::engine::testing

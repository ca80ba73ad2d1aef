// A constraint for tests: a text of tokens in which some places are open.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/ids.h"
#include "engine/token_constraint.h"

namespace millrace::engine::testing {

// Holds an answer to `choices[0]`, `choices[1]`, …: at each place one of the tokens listed there;
// behind the last place only `end` may come.
class PatternConstraint final : public TokenConstraint {
 public:
  PatternConstraint(std::vector<std::vector<base::TokenId>> choices, base::TokenId end)
      : choices_(std::move(choices)), end_(end) {}

  void FillMask(std::span<uint32_t> mask) override;
  void Accept(base::TokenId token) override;
  std::vector<base::TokenId> TakeForced(size_t count_max) override;
  bool MustEnd() override { return place_ == choices_.size(); }

 private:
  const std::vector<std::vector<base::TokenId>> choices_;
  const base::TokenId end_;
  size_t place_ = 0;
};

}  // namespace millrace::engine::testing

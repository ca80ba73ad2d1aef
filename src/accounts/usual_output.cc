#include "accounts/usual_output.h"

#include <algorithm>
#include <cmath>

namespace millrace::accounts {
namespace {

constexpr double kWeight = 1.0 / 8;

}  // namespace

void UsualOutput::Learn(std::string_view key_id, int64_t completion_tokens) {
  const auto produced = static_cast<double>(completion_tokens);
  auto [found, is_new] = means_.try_emplace(std::string(key_id), Mean{.tokens = produced});
  Mean& mean = found->second;
  mean.tokens += kWeight * (produced - mean.tokens);
  mean.used = ++clock_;
  if (is_new && means_.size() > kKeysMax) {
    means_.erase(std::min_element(means_.begin(), means_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
  }
}

int64_t UsualOutput::Estimate(std::string_view key_id) const {
  const auto found = means_.find(std::string(key_id));
  return found == means_.end() ? kUnknown : static_cast<int64_t>(std::ceil(found->second.tokens));
}

}  // namespace millrace::accounts

#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/random.h"

namespace millrace::sampling {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

bool IsIn(std::span<const float> logits, base::TokenId token) {
  return ToIndex(token) >= 0 && static_cast<size_t>(ToIndex(token)) < logits.size();
}

float& LogitOf(std::span<float> logits, base::TokenId token) {
  return logits[static_cast<size_t>(ToIndex(token))];
}

bool IsAllowed(std::span<const uint32_t> mask, size_t index) {
  return mask.empty() || (mask[index / 32] >> (index % 32) & 1U) != 0;
}

void ApplyMask(std::span<float> logits, std::span<const uint32_t> mask) {
  if (mask.empty()) {
    return;
  }
  MILLRACE_CHECK(mask.size() * 32 >= logits.size());
  for (size_t begin = 0; begin < logits.size(); begin += 32) {
    const uint32_t bits = mask[begin / 32];
    if (bits == ~uint32_t{0}) {
      continue;
    }
    const size_t end = std::min(begin + 32, logits.size());
    for (size_t i = begin; i < end; ++i) {
      logits[i] = (bits >> (i - begin) & 1U) != 0 ? logits[i] : kMinusInfinity;
    }
  }
}

// The largest logit, after positive infinities were replaced by the largest number.
float FiniteBest(std::span<float> logits) {
  float best = LargestLogit(logits);
  if (best == std::numeric_limits<float>::infinity()) {
    best = std::numeric_limits<float>::max();
    for (float& logit : logits) {
      logit = logit > best ? best : logit;
    }
  }
  return best;
}

base::TokenId FirstAllowed(std::span<const float> logits, std::span<const uint32_t> mask) {
  for (size_t i = 0; i < logits.size(); ++i) {
    if (IsAllowed(mask, i)) {
      return base::TokenId{static_cast<int32_t>(i)};
    }
  }
  return base::TokenId{0};
}

// The logarithm of the sum of all exponentials of the raw logits.
double LogSumExp(std::span<float> logits, std::vector<double>& sums) {
  const float best = FiniteBest(logits);
  if (best == kMinusInfinity) {
    return 0;
  }
  return static_cast<double>(best) + std::log(ExpSums(logits, best, 1.0F, sums));
}

// Also for logits that are minus infinity or not a number.
float LogprobOf(float logit, double log_sum) {
  const auto logprob = static_cast<float>(static_cast<double>(logit) - log_sum);
  return logprob > kLogprobMin ? std::min(logprob, 0.0F) : kLogprobMin;
}

}  // namespace

Sampler::Sampler(SamplerOptions options, uint64_t seed, std::span<const base::TokenId> prompt)
    : options_(std::move(options)), seed_(base::SplitMix64(seed)) {
  if (options_.repetition_penalty != 1.0) {
    prompt_.assign(prompt.begin(), prompt.end());
    std::ranges::sort(prompt_);
    const auto repeated = std::ranges::unique(prompt_);
    prompt_.erase(repeated.begin(), repeated.end());
  }
}

SampledToken Sampler::Sample(std::span<float> logits, std::span<const uint32_t> mask) {
  MILLRACE_CHECK(!logits.empty());
  if (options_.top_logprobs) {
    raw_.assign(logits.begin(), logits.end());
  }
  ApplyBiasAndPenalties(logits);
  ApplyMask(logits, mask);
  const float best = FiniteBest(logits);
  SampledToken sampled;
  sampled.id = best == kMinusInfinity ? FirstAllowed(logits, mask) : Choose(logits, best);
  if (options_.top_logprobs) {
    ReportLogprobs(sampled);
  }
  Accept(sampled.id);
  return sampled;
}

void Sampler::ReportLogprobs(SampledToken& sampled) {
  const double log_sum = LogSumExp(raw_, sums_);
  sampled.logprob = LogprobOf(LogitOf(raw_, sampled.id), log_sum);
  FillTop(sampled, log_sum);
}

// Tokens that cannot come at all fill up what is missing, by id.
void Sampler::FillTop(SampledToken& sampled, double log_sum) {
  const auto count =
      std::min(static_cast<size_t>(std::max(*options_.top_logprobs, 0)), raw_.size());
  if (count == 0) {
    return;
  }
  SelectBest(raw_, count, candidates_);
  sampled.top.reserve(count);
  for (const Candidate& candidate : candidates_) {
    sampled.top.push_back({.id = candidate.id, .logprob = LogprobOf(candidate.logit, log_sum)});
  }
  for (size_t i = 0; sampled.top.size() < count; ++i) {
    const base::TokenId id{static_cast<int32_t>(i)};
    if (std::ranges::find(candidates_, id, &Candidate::id) == candidates_.end()) {
      sampled.top.push_back({.id = id, .logprob = kLogprobMin});
    }
  }
}

void Sampler::Accept(base::TokenId token) {
  ++draw_count_;
  const auto at = std::ranges::lower_bound(generated_, token, {}, [](auto& e) { return e.first; });
  if (at != generated_.end() && at->first == token) {
    ++at->second;
  } else {
    generated_.emplace(at, token, 1);
  }
}

void Sampler::ApplyBiasAndPenalties(std::span<float> logits) const {
  for (const auto& [token, bias] : options_.logit_bias) {
    if (IsIn(logits, token)) {
      LogitOf(logits, token) += bias;
    }
  }
  const auto repetition = static_cast<float>(options_.repetition_penalty);
  const auto repeat = [&](base::TokenId token) {
    if (repetition != 1.0F && IsIn(logits, token)) {
      float& logit = LogitOf(logits, token);
      logit = logit > 0 ? logit / repetition : logit * repetition;
    }
  };
  for (base::TokenId token : prompt_) {
    repeat(token);
  }
  for (const auto& [token, count] : generated_) {
    if (!std::ranges::binary_search(prompt_, token)) {
      repeat(token);
    }
    if (IsIn(logits, token)) {
      LogitOf(logits, token) -= static_cast<float>(
          options_.frequency_penalty * static_cast<double>(count) + options_.presence_penalty);
    }
  }
}

base::TokenId Sampler::Choose(std::span<const float> logits, float best) {
  if (options_.temperature <= 0 || options_.top_p <= 0 || options_.top_k == 1) {
    return base::TokenId{static_cast<int32_t>(FirstAtLeast(logits, best))};
  }
  const auto top_k = static_cast<size_t>(std::max(options_.top_k, 0));
  if (top_k > 0 && top_k < logits.size()) {
    SelectBest(logits, top_k, candidates_);
    double mass = 0;
    for (Candidate& candidate : candidates_) {
      candidate.weight = WeightOf(candidate.logit, best);
      mass += candidate.weight;
    }
    CutCandidates(options_.top_p * mass);
    return DrawFromCandidates();
  }
  if (options_.top_p < 1) {
    KeepTopP(logits, best);
    return DrawFromCandidates();
  }
  if (options_.min_p > 0) {
    const double limit =
        static_cast<double>(best) + options_.temperature * std::log(std::min(options_.min_p, 1.0));
    SelectAtLeast(logits, std::min(static_cast<float>(limit), best), candidates_);
    for (Candidate& candidate : candidates_) {
      candidate.weight = WeightOf(candidate.logit, best);
    }
    return DrawFromCandidates();
  }
  return DrawFromAll(logits, best);
}

// Fills the candidates with the smallest set of best tokens that holds top_p of the whole mass.
void Sampler::KeepTopP(std::span<const float> logits, float best) {
  const auto scale = static_cast<float>(1 / options_.temperature);
  const double wanted = options_.top_p * ExpSums(logits, best, scale, sums_);
  // A few tokens hold most of the mass nearly always.
  for (size_t count : {size_t{64}, size_t{512}}) {
    SelectBest(logits, std::min(count, logits.size()), candidates_);
    double mass = 0;
    for (Candidate& candidate : candidates_) {
      candidate.weight = WeightOf(candidate.logit, best);
      mass += candidate.weight;
    }
    if (mass >= wanted || count >= logits.size()) {
      CutCandidates(wanted);
      return;
    }
  }
  SelectMass(logits, best, scale, wanted, candidates_);
  std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < options_.min_p; });
}

// Applies top_p, given as the mass to keep, and min_p to the candidates, which are best first.
void Sampler::CutCandidates(double top_p_mass) {
  double mass = 0;
  size_t kept = 0;
  while (kept < candidates_.size()) {
    const double weight = candidates_[kept].weight;
    if (weight < options_.min_p * candidates_.front().weight) {
      break;
    }
    ++kept;
    mass += weight;
    if (options_.top_p < 1 && mass >= top_p_mass) {
      break;
    }
  }
  candidates_.resize(kept);
}

base::TokenId Sampler::DrawFromCandidates() {
  double mass = 0;
  for (const Candidate& candidate : candidates_) {
    mass += candidate.weight;
  }
  double left = NextUniform() * mass;
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) {
      return candidate.id;
    }
  }
  return candidates_.front().id;  // rounding only
}

base::TokenId Sampler::DrawFromAll(std::span<const float> logits, float best) {
  const auto scale = static_cast<float>(1 / options_.temperature);
  const double total = ExpSums(logits, best, scale, sums_);
  double left = NextUniform() * total;
  size_t part = 0;
  while (part + 1 < sums_.size() && left >= sums_[part]) {
    left -= sums_[part];
    ++part;
  }
  const size_t end = std::min((part + 1) * kSumSpan, logits.size());
  for (size_t i = part * kSumSpan; i < end; ++i) {
    if (logits[i] > kMinusInfinity) {
      left -= static_cast<double>(ExpWeight(logits[i], best, scale));
      if (left < 0) {
        return base::TokenId{static_cast<int32_t>(i)};
      }
    }
  }
  return base::TokenId{static_cast<int32_t>(FirstAtLeast(logits, best))};  // rounding only
}

double Sampler::NextUniform() const {
  return static_cast<double>(base::SplitMix64(seed_ + draw_count_) >> 11) * 0x1.0p-53;
}

double Sampler::WeightOf(float logit, float best) const {
  return std::exp((static_cast<double>(logit) - static_cast<double>(best)) / options_.temperature);
}

}  // namespace millrace::sampling

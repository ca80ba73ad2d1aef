#include "sampling/vocabulary_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace millrace::sampling {
namespace {

using Float4 = float __attribute__((vector_size(16)));
using Int4 = int32_t __attribute__((vector_size(16)));
using Long2 = int64_t __attribute__((vector_size(16)));

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr size_t kStride = 16;

Float4 Load(const float* from) {
  Float4 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

Float4 Broadcast(float value) { return Float4{value, value, value, value}; }

bool AnyBit(Int4 lanes) {
  const auto words = std::bit_cast<Long2>(lanes);
  return (words[0] | words[1]) != 0;
}

// Whether one of the next kStride logits is above the limit. A NaN never is.
bool AnyAbove(const float* logits, Float4 limit) {
  return AnyBit((Load(logits) > limit) | (Load(logits + 4) > limit) | (Load(logits + 8) > limit) |
                (Load(logits + 12) > limit));
}

bool Better(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// exp for arguments from -87 to 0: 2^n times a polynomial on [-ln2/2, ln2/2].
// Coefficients: Cephes expf (S. Moshier), as published.
Float4 Exp4(Float4 x) {
  const Float4 floor = Broadcast(-87.0F);
  x = x > floor ? x : floor;                    // also for NaN
  const Float4 round = Broadcast(12582912.0F);  // 1.5 * 2^23: adding it rounds to an integer
  const Float4 shifted = x * 1.44269504088896341F + round;
  const Float4 n = shifted - round;
  const Float4 r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Float4 p = Broadcast(1.9875691500e-4F);
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const Int4 exponent = (std::bit_cast<Int4>(shifted) - std::bit_cast<Int4>(round)) << 23;
  return std::bit_cast<Float4>(std::bit_cast<Int4>(p) + exponent);
}

Float4 ExpWeight4(Float4 logits, float best, float scale) { return Exp4((logits - best) * scale); }

// Tokens are grouped by their distance from the best one in steps of 1/64 of the exponent's unit,
// which is monotone in the logit; the last group takes everything 32 units and more below.
constexpr size_t kGroupCount = 2048;

size_t GroupOf(float logit, float best, float scale) {
  const float distance = (best - logit) * scale * 64.0F;
  return distance < static_cast<float>(kGroupCount - 1) ? static_cast<size_t>(distance)
                                                        : kGroupCount - 1;
}

// Keeps the best `count` of `out` and returns the worst of them.
float Prune(std::vector<Candidate>& out, size_t count) {
  const auto last = out.begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(out.begin(), last, out.end(), Better);
  out.resize(count);
  return out.back().logit;
}

}  // namespace

float LargestLogit(std::span<const float> logits) {
  std::array<Float4, 4> best;
  best.fill(Broadcast(kMinusInfinity));
  size_t i = 0;
  for (; i + kStride <= logits.size(); i += kStride) {
    for (size_t j = 0; j < best.size(); ++j) {
      const Float4 x = Load(logits.data() + i + 4 * j);
      best[j] = x > best[j] ? x : best[j];
    }
  }
  float result = kMinusInfinity;
  for (const Float4& lanes : best) {
    for (int j = 0; j < 4; ++j) {
      result = lanes[j] > result ? lanes[j] : result;
    }
  }
  for (; i < logits.size(); ++i) {
    result = logits[i] > result ? logits[i] : result;
  }
  return result;
}

size_t FirstAtLeast(std::span<const float> logits, float limit) {
  size_t i = 0;
  while (i < logits.size() && !(logits[i] >= limit)) {
    ++i;
  }
  return i;
}

void SelectBest(std::span<const float> logits, size_t count, std::vector<Candidate>& out) {
  out.clear();
  const size_t room = 2 * count + 512;
  float worst = kMinusInfinity;
  const auto consider = [&](size_t i) {
    if (logits[i] > worst) {
      out.push_back({logits[i], base::TokenId{static_cast<int32_t>(i)}, 0});
      // Later equals of `worst` have higher ids, so leaving them out is right.
      if (out.size() >= room) {
        worst = Prune(out, count);
      }
    }
  };
  size_t i = 0;
  for (; i + kStride <= logits.size(); i += kStride) {
    if (AnyAbove(logits.data() + i, Broadcast(worst))) {
      for (size_t j = 0; j < kStride; ++j) {
        consider(i + j);
      }
    }
  }
  for (; i < logits.size(); ++i) {
    consider(i);
  }
  if (out.size() > count) {
    Prune(out, count);
  }
  std::ranges::sort(out, Better);
}

void SelectAtLeast(std::span<const float> logits, float limit, std::vector<Candidate>& out) {
  out.clear();
  const Float4 below = Broadcast(std::nextafter(limit, kMinusInfinity));
  size_t i = 0;
  for (; i < logits.size(); ++i) {
    while (i % kStride == 0 && i + kStride <= logits.size() && !AnyAbove(&logits[i], below)) {
      i += kStride;
    }
    if (i < logits.size() && logits[i] >= limit) {
      out.push_back({logits[i], base::TokenId{static_cast<int32_t>(i)}, 0});
    }
  }
}

float ExpWeight(float logit, float best, float scale) {
  return ExpWeight4(Broadcast(logit), best, scale)[0];
}

double ExpSums(std::span<const float> logits, float best, float scale, std::vector<double>& sums) {
  sums.clear();
  double total = 0;
  for (size_t begin = 0; begin < logits.size(); begin += kSumSpan) {
    const std::span<const float> part =
        logits.subspan(begin, std::min(kSumSpan, logits.size() - begin));
    Float4 even = Broadcast(0);
    Float4 odd = Broadcast(0);
    size_t i = 0;
    for (; i + 8 <= part.size(); i += 8) {
      even += ExpWeight4(Load(part.data() + i), best, scale);
      odd += ExpWeight4(Load(part.data() + i + 4), best, scale);
    }
    even += odd;
    double sum = (static_cast<double>(even[0]) + static_cast<double>(even[1])) +
                 (static_cast<double>(even[2]) + static_cast<double>(even[3]));
    for (; i < part.size(); ++i) {
      sum += static_cast<double>(ExpWeight(part[i], best, scale));
    }
    sums.push_back(sum);
    total += sum;
  }
  return total;
}

void SelectMass(std::span<const float> logits, float best, float scale, double mass,
                std::vector<Candidate>& out) {
  out.clear();
  std::vector<double> group_mass(kGroupCount, 0);
  for (size_t i = 0; i < logits.size(); i += 4) {
    std::array<float, 4> part;
    part.fill(kMinusInfinity);
    const size_t count = std::min(part.size(), logits.size() - i);
    std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(i), count, part.begin());
    const Float4 weights = ExpWeight4(Load(part.data()), best, scale);
    for (size_t j = 0; j < part.size(); ++j) {
      if (part[j] > kMinusInfinity) {
        group_mass[GroupOf(part[j], best, scale)] +=
            static_cast<double>(weights[static_cast<int>(j)]);
      }
    }
  }
  size_t border = 0;
  double below = 0;  // mass of the groups before `border`
  while (border + 1 < kGroupCount && below + group_mass[border] < mass) {
    below += group_mass[border++];
  }
  std::vector<Candidate> at_border;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] > kMinusInfinity)) {
      continue;
    }
    const size_t group = GroupOf(logits[i], best, scale);
    if (group <= border) {
      const Candidate candidate{logits[i], base::TokenId{static_cast<int32_t>(i)},
                                static_cast<double>(ExpWeight(logits[i], best, scale))};
      (group < border ? out : at_border).push_back(candidate);
    }
  }
  std::ranges::sort(at_border, Better);
  for (size_t i = 0; i < at_border.size() && below < mass; ++i) {
    below += at_border[i].weight;
    out.push_back(at_border[i]);
  }
}

}  // namespace millrace::sampling

#include "grammar/distinct_values.h"

#include <algorithm>
#include <unordered_map>

namespace millrace::grammar {
namespace {

constexpr int32_t kNobody = -1;

// Places by kind, values by number, and which kind of place has a value.
class Matching {
 public:
  Matching(std::span<const AlikePlaces> places, SchemaAlgebra& algebra) : algebra_(algebra) {
    std::unordered_map<FormulaId, int32_t> numbers;
    for (const AlikePlaces& kind : places) {
      std::vector<int32_t>& values = values_of_.emplace_back();
      for (const FormulaId value : kind.values) {
        const auto [it, is_new] = numbers.try_emplace(value, static_cast<int32_t>(values_.size()));
        if (is_new) {
          values_.push_back(value);
        }
        values.push_back(it->second);
      }
    }
    owner_.assign(values_.size(), kNobody);
  }

  // Gives one more place of `kind` a value, others of their own where that helps (an augmenting
  // path). False when there is none.
  bool Give(int32_t kind) {
    struct Step {
      int32_t kind;
      int32_t from;   // the step before
      int32_t value;  // that `kind` has and the step before wants
    };
    std::vector<Step> steps = {{kind, kNobody, kNobody}};
    std::vector<bool> visited(values_of_.size(), false);
    visited[Index(kind)] = true;
    for (size_t i = 0; i < steps.size(); ++i) {
      for (int32_t value : values_of_[Index(steps[i].kind)]) {
        algebra_.Spend(1);
        const int32_t owner = owner_[Index(value)];
        if (owner == kNobody) {
          for (auto at = static_cast<int32_t>(i); at != kNobody; at = steps[Index(at)].from) {
            owner_[Index(value)] = steps[Index(at)].kind;
            value = steps[Index(at)].value;
          }
          return true;
        }
        if (!visited[Index(owner)]) {
          visited[Index(owner)] = true;
          steps.push_back({owner, static_cast<int32_t>(i), value});
        }
      }
    }
    return false;
  }

  // Values whose owners could not have another one instead.
  std::vector<FormulaId> Needed() {
    std::vector<bool> flexible(values_of_.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t kind = 0; kind < values_of_.size(); ++kind) {
        if (flexible[kind]) {
          continue;
        }
        algebra_.Spend(values_of_[kind].size());
        flexible[kind] =
            std::any_of(values_of_[kind].begin(), values_of_[kind].end(), [&](int32_t value) {
              const int32_t owner = owner_[Index(value)];
              return owner == kNobody || flexible[Index(owner)];
            });
        changed = changed || flexible[kind];
      }
    }
    std::vector<FormulaId> needed;
    for (size_t value = 0; value < values_.size(); ++value) {
      if (owner_[value] != kNobody && !flexible[Index(owner_[value])]) {
        needed.push_back(values_[value]);
      }
    }
    std::sort(needed.begin(), needed.end());
    return needed;
  }

 private:
  static size_t Index(int32_t at) { return static_cast<size_t>(at); }

  SchemaAlgebra& algebra_;
  std::vector<FormulaId> values_;
  std::vector<std::vector<int32_t>> values_of_;  // by kind of place
  std::vector<int32_t> owner_;                   // by value: a kind of place
};

}  // namespace

std::optional<std::vector<FormulaId>> FindNeededValues(std::span<const AlikePlaces> places,
                                                       SchemaAlgebra& algebra) {
  Matching matching(places, algebra);
  for (size_t kind = 0; kind < places.size(); ++kind) {
    if (places[kind].count > static_cast<int64_t>(places[kind].values.size())) {
      return std::nullopt;
    }
    for (int64_t i = 0; i < places[kind].count; ++i) {
      if (!matching.Give(static_cast<int32_t>(kind))) {
        return std::nullopt;
      }
    }
  }
  return matching.Needed();
}

}  // namespace millrace::grammar

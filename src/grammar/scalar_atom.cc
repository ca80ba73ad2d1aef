#include "grammar/scalar_atom.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace millrace::grammar {

AtomId ScalarAtoms::Intern(Kind kind, int32_t argument) {
  const auto [it, is_new] =
      index_.try_emplace({kind, argument}, static_cast<AtomId>(atoms_.size()));
  if (is_new) {
    atoms_.push_back({kind, argument});
    memory_bytes_ += 80;
  }
  return it->second;
}

int32_t ScalarAtoms::Store(const Decimal& bound) {
  const auto [it, is_new] =
      bound_index_.try_emplace(bound.ToString(), static_cast<int32_t>(bounds_.size()));
  if (is_new) {
    bounds_.push_back({.negative = bound.negative,
                       .integer = bound.IntegerPart(),
                       .fraction = bound.FractionPart(),
                       .digits = bound.digits,
                       .exponent = static_cast<int64_t>(bound.digits.size()) + bound.exponent - 1});
    memory_bytes_ += 200 + bound.ToString().size();
  }
  return it->second;
}

void ScalarAtoms::Insert(Set& set, std::u32string_view text) {
  if (set.trie.empty()) {
    set.trie.push_back({});
  }
  size_t node = 0;
  for (const char32_t c : text) {
    auto& children = set.trie[node].children;
    const auto at = std::lower_bound(children.begin(), children.end(), std::pair{c, int32_t{0}});
    if (at != children.end() && at->first == c) {
      node = static_cast<size_t>(at->second);
    } else {
      const auto next = static_cast<int32_t>(set.trie.size());
      children.insert(at, {c, next});
      set.trie.push_back({});
      node = static_cast<size_t>(next);
    }
  }
  set.trie[node].accepts = true;
}

AtomId ScalarAtoms::TextSet(std::vector<std::u32string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  const auto [it, is_new] = text_set_index_.try_emplace(texts, static_cast<int32_t>(sets_.size()));
  if (is_new) {
    Set set{.texts = std::move(texts), .numbers = {}, .trie = {TrieNode{}}};
    for (const std::u32string& text : set.texts) {
      Insert(set, text);
      memory_bytes_ += text.size() * 8;
    }
    memory_bytes_ += set.trie.size() * 56;
    sets_.push_back(std::move(set));
  }
  return Intern(Kind::kTextSet, it->second);
}

AtomId ScalarAtoms::NumberSet(std::vector<Decimal> numbers) {
  std::vector<std::string> spellings;
  for (const Decimal& number : numbers) {
    spellings.push_back(number.ToString());
  }
  return NumberSet(std::move(spellings));
}

AtomId ScalarAtoms::NumberSet(std::vector<std::string> spellings) {
  std::sort(spellings.begin(), spellings.end());
  spellings.erase(std::unique(spellings.begin(), spellings.end()), spellings.end());
  const auto [it, is_new] =
      number_set_index_.try_emplace(spellings, static_cast<int32_t>(sets_.size()));
  if (is_new) {
    Set set{.texts = {}, .numbers = std::move(spellings), .trie = {TrieNode{}}};
    for (const std::string& text : set.numbers) {
      Insert(set, std::u32string(text.begin(), text.end()));
      if (text == "0") {
        Insert(set, U"-0");
      }
      memory_bytes_ += text.size();
    }
    memory_bytes_ += set.trie.size() * 56;
    sets_.push_back(std::move(set));
  }
  return Intern(Kind::kNumberSet, it->second);
}

bool ScalarAtoms::CanCount(const Decimal& divisor) {
  return divisor.digits.size() + static_cast<size_t>(std::max(divisor.exponent, 0)) <=
             static_cast<size_t>(kDivisorDigits) &&
         divisor.exponent > -400;
}

AtomId ScalarAtoms::Multiple(const Decimal& divisor) {
  MILLRACE_CHECK(CanCount(divisor) && !divisor.is_zero() && !divisor.negative);
  Divisor stored{.value = std::stoll(divisor.digits), .scale = std::max(-divisor.exponent, 0)};
  for (int32_t i = 0; i < divisor.exponent; ++i) {
    stored.value *= 10;
  }
  return Intern(stored);
}

AtomId ScalarAtoms::Intern(const Divisor& divisor) {
  const auto [it, is_new] = divisor_index_.try_emplace({divisor.value, divisor.scale},
                                                       static_cast<int32_t>(divisors_.size()));
  if (is_new) {
    divisors_.push_back(divisor);
  }
  return Intern(Kind::kMultiple, it->second);
}

std::optional<AtomId> ScalarAtoms::CommonMultiple(AtomId a, AtomId b) {
  Divisor low = divisors_[static_cast<size_t>(argument(a))];
  Divisor high = divisors_[static_cast<size_t>(argument(b))];
  if (low.scale > high.scale) {
    std::swap(low, high);
  }
  // low.value * 10^shift, in units of the finer one, has the divisor `common` together with the
  // other. The least multiple of both, low.value * 10^shift * high.value / common, ends in `shift`
  // zeros.
  __extension__ using Wide = __int128;
  Wide part = low.value % high.value;
  for (int32_t shift = high.scale - low.scale; shift > 0; --shift) {
    part = part * 10 % high.value;
  }
  const int64_t common = std::gcd(static_cast<int64_t>(part), high.value);
  Wide least = Wide{low.value} * (high.value / common);
  int32_t scale = low.scale;
  for (; scale > 0 && least % 10 == 0; --scale) {
    least /= 10;
  }
  if (least > kDivisorMax) {
    return std::nullopt;
  }
  return Intern(Divisor{.value = static_cast<int64_t>(least), .scale = scale});
}

const std::vector<std::u32string>& ScalarAtoms::texts(AtomId atom) const {
  return sets_[static_cast<size_t>(argument(atom))].texts;
}

const std::vector<std::string>& ScalarAtoms::numbers(AtomId atom) const {
  return sets_[static_cast<size_t>(argument(atom))].numbers;
}

bool ScalarAtoms::AsksForInteger(AtomId atom) const {
  return kind(atom) == Kind::kMultiple && divisors_[static_cast<size_t>(argument(atom))].scale == 0;
}

int64_t ScalarAtoms::Initial(AtomId atom) const {
  return kind(atom) == Kind::kRegex ? argument(atom) : 0;
}

int64_t ScalarAtoms::StepTrie(const Set& set, int64_t node, char32_t c) {
  const auto& children = set.trie[static_cast<size_t>(node)].children;
  const auto at = std::lower_bound(children.begin(), children.end(), std::pair{c, int32_t{0}});
  return at != children.end() && at->first == c ? at->second : kDead;
}

int64_t ScalarAtoms::Step(AtomId atom, int64_t state, char32_t c) {
  if (state == kDead) {
    return kDead;
  }
  const auto argument = static_cast<size_t>(this->argument(atom));
  switch (kind(atom)) {
    case Kind::kRegex: {
      const auto arcs = regexes_.Arcs(static_cast<RegexId>(state));
      const auto arc = std::partition_point(arcs.begin(), arcs.end(),
                                            [c](const RegexArc& a) { return a.high < c; });
      return arc != arcs.end() && arc->low <= c ? arc->next : kDead;
    }
    case Kind::kMinLength:
      return std::min<int64_t>(state + 1, this->argument(atom));
    case Kind::kTextSet:
      return StepTrie(sets_[argument], state, c);
    case Kind::kNumberForm:
      return StepForm(this->argument(atom), state, c);
    case Kind::kAtLeast:
    case Kind::kAbove:
      return StepBound(bounds_[argument], state, c);
    case Kind::kMultiple:
      return StepMultiple(divisors_[argument], state, c);
    case Kind::kNumberSet:
      return StepNumberSet(sets_[argument], state, c);
  }
  return kDead;
}

bool ScalarAtoms::Accepts(AtomId atom, int64_t state) const {
  if (state == kDead) {
    return false;
  }
  const auto argument = static_cast<size_t>(this->argument(atom));
  switch (kind(atom)) {
    case Kind::kRegex:
      return regexes_.IsNullable(static_cast<RegexId>(state));
    case Kind::kMinLength:
      return state >= this->argument(atom);
    case Kind::kTextSet:
      return sets_[argument].trie[static_cast<size_t>(state)].accepts;
    case Kind::kNumberForm:
      return state == 2 || state == 3 || state == 5 || state == 9 || state == 11 || state == 13;
    case Kind::kAtLeast:
      return AcceptsBound(bounds_[argument], state, false);
    case Kind::kAbove:
      return AcceptsBound(bounds_[argument], state, true);
    case Kind::kMultiple:
      return AcceptsMultiple(divisors_[argument], state);
    case Kind::kNumberSet:
      return sets_[argument].trie[static_cast<size_t>(state & 0xFFFFFFFF)].accepts;
  }
  return false;
}

bool ScalarAtoms::AcceptsForever(AtomId atom, int64_t state) const {
  switch (kind(atom)) {
    case Kind::kRegex:
      return state == RegexAlgebra::kAnything;
    case Kind::kMinLength:
      return state >= argument(atom);
    default:
      return false;
  }
}

void ScalarAtoms::AddBoundaries(AtomId atom, int64_t state, std::vector<char32_t>& starts) {
  if (state == kDead) {
    return;
  }
  switch (kind(atom)) {
    case Kind::kRegex:
      for (const RegexArc& arc : regexes_.Arcs(static_cast<RegexId>(state))) {
        starts.push_back(arc.low);
        starts.push_back(arc.high + 1);
      }
      break;
    case Kind::kMinLength:
      break;
    case Kind::kTextSet: {
      const Set& set = sets_[static_cast<size_t>(argument(atom))];
      for (const auto& [c, next] : set.trie[static_cast<size_t>(state)].children) {
        starts.push_back(c);
        starts.push_back(c + 1);
      }
      break;
    }
    default:
      for (const char32_t c : std::u32string_view(U"+-.0123456789EeFf:/,")) {
        starts.push_back(c);
      }
      break;
  }
}

}  // namespace millrace::grammar

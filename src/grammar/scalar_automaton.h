// Which of several formulas a string or number satisfies, character by character.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/number_outlook.h"
#include "grammar/schema_algebra.h"

namespace millrace::grammar {

// The characters low..high lead to state `next`.
struct ScalarArc {
  char32_t low = 0;
  char32_t high = 0;
  int32_t next = 0;
};

// The product of the automata of all atoms in `formulas`, built as far as it is walked. Strings are
// read by decoded code points, numbers by their ASCII characters. Surrogates never occur.
//
// Thread-compatible.
class ScalarAutomaton {
 public:
  static constexpr int32_t kInitial = 0;
  static constexpr int32_t kDead = -1;

  // `formulas` are restricted to `type`, kString or kNumber. `free_numbers`: integers may have a
  // fraction of zeros. `canonical_numbers`: one spelling a number. `some_must_hold`: a state from
  // which none of the formulas can come to hold is dead.
  struct Options {
    int32_t type = kString;
    bool free_numbers = false;
    bool canonical_numbers = false;
    bool some_must_hold = false;
  };
  ScalarAutomaton(std::vector<FormulaId> formulas, const Options& options, SchemaAlgebra& algebra);
  ScalarAutomaton(const ScalarAutomaton&) = delete;
  ScalarAutomaton& operator=(const ScalarAutomaton&) = delete;

  // Where characters lead; a character of no arc is no part of any number, or a surrogate.
  std::span<const ScalarArc> Arcs(int32_t state);
  int32_t Step(int32_t state, char32_t c);
  // Exponents may follow only what could end well without one: they would let any number begin.
  bool BeginsExponent(const ScalarArc& arc) const {
    return guards_ > 0 && (arc.low == U'e' || arc.low == U'E');
  }

  // Which formulas hold if the scalar ends in `state`: an id for Members, 0 = none; kDead when no
  // scalar can end here (an unfinished number).
  int32_t Truth(int32_t state) const { return states_[static_cast<size_t>(state)].truth; }
  // Sorted indices into the formulas.
  const std::vector<int32_t>& Members(int32_t truth) const {
    return subsets_[static_cast<size_t>(truth)];
  }

  // Whether some formula can come to hold after `state`, where it is a number's and arithmetic can
  // tell; kOpen: it must be searched for.
  NumberOutlook::Answer Outlook(int32_t state) {
    return outlook_.has_value() ? outlook_->Ask(states_[static_cast<size_t>(state)].parts)
                                : NumberOutlook::Answer::kOpen;
  }

  // Counts work done on the states for others.
  void Spend(size_t steps) { algebra_.Spend(steps); }
  size_t size() const { return states_.size(); }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct State {
    std::vector<int64_t> parts;
    int32_t truth = 0;
    bool has_arcs = false;
    std::vector<ScalarArc> arcs = {};
  };

  void Collect(FormulaId formula);
  bool Holds(FormulaId formula, const std::vector<int64_t>& parts) const;
  bool CanComeToHold(FormulaId formula, const std::vector<int64_t>& parts) const;
  int32_t Intern(std::vector<int64_t> parts);
  int32_t TruthOf(const std::vector<int64_t>& parts);
  int32_t ComputeStep(int32_t state, char32_t c);

  SchemaAlgebra& algebra_;
  std::vector<FormulaId> formulas_;
  std::vector<AtomId> atoms_;
  bool some_must_hold_ = false;
  size_t guards_ = 0;  // leading atoms that every scalar must satisfy
  std::vector<State> states_;
  std::unordered_multimap<uint64_t, int32_t> index_;
  std::vector<std::vector<int32_t>> subsets_;
  std::optional<NumberOutlook> outlook_;  // of numbers that may have to be multiples
  size_t memory_bytes_ = 0;
};

// An automaton with the question "can this still end well?", where ending well is a set of truths.
class LiveAutomaton {
 public:
  // States looked at before a question is given up, which counts as no.
  static constexpr size_t kSearchMax = 200'000;

  // `is_good` says whether a scalar may end with a truth, asked once a truth; empty: where some
  // formula holds. `gave_up`, if given, is set when a question is given up; it must outlive this.
  explicit LiveAutomaton(ScalarAutomaton& automaton,
                         std::function<bool(int32_t truth)> is_good = {}, bool* gave_up = nullptr)
      : automaton_(automaton),
        is_good_(std::move(is_good)),
        gave_up_(gave_up != nullptr ? gave_up : &own_gave_up_) {}
  LiveAutomaton(const LiveAutomaton&) = delete;
  LiveAutomaton& operator=(const LiveAutomaton&) = delete;

  ScalarAutomaton& automaton() { return automaton_; }
  bool IsLive(int32_t state);
  // Live arcs only.
  std::span<const ScalarArc> Arcs(int32_t state);
  // kDead when no good end can follow.
  int32_t Step(int32_t state, char32_t c);
  bool AnyStep(int32_t state, char32_t low, char32_t high);
  bool CanEnd(int32_t state);
  // What Step says of each ASCII character: 128 entries that stay. For states that many characters
  // are tried from.
  const int32_t* AsciiSteps(int32_t state);
  // So many characters may come, whichever they are, and a good end can still follow; SIZE_MAX for
  // any number. Nothing is said of more than `enough`, nor where too many states would have to be
  // looked at.
  size_t SafeLength(int32_t state, size_t enough);
  // Where the widest arc leads, kDead when there is none. Adds the characters that do not lead
  // there to `others`.
  int32_t UsualNext(int32_t state, CodePointSet& others);
  // Whether more than `count` texts lead to a good end. What is found out stays.
  bool HasMoreTextsThan(int32_t state, size_t count);
  // Whether `text` leads to a good end.
  bool HasText(int32_t state, std::u32string_view text);
  // Up to `count_max` texts that lead to a good end; nullopt when there are more.
  std::optional<std::vector<std::u32string>> Texts(int32_t state, size_t count_max);
  // Some of them, up to `count` and short ones first. The last answer stays.
  std::vector<std::u32string> SomeTexts(int32_t state, size_t count);
  bool gave_up() const { return *gave_up_; }
  size_t memory_bytes() const {
    return memory_bytes_ + marks_.capacity() +
           ((texts_.capacity() + safe_.capacity()) * sizeof(Known));
  }

 private:
  enum class Mark : uint8_t { kUnknown, kLive, kDead };
  struct View {
    bool has_arcs = false;
    std::vector<ScalarArc> arcs = {};
    std::vector<int32_t> ascii = {};  // by character; empty until it is wanted
  };

  // A number as far as it is known; `is_all`: it is not greater, as far as will be known.
  struct Known {
    size_t least = 0;
    bool is_all = false;
  };

  // What is remembered of a state; of new states it is nothing yet.
  template <typename T>
  T& Of(std::vector<T>& by_state, int32_t state) const {
    const auto index = static_cast<size_t>(state);
    if (by_state.size() <= index) {
      by_state.resize(std::max(automaton_.size(), index + 1));
    }
    return by_state[index];
  }
  Mark& MarkOf(int32_t state) { return Of(marks_, state); }
  NumberOutlook::Answer Outlook(int32_t state);
  void Search(int32_t state);
  bool IsGood(int32_t truth);
  size_t CountTexts(int32_t state, size_t count_max);
  std::vector<std::u32string> FindSomeTexts(int32_t state, size_t count);
  bool TakesAll(int32_t state);

  ScalarAutomaton& automaton_;
  std::function<bool(int32_t)> is_good_;
  std::vector<Mark> marks_;
  std::vector<View> views_;
  std::vector<int8_t> good_;  // by truth; -1 = not asked
  std::vector<Known> texts_;  // by state: so many texts follow
  std::vector<Known> safe_;   // by state: so many characters are safe
  struct {
    int32_t state = ScalarAutomaton::kDead;
    size_t asked = 0;
    std::vector<std::u32string> texts = {};
  } some_;
  bool own_gave_up_ = false;
  bool* gave_up_;
  size_t memory_bytes_ = 0;  // of the views
};

}  // namespace millrace::grammar

// The mask inside of a JSON string: instead of the bytes of every token, its characters and then
// what lies behind its closing quote are looked at, the latter once for all tokens that close the
// string alike.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/thread_set.h"
#include "grammar/vocabulary.h"

namespace millrace::grammar {

// The program's mutexes are held by the caller. The store is as before after every call.
class StringMask {
 public:
  StringMask(const Vocabulary& vocabulary, ThreadMover& move, MatchStore& store)
      : vocabulary_(vocabulary), strings_(vocabulary.strings()), move_(move), store_(store) {}

  // Adds the tokens that `thread` allows to `mask`, which is empty. False, and nothing added, when
  // the thread is not between two characters of a string or when only the bytes can tell.
  bool Fill(const MatchThread& thread, std::span<uint32_t> mask);

 private:
  // The states of an automaton by the number of characters read, of any characters but `first`
  // (where the first one is meant) and `later`. Behind the last state comes that state again, or
  // nothing when `is_bounded`.
  struct Chain {
    std::vector<int32_t> states = {};
    CodePointSet first = {};
    CodePointSet later = {};
    bool is_bounded = false;
    bool exists() const { return states.size() > 1; }
    bool Reaches(size_t count) const { return !is_bounded || count < states.size(); }
    size_t most() const { return is_bounded ? states.size() - 1 : SIZE_MAX; }
    int32_t After(size_t count) const { return states[std::min(count, states.size() - 1)]; }
  };
  // Tokens that close the string when the same holds of it.
  struct ExitGroup {
    int32_t truth = 0;
    int32_t state = 0;
    std::vector<StringExit> exits = {};
    std::vector<bool> characters = {};  // besides those: all with so many before the quote
  };
  // What a string is read for.
  struct Target {
    const MatchThread& thread;
    LiveAutomaton& live;
    std::optional<FreshKeys> keys = {};    // of a key
    std::optional<FreshKeys> values = {};  // where earlier items may have the same string
    bool is_compared = false;              // with the other items of its array
    bool is_inside_item = false;           // part of an item that is compared

    const FreshKeys* fresh() const {
      return keys.has_value() ? &*keys : (values.has_value() ? &*values : nullptr);
    }
  };

  Chain FindChain(const Target& target) const;
  void AddInside(size_t most, std::span<uint32_t> mask) const;
  void GroupExits(LiveAutomaton& live, const Chain& chain);
  void WalkTokens(const Target& target, const Chain& chain, std::span<uint32_t> mask);
  void FindDeviations(const Chain& chain, LiveAutomaton& live);
  void WalkDeviations(const Target& target, const Chain& chain, uint32_t begin, uint32_t end,
                      std::span<uint32_t> mask);
  void WalkBelow(const Target& target, const Chain& chain, uint32_t top, std::span<uint32_t> mask);
  static std::optional<size_t> SafeLength(const Target& target, int32_t state, size_t rest);
  bool TryWithoutChain(const Target& target, std::span<uint32_t> mask);
  bool TryAllBelow(const Target& target, uint32_t top, int32_t state, bool has_chain,
                   std::span<uint32_t> mask);
  void WalkWays(LiveAutomaton& live, std::span<const uint32_t> ways, size_t safe, bool has_chain,
                std::span<uint32_t> mask);
  int32_t StepTo(LiveAutomaton& live, uint32_t node) const;
  void Enter(LiveAutomaton& live, size_t depth, int32_t state);
  void TakeExits(LiveAutomaton& live, int32_t state, std::span<const StringExit> exits,
                 bool has_chain);
  void Drop(const StringTokens::Range& range, std::span<uint32_t> mask);
  ExitGroup& GroupOf(std::vector<ExitGroup>& groups, int32_t truth, int32_t state) const;

  void AddExits(const Target& target, const ExitGroup& group, std::span<uint32_t> mask);
  ThreadSet AfterQuote(const Target& target, const ExitGroup& group);
  uint8_t DoubtfulRests(const Target& target, const ThreadSet& after_quote);
  void FindRests(const ThreadSet& after_quote);
  void CorrectKeys(const MatchThread& thread, std::span<uint32_t> mask);
  void CorrectExits(const MatchThread& thread, const JsonReader::KnownKey& key,
                    std::span<const StringExit> exits, std::span<uint32_t> mask);
  void CorrectTwins(const MatchThread& thread, std::span<uint32_t> mask);
  void CorrectEnds(const MatchThread& thread, std::span<const std::u32string> texts, size_t depth,
                   uint32_t parent, std::span<uint32_t> mask);
  void Judge(const MatchThread& thread, std::span<const StringExit> exits,
             std::span<uint32_t> mask);
  bool Allows(ThreadSet threads, std::string_view text);
  bool Allows(const MatchThread& thread, int32_t token);

  const Vocabulary& vocabulary_;
  const StringTokens& strings_;
  ThreadMover& move_;
  MatchStore& store_;
  std::vector<ExitGroup> groups_;       // by the chain
  std::vector<ExitGroup> own_groups_;   // of texts that leave the chain
  std::vector<int32_t> dropped_exits_;  // tokens that the chain's groups have and may not
  bool dropped_any_ = false;            // some text may not come
  bool few_texts_ = false;              // so few may come that it matters which came before
  bool any_text_ = false;               // any may come, whatever came before
  std::vector<uint32_t> deviations_;    // nodes by which tokens may leave the chain, sorted
  std::vector<int32_t> states_;         // by depth
  std::vector<const int32_t*> steps_;   // from the states by depth, for ASCII
  std::vector<uint8_t> rest_allowed_;   // by rest
  std::vector<int32_t> rests_;          // those that are
};

}  // namespace millrace::grammar

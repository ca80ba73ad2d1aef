// All ways to read what an answer says so far, side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "grammar/byte_tree.h"
#include "grammar/grammar_program.h"
#include "grammar/json_reader.h"

namespace millrace::grammar {

// What comes after a thread's leaf: the rest of a sequence, or another turn of a repetition.
struct Continuation {
  int32_t node = 0;
  int32_t index = 0;  // of a sequence: the next part; of a repetition: the turns made
  int32_t next = kNone;
  bool operator==(const Continuation&) const = default;
};

// One way to read the answer: inside of `leaf`, or at the end of the answer when that is kNone.
struct MatchThread {
  int32_t leaf = kNone;
  int32_t rest = kNone;  // a Continuation
  int32_t state = 0;     // of a literal: bytes read; of free text and regex: the automaton's
  char32_t partial = 0;  // of a regex: the character being read
  uint8_t missing = 0;   // and the bytes it lacks
  uint8_t length = 0;    // of those it has in all
  JsonPlace json = {};
};
using ThreadSet = std::vector<MatchThread>;

// What threads point into.
struct MatchStore {
  JsonStore json;
  std::vector<Continuation> rests;

  struct Mark {
    JsonStore::Mark json;
    size_t rests = 0;
  };
  Mark mark() const { return {json.mark(), rests.size()}; }
  void Cut(const Mark& mark) {
    json.Cut(mark.json);
    rests.resize(mark.rests);
  }
};

// Moves sets of threads. The program's mutexes are held by the caller.
class ThreadMover {
 public:
  ThreadMover(const GrammarProgram& program, MatchStore& store)
      : program_(program), store_(store) {}

  ThreadSet Start();
  // The threads of `from` after `byte`, into `to`; false when none is left. The caller then appends
  // the byte to the store's text.
  bool Step(const ThreadSet& from, uint8_t byte, ThreadSet& to);
  // Moves `threads` past `text`, which is appended to the store's text; false, with the store as it
  // was, when none is left.
  bool Read(std::string_view text, ThreadSet& threads);
  // Calls `visit` for the `token` of every node whose text `threads` can read. The store is as
  // before afterwards.
  void WalkTree(std::span<const TrieNode> nodes, const ThreadSet& threads,
                const std::function<void(int32_t token)>& visit);
  // The same as Step after a token that a thread waits for by its id.
  bool StepToken(const ThreadSet& from, base::TokenId token, ThreadSet& to);
  bool WaitsForToken(const ThreadSet& threads) const;
  static bool IsComplete(const ThreadSet& threads);
  // The reader of a thread inside of a JSON value.
  JsonReader ReaderOf(const MatchThread& thread);
  bool IsJson(const MatchThread& thread) const;

 private:
  void Enter(int32_t node, int32_t rest, ThreadSet& to);
  void Continue(int32_t rest, ThreadSet& to);
  void TurnAgain(int32_t node, int32_t turns, int32_t rest, ThreadSet& to);
  void StepLeaf(MatchThread thread, uint8_t byte, ThreadSet& to);
  void StepRegex(MatchThread thread, uint8_t byte, ThreadSet& to);
  void AddThread(const MatchThread& thread, ThreadSet& to);
  int32_t Push(const Continuation& rest);

  const GrammarProgram& program_;
  MatchStore& store_;
  static constexpr int32_t kDepthMax = 64;
  int32_t depth_ = 0;  // of repetitions whose turns read nothing
};

}  // namespace millrace::grammar

// A compiled expression, flat: what the threads of a matcher walk on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "grammar/grammar.h"
#include "grammar/json_language.h"
#include "grammar/scalar_automaton.h"

namespace millrace::grammar {

// The automaton of a regular expression over characters, grown while it is walked. The caller holds
// `mutex`.
struct RegexLanguage {
  RegexAlgebra regexes;
  ScalarAtoms atoms{regexes};
  SchemaAlgebra algebra{atoms};
  std::unique_ptr<ScalarAutomaton> automaton;
  std::unique_ptr<LiveAutomaton> live;
  std::mutex mutex;
};

// Bytes in which none of some stops occurs. Source: Aho, Corasick, CACM 18(6), 1975.
struct StopAutomaton {
  static constexpr int32_t kStopped = -1;
  explicit StopAutomaton(const std::vector<std::string>& stops);
  std::vector<std::array<int32_t, 256>> next;
};

struct Expression::Node {
  enum class Kind : uint8_t {
    kLiteral,
    kSequence,
    kOneOf,
    kRepeat,
    kFreeText,
    kRegex,
    kJson,
    kToken,
  };
  Kind kind = Kind::kLiteral;
  std::string literal = {};
  std::vector<Expression> parts = {};
  int32_t min = 0;
  int32_t max = 0;
  std::shared_ptr<const StopAutomaton> stops = {};
  std::shared_ptr<RegexLanguage> regex = {};
  std::shared_ptr<const JsonSchema> schema = {};
  std::vector<base::TokenId> tokens = {};
};

class GrammarProgram {
 public:
  struct Node {
    const Expression::Node* source = nullptr;  // kept alive by `root_`
    std::vector<int32_t> parts = {};
  };
  GrammarProgram(Expression root, size_t threads_max);

  const Node& at(int32_t id) const { return nodes_[static_cast<size_t>(id)]; }
  int32_t root() const { return 0; }
  size_t threads_max() const { return threads_max_; }
  // Of all schemas in it.
  size_t memory_bytes() const;
  // Everything a matcher reads is locked together, in one order.
  const std::vector<std::mutex*>& mutexes() const { return mutexes_; }
  // The rest with the mutexes held. Each schema may spend `steps` of work from now on.
  void AllowWork(uint64_t steps) const;
  // Of `allowed` steps those that were spent since.
  uint64_t WorkSpent(uint64_t allowed) const;
  // A schema took too much work once, gave a question up or has no memory left: nothing may be
  // asked any more.
  bool IsExhausted() const;
  void SetExhausted() const;

 private:
  int32_t Add(const Expression::Node& source);

  Expression root_;
  size_t threads_max_;
  std::vector<Node> nodes_;
  std::vector<JsonLanguage*> languages_;
  std::vector<std::mutex*> mutexes_;
};

// Locks everything a program's threads read, in the program's order.
class ProgramLock {
 public:
  explicit ProgramLock(const GrammarProgram& program) : program_(program) {
    for (std::mutex* mutex : program.mutexes()) {
      mutex->lock();
    }
  }
  ~ProgramLock() {
    for (std::mutex* mutex : program_.mutexes()) {
      mutex->unlock();
    }
  }
  ProgramLock(const ProgramLock&) = delete;
  ProgramLock& operator=(const ProgramLock&) = delete;

 private:
  const GrammarProgram& program_;
};

}  // namespace millrace::grammar

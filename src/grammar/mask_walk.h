// Which tokens may come next: a walk of the vocabulary's tree with the matcher's own steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grammar/string_mask.h"
#include "grammar/thread_set.h"
#include "grammar/vocabulary.h"

namespace millrace::grammar {

// The program's mutexes are held by the caller. The store is as before after every call.
class MaskWalk {
 public:
  MaskWalk(const GrammarProgram& program, const Vocabulary& vocabulary, MatchStore& store)
      : program_(program),
        vocabulary_(vocabulary),
        store_(store),
        move_(program, store),
        strings_(vocabulary, move_, store) {}

  // Everything that decides about the mask, as bytes: equal keys have equal masks.
  std::string KeyOf(const ThreadSet& threads) const;

  // Writes the mask and returns how many bits are set.
  size_t Fill(const ThreadSet& threads, std::span<uint32_t> mask);

 private:
  void Allow(int32_t token, std::span<uint32_t> mask) const;

  const GrammarProgram& program_;
  const Vocabulary& vocabulary_;
  MatchStore& store_;
  ThreadMover move_;
  StringMask strings_;
};

}  // namespace millrace::grammar

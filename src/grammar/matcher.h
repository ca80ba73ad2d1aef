// Follows one answer token by token and says which tokens may come next.
//
// The promise: a token is allowed exactly when its bytes, after what was accepted, begin some text
// that the grammar admits. So no allowed token leads into a dead end, and an end token is allowed
// exactly where the text is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "grammar/grammar.h"
#include "grammar/vocabulary.h"

namespace millrace::grammar {

// One choice's state. Thread-compatible; any number of matchers may share a grammar across threads.
class Matcher {
 public:
  struct Options {
    size_t rollback_tokens_max = 64;      // how far Rollback reaches
    size_t memory_bytes_max = 16U << 20;  // of this matcher; past it nothing is allowed any more
  };
  Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary,
          const Options& options);
  Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary)
      : Matcher(std::move(grammar), std::move(vocabulary), Options{}) {}
  ~Matcher();
  Matcher(Matcher&& other) noexcept;
  Matcher& operator=(Matcher&& other) noexcept;

  // A second matcher in the same state, without the first one's rollback history.
  Matcher Fork() const;

  // Sets bit i of `mask` when token i is allowed now, clears it otherwise. `mask` has
  // Vocabulary::mask_words() words. Returns how many bits are set, 0 after the end or when
  // is_exhausted().
  size_t FillMask(std::span<uint32_t> mask);

  // Whether token `id` is allowed now: one bit of the mask, without computing the others.
  bool Allows(base::TokenId id);

  // Takes `id` when it is allowed; false, and nothing changed, when it is not. After an end token
  // nothing is allowed any more.
  bool Accept(base::TokenId id);

  // Takes text that came without tokens; all of it or, when false, none. One step for Rollback.
  bool AcceptText(std::string_view text);

  // Undoes the last `count` accepts; false when the history does not reach back that far.
  bool Rollback(size_t count);

  // The text accepted so far is complete: it may end here.
  bool is_complete() const;
  // An end token was accepted.
  bool is_ended() const;
  // A question took more work or memory than there is for one, of this matcher or of the grammar:
  // nothing is allowed any more, and neither to other matchers of the grammar when it was that.
  bool is_exhausted() const;

  // The bytes that must come next, up to `bytes_max`: empty when there is a choice, or when the
  // text may end here. The caller tokenises them; any tokens that spell them are allowed.
  std::string ForcedBytes(size_t bytes_max = 256);

  // Whether any byte may come next.
  bool MayReadText();

  // Which bytes may come next, for messages: bit b of the 256.
  void AllowedBytes(std::span<uint32_t, 8> bytes);

  size_t memory_bytes() const;

 private:
  struct State;
  explicit Matcher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace millrace::grammar

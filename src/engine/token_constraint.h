// What one choice's answer may be, token by token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace millrace::engine {

// Made at the edge by whoever knows texts and grammars, one for each choice; from Submit on it is
// the engine's, used by one thread at a time, beside the model and beside other requests. It sees
// answer tokens only: reasoning and its delimiters are free. A call that throws costs its request.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;

  // Sets bit i of `mask` for every token that may come next, end tokens included, and clears the
  // others. At least one is set.
  virtual void FillMask(std::span<uint32_t> mask) = 0;

  // The choice went on with `token`, which was allowed.
  virtual void Accept(base::TokenId token) = 0;

  // Tokens that come next whatever the model thinks, `count_max` at most; taken as accepted. Empty
  // where the model has a choice.
  virtual std::vector<base::TokenId> TakeForced(size_t count_max) = 0;

  // Nothing but the end may follow.
  virtual bool MustEnd() = 0;
};

}  // namespace millrace::engine

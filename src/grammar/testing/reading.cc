#include "grammar/testing/reading.h"

#include "base/check.h"
#include "grammar/matcher.h"

namespace millrace::grammar::testing {

bool ReadsBytes(const std::shared_ptr<const Grammar>& grammar,
                const std::shared_ptr<const Vocabulary>& vocabulary, std::string_view text) {
  Matcher matcher(grammar, vocabulary);
  for (const char& byte : text) {
    if (!matcher.AcceptText({&byte, 1})) {
      return false;
    }
  }
  return matcher.is_complete();
}

bool ReadsTokens(const std::shared_ptr<const Grammar>& grammar,
                 const std::shared_ptr<const Vocabulary>& vocabulary,
                 std::span<const base::TokenId> tokens) {
  Matcher matcher(grammar, vocabulary);
  for (const base::TokenId token : tokens) {
    const bool allowed = matcher.Allows(token);
    MILLRACE_CHECK(matcher.Accept(token) == allowed);
    if (!allowed) {
      return false;
    }
  }
  const base::TokenId end = vocabulary->end_tokens().front();
  const bool allowed = matcher.Allows(end);
  MILLRACE_CHECK(matcher.is_complete() == allowed && matcher.Accept(end) == allowed);
  return allowed;
}

}  // namespace millrace::grammar::testing

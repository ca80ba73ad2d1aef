// Follows the input's choices through one of the sample schemas and compares every mask with what
// every token by itself says, also after Fork and Rollback.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/sample_schemas.h"

namespace {

using namespace millrace;
using namespace millrace::grammar;

using Mask = std::vector<uint32_t>;

const std::vector<std::shared_ptr<const Grammar>>& Grammars() {
  static const auto grammars = [] {
    std::vector<std::shared_ptr<const Grammar>> result;
    for (const char* text : grammar::testing::SampleSchemas()) {
      result.push_back(Grammar::OfSchema(*JsonSchema::Compile(text)));
    }
    return result;
  }();
  return grammars;
}

void CheckMask(Matcher& matcher, const Vocabulary& vocabulary, const Mask& mask) {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const bool allowed = ((mask[i / 32] >> (i % 32)) & 1) != 0;
    MILLRACE_CHECK(matcher.Allows(base::TokenId{static_cast<int32_t>(i)}) == allowed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto vocabulary = grammar::testing::SmallVocabulary();
  if (size == 0) {
    return 0;
  }
  Matcher matcher(Grammars()[data[0] % Grammars().size()], vocabulary);
  Mask mask(vocabulary->mask_words());
  for (size_t at = 1; at < size && at < 64 && !matcher.is_ended(); ++at) {
    const size_t count = matcher.FillMask(mask);
    MILLRACE_CHECK(count > 0);
    CheckMask(matcher, *vocabulary, mask);
    size_t wanted = data[at] % count;
    size_t token = 0;
    while (((mask[token / 32] >> (token % 32)) & 1) == 0 || wanted-- > 0) {
      ++token;
    }
    const base::TokenId id{static_cast<int32_t>(token)};
    Matcher fork = matcher.Fork();
    MILLRACE_CHECK(fork.Accept(id) && matcher.Accept(id));
    Mask of_fork(mask.size());
    MILLRACE_CHECK(fork.FillMask(of_fork) == matcher.FillMask(mask) && of_fork == mask);
    if (data[at] % 7 == 0) {
      MILLRACE_CHECK(matcher.Rollback(1));
    }
  }
  return 0;
}

// Compiles the input as a JSON Schema and walks a little of what it admits: no crash, no dead end,
// and nothing but JSON comes out.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "grammar/json_language.h"
#include "grammar/json_schema.h"
#include "grammar/json_text.h"
#include "grammar/matcher.h"
#include "grammar/testing/real_vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::grammar;
  static const auto vocabulary = testing::SmallVocabulary();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SchemaOptions options;
  options.limits.work = 20'000;
  options.limits.memory_bytes = 16U << 20;
  const auto schema = JsonSchema::Compile(text, options);
  if (!schema.has_value()) {
    return 0;
  }
  Matcher matcher(Grammar::OfSchema(*schema), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  std::string read;
  uint64_t choice = size;
  for (int step = 0; step < 24; ++step) {
    const size_t count = matcher.FillMask(mask);
    // A question that was too hard counts as no, and may leave nothing to go on with.
    if (count == 0) {
      JsonLanguage& language = (*schema)->language();
      MILLRACE_CHECK(language.gave_up() || !language.HasMemory());
      return 0;
    }
    choice = (choice * 6364136223846793005ULL) + (step < static_cast<int>(size) ? data[step] : 1);
    size_t wanted = (choice >> 33U) % count;
    for (size_t word = 0; word < mask.size(); ++word) {
      const auto here = static_cast<size_t>(std::popcount(mask[word]));
      if (wanted >= here) {
        wanted -= here;
        continue;
      }
      uint32_t bits = mask[word];
      for (; wanted > 0; --wanted) {
        bits &= bits - 1;
      }
      const base::TokenId token{
          static_cast<int32_t>((word * 32) + static_cast<size_t>(std::countr_zero(bits)))};
      MILLRACE_CHECK(matcher.Accept(token));
      read += vocabulary->Text(token);
      break;
    }
    if (matcher.is_complete()) {
      // A number with a huge exponent is JSON that our own reader does not hold.
      MILLRACE_CHECK(ParseJson(read).has_value() || read.find_first_of("eE") != std::string::npos);
    }
    if (matcher.is_ended()) {
      return 0;
    }
  }
  return 0;
}

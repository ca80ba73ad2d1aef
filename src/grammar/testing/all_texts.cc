#include "grammar/testing/all_texts.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "grammar/json_schema.h"
#include "grammar/testing/real_vocabulary.h"

namespace millrace::grammar::testing {

AllTexts::AllTexts(std::string_view schema, size_t bytes_max) : bytes_max_(bytes_max) {
  const auto compiled = JsonSchema::Compile(schema, {.whitespace = Whitespace::kCompact});
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  if (compiled.has_value()) {
    Matcher matcher(Grammar::OfSchema(*compiled), SmallVocabulary());
    Follow(matcher);
  }
}

void AllTexts::Follow(Matcher& matcher) {
  if (matcher.is_complete()) {
    all_.push_back(text_);
  }
  std::array<uint32_t, 8> bytes = {};
  matcher.AllowedBytes(bytes);
  bool any = false;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (((bytes[byte / 32] >> (byte % 32)) & 1U) == 0) {
      continue;
    }
    any = true;
    if (byte == '\\' || byte == '.' || text_.size() == bytes_max_) {
      continue;
    }
    text_ += static_cast<char>(byte);
    EXPECT_TRUE(matcher.AcceptText(text_.substr(text_.size() - 1))) << text_;
    Follow(matcher);
    matcher.Rollback(1);
    text_.pop_back();
  }
  EXPECT_TRUE(any || matcher.is_complete()) << "a dead end after " << text_;
}

}  // namespace millrace::grammar::testing

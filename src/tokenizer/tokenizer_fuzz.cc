// Any bytes, through every split: encoding them as plain text and taking the bytes of the tokens
// gives them back (for the splits that do not normalise), and no detokeniser ever gives half a
// character.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/split.h"
#include "tokenizer/stop_matcher.h"
#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

struct Subject {
  std::shared_ptr<const Tokenizer> tokenizer;
  bool normalizes = false;
};

std::vector<Subject> MakeSubjects() {
  std::vector<Subject> subjects;
  for (const char* pre : {"gpt-2", "starcoder", "llama-bpe", "qwen2", "qwen35", "deepseek-coder",
                          "deepseek-llm", "deepseek-v3"}) {
    VocabularyData data = testing::MakeTinyVocabulary();
    data.pre = pre;
    subjects.push_back({.tokenizer = *Tokenizer::Create(std::move(data)),
                        .normalizes = FindSplit(pre)->normalization == Normalization::kNfc});
  }
  return subjects;
}

std::string BytesOf(const Tokenizer& tokenizer, const std::vector<base::TokenId>& ids) {
  std::string bytes;
  for (const base::TokenId id : ids) {
    bytes += tokenizer.Bytes(id);
  }
  return bytes;
}

void CheckDetokenizer(const Subject& subject, const std::vector<base::TokenId>& ids,
                      const std::string& bytes) {
  Detokenizer detokenizer(subject.tokenizer, ControlText::kShown);
  const std::vector<std::string> stops = {"the", "e!", "aba", "\n\n"};
  StopMatcher matcher(stops);
  std::string text;
  std::string shown;
  for (const base::TokenId id : ids) {
    const std::string piece = detokenizer.Add(id);
    MILLRACE_CHECK(base::IsValidUtf8(piece));
    text += piece;
    shown += matcher.Add(piece);
  }
  shown += matcher.Finish();
  size_t stop_begin = std::string::npos;
  for (const std::string& stop : stops) {
    stop_begin = std::min(stop_begin, text.find(stop));
  }
  MILLRACE_CHECK(shown == text.substr(0, stop_begin));
  const size_t whole = bytes.size() - base::IncompleteUtf8Suffix(bytes);
  MILLRACE_CHECK(text == base::SanitizeUtf8(std::string_view(bytes).substr(0, whole)));
}

void CheckOne(const Subject& subject, std::string_view input) {
  for (const SpecialTokens mode :
       {SpecialTokens::kPlainText, SpecialTokens::kUserDefined, SpecialTokens::kAll}) {
    std::vector<base::TokenId> ids;
    subject.tokenizer->Encode(input, mode, ids);
    const std::string bytes = BytesOf(*subject.tokenizer, ids);
    MILLRACE_CHECK(subject.normalizes || bytes == input);
    for (const base::TokenId id : ids) {
      MILLRACE_CHECK(mode == SpecialTokens::kAll || !subject.tokenizer->IsControl(id));
    }
    CheckDetokenizer(subject, ids, bytes);
  }
}

}  // namespace
}  // namespace millrace::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using millrace::tokenizer::MakeSubjects;
  static const auto subjects = MakeSubjects();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto& subject : subjects) {
    millrace::tokenizer::CheckOne(subject, input);
  }
  return 0;
}

// Masks against brute force, bit by bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/sample_schemas.h"

namespace millrace::grammar {
namespace {

using base::TokenId;
using Mask = std::vector<uint32_t>;

std::vector<TokenId> Allowed(const Mask& mask) {
  std::vector<TokenId> tokens;
  for (size_t word = 0; word < mask.size(); ++word) {
    for (uint32_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      tokens.push_back(TokenId{static_cast<int32_t>((word * 32) + std::countr_zero(bits))});
    }
  }
  return tokens;
}

// Every token by itself: asked about, then read byte by byte by a fork.
Mask BruteForce(Matcher& matcher, const Vocabulary& vocabulary, size_t& count) {
  Mask mask(vocabulary.mask_words());
  count = 0;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (matcher.Allows(TokenId{static_cast<int32_t>(i)})) {
      mask[i / 32] |= uint32_t{1} << (i % 32);
      ++count;
    }
  }
  return mask;
}

// Tokens that an expression below admits by their ids.
constexpr TokenId kNamedTokens[] = {TokenId{7}, TokenId{300}, TokenId{310}};

// What Allows says against a fork that takes the token's bytes one after the other.
void ExpectTokensAreTheirBytes(Matcher& matcher, const Vocabulary& vocabulary) {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const TokenId token{static_cast<int32_t>(i)};
    const std::string_view text = vocabulary.Text(token);
    if (text.empty() || std::find(std::begin(kNamedTokens), std::end(kNamedTokens), token) !=
                            std::end(kNamedTokens)) {
      continue;
    }
    Matcher fork = matcher.Fork();
    bool taken = true;
    for (size_t at = 0; at < text.size() && taken; ++at) {
      taken = fork.AcceptText(text.substr(at, 1));
    }
    ASSERT_EQ(matcher.Allows(token), taken) << "token '" << text << "'";
  }
}

void ExpectBytesAreTheirTexts(Matcher& matcher) {
  uint32_t bytes[8];
  matcher.AllowedBytes(bytes);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    ASSERT_EQ(((bytes[byte / 32] >> (byte % 32)) & 1) != 0, matcher.Fork().AcceptText({&c, 1}))
        << "byte " << byte;
  }
}

// Whether a token may come that is no text.
bool WaitsForToken(Matcher& matcher, const Vocabulary& vocabulary) {
  return std::any_of(std::begin(kNamedTokens), std::end(kNamedTokens), [&](TokenId token) {
    return matcher.Allows(token) && !matcher.Fork().AcceptText(vocabulary.Text(token));
  });
}

// The longest chain of bytes without a choice and without an end before it.
std::string ForcedByForks(const Matcher& matcher, const Vocabulary& vocabulary, size_t bytes_max) {
  Matcher fork = matcher.Fork();
  std::string forced;
  while (forced.size() < bytes_max && !fork.is_complete() && !WaitsForToken(fork, vocabulary)) {
    std::string choices;
    for (uint32_t byte = 0; byte < 256 && choices.size() < 2; ++byte) {
      const char c = static_cast<char>(byte);
      if (fork.Fork().AcceptText({&c, 1})) {
        choices += c;
      }
    }
    if (choices.size() != 1) {
      break;
    }
    forced += choices;
    EXPECT_TRUE(fork.AcceptText(choices));
  }
  return forced;
}

class MaskCheck {
 public:
  MaskCheck(std::shared_ptr<const Vocabulary> vocabulary, uint64_t seed)
      : vocabulary_(std::move(vocabulary)), random_(seed) {}

  // Walks at random and compares at every `every`-th state.
  void Walk(const std::shared_ptr<const Grammar>& grammar, size_t steps, size_t every) {
    Matcher matcher(grammar, vocabulary_);
    for (size_t step = 0; step < steps && !matcher.is_ended(); ++step) {
      Mask mask(vocabulary_->mask_words(), 0xFFFFFFFF);
      const size_t count = matcher.FillMask(mask);
      if (matcher.is_exhausted()) {
        break;  // so many questions take more work than one answer may
      }
      ASSERT_GT(count, 0U) << "a dead end after '" << text_ << "'";
      if (random_.Below(every) == 0) {
        Compare(matcher, mask, count);
        if (::testing::Test::HasFatalFailure()) {
          return;
        }
      }
      const std::vector<TokenId> allowed = Allowed(mask);
      const TokenId token = allowed[random_.Below(allowed.size())];
      const bool accepted = matcher.Accept(token);
      if (matcher.is_exhausted()) {
        break;
      }
      ASSERT_TRUE(accepted);
      text_ += vocabulary_->Text(token);
    }
    text_.clear();
  }
  // Compares behind `text`.
  void CompareAfter(const std::shared_ptr<const Grammar>& grammar, std::string_view text) {
    Matcher matcher(grammar, vocabulary_);
    ASSERT_TRUE(matcher.AcceptText(text)) << text;
    text_ = text;
    Mask mask(vocabulary_->mask_words());
    const size_t count = matcher.FillMask(mask);
    Compare(matcher, mask, count);
  }
  size_t states() const { return states_; }

 private:
  void Compare(Matcher& matcher, const Mask& mask, size_t count) {
    ++states_;
    size_t expected_count = 0;
    const Mask expected = BruteForce(matcher, *vocabulary_, expected_count);
    if (matcher.is_exhausted()) {
      return;
    }
    ASSERT_EQ(Allowed(mask), Allowed(expected)) << "after '" << text_ << "'";
    ASSERT_EQ(count, expected_count);
    Mask again(mask.size());
    ASSERT_EQ(matcher.FillMask(again), count);
    ASSERT_EQ(again, mask) << "asked again, after '" << text_ << "'";
    Mask of_fork(mask.size());
    ASSERT_EQ(matcher.Fork().FillMask(of_fork), count);
    ASSERT_EQ(of_fork, mask);
    // There and back again.
    const std::vector<TokenId> allowed = Allowed(mask);
    if (matcher.is_exhausted()) {
      return;
    }
    size_t taken = 0;
    for (; taken < 1 + random_.Below(3) && !matcher.is_ended(); ++taken) {
      Mask next(mask.size());
      matcher.FillMask(next);
      const std::vector<TokenId> choices = Allowed(next);
      if (matcher.is_exhausted()) {
        return;
      }
      ASSERT_FALSE(choices.empty());
      ASSERT_TRUE(matcher.Accept(choices[random_.Below(choices.size())]));
    }
    ASSERT_TRUE(matcher.Rollback(taken));
    Mask after(mask.size());
    ASSERT_EQ(matcher.FillMask(after), count);
    ASSERT_EQ(after, mask) << "after Rollback";
    for (int i = 0; i < 100; ++i) {
      const size_t token = random_.Below(vocabulary_->size());
      ASSERT_EQ(matcher.Allows(TokenId{static_cast<int32_t>(token)}),
                ((mask[token / 32] >> (token % 32)) & 1) != 0)
          << "after Rollback";
    }
    const std::string forced = matcher.ForcedBytes(64);
    if (matcher.is_exhausted()) {
      return;
    }
    ASSERT_EQ(forced, ForcedByForks(matcher, *vocabulary_, 64)) << "after '" << text_ << "'";
    ExpectBytesAreTheirTexts(matcher);
    if (vocabulary_->size() < 1000) {
      ExpectTokensAreTheirBytes(matcher, *vocabulary_);
    }
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  testing::RandomChoice random_;
  std::string text_;
  size_t states_ = 0;
};

std::shared_ptr<const JsonSchema> Schema(const std::string& text) {
  auto schema = JsonSchema::Compile(text);
  EXPECT_TRUE(schema.has_value()) << text << ": " << schema.error().message;
  return *schema;
}

std::vector<Expression> SampleExpressions() {
  const Expression value = Expression::Json(
      Schema(R"({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})"));
  const Expression call =
      Expression::Sequence({Expression::Literal("<tool_call>{\"name\": \"a\", "), value,
                            Expression::Literal("}\n</tool_call>")});
  return {
      Expression::Literal("exactly this, é"),
      Expression::OneOf({Expression::Literal("abc"), Expression::Literal("abd"),
                         Expression::Literal("ab"), *Expression::Regex("a[x-z]*")}),
      Expression::Repeat(Expression::OneOf({Expression::Literal("foo"), Expression::Literal("o")}),
                         2, 4),
      Expression::FreeText({"<tool_call>", "</"}),
      Expression::Sequence({Expression::FreeText({"<tool_call>"}), Expression::Repeat(call, 0, 2)}),
      Expression::Sequence({Expression::Literal("<parameter=x>\n"),
                            Expression::FreeText({"\n</parameter>"}),
                            Expression::Literal("\n</parameter>")}),
      *Expression::Regex("(?=.*\\d)[a-f0-9é😀]{2,5}"),
      Expression::Sequence(
          {Expression::Optional(Expression::Token({kNamedTokens[0], kNamedTokens[1]})),
           Expression::Literal("x"), Expression::Token({kNamedTokens[2]}),
           Expression::Json(Schema(R"({"type": "integer"})"))}),
      Expression::OneOf({value, Expression::Json(Schema(R"({"type": "string", "maxLength": 3})")),
                         Expression::Literal("{\"a\": nothing}")}),
      Expression::Repeat(Expression::Json(Schema(R"({"enum": [1, 12, true]})")), 1,
                         Expression::kUnbounded),
      Expression::Repeat(Expression::Optional(Expression::Literal("x")), 0, Expression::kUnbounded),
  };
}

TEST(MaskTest, IsWhatEveryTokenByItselfSaysInEveryStateOfSchemas) {
  MaskCheck check(testing::SmallVocabulary(), 1);
  for (const char* text : testing::SampleSchemas()) {
    SCOPED_TRACE(text);
    const auto grammar = Grammar::OfSchema(Schema(text));
    for (int walk = 0; walk < 3; ++walk) {
      check.Walk(grammar, 25, 2);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  EXPECT_GT(check.states(), 1000U);
}

TEST(MaskTest, IsWhatEveryTokenByItselfSaysInEveryStateOfExpressions) {
  MaskCheck check(testing::SmallVocabulary(), 2);
  int32_t number = 0;
  for (const Expression& expression : SampleExpressions()) {
    SCOPED_TRACE("expression " + std::to_string(number++));
    const auto grammar = Grammar::Compile(expression);
    ASSERT_TRUE(grammar.has_value());
    for (int walk = 0; walk < 8; ++walk) {
      check.Walk(*grammar, 30, 2);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  EXPECT_GT(check.states(), 300U);
}

TEST(MaskTest, IsWhatEveryTokenByItselfSaysInSomeStatesOfARealVocabulary) {
  const auto vocabulary = testing::Qwen2Vocabulary(MILLRACE_SHARED_DATA);
  if (vocabulary == nullptr) {
    GTEST_SKIP() << "no vocabulary in " << MILLRACE_SHARED_DATA;
  }
  MaskCheck check(vocabulary, 3);
  int32_t number = 0;
  for (const char* text : testing::SampleSchemas()) {
    if (number++ % 3 == 0) {
      SCOPED_TRACE(text);
      check.Walk(Grammar::OfSchema(Schema(text)), 12, 6);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  EXPECT_GT(check.states(), 10U);
}

std::string Repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

// Most tokens are allowed without a look at them there, up to a number of characters.
TEST(MaskTest, IsExactWhereAnyCharactersMayComeForAWhile) {
  const auto vocabulary = testing::Qwen2Vocabulary(MILLRACE_SHARED_DATA);
  if (vocabulary == nullptr) {
    GTEST_SKIP() << "no vocabulary in " << MILLRACE_SHARED_DATA;
  }
  const struct {
    const char* schema;
    std::vector<std::string> texts;
  } cases[] = {
      {R"({"type": "string", "pattern": "[a-z][a-z0-9]*"})", {"\"", "\"9", "\"a"}},
      {R"({"type": "string", "pattern": "[a-z]", "maxLength": 20})", {"\"", "\"AB", "\"ABCDEFG"}},
      {R"({"type": "string", "minLength": 40})", {"\"x", '"' + Repeated("x", 30)}},
      {R"({"type": "string", "pattern": "^(?:\\S+\\s+){0,19}\\S+$", "maxLength": 200})",
       {"\"a", "\"a b ", '"' + Repeated("long ", 15), '"' + Repeated("longer-words ", 14)}},
      {R"({"type": "string", "oneOf": [{"pattern": "make"}, {"pattern": "admi"}]})",
       {"\"", "\"adm", "\"make"}},
      {R"({"type": "string", "pattern": "^v[^ ]*[.]"})", {"\"v", "\"v1.2"}},
      {R"({"type": "string", "pattern": "^[^-]*(-[^]{0,20})?$"})",
       {"\"", "\"ab", "\"ab-", "\"ab-cd"}},
      {R"({"type": "string", "pattern": "^[^-]*(-([^]{0,30}|[^x]*))?$"})", {"\"", "\"ab", "\"ab-"}},
      {R"({"type": "object", "patternProperties": {"net_[a-z]+[0-9]": {"type": "integer"},
           "dir": {"type": "string"}}, "properties": {"net": {"type": "null"}}})",
       {"{\"", "{\"net", "{\"dir\": \"\", \""}},
      {R"({"type": "object", "patternProperties": {"[a-z]": {"type": "integer"}},
           "additionalProperties": false})",
       {"{\"", "{\"A", "{\"a\": 1, \""}},
      {R"({"type": "object", "propertyNames": {"pattern": "x", "maxLength": 60}})",
       {"{\"", "{\"x\": 1, \"" + Repeated("y", 50)}},
      {R"({"type": "array", "uniqueItems": true, "items": {"type": "string", "pattern": "a|b"}})",
       {"[\"", "[\"a\", \"", "[\"a\", \"a", "[\"a\", \"ab\", \"a", "[\"aéb\", \"aé"}},
      {R"({"type": "array", "uniqueItems": true, "items": {"type": "string"}})",
       {"[\"a\", \"", "[\"a\", \"a", "[\"\", \"", "[\"a\", \"ab\", \"a", "[\"aéb\", \"aé"}},
      {R"({"type": "array", "uniqueItems": true, "items": {"type": "object", "properties":
           {"n": {"type": "string"}}, "required": ["n"], "additionalProperties": false}})",
       {"[{\"n\": \"ab\"}, {\"n\": \"", "[{\"n\": \"ab\"}, {\"n\": \"ab"}},
      {R"({"type": "array", "uniqueItems": true, "items": {"type": "array", "uniqueItems": true,
           "items": {"type": "string"}, "maxItems": 2}})",
       {"[[\"", "[[\"a\", \"", "[[\"a\", \"a", "[[\"a\"], [\"b\", \"",
        "[[\"a\", \"b\"], [\"a\", \"", "[[\"a\", \"b\"], [\"b\", \"", "[[\"a\"], [\"ab\", \"ab"}},
  };
  MaskCheck check(vocabulary, 4);
  for (const auto& one : cases) {
    const auto grammar = Grammar::OfSchema(Schema(one.schema));
    for (const std::string& text : one.texts) {
      SCOPED_TRACE(one.schema);
      check.CompareAfter(grammar, text);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

// Tokens as real vocabularies have them, in small: short texts, long runs, parts of characters,
// ends of strings with what follows them.
std::shared_ptr<const Vocabulary> VocabularyOfStrings(testing::RandomChoice& random) {
  const std::vector<std::string> atoms = {"a",  "b",    "x",    "-",   " ",  "1",     "A", "é",
                                          "中", "\xC3", "\xA9", "\\n", "\\", "\\u00", "😀"};
  const std::vector<std::string> ends = {"\"",     "\"}", "\"]",   "\",",
                                         "\", \"", "\":", "\": 1", "\", \"a"};
  std::vector<std::string> tokens = {"end", "1", "{", "}", "]", ",", ":", " ", "{\"", "[\""};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  for (const std::string& a : atoms) {
    for (const std::string& b : atoms) {
      tokens.push_back(a + b);
    }
    for (const size_t times : {3, 8, 16, 17, 20, 33, 40}) {
      tokens.push_back(Repeated(a, times));
    }
  }
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (size_t length = 1 + random.Below(random.OneIn(4) ? 24 : 6); length > 0; --length) {
      text += random.Of(std::span(atoms));
    }
    tokens.push_back(text + (random.OneIn(3) ? random.Of(std::span(ends)) : ""));
  }
  tokens.insert(tokens.end(), ends.begin(), ends.end());
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  const TokenId end{0};
  return *Vocabulary::Create({.tokens = views, .end = std::span(&end, 1)});
}

std::string RandomPattern(testing::RandomChoice& random) {
  static const std::vector<std::string> kParts = {"[^-]*",
                                                  "[^]{0,20}",
                                                  "[^]{0,17}x",
                                                  "(-[^]{0,20})?",
                                                  "[ab]+",
                                                  "(a|[^x]{3})",
                                                  "(\\\\S+\\\\s+){0,9}",
                                                  "\\\\S+",
                                                  ".*",
                                                  "x",
                                                  "[^]*b",
                                                  "-",
                                                  "(?!a)",
                                                  "[é中]?",
                                                  "[A-Za-z1]*"};
  std::string pattern = random.OneIn(2) ? "^" : "";
  for (size_t parts = 1 + random.Below(3); parts > 0; --parts) {
    pattern += random.Of(std::span(kParts));
  }
  return pattern + (random.OneIn(2) ? "$" : "");
}

TEST(MaskTest, IsExactForRandomPatterns) {
  testing::RandomChoice random(6);
  MaskCheck check(VocabularyOfStrings(random), 7);
  size_t compiled = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = R"({"type": "string", "pattern": ")" + RandomPattern(random) + '"';
    text += random.OneIn(4) ? R"(, "maxLength": )" + std::to_string(1 + random.Below(60)) : "";
    text += random.OneIn(6) ? R"(, "not": {"pattern": ")" + RandomPattern(random) + "\"}}" : "}";
    if (random.OneIn(3)) {
      text =
          R"({"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": )" +
          text + "}";
    } else if (random.OneIn(3)) {
      text = R"({"type": "array", "uniqueItems": true, "items": )" + text + "}";
    }
    SCOPED_TRACE(text);
    const auto schema = JsonSchema::Compile(text);
    if (schema.has_value()) {
      ++compiled;
      check.Walk(Grammar::OfSchema(*schema), 12, 2);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  EXPECT_GT(compiled, 300U);
}

TEST(MaskTest, IsExactWhereAnItemBeginsLikeEarlierOnes) {
  static const std::vector<std::string> kSchemas = {
      R"({"type": "string"})",
      R"({"type": "string", "pattern": "^[^x]*$", "maxLength": 3})",
      R"({"enum": ["a", "ab", "abb", "b", 1, 12, null]})",
      R"({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
          "required": ["a"], "additionalProperties": false})",
      R"({"type": "object", "additionalProperties": {"type": ["string", "number"]}})",
      R"({"type": "array", "items": {"type": ["string", "integer"]}})",
      R"({"type": "array", "uniqueItems": true, "items": {"type": "string"}})",
      R"({"type": "object", "additionalProperties": {"type": "array", "uniqueItems": true,
          "items": {"type": ["string", "number"]}}})",
      R"({"type": ["integer", "string", "null"]})",
      R"({})"};
  static const std::vector<std::string> kTexts = {R"("")",
                                                  R"("a")",
                                                  R"("ab")",
                                                  R"("a\n")",
                                                  R"("aé-")",
                                                  R"("abb")",
                                                  "1",
                                                  "12",
                                                  "-1",
                                                  "null",
                                                  "[]",
                                                  R"(["a"])",
                                                  R"(["a", "ab"])",
                                                  R"([1, 12])",
                                                  "{}",
                                                  R"({"a": "ab"})",
                                                  R"({"a": "ab", "b": 1})",
                                                  R"({"b": 1, "a": ""})",
                                                  R"({"a": 1})",
                                                  R"({"a": ["a", "ab"]})",
                                                  R"({"a": ["a", "ab"], "b": [1]})",
                                                  R"({"b": ["ab", "a"]})",
                                                  R"(["ab", "a", "abb"])"};
  testing::RandomChoice random(8);
  MaskCheck check(VocabularyOfStrings(random), 9);
  for (int i = 0; i < 1500; ++i) {
    const std::string& item = random.Of(std::span(kSchemas));
    const std::string schema = R"({"type": "array", "uniqueItems": true, "items": )" + item + "}";
    SCOPED_TRACE(schema);
    const auto grammar = Grammar::OfSchema(Schema(schema));
    std::string text = "[";
    std::vector<std::string> items;
    for (int tries = 0; tries < 30 && items.size() < 4; ++tries) {
      const std::string& value = random.Of(std::span(kTexts));
      const std::string next = (items.empty() ? "" : ", ") + value;
      if (testing::ReadsBytes(grammar, testing::SmallVocabulary(), text + next + "]")) {
        text += next;
        items.push_back(value);
      }
    }
    if (items.empty()) {
      continue;
    }
    const std::string& like = items[random.Below(items.size())];
    text += ", " + like.substr(0, 1 + random.Below(like.size()));
    if (Matcher(grammar, testing::SmallVocabulary()).AcceptText(text)) {
      check.CompareAfter(grammar, text);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  EXPECT_GT(check.states(), 500U);
}

// An item that must be equal to another cannot be stood for by one that is like no other.
TEST(MaskTest, ClosesAStringThatMustRepeatAnother) {
  const auto schema = JsonSchema::Compile(
      R"({"type": "array", "not": {"uniqueItems": true}, "maxItems": 2, "items": {"enum": [1, "a"]}})");
  ASSERT_TRUE(schema.has_value());
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*schema), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  for (const std::string_view text : {"[\"a", "\",\"a", "\"]"}) {
    ASSERT_TRUE(matcher.AcceptText(text)) << text;
    EXPECT_GT(matcher.FillMask(mask), 0U) << text;
    for (size_t i = 0; i < vocabulary->size(); ++i) {
      const base::TokenId id{static_cast<int32_t>(i)};
      EXPECT_EQ((mask[i / 32] >> (i % 32) & 1U) != 0, matcher.Allows(id)) << text << " " << i;
    }
  }
}

}  // namespace
}  // namespace millrace::grammar

#include "local/text_values.h"

#include <gtest/gtest.h>

#include <vector>

#include "grammar/grammar.h"
#include "grammar/matcher.h"
#include "grammar/vocabulary.h"
#include "json/json.h"

namespace millrace::local {
namespace {

struct Case {
  std::string_view schema;
  std::vector<std::string_view> valid;
  std::vector<std::string_view> invalid;
};

// Whether the pattern of the schema's strings matches.
bool Admits(std::string_view schema_json, std::string_view text) {
  const boost::json::value document = json::Parse(schema_json).value();
  const auto regex = grammar::Expression::Regex(PatternOfStrings(document, document).value());
  if (!regex.has_value()) {
    EXPECT_EQ(regex.error().message, "no text matches the pattern") << schema_json;
    return false;
  }
  const std::vector<std::string_view> tokens = {"a", ""};
  const std::vector<base::TokenId> end = {base::TokenId{1}};
  const auto vocabulary = grammar::Vocabulary::Create(
      {.tokens = tokens, .special = {}, .end = end, .logit_count = tokens.size()});
  grammar::Matcher matcher(grammar::Grammar::Compile(*regex).value(), vocabulary.value());
  return matcher.AcceptText(text) && matcher.is_complete();
}

TEST(PatternOfStrings, AdmitsTheValidStringsAlone) {
  for (const Case& one : std::initializer_list<Case>{
           {"{}", {"", "a\nb", "日"}, {}},
           {R"({"type": "string", "minLength": 1, "maxLength": 2})", {"a", "日本"}, {"", "abc"}},
           {R"({"pattern": "b"})", {"b", "abc"}, {"", "ac"}},
           {R"({"pattern": "^a|c$", "maxLength": 2})", {"ab", "bc"}, {"b", "abb"}},
           {R"({"format": "date"})", {"2026-02-28"}, {"2026-02-30", ""}},
           {R"({"format": "unheard-of"})", {"x"}, {}},
           {R"({"enum": ["a.b", 5, "(", null]})", {"a.b", "("}, {"axb", "5", ""}},
           {R"({"const": ""})", {""}, {"x"}},
           {R"({"anyOf": [{"type": "integer"}, {"maxLength": 1}, {"const": "abc"}]})",
            {"", "x", "abc"},
            {"ab", "12"}},
           {R"({"oneOf": [{"maxLength": 2}, {"minLength": 2}]})", {"", "a", "abc"}, {"ab"}},
           {R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}], "not": {"const": "ab"}})",
            {"ba", "aab"},
            {"ab", "a"}},
           {R"({"$ref": "#/$defs/x", "$defs": {"x": {"enum": ["p", "q"]}}, "minLength": 1})",
            {"p", "q"},
            {"", "pq"}},
           {R"({"type": ["string", "null"], "minimum": 5, "items": false})", {"x"}, {}},
           {R"({"type": "integer"})", {}, {"", "5"}},
       }) {
    for (std::string_view text : one.valid) {
      EXPECT_TRUE(Admits(one.schema, text)) << one.schema << ": " << text;
    }
    for (std::string_view text : one.invalid) {
      EXPECT_FALSE(Admits(one.schema, text)) << one.schema << ": " << text;
    }
  }
}

TEST(PatternOfStrings, NamesWhatCannotBeSaid) {
  for (std::string_view schema :
       {R"({"if": {"maxLength": 1}, "then": false})", R"({"$ref": "#"})", R"({"$ref": "#/none"})",
        R"({"$ref": "https://example.com/x"})"}) {
    const boost::json::value document = json::Parse(schema).value();
    const auto pattern = PatternOfStrings(document, document);
    ASSERT_FALSE(pattern.has_value()) << schema;
    EXPECT_EQ(pattern.error().kind, base::ErrorKind::kUnsupported);
  }
}

}  // namespace
}  // namespace millrace::local

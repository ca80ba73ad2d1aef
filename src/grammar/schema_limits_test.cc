// Limits, and schemas made to hurt: refused with the place and the reason, or compiled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/real_vocabulary.h"

namespace millrace::grammar {
namespace {

using ::testing::HasSubstr;

std::string Repeated(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) {
    result += text;
  }
  return result;
}

// `item` with # replaced by 0, 1, ... and commas between.
std::string Listed(const std::string& item, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) {
    result += i == 0 ? "" : ",";
    for (const char c : item) {
      result += c == '#' ? std::to_string(i) : std::string(1, c);
    }
  }
  return result;
}

std::string NestedArrays(size_t depth) {
  return Repeated(R"({"type":"array","items":)", depth) + "true" + Repeated("}", depth);
}

base::Error Refusal(const std::string& schema, const SchemaOptions& options = {}) {
  const auto compiled = JsonSchema::Compile(schema, options);
  EXPECT_FALSE(compiled.has_value()) << schema.substr(0, 200);
  return compiled.has_value() ? base::Error{} : compiled.error();
}

// Answers that may stand with and without something around them name their schema twice.
TEST(SchemaLimitsTest, CountASchemaThatStandsTwiceOnce) {
  const std::string schema = R"({"enum":[)" + Listed("\"value #\"", 1000) + "]}";
  const Expression json = Expression::Json(JsonSchema::Compile(schema, {}).value());
  const auto once = Grammar::Compile(json).value();
  const size_t bytes = once->memory_bytes();
  const auto twice =
      Grammar::Compile(
          Expression::OneOf({json, Expression::Sequence({Expression::Literal("("), json})}))
          .value();
  EXPECT_LT(twice->memory_bytes(), bytes + bytes / 2);
}

TEST(SchemaLimitsTest, NameTheLimitAndThePlace) {
  struct Case {
    std::string schema;
    SchemaLimits limits;
    const char* message;
    const char* place;
  };
  const Case cases[] = {
      {R"({"title": "a title"})", {.text_bytes = 10}, "more than 10 bytes", ""},
      {NestedArrays(3), {.nesting = 2}, "more than 2 levels of nesting", "/items/items"},
      {R"({"properties": {"o": {"properties": {"a": true, "b": true}}}})",
       {.properties = 2},
       "more than 2 properties",
       "/properties/o"},
      {R"({"anyOf": [{"enum": [1, 2]}, {"enum": [3]}]})",
       {.enum_values = 2},
       "more than 2 enum values",
       "/anyOf/1"},
      {R"({"properties": {"abc": {"const": "defgh"}}})",
       {.name_characters = 7},
       "more than 7 characters in names and enum values",
       "/properties/abc"},
  };
  for (const Case& one : cases) {
    const base::Error error = Refusal(one.schema, {.limits = one.limits});
    EXPECT_EQ(error.kind, base::ErrorKind::kInvalidArgument);
    EXPECT_THAT(error.message, HasSubstr(one.message));
    EXPECT_EQ(error.parameter, one.place);
  }
}

TEST(SchemaLimitsTest, LetPassWhatIsJustWithinThem) {
  const SchemaLimits limits = {.nesting = 2,  // the inner `true` is no level of its own
                               .properties = 2,
                               .enum_values = 3,
                               .name_characters = 9};
  EXPECT_TRUE(JsonSchema::Compile(NestedArrays(2), {.limits = limits}).has_value());
  EXPECT_TRUE(
      JsonSchema::Compile(R"({"properties": {"a": {"enum": ["x", "y", "z"]}, "bcdef": true}})",
                          {.limits = limits})
          .has_value());
}

TEST(SchemaLimitsTest, StartNestingAnewBehindReferences) {
  const std::string schema = R"({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"items": {}}}})";
  EXPECT_TRUE(JsonSchema::Compile(schema, {.limits = {.nesting = 2}}).has_value());
}

TEST(SchemaLimitsTest, BoundTheWork) {
  const std::string schema =
      R"({"oneOf": [)" + Listed(R"({"properties": {"p#": {"type": "null"}}})", 40) + "]}";
  const base::Error error = Refusal(schema, {.limits = {.work = 100}});
  EXPECT_EQ(error.kind, base::ErrorKind::kResourceExhausted);
}

TEST(SchemaLimitsTest, StopWhenTheCallerSaysSo) {
  size_t asked = 0;
  SchemaOptions options;
  options.keep_going = [&asked] { return ++asked < 2; };
  const std::string schema =
      R"({"allOf": [)" + Listed(R"({"anyOf": [{"required": ["a#"]}, {"required": ["b#"]}]})", 900) +
      "]}";
  EXPECT_EQ(Refusal(schema, options).kind, base::ErrorKind::kCancelled);
  EXPECT_GE(asked, 2U);
}

TEST(SchemaLimitsTest, RefuseDeepSchemas) {
  SchemaOptions options;
  options.limits = {.text_bytes = 0, .nesting = 0};
  EXPECT_FALSE(Refusal(NestedArrays(10'000), options).message.empty());
  EXPECT_FALSE(
      Refusal(Repeated(R"({"not":)", 450) + "true" + Repeated("}", 450), options).message.empty());
  EXPECT_FALSE(Refusal(Repeated("[", 1'000'000), options).message.empty());
}

TEST(SchemaLimitsTest, RefuseReferencesThatLeadNowhereOrInCircles) {
  EXPECT_THAT(Refusal(R"({"$ref": "#/$defs/none"})").message, HasSubstr("leads nowhere"));
  EXPECT_THAT(Refusal(R"({"$ref": "https://example.com/schema"})").message,
              HasSubstr("leads to another document"));
  EXPECT_THAT(Refusal(R"({"$ref": "#"})").message, HasSubstr("leads back to itself"));
  std::string chain = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 2000; ++i) {
    chain += (i == 0 ? "" : ",") + ("\"d" + std::to_string(i)) + R"(": {"$ref": "#/$defs/d)" +
             std::to_string((i + 1) % 2000) + "\"}";
  }
  EXPECT_THAT(Refusal(chain + "}}").message, HasSubstr("leads back to itself"));
}

// Documents that are gathered from schemas of draft 4, as some tools make them, have identifiers
// inside that mean nothing in later drafts.
TEST(SchemaLimitsTest, TakeADraftFromTheRootsOfResourcesOnly) {
  const std::string gathered =
      R"("properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {
        "$schema": "http://json-schema.org/draft-04/schema", "id": "schema/a",
        "properties": {"n": {"$ref": "#/definitions/a/definitions/n"}},
        "definitions": {"n": {"type": "integer"}}}}})";
  EXPECT_TRUE(JsonSchema::Compile("{" + gathered).has_value());
  const std::string draft_4 = R"({"$schema": "http://json-schema.org/draft-04/schema#", )";
  EXPECT_THAT(Refusal(draft_4 + gathered).message, HasSubstr("leads nowhere"));
}

TEST(SchemaLimitsTest, RefuseSchemasUnderWhichNothingFiniteIsValid) {
  EXPECT_EQ(Refusal(R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})")
                .message,
            "no JSON value is valid under the schema");
  EXPECT_EQ(Refusal(R"({"allOf": [{"type": "string"}, {"type": "null"}]})").message,
            "no JSON value is valid under the schema");
}

// Not refused, but followed: the first mask must come, and the end must be reached.
void ExpectFollowed(const std::string& schema, std::string_view text) {
  SchemaOptions options;
  options.limits.text_bytes = 0;
  options.limits.enum_values = 0;
  options.limits.name_characters = 0;
  const auto compiled = JsonSchema::Compile(schema, options);
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*compiled), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  EXPECT_GT(matcher.FillMask(mask), 0U);
  EXPECT_TRUE(matcher.AcceptText(text));
  EXPECT_TRUE(matcher.is_complete());
}

TEST(SchemaLimitsTest, CountFarWithoutWalkingThere) {
  ExpectFollowed(R"({"type": "array", "maxItems": 1000000})", "[1,2]");
  ExpectFollowed(R"({"type": "string", "maxLength": 1000000})", "\"abc\"");
  ExpectFollowed(R"({"type": "object", "maxProperties": 1000000})", "{\"a\":1}");
  ExpectFollowed(R"({"type": "integer", "maximum": 1e300})", "12");
}

TEST(SchemaLimitsTest, FollowLargeEnumerations) {
  ExpectFollowed(R"({"enum": [)" + Listed("\"value #\"", 100'000) + "]}", "\"value 99999\"");
  ExpectFollowed(R"({"enum": [)" + Listed("#", 20'000) + "]}", "19999");
}

// Of all combinations of what holds, those are looked at that leave the telling property a value.
TEST(SchemaLimitsTest, FollowManyChoicesThatOnePropertyTells) {
  const std::string schema = R"({"type": "object", "properties": {"kind": {"enum": [)" +
                             Listed("\"k#\"", 24) + R"(]}}, "allOf": [)" +
                             Listed(R"({"if": {"properties": {"kind": {"const": "k#"}}},)"
                                    R"( "then": {"properties": {"value": {"const": #}}}})",
                                    24) +
                             "]}";
  ExpectFollowed(schema, R"({"kind":"k15","value":15})");
  ExpectFollowed(schema, R"({"value":7,"kind":"k7"})");
  Matcher matcher(Grammar::OfSchema(JsonSchema::Compile(schema).value()),
                  testing::SmallVocabulary());
  EXPECT_FALSE(matcher.AcceptText(R"({"kind":"k15","value":7)"));
  EXPECT_FALSE(matcher.AcceptText(R"({"value":24)"));
  EXPECT_FALSE(matcher.is_exhausted());
}

// There are too many combinations to list, but one of the first will do; and where none will, keys
// that have come are taken out of what must be missing.
TEST(SchemaLimitsTest, FollowManyChoicesOfRequiredProperties) {
  const std::string schema =
      R"({"type": "object", "properties": {"not": {"type": "boolean"}, )" +
      Listed("\"k#\": true", 26) + R"(}, "additionalProperties": false, "oneOf": [)" +
      Listed(R"({"properties": {"k#": {"type": "object"}}, "required": ["k#"]})", 26) + "]}";
  ExpectFollowed(schema, R"({"not":true,"k5":{"a":1},"k7":1})");
  Matcher matcher(Grammar::OfSchema(JsonSchema::Compile(schema).value()),
                  testing::SmallVocabulary());
  EXPECT_FALSE(matcher.AcceptText(R"({"k5":{},"k6":{)"));
  EXPECT_FALSE(matcher.is_exhausted());
}

// What no entry can break is looked for before entries are tried for all that must be broken.
TEST(SchemaLimitsTest, SeeWhatCannotBeBrokenAmongManyChoices) {
  const auto schema = [](const std::string& always) {
    return R"({"type": "object", "properties": {)" + always + R"(}, "oneOf": [)" +
           Listed(R"({"properties": {"a#": {"type": "string"}, "b#": {"type": "string"}}})", 18) +
           "]}";
  };
  const std::string one = R"("a17": {"type": "string"}, "b17": {"type": "string"})";
  ExpectFollowed(schema(one), "{" + Listed("\"a#\":#", 17) + R"(,"a17":"x"})");
  EXPECT_EQ(
      Refusal(schema(one + R"(, "a16": {"type": "string"}, "b16": {"type": "string"})")).message,
      "no JSON value is valid under the schema");
}

// Whatever becomes of them, they come back, and what is refused has a reason.
TEST(SchemaLimitsTest, ComeBackFromSchemasMadeToExplode) {
  const std::string schemas[] = {
      R"({"oneOf": [)" + Listed(R"({"properties": {"a#": {"const": #}}})", 60) + "]}",
      R"({"allOf": [)" + Listed(R"({"oneOf": [{"required": ["a#"]}, {"required": ["b#"]}]})", 40) +
          "]}",
      R"({"allOf": [)" +
          Listed(R"({"if": {"required": ["a#"]}, "then": {"required": ["b#"]}})", 60) + "]}",
      R"({"type": "object", "patternProperties": {)" + Listed(R"("a.*#": {"minimum": #})", 40) +
          "}}",
      R"({"type": "array", "allOf": [)" + Listed(R"({"contains": {"multipleOf": 1#}})", 20) +
          "], \"maxItems\": 10}",
      R"({"type": "array", "uniqueItems": true, "minItems": 300,)"
      R"( "items": {"type": "integer", "minimum": 0, "maximum": 299}})",
      R"({"type": "string", "allOf": [)" + Listed(R"({"pattern": "a.{#}b"})", 24) + "]}",
      R"({"type": "object", "unevaluatedProperties": false, "anyOf": [)" +
          Listed(R"({"properties": {"p#": true}})", 12) + "]}",
      R"({"type": "array", "minItems": 1000000, "maxItems": 1000000})",
      R"({"type": "string", "minLength": 1000000})",
  };
  const auto vocabulary = testing::SmallVocabulary();
  for (const std::string& schema : schemas) {
    SCOPED_TRACE(schema.substr(0, 80));
    const auto compiled = JsonSchema::Compile(schema, {.limits = {.work = 200'000}});
    if (!compiled.has_value()) {
      EXPECT_FALSE(compiled.error().message.empty());
      continue;
    }
    Matcher matcher(Grammar::OfSchema(*compiled), vocabulary);
    std::vector<uint32_t> mask(vocabulary->mask_words());
    EXPECT_GT(matcher.FillMask(mask), 0U);
  }
}

// Behind the greatest length nothing is looked at: neither the hyphen there nor what might follow.
TEST(SchemaLimitsTest, SearchNoTextsThatAreTooLong) {
  const auto schema = JsonSchema::Compile(
      R"({"type": "string", "format": "hostname", "maxLength": 12, "pattern": "a"})");
  ASSERT_TRUE(schema.has_value());
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*schema), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  ASSERT_TRUE(matcher.AcceptText("\"abcparamet"));
  EXPECT_GT(matcher.FillMask(mask), 0U);
  EXPECT_LT((*schema)->memory_bytes(), size_t{1} << 20U);
}

TEST(SchemaLimitsTest, TakeMegabytesOfTextWhereTheyMay) {
  const std::string schema =
      R"({"description": ")" + std::string(4U << 20, 'x') + R"(", "type": "null"})";
  EXPECT_THAT(Refusal(schema).message, HasSubstr("bytes"));
  ExpectFollowed(schema, "null");
}

TEST(SchemaLimitsTest, NameTheKeywordOfWhatIsWrong) {
  struct Case {
    const char* schema;
    const char* place;
  };
  const Case cases[] = {
      {R"({"type": "strnig"})", "/type"},
      {R"({"items": {"minimum": "1"}})", "/items/minimum"},
      {R"({"properties": {"a": {"pattern": "("}}})", "/properties/a/pattern"},
      {R"({"anyOf": [true, {"multipleOf": 0}]})", "/anyOf/1/multipleOf"},
      {R"({"required": "a"})", "/required"},
      {R"({"minItems": -1})", "/minItems"},
      {R"({"properties": {"a/b": {"maxLength": 1.5}}})", "/properties/a~1b/maxLength"},
      {R"({"enum": 1})", "/enum"},
      {R"({"allOf": {}})", "/allOf"},
  };
  for (const Case& one : cases) {
    const base::Error error = Refusal(one.schema);
    EXPECT_EQ(error.parameter, one.place);
    EXPECT_THAT(error.message, HasSubstr(one.place));
  }
}

// By itself, not with all that stands around it.
TEST(SchemaLimitsTest, NameTheKeywordOfWhatIsTooComplex) {
  const std::string unique =
      R"({"type": "array", "uniqueItems": true, "minItems": 5000, "items": {"type": "object",)"
      R"( "properties": {)" +
      Listed(R"("p#": {"type": "boolean"})", 13) + R"(}, "additionalProperties": false}})";
  const std::string patterns =
      R"({"type": "string", "allOf": [)" + Listed(R"({"pattern": "a.{1#}b.{2#}c"})", 24) + "]}";
  struct Case {
    std::string schema;
    const char* keyword;
    const char* place;
  };
  const Case cases[] = {
      {unique, "uniqueItems", "/uniqueItems"},
      {R"({"properties": {"a": {"type": "object", "properties": {"b": )" + unique + "}}}}",
       "uniqueItems", "/properties/a/properties/b/uniqueItems"},
      {R"({"properties": {"s": )" + patterns + R"(}, "required": ["s"]})", "pattern",
       "/properties/s/allOf/0/pattern"},
  };
  for (const Case& one : cases) {
    const base::Error error = Refusal(one.schema, {.limits = {.work = 200'000}});
    EXPECT_EQ(error.kind, base::ErrorKind::kResourceExhausted);
    EXPECT_EQ(error.parameter, one.place) << error.message;
    EXPECT_THAT(error.message, HasSubstr(std::string("schema keyword ") + one.keyword));
  }
}

// What is too much only together with what a reference leads to has no keyword to blame, but a
// place.
TEST(SchemaLimitsTest, NameTheSchemaThatIsTooComplexByItsReferences) {
  const base::Error error = Refusal(
      R"({"$defs": {"p": {"pattern": "a.{12}$"},)"
      R"( "q": {"pattern": "b.{12}$"}, "s": {"type": "string",)"
      R"( "allOf": [{"$ref": "#/$defs/p"}, {"$ref": "#/$defs/q"}]},)"
      R"( "t": {"items": {"$ref": "#/$defs/s"}, "minItems": 1}},)"
      R"( "properties": {"x": {"type": "array", "$ref": "#/$defs/t"}}, "required": ["x"]})");
  EXPECT_EQ(error.kind, base::ErrorKind::kResourceExhausted);
  EXPECT_EQ(error.parameter, "/$defs/s") << error.message;
  EXPECT_THAT(error.message, HasSubstr("/$defs/s"));
}

// One mask may learn many states of a pattern that must not match as well.
TEST(SchemaLimitsTest, KeepsItsMemoryWithinAQuestion) {
  const auto schema = JsonSchema::Compile(
      R"({"type":"object","additionalProperties":{"type":"integer"},"propertyNames":{
           "pattern":"(a|[^x]{3})\\p{L}+[é中]?(a.*){3}$",
           "not":{"pattern":"^[^]{15,}(?=.{16,})[^]{33}(ab|a)*"}}})");
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  const auto vocabulary = testing::Qwen2Vocabulary(MILLRACE_SHARED_DATA);
  if (vocabulary == nullptr) {
    GTEST_SKIP() << "no vocabulary in " << MILLRACE_SHARED_DATA;
  }
  Matcher matcher(Grammar::OfSchema(*schema), vocabulary);
  ASSERT_TRUE(matcher.AcceptText("{\"a"));
  std::vector<uint32_t> mask(vocabulary->mask_words());
  matcher.FillMask(mask);
  EXPECT_LT((*schema)->memory_bytes(), SchemaLimits().memory_bytes * 3 / 2);
}

}  // namespace
}  // namespace millrace::grammar

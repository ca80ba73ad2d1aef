// Arrays whose items differ and have many values, so that they are compared while they are read:
// what is admitted is all that differs, and no byte leads to where nothing follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/json_schema.h"
#include "grammar/json_text.h"
#include "grammar/matcher.h"
#include "grammar/testing/all_texts.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"

namespace millrace::grammar {
namespace {

using testing::AllTexts;
using ::testing::UnorderedElementsAreArray;

std::string UniqueArray(const std::string& item, const std::string& rest = "") {
  return R"({"type":"array","uniqueItems":true,"items":)" + item + rest + "}";
}

// What arrays of one of `items` each are, up to a length, where no two are equal.
void Arrays(const std::vector<std::string>& items, const std::vector<JsonNode>& values,
            size_t bytes_max, std::vector<size_t>& chosen, std::string text,
            std::vector<std::string>& all) {
  all.push_back("[" + text + "]");
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string longer = text + (text.empty() ? "" : ",") + items[i];
    if (longer.size() + 2 > bytes_max ||
        std::any_of(chosen.begin(), chosen.end(),
                    [&](size_t other) { return IsEqual(values[other], values[i]); })) {
      continue;
    }
    chosen.push_back(i);
    Arrays(items, values, bytes_max, chosen, longer, all);
    chosen.pop_back();
  }
}

void ExpectAllThatDiffer(const std::string& item_schema, size_t bytes_max) {
  SCOPED_TRACE(item_schema);
  const AllTexts items(item_schema, bytes_max - 2);
  std::vector<JsonNode> values;
  for (const std::string& item : items.all()) {
    values.push_back(ParseJson(item).value());
  }
  std::vector<std::string> arrays;
  std::vector<size_t> chosen;
  Arrays(items.all(), values, bytes_max, chosen, "", arrays);
  EXPECT_GT(arrays.size(), 50U);
  EXPECT_THAT(AllTexts(UniqueArray(item_schema), bytes_max).all(),
              UnorderedElementsAreArray(arrays));
}

const std::string kText = R"({"type":"string","pattern":"^x*$"})";

std::string Object(const std::string& properties, const std::string& rest) {
  return R"({"type":"object","properties":{)" + properties + R"(},"additionalProperties":false)" +
         rest + "}";
}

TEST(ManyItemsTest, AreAllThatDiffer) {
  ExpectAllThatDiffer(R"({"type":"string","pattern":"^[ab]*$"})", 11);
  ExpectAllThatDiffer(R"({"type":"integer","multipleOf":7})", 6);
  ExpectAllThatDiffer(R"({"type":["integer","null","boolean"],"multipleOf":25})", 6);
  ExpectAllThatDiffer(R"({"type":"array","items":{"enum":[1,2]}})", 11);
  ExpectAllThatDiffer(
      R"({"type":"array","prefixItems":[{"enum":[1,2]},)" + kText + R"(],"items":false})", 17);
}

TEST(ManyItemsTest, AreAllOfAnEnumeration) {
  ExpectAllThatDiffer(R"({"enum":["a","ab","b","abc"]})", 40);
  ExpectAllThatDiffer(R"({"enum":["a","ab",1,12,null]})", 40);
  ExpectAllThatDiffer(R"({"type":"integer","minimum":98,"maximum":101})", 40);
}

TEST(ManyItemsTest, AreAllObjectsThatDiffer) {
  ExpectAllThatDiffer(Object(R"("a":)" + kText + R"(,"b":{"enum":[1,2]})", R"(,"required":["a"])"),
                      30);
  ExpectAllThatDiffer(Object(R"("a":)" + kText + R"(,"b":{"enum":[1,2]})",
                             R"(,"required":["b"],"minProperties":1)"),
                      27);
  ExpectAllThatDiffer(
      Object(R"("b":{"enum":[1,2]},"c":)" + Object(R"("d":)" + kText, R"(,"required":["d"])"),
             R"(,"required":["b","c"])"),
      49);
  ExpectAllThatDiffer(R"({"type":"object","propertyNames":{"pattern":"^k*$"},)"
                      R"("additionalProperties":{"enum":[1,2]},"maxProperties":2})",
                      22);
}

// Every mask on a random way to an end is what every token by itself says, and items differ.
void ExpectMasks(const std::string& schema, testing::RandomChoice& random) {
  SCOPED_TRACE(schema);
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*JsonSchema::Compile(schema)), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  std::string text;
  for (int step = 0; step < 60 && !matcher.is_ended(); ++step) {
    ASSERT_GT(matcher.FillMask(mask), 0U) << "a dead end after " << text;
    std::vector<base::TokenId> allowed;
    for (size_t i = 0; i < vocabulary->size(); ++i) {
      const base::TokenId id{static_cast<int32_t>(i)};
      const bool is_allowed = matcher.Allows(id);
      ASSERT_EQ(((mask[i / 32] >> (i % 32)) & 1U) != 0, is_allowed)
          << text << " and " << vocabulary->Text(id);
      if (is_allowed && !vocabulary->IsEnd(id)) {
        allowed.push_back(id);
      }
    }
    if (allowed.empty()) {
      return;
    }
    const base::TokenId chosen = allowed[random.Below(allowed.size())];
    text += vocabulary->Text(chosen);
    ASSERT_TRUE(matcher.Accept(chosen));
  }
}

TEST(ManyItemsTest, HaveMasksThatSayWhatEveryTokenDoes) {
  testing::RandomChoice random(1);
  const std::string few = R"({"enum":["a","b"]})";
  const std::string schemas[] = {
      UniqueArray(R"({"type":"string","pattern":"^[ab]*$"})"),
      UniqueArray(R"({"type":["number","boolean"]})"),
      UniqueArray(R"({"enum":["a","ab","abb","b","é","éa","ба","😀","😁",1,12,123,null]})"),
      UniqueArray(R"({"type":"integer","minimum":0,"maximum":120})", R"(,"minItems":3)"),
      UniqueArray(Object(R"("a":{"type":"string","pattern":"^[ab]{0,20}$"},"b":)" + few, "")),
      UniqueArray(Object(R"("a":)" + few + R"(,"b":{"type":"integer"})", R"(,"required":["a"])")),
      UniqueArray(R"({"type":"object","additionalProperties":)" + few + R"(,"maxProperties":1})"),
      UniqueArray(R"({"type":"array","items":{"type":"string","pattern":"^[ab]*$"},"maxItems":2})"),
      UniqueArray(R"({"type":"array","prefixItems":[)" + few + "," + few +
                  R"(,{"type":"string","pattern":"^[ab]*$"}],"items":false})"),
  };
  for (int round = 0; round < 30; ++round) {
    for (const std::string& schema : schemas) {
      ExpectMasks(schema, random);
      ASSERT_FALSE(HasFailure());
    }
  }
}

// What was read before neither costs memory of the schema nor work for every mask.
TEST(ManyItemsTest, CostNoMoreTheMoreThereAre) {
  struct Case {
    std::string schema;
    std::function<std::string(const std::string&)> item;
  };
  const Case cases[] = {
      {R"({"type":"string"})", [](const std::string& n) { return "\"text " + n + "\""; }},
      {R"({"type":"number"})", [](const std::string& n) { return n; }},
      {R"({"type":"array","items":{"type":"string"}})",
       [](const std::string& n) { return "[\"v\",\"v" + n + "\"]"; }},
      {Object(R"("name":{"type":"string"},"kind":{"enum":["a","b"]},"n":{"type":"integer"})",
              R"(,"required":["name"])"),
       [](const std::string& n) {
         return R"({"kind":"a","name":"v)" + n.substr(0, n.size() - 1) + R"(","n":)" + n + "}";
       }},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    const auto schema = JsonSchema::Compile(UniqueArray(one.schema)).value();
    const auto vocabulary = testing::SmallVocabulary();
    Matcher matcher(Grammar::OfSchema(schema), vocabulary);
    std::vector<uint32_t> mask(vocabulary->mask_words());
    size_t bytes_before = 0;
    for (int i = 1000; i < 3000; ++i) {
      ASSERT_TRUE(matcher.AcceptText((i == 1000 ? "[" : ",") + one.item(std::to_string(i)))) << i;
      ASSERT_GT(matcher.FillMask(mask), 0U) << i;
      bytes_before = i == 1100 ? schema->memory_bytes() : bytes_before;
    }
    EXPECT_FALSE(matcher.AcceptText("," + one.item("1000") + ","));
    EXPECT_TRUE(matcher.AcceptText("]"));
    EXPECT_LT(schema->memory_bytes(), bytes_before * 3);
  }
}

// That some choice of the schema compares items is no reason to refuse equal ones under another.
TEST(ManyItemsTest, MayBeEqualWhereNotAllChoicesCompareThem) {
  const struct {
    const char* schema;
    std::vector<const char*> valid;
    std::vector<const char*> invalid;
  } cases[] = {
      {R"({"type":"array","not":{"uniqueItems":true}})",
       {"[0,0,0]", "[0,1,0,1]", R"(["a","a","a"])", "[[],[],[]]", "[0,1,0]"},
       {"[0,1,2]", "[]"}},
      {R"({"type":"array","prefixItems":[{"enum":["set","list"]}],"items":{"type":"string"},
           "if":{"prefixItems":[{"const":"set"}]},"then":{"uniqueItems":true}})",
       {R"(["list","a","a"])", R"(["list","list"])", R"(["set","a","b"])"},
       {R"(["set","a","a"])", R"(["set","set"])"}},
      {R"({"type":"array","anyOf":[{"uniqueItems":true},{"items":{"maxLength":1}}]})",
       {R"(["a","a"])", R"(["a","a","b"])", R"(["ab","a"])"},
       {R"(["ab","a","a"])", R"(["ab","ab"])"}},
      {R"({"type":"array","items":{"type":"object"},
           "anyOf":[{"uniqueItems":true},{"items":{"maxProperties":1}}]})",
       {"[{},{}]", R"([{"a":1},{"a":1}])", R"([{"a":1,"b":2},{"a":1}])"},
       {R"([{"a":1,"b":2},{"b":2,"a":1}])"}},
      {R"({"type":"array","oneOf":[{"uniqueItems":true,"prefixItems":[{"type":"integer"}]},
           {"items":{"type":"string"},"minItems":3}]})",
       {R"(["a","a","b"])", "[1,2,3]"},
       {R"(["a","a"])", "[1,1]"}},
      {R"({"type":"array","uniqueItems":true,"items":{},
           "contains":{"type":"array","uniqueItems":true},"maxItems":2})",
       {"[[1,1],[]]", "[[],1]", "[[2,2],[2]]"},
       {"[[1,1],[1,1]]", "[[1,1],[2,2]]", "[1,2]"}},
  };
  const auto vocabulary = testing::SmallVocabulary();
  for (const auto& one : cases) {
    const auto schema = JsonSchema::Compile(one.schema);
    ASSERT_TRUE(schema.has_value()) << one.schema;
    const auto grammar = Grammar::OfSchema(*schema);
    for (const char* text : one.valid) {
      EXPECT_TRUE(testing::ReadsBytes(grammar, vocabulary, text)) << one.schema << " " << text;
    }
    for (const char* text : one.invalid) {
      EXPECT_FALSE(testing::ReadsBytes(grammar, vocabulary, text)) << one.schema << " " << text;
    }
  }
}

}  // namespace
}  // namespace millrace::grammar

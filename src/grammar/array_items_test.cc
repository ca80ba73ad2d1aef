// Arrays whose items must differ, repeat or be found: every text that is admitted is known, and no
// byte leads to where nothing follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/all_texts.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/real_vocabulary.h"

namespace millrace::grammar {
namespace {

using testing::AllTexts;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

void ExpectTexts(std::string_view schema, const std::vector<std::string>& texts) {
  SCOPED_TRACE(schema);
  EXPECT_THAT(AllTexts(schema).all(), UnorderedElementsAreArray(texts));
}

void ExpectNothingValid(std::string_view schema) {
  SCOPED_TRACE(schema);
  const auto compiled = JsonSchema::Compile(schema);
  ASSERT_FALSE(compiled.has_value());
  EXPECT_THAT(compiled.error().message, HasSubstr("no JSON value is valid"));
}

TEST(ArrayItemsTest, DifferWhereTheyAreContainersOfFewValues) {
  const std::string pairs =
      R"({"type":"array","uniqueItems":true,"items":{"type":"array","prefixItems":)"
      R"([{"type":"boolean"},{"type":"boolean"}],"minItems":2,"maxItems":2},"minItems":)";
  const AllTexts four(pairs + "4}");
  EXPECT_EQ(four.all().size(), 24U);
  ExpectNothingValid(pairs + "5}");

  const std::string objects =
      R"({"type":"array","uniqueItems":true,"items":{"type":"object","properties":)"
      R"({"a":{"const":null},"b":{"const":true}},"additionalProperties":false},"minItems":)";
  // Four objects in any order, of which one can be written in two ways.
  EXPECT_EQ(AllTexts(objects + "4}").all().size(), 48U);
  ExpectNothingValid(objects + "5}");
}

// Every value once, and then no more.
void ExpectEachOnce(const std::string& item_schema, const std::vector<std::string>& items) {
  SCOPED_TRACE(item_schema);
  const auto with_least = [&](size_t least) {
    return R"({"type":"array","uniqueItems":true,"items":)" + item_schema + R"(,"minItems":)" +
           std::to_string(least) + "}";
  };
  const auto compiled = JsonSchema::Compile(with_least(items.size()));
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  Matcher matcher(Grammar::OfSchema(*compiled), testing::SmallVocabulary());
  for (size_t i = 0; i < items.size(); ++i) {
    ASSERT_TRUE(matcher.AcceptText((i == 0 ? "[" : ",") + items[i])) << i;
  }
  EXPECT_EQ(matcher.ForcedBytes(), "]");
  ExpectNothingValid(with_least(items.size() + 1));
}

TEST(ArrayItemsTest, DifferFromManyOthers) {
  std::vector<std::string> pairs;
  std::vector<std::string> objects;
  std::vector<std::string> numbers;
  for (int i = 0; i < 36; ++i) {
    const std::string first = std::to_string(i / 6);
    const std::string second = std::to_string(i % 6);
    pairs.push_back("[" + first + "," + second + "]");
    objects.push_back(R"({"a":)" + first + R"(,"b":)" + second + "}");
    numbers.push_back(std::to_string(i));
  }
  const std::string digit = R"({"enum":[0,1,2,3,4,5]})";
  ExpectEachOnce(R"({"type":"array","prefixItems":[)" + digit + "," + digit +
                     R"(],"minItems":2,"maxItems":2})",
                 pairs);
  ExpectEachOnce(R"({"type":"object","properties":{"a":)" + digit + R"(,"b":)" + digit +
                     R"(},"required":["a","b"],"additionalProperties":false})",
                 objects);
  ExpectEachOnce(R"({"type":"integer","minimum":0,"maximum":35})", numbers);
}

// What is left of an object that differs from others stays small while it is read, though the key
// that tells may be missing and what was read of it begins another one's.
TEST(ArrayItemsTest, DifferThoughTheirPropertiesMayBeMissing) {
  for (const std::string type : {"string", "integer"}) {
    const auto compiled = JsonSchema::Compile(
        R"({"type":"array","uniqueItems":true,"items":{"type":"object","properties":{"name":)"
        R"({"type":"string"},"n":{"type":")" +
        type + R"("}},"required":["name"],"additionalProperties":false}})");
    ASSERT_TRUE(compiled.has_value());
    const auto vocabulary = testing::SmallVocabulary();
    Matcher matcher(Grammar::OfSchema(*compiled), vocabulary);
    std::vector<uint32_t> mask(vocabulary->mask_words());
    for (int i = 0; i < 30; ++i) {
      const std::string number = std::to_string(i);
      ASSERT_TRUE(matcher.AcceptText((i == 0 ? "[" : ",") + (R"({"name":"v)" + number) +
                                     R"(","n":)" + (type == "string" ? "\"v" : "") + number));
      ASSERT_GT(matcher.FillMask(mask), 0U) << type << " " << i;
      ASSERT_TRUE(matcher.AcceptText(type == "string" ? "\"}" : "}"));
    }
    EXPECT_TRUE(matcher.AcceptText("]"));
  }
}

TEST(ArrayItemsTest, LeaveLaterPlacesWhatTheyNeed) {
  ExpectTexts(R"({"type":"array","prefixItems":[{"enum":["a","b"]},{"const":"a"}],"items":false,)"
              R"("minItems":2,"uniqueItems":true})",
              {R"(["b","a"])"});
  ExpectTexts(R"({"type":"array","prefixItems":[{"enum":["a","b","c"]},{"enum":["a","b"]},)"
              R"({"enum":["a","b"]}],"items":false,"minItems":3,"uniqueItems":true})",
              {R"(["c","a","b"])", R"(["c","b","a"])"});
  ExpectTexts(R"({"type":"array","prefixItems":[{"type":["string","null"],"maxLength":0},)"
              R"({"enum":[null,[]]},{"enum":[[],{}]}],"items":false,"minItems":3,)"
              R"("uniqueItems":true})",
              {R"(["",null,[]])", R"(["",null,{}])", R"(["",[],{}])", R"([null,[],{}])"});
  ExpectNothingValid(R"({"type":"array","prefixItems":[{"const":{"a":1}},{"const":{"a":1.0}}],)"
                     R"("minItems":2,"uniqueItems":true})");
}

TEST(ArrayItemsTest, DifferAndContainWhatTheyMust) {
  ExpectTexts(R"({"type":"array","items":{"enum":["a","b"]},"contains":{"const":"a"},)"
              R"("maxContains":1,"minItems":2,"uniqueItems":true})",
              {R"(["a","b"])", R"(["b","a"])"});
  ExpectTexts(R"({"type":"array","items":{"enum":[1,2,3]},"contains":{"enum":[1,2]},)"
              R"("minContains":2,"maxItems":2,"uniqueItems":true})",
              {"[1,2]", "[2,1]"});
  ExpectNothingValid(R"({"type":"array","items":{"enum":[1,2,3]},"contains":{"enum":[1,2]},)"
                     R"("maxContains":1,"minItems":3,"uniqueItems":true})");
}

TEST(ArrayItemsTest, RepeatWhileTheyCan) {
  ExpectTexts(R"({"type":"array","not":{"uniqueItems":true},"prefixItems":[{"type":"integer"},)"
              R"({"enum":[1,22]}],"maxItems":2})",
              {"[1,1]", "[22,22]"});
  ExpectTexts(R"({"type":"array","not":{"uniqueItems":true},"maxItems":2,)"
              R"("prefixItems":[{"enum":["a","b"]}],"contains":{"const":"b"}})",
              {R"(["b","b"])"});
  ExpectTexts(R"({"type":"array","not":{"uniqueItems":true},"items":{"enum":[null,true,false]},)"
              R"("contains":{"const":null},"maxContains":1,"maxItems":3})",
              {"[null,true,true]", "[null,false,false]", "[true,null,true]", "[false,null,false]",
               "[true,true,null]", "[false,false,null]"});
  ExpectNothingValid(R"({"type":"array","not":{"uniqueItems":true},"items":{"enum":[1,2]},)"
                     R"("contains":{"const":1},"maxContains":1,"maxItems":2})");
}

TEST(ArrayItemsTest, CountAsManyWhereTheyNestWithoutEnd) {
  const std::string nested =
      R"({"type":"array","uniqueItems":true,"minItems":3,"maxItems":3,"items":)"
      R"({"anyOf":[{"type":["null","boolean"]},{"$ref":"#/$defs/n"}]}})";
  const auto compiled = JsonSchema::Compile(
      R"({"type":"array","uniqueItems":true,"minItems":50,"items":{"$ref":"#/$defs/n"},)"
      R"("$defs":{"n":)" +
      nested + "}}");
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  // An array of these needs two items of which one is such an array.
  ExpectNothingValid(R"({"type":"array","uniqueItems":true,"minItems":2,"items":)"
                     R"({"anyOf":[{"type":"null"},{"$ref":"#"}]}})");
}

// Arrays of these values under rules made at random, against the rules applied to every array.
class RandomRules {
 public:
  explicit RandomRules(testing::RandomChoice& random) : random_(random) {
    const size_t count = random_.Below(3);
    for (size_t i = 0; i < count; ++i) {
      prefix_.push_back(Some());
    }
    rest_ = Some();
    least_ = random_.Below(3);
    most_ = least_ + random_.Below(kItemsMax - least_ + 1);
    comparison_ = random_.Of(std::span<const Comparison>(kComparisons));
    if (random_.OneIn(2)) {
      contained_ = Some();
      contained_least_ = random_.Below(3);
      contained_most_ = contained_least_ + random_.Below(2);
    }
    if (random_.OneIn(3)) {
      not_all_ = Some();
    }
  }

  std::string Schema() const {
    std::string text = R"({"type":"array","minItems":)" + std::to_string(least_) +
                       R"(,"maxItems":)" + std::to_string(most_) + R"(,"items":)" + Enum(rest_);
    for (size_t i = 0; i < prefix_.size(); ++i) {
      text += (i == 0 ? R"(,"prefixItems":[)" : ",") + Enum(prefix_[i]);
    }
    text += prefix_.empty() ? "" : "]";
    if (contained_ != 0) {
      text += R"(,"contains":)" + Enum(contained_) + R"(,"minContains":)" +
              std::to_string(contained_least_) + R"(,"maxContains":)" +
              std::to_string(contained_most_);
    }
    text += comparison_ == Comparison::kDiffer ? R"(,"uniqueItems":true)" : "";
    std::string excluded;
    excluded += comparison_ == Comparison::kRepeat ? R"({"uniqueItems":true})" : "";
    excluded += not_all_ == 0
                    ? ""
                    : (excluded.empty() ? "" : ",") + (R"({"items":)" + Enum(not_all_) + "}");
    return text + (excluded.empty() ? "" : R"(,"not":{"anyOf":[)" + excluded + "]}") + "}";
  }

  // All arrays that satisfy the rules.
  std::vector<std::string> Arrays() const {
    std::vector<std::string> all;
    std::vector<size_t> items;
    Append(items, all);
    return all;
  }

 private:
  enum class Comparison { kNone, kDiffer, kRepeat };
  static constexpr Comparison kComparisons[] = {Comparison::kNone, Comparison::kDiffer,
                                                Comparison::kDiffer, Comparison::kRepeat};
  static constexpr std::string_view kValues[] = {"null",   "11",      "1",
                                                 R"("a")", R"("ab")", R"({"k":["a"]})"};
  static constexpr size_t kItemsMax = 4;
  using Set = uint32_t;  // of values

  Set Some() { return static_cast<Set>(1 + random_.Below((1U << std::size(kValues)) - 1)); }
  static bool Has(Set set, size_t value) { return ((set >> value) & 1U) != 0; }
  static std::string Enum(Set set) {
    std::string list;
    for (size_t i = 0; i < std::size(kValues); ++i) {
      if (Has(set, i)) {
        list += (list.empty() ? "" : ",") + std::string(kValues[i]);
      }
    }
    return R"({"enum":[)" + list + R"(],"not":{"type":"number","not":{"type":"integer"}}})";
  }
  bool Satisfies(const std::vector<size_t>& items) const {
    size_t contained = 0;
    bool all = true;
    bool repeats = false;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!Has(i < prefix_.size() ? prefix_[i] : rest_, items[i])) {
        return false;
      }
      contained += Has(contained_, items[i]) ? 1 : 0;
      all = all && Has(not_all_, items[i]);
      repeats = repeats || std::count(items.begin(), items.end(), items[i]) > 1;
    }
    return items.size() >= least_ && items.size() <= most_ && (not_all_ == 0 || !all) &&
           (contained_ == 0 || (contained >= contained_least_ && contained <= contained_most_)) &&
           (comparison_ == Comparison::kNone || repeats == (comparison_ == Comparison::kRepeat));
  }
  void Append(std::vector<size_t>& items, std::vector<std::string>& all) const {
    if (Satisfies(items)) {
      std::string text;
      for (const size_t item : items) {
        text += (text.empty() ? "" : ",") + std::string(kValues[item]);
      }
      all.push_back("[" + text + "]");
    }
    for (size_t value = 0; value < std::size(kValues) && items.size() < kItemsMax; ++value) {
      items.push_back(value);
      Append(items, all);
      items.pop_back();
    }
  }

  testing::RandomChoice& random_;
  std::vector<Set> prefix_;
  Set rest_ = 0;
  size_t least_ = 0;
  size_t most_ = 0;
  Comparison comparison_ = Comparison::kNone;
  Set contained_ = 0;
  size_t contained_least_ = 0;
  size_t contained_most_ = 0;
  Set not_all_ = 0;
};

// Every mask on a random way to an end is what every token by itself says.
void ExpectMasks(const std::string& schema, testing::RandomChoice& random) {
  SCOPED_TRACE(schema);
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*JsonSchema::Compile(schema)), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  std::string text;
  for (int step = 0; step < 40 && !matcher.is_ended(); ++step) {
    ASSERT_GT(matcher.FillMask(mask), 0U) << "a dead end after " << text;
    std::vector<base::TokenId> allowed;
    for (size_t i = 0; i < vocabulary->size(); ++i) {
      const base::TokenId id{static_cast<int32_t>(i)};
      const bool is_allowed = matcher.Allows(id);
      ASSERT_EQ(((mask[i / 32] >> (i % 32)) & 1U) != 0, is_allowed)
          << text << " and " << vocabulary->Text(id);
      if (is_allowed) {
        allowed.push_back(id);
      }
    }
    const base::TokenId chosen = allowed[random.Below(allowed.size())];
    text += vocabulary->Text(chosen);
    ASSERT_TRUE(matcher.Accept(chosen));
  }
}

TEST(ArrayItemsTest, AreThoseThatSatisfyRulesMadeAtRandom) {
  testing::RandomChoice random(1);
  constexpr int kRounds = 300;
  size_t possible = 0;
  for (int round = 0; round < kRounds; ++round) {
    const RandomRules rules(random);
    const std::vector<std::string> arrays = rules.Arrays();
    if (arrays.empty()) {
      ExpectNothingValid(rules.Schema());
    } else {
      ++possible;
      ExpectTexts(rules.Schema(), arrays);
      ExpectMasks(rules.Schema(), random);
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(possible, 100U);
}

}  // namespace
}  // namespace millrace::grammar

// Decimals and the constraints on numbers, against exact arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/decimal.h"
#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/line_process.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"

namespace millrace::grammar {
namespace {

Decimal Of(std::string_view text) {
  const std::optional<Decimal> parsed = Decimal::Parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Decimal{});
}

TEST(DecimalTest, IsOneStructureForEveryNumber) {
  for (const char* text : {"100", "1e2", "100.00", "10.0E1", "0.1e+3", "1000e-1"}) {
    EXPECT_EQ(Of(text), Of("100")) << text;
  }
  for (const char* text : {"0", "-0", "0.000", "0e5", "-0.0E-7"}) {
    EXPECT_EQ(Of(text), Decimal{}) << text;
  }
}

TEST(DecimalTest, WritesOutWhatItHolds) {
  const std::pair<const char*, const char*> cases[] = {
      {"1e3", "1000"},
      {"-12.50", "-12.5"},
      {"5e-4", "0.0005"},
      {"-0", "0"},
      {"123456789012345678901234567890.5", "123456789012345678901234567890.5"},
      {"1.5e1", "15"}};
  for (const auto& [text, written] : cases) {
    EXPECT_EQ(Of(text).ToString(), written);
  }
}

TEST(DecimalTest, RefusesNumbersOutOfReach) {
  for (const char* text : {"1e10001", "1e-10001", "1e99999999999", "1e-99999999999"}) {
    EXPECT_FALSE(Decimal::Parse(text).has_value()) << text;
  }
  EXPECT_TRUE(Decimal::Parse("1e9999").has_value());
}

TEST(DecimalTest, ComparesByValue) {
  const char* const sorted[] = {"-1e30", "-12", "-1.5", "-1.49", "-1e-9", "0",
                                "1e-9",  "0.5", "1.49", "1.5",   "12",    "1e30"};
  for (size_t i = 0; i < std::size(sorted); ++i) {
    for (size_t j = 0; j < std::size(sorted); ++j) {
      const int order = Of(sorted[i]).Compare(Of(sorted[j]));
      EXPECT_EQ(order < 0, i < j) << sorted[i] << " " << sorted[j];
      EXPECT_EQ(order == 0, i == j);
    }
  }
}

TEST(DecimalTest, DividesExactly) {
  EXPECT_TRUE(IsMultipleOf(Of("0.3"), Of("0.1")));
  EXPECT_TRUE(IsMultipleOf(Of("-7.5"), Of("2.5")));
  EXPECT_TRUE(IsMultipleOf(Of("1e300"), Of("3e-7")) == false);
  EXPECT_TRUE(IsMultipleOf(Of("12391239123"), Of("1e-8")));
  EXPECT_FALSE(IsMultipleOf(Of("0.0075"), Of("0.0002")));
  EXPECT_FALSE(IsMultipleOf(Of("123456789012345678901"), Of("2")));
}

class RandomNumber {
 public:
  explicit RandomNumber(uint64_t seed) : random_(seed) {}

  std::string Number() {
    std::string text = random_.OneIn(3) ? "-" : "";
    const size_t digits = random_.Below(4);
    text += digits == 0 ? "0" : std::to_string(1 + random_.Below(9));
    for (size_t i = 1; i < digits; ++i) {
      text += Digit();
    }
    if (random_.OneIn(2)) {
      text += ".";
      for (size_t i = 1 + random_.Below(3); i > 0; --i) {
        text += Digit();
      }
      while (text.ends_with('0') && !text.ends_with(".0")) {
        text.pop_back();  // of zeros that mean nothing one is admitted
      }
    }
    return text;
  }
  std::string Divisor() {
    static constexpr std::string_view kDivisors[] = {
        "1", "2", "3", "7", "0.01", "0.5", "2.5", "12", "1e-7", "0.75", "10", "1.1", "125", "1e2"};
    return std::string(random_.Of(std::span<const std::string_view>(kDivisors)));
  }
  bool OneIn(size_t n) { return random_.OneIn(n); }
  // d.dd * 10^e, e from `low` to `high`. Few digits are usual, so that bounds are met.
  std::string Scientific(int32_t low, int32_t high) {
    std::string text(1, static_cast<char>('1' + random_.Below(9)));
    text += random_.OneIn(2) ? "." : "";
    for (size_t digits = text.size() > 1 ? 1 + random_.Below(3) : 0; digits > 0; --digits) {
      text += Digit();
    }
    const auto exponent =
        low + static_cast<int32_t>(random_.Below(static_cast<size_t>(high - low + 1)));
    text += random_.OneIn(2) ? 'e' : 'E';
    text += exponent < 0 ? "-" : (random_.OneIn(2) ? "+" : "");
    return text + (exponent != 0 && random_.OneIn(3) ? "0" : "") +
           std::to_string(std::abs(exponent));
  }

 private:
  char Digit() { return random_.OneIn(3) ? '0' : static_cast<char>('0' + random_.Below(10)); }

  testing::RandomChoice random_;
};

// A line of two forms: the conditions as a schema, and for the other program.
struct Conditions {
  std::string schema = "{\"type\": \"number\"";
  std::string line = "[{";

  void Add(const std::string& keyword, const std::string& number) {
    schema += ", \"" + keyword + "\": " + number;
    line +=
        std::string(line.ends_with('{') ? "" : ", ") + "\"" + keyword + "\": \"" + number + "\"";
  }
};

struct Trial {
  Conditions conditions;
  std::vector<std::string> numbers;
};

// Of each trial: which numbers its schema admits, against fractions in another program.
void ExpectWhatExactArithmeticSays(const std::vector<Trial>& trials, NumberSpelling spelling,
                                   bool may_admit_none) {
  std::vector<std::string> lines;
  for (const Trial& trial : trials) {
    std::string line = trial.conditions.line + "}";
    for (const std::string& number : trial.numbers) {
      line += ", \"" + number + "\"";
    }
    lines.push_back(line + "]");
  }
  const auto answers = testing::RunOverLines(
      "python3 '" MILLRACE_SOURCE_DIR "/src/grammar/testing/number_lines.py'", lines);
  if (!answers.has_value()) {
    GTEST_SKIP() << "no python3 in the path";
  }
  const auto vocabulary = testing::SmallVocabulary();
  for (size_t i = 0; i < trials.size(); ++i) {
    const std::string text = trials[i].conditions.schema + "}";
    const auto schema = JsonSchema::Compile(text, {.numbers = spelling});
    if (!schema.has_value()) {
      EXPECT_TRUE(may_admit_none) << text << ": " << schema.error().message;
      EXPECT_EQ(schema.error().message, "no JSON value is valid under the schema") << text;
      EXPECT_EQ((*answers)[i].find('1'), std::string::npos) << text;
      continue;
    }
    const auto grammar = Grammar::OfSchema(*schema);
    for (size_t j = 0; j < trials[i].numbers.size(); ++j) {
      const std::string& number = trials[i].numbers[j];
      EXPECT_EQ(testing::ReadsBytes(grammar, vocabulary, number), (*answers)[i][j] == '1')
          << text << " " << number;
    }
  }
}

TEST(NumberTest, AdmitsOneZeroWhereZerosChangeNothing) {
  struct Case {
    const char* schema;
    const char* text;
    bool admitted;
  };
  const Case cases[] = {
      {R"({"enum": [7]})", "7", true},
      {R"({"enum": [7]})", "7.0", true},
      {R"({"enum": [7]})", "7.00", false},
      {R"({"enum": [7.001, 7]})", "7.00", true},  // may still become the first
      {R"({"multipleOf": 0.25})", "0.25", true},
      {R"({"multipleOf": 0.25})", "4.0", true},
      {R"({"multipleOf": 0.25})", "0.250", false},
      {R"({"multipleOf": 0.25})", "0.2500", false},
      {R"({"multipleOf": 2})", "4.00", false},
      {R"({"not": {"multipleOf": 2}})", "4.00", false},
      {R"({"not": {"multipleOf": 2}})", "4.005", true},
      {R"({"minimum": 1})", "1.000", true},  // another digit may follow
      {R"({"anyOf": [{"type": "integer"}, {"maximum": -0.25}]})", "-0.5", true},
      {R"({"type": "integer", "minimum": -9})", "-9", true},
  };
  const auto vocabulary = testing::SmallVocabulary();
  for (const Case& one : cases) {
    const auto schema = JsonSchema::Compile(one.schema, {.numbers = NumberSpelling::kFreeNumbers});
    ASSERT_TRUE(schema.has_value()) << one.schema;
    EXPECT_EQ(testing::ReadsBytes(Grammar::OfSchema(*schema), vocabulary, one.text), one.admitted)
        << one.schema << " " << one.text;
  }
}

TEST(NumberTest, HoldsBoundsAndMultiplesAsExactArithmeticSays) {
  RandomNumber random(3);
  std::vector<Trial> trials(400);
  for (Trial& trial : trials) {
    if (random.OneIn(2)) {
      trial.conditions.Add(random.OneIn(2) ? "minimum" : "exclusiveMinimum", random.Number());
    }
    if (random.OneIn(2)) {
      trial.conditions.Add(random.OneIn(2) ? "maximum" : "exclusiveMaximum", random.Number());
    }
    if (random.OneIn(2)) {
      trial.conditions.Add("multipleOf", random.Divisor());
    }
    for (size_t i = 0; i < 40; ++i) {
      trial.numbers.push_back(random.Number());
    }
  }
  ExpectWhatExactArithmeticSays(trials, NumberSpelling::kFreeNumbers, true);
}

bool Admits(const char* schema, std::string_view text) {
  const auto compiled = JsonSchema::Compile(schema);
  EXPECT_TRUE(compiled.has_value()) << schema << ": " << compiled.error().message;
  return compiled.has_value() &&
         testing::ReadsBytes(Grammar::OfSchema(*compiled), testing::SmallVocabulary(), text);
}

TEST(NumberTest, SpellsNumbersWithAnExponentOnlyWhereItCannotTrap) {
  EXPECT_TRUE(Admits(R"({"type": "number"})", "-1.50e+07"));
  const char* rate = R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 5})";
  EXPECT_TRUE(Admits(rate, "1e-06"));
  EXPECT_TRUE(Admits(rate, "4.99E0"));
  EXPECT_TRUE(Admits(rate, "2.5e-5"));
  EXPECT_FALSE(Admits(rate, "5e0"));
  EXPECT_FALSE(Admits(rate, "1e1"));
  EXPECT_FALSE(Admits(rate, "7e-1"));  // 7 is too large already
  EXPECT_FALSE(Admits(rate, "5e-1"));  // and so is 5
  EXPECT_FALSE(Admits(rate, "0e-1"));  // one spelling with an exponent
  EXPECT_FALSE(Admits(rate, "0.1e-1"));
  EXPECT_TRUE(Admits(R"({"type": "number", "minimum": 20})", "3e1"));  // 3 may become 30
  EXPECT_FALSE(Admits(R"({"type": "number", "minimum": 20})", "1e1"));
  EXPECT_FALSE(Admits(R"({"type": "number", "minimum": 20})", "12e1"));
  // A bound that is passed on the way may be met by the exponent, and the other way round.
  const char* apart = R"({"anyOf": [{"minimum": 1e9}, {"maximum": 3}], "type": "number"})";
  EXPECT_TRUE(Admits(apart, "1.5e9"));
  EXPECT_FALSE(Admits(apart, "1.5e8"));
  EXPECT_TRUE(Admits(apart, "1.5e-8"));
  EXPECT_TRUE(Admits(apart, "-9e99"));
  EXPECT_FALSE(Admits(R"({"type": "integer", "maximum": 10})", "1e0"));
  EXPECT_FALSE(Admits(R"({"multipleOf": 0.5})", "1e0"));
}

TEST(NumberTest, ComparesNumbersWithAnExponentAsExactArithmeticDoes) {
  RandomNumber random(5);
  std::vector<Trial> trials(300);
  for (Trial& trial : trials) {
    // Within the bounds lie all numbers of one digit, so that an exponent may follow each.
    const bool negative = random.OneIn(2);
    const std::string sign = negative ? "-" : "";
    const char* const names[2][2] = {{"minimum", "maximum"},
                                     {"exclusiveMinimum", "exclusiveMaximum"}};
    if (!random.OneIn(3)) {
      trial.conditions.Add(names[random.OneIn(2) ? 1 : 0][negative ? 1 : 0],
                           sign + random.Scientific(-4, -1));
    }
    if (!random.OneIn(3)) {
      trial.conditions.Add(names[random.OneIn(2) ? 1 : 0][negative ? 0 : 1],
                           sign + random.Scientific(1, 4));
    }
    for (size_t i = 0; i < 60; ++i) {
      trial.numbers.push_back((random.OneIn(5) ? "" : sign) + random.Scientific(-6, 6));
    }
  }
  ExpectWhatExactArithmeticSays(trials, NumberSpelling::kPlain, false);
}

TEST(NumberTest, SpellsNumbersPlainly) {
  EXPECT_FALSE(Admits(R"({"type": "integer"})", "1.0"));
  EXPECT_FALSE(Admits(R"({"enum": [12.5]})", "12.500"));
  EXPECT_FALSE(Admits(R"({"type": "number"})", "01"));
  EXPECT_FALSE(Admits(R"({"type": "number"})", "+1"));
  EXPECT_FALSE(Admits(R"({"type": "number"})", "1."));
}

TEST(NumberTest, FindsMultiplesOfLargeNumbersWithinBounds) {
  const char* schema = R"({"type": "integer", "multipleOf": 123456789, "minimum": 1e12,
                           "maximum": 1.0000001e12})";
  EXPECT_FALSE(JsonSchema::Compile(schema).has_value());  // between 8100 and 8101 times
  const char* wider = R"({"type": "integer", "multipleOf": 123456789, "minimum": 1e12,
                          "maximum": 1.0002e12})";
  EXPECT_TRUE(Admits(wider, "1000123447689"));  // 8101 times
  EXPECT_FALSE(Admits(wider, "1000123447688"));
  EXPECT_FALSE(Admits(wider, "1000246904478"));  // 8102 times, beyond
}

TEST(NumberTest, JoinsMultiplesThatMustHoldTogether) {
  const char* schema =
      R"({"allOf": [{"multipleOf": 6.75}, {"multipleOf": 19}, {"multipleOf": 2.125}],
                           "type": "number", "minimum": 1, "maximum": 10000})";
  EXPECT_TRUE(Admits(schema, "8721"));  // the least common multiple of 27/4, 19 and 17/8
  EXPECT_FALSE(Admits(schema, "8720"));
  const char* finer =
      R"({"allOf": [{"multipleOf": 0.12345678}, {"multipleOf": 0.0625}], "maximum": 1e8})";
  EXPECT_TRUE(Admits(finer, "771604.875"));  // twice the least one
  EXPECT_FALSE(Admits(finer, "771604.876"));
}

TEST(NumberTest, KnowsThatNoCommonMultipleIsWithinBounds) {
  const auto schema = JsonSchema::Compile(
      R"({"type": "integer", "maximum": 1e20,
          "allOf": [{"multipleOf": 999999999989}, {"multipleOf": 999999999961},
                    {"multipleOf": 999999999937}, {"multipleOf": 999999999899}]})");
  ASSERT_TRUE(schema.has_value());
  Matcher matcher(Grammar::OfSchema(*schema), testing::SmallVocabulary());
  for (const char* digit : {"1", "9"}) {
    EXPECT_FALSE(matcher.AcceptText(digit));
  }
  EXPECT_TRUE(matcher.AcceptText("0"));
  EXPECT_FALSE(matcher.is_exhausted());
}

TEST(NumberTest, RefusesDivisorsOfTooManyDigits) {
  EXPECT_TRUE(Admits(R"({"type": "number", "multipleOf": 0.123456789012345})", "0.24691357802469"));
  for (const char* schema :
       {R"({"multipleOf": 0.1234567890123456})", R"({"multipleOf": 1234567890123456})"}) {
    const auto refused = JsonSchema::Compile(schema);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("has too many digits"));
  }
}

TEST(NumberTest, EndsInsteadOfForbiddingWhatMayBeValid) {
  const auto schema = JsonSchema::Compile(
      R"({"type": "integer", "maximum": 1e40,
          "allOf": [{"multipleOf": 999999999989}, {"multipleOf": 999999999961},
                    {"multipleOf": 999999999937}, {"multipleOf": 999999999899}]})");
  ASSERT_TRUE(schema.has_value());
  const auto vocabulary = testing::SmallVocabulary();
  Matcher matcher(Grammar::OfSchema(*schema), vocabulary);
  std::vector<uint32_t> mask(vocabulary->mask_words());
  EXPECT_EQ(matcher.FillMask(mask), 0U);
  EXPECT_TRUE(matcher.is_exhausted());
}

TEST(NumberTest, FollowsZerosInFractionsOfEnumeratedNumbers) {
  EXPECT_TRUE(Admits(R"({"const": 9007199254740992})", "9007199254740992.0"));
  EXPECT_FALSE(Admits(R"({"enum": [100.001, 5]})", "100.0"));
  EXPECT_TRUE(Admits(R"({"enum": [100.001, 5]})", "100.001"));
  EXPECT_TRUE(Admits(R"({"enum": [0, 5]})", "-0.0"));
}

}  // namespace
}  // namespace millrace::grammar

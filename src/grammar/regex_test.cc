// Regular expressions: against a table, against another implementation, and against hostile input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "grammar/grammar.h"
#include "grammar/json_text.h"
#include "grammar/matcher.h"
#include "grammar/regex_parser.h"
#include "grammar/testing/line_process.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"
#include "json/json.h"

namespace millrace::grammar {
namespace {

bool Reads(RegexAlgebra& algebra, RegexId regex, std::string_view text) {
  for (const char32_t c : CodePointsOf(text)) {
    RegexId next = RegexAlgebra::kNothing;
    for (const RegexArc& arc : algebra.Arcs(regex)) {
      next = arc.low <= c && c <= arc.high ? arc.next : next;
    }
    regex = next;
  }
  return algebra.IsNullable(regex);
}

bool Matches(std::string_view pattern, std::string_view text, RegexAnchoring anchoring) {
  RegexAlgebra algebra;
  const base::Result<RegexId> regex = ParseRegex(pattern, anchoring, algebra);
  EXPECT_TRUE(regex.has_value()) << pattern << ": " << regex.error().message;
  return regex.has_value() && Reads(algebra, *regex, text);
}

struct Case {
  const char* pattern;
  std::vector<const char*> matching;
  std::vector<const char*> others;
};

void ExpectSearches(std::span<const Case> cases) {
  for (const Case& one : cases) {
    for (const char* text : one.matching) {
      EXPECT_TRUE(Matches(one.pattern, text, RegexAnchoring::kSearch))
          << one.pattern << " " << text;
    }
    for (const char* text : one.others) {
      EXPECT_FALSE(Matches(one.pattern, text, RegexAnchoring::kSearch))
          << one.pattern << " " << text;
    }
  }
}

TEST(RegexTest, SearchesAsSchemasDo) {
  const Case cases[] = {
      {"b", {"b", "abc", "bb"}, {"", "a", "B"}},
      {"^b", {"b", "bc"}, {"ab", ""}},
      {"b$", {"b", "ab"}, {"ba", "b\n"}},
      {"^$", {""}, {"a", "\n"}},
      {"a|^b$", {"a", "ba", "b"}, {"bb", "c"}},
      {"^(a|b)*c{2,3}$", {"cc", "abccc"}, {"c", "cccc", "accb"}},
      {".", {"a", "é", "😀"}, {"", "\n", "\r", "\u2028"}},
      {"^.$", {"😀"}, {"😀😀"}},
      {"\\d", {"a1"}, {"a", "\u0661"}},
      {"\\w", {"_"}, {"é", "-"}},
      {"^\\s$", {" ", "\t", "\u00A0", "\uFEFF"}, {"a"}},
      {"[^a-c]", {"d", "ad"}, {"", "abc"}},
      {"[\\]\\-x]", {"]", "-", "x"}, {"\\"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"[]", {}, {"", "a"}},
      {"[^]", {"\n"}, {""}},
      {"\\u{1F600}", {"😀"}, {"1F600"}},
      {"\\uD83D\\uDE00", {"😀"}, {""}},
      {"\\x41\\u0042\\cJ", {"AB\n"}, {"AB"}},
      {"^\\p{Lu}\\P{Lu}$", {"Éa", "A1"}, {"aA", "AA"}},
      {"^(?<name>a)+?$", {"a", "aa"}, {""}},
  };
  ExpectSearches(cases);
}

TEST(RegexTest, MatchesTheWholeTextWhereItIsAsked) {
  EXPECT_TRUE(Matches("a|bc", "bc", RegexAnchoring::kWhole));
  EXPECT_FALSE(Matches("a|bc", "abc", RegexAnchoring::kWhole));
  EXPECT_FALSE(Matches("a|b", "ab", RegexAnchoring::kWhole));
}

TEST(RegexTest, LooksAhead) {
  const Case cases[] = {
      {"^(?=.*\\d)[a-z\\d]+$", {"a1", "1"}, {"a", "1-"}},
      {"^(?!.*--)(?!-)[a-z-]+$", {"a-b"}, {"a--b", "-a"}},
      {"a(?=b)", {"ab", "aab"}, {"a", "ba"}},
      {"a(?!b)", {"a", "ac", "aba"}, {"ab", "b"}},
      {"(?=a$)a", {"a", "ba"}, {"ab"}},
      {"x(?=(?!b).)", {"xa"}, {"x", "xb"}},
      {"(?!^(nul|con)$)^[a-z]+$", {"nula", "a"}, {"nul", "con", ""}},
      {"(?!^a)a", {"ba"}, {"a", "ab"}},
      {"$(?!^)", {"a"}, {""}},
      {"^(?:(?!--)[a-z-])+$", {"a-b", "-", "a-"}, {"a--b", "--", ""}},
      {"^(?:(?=[ab]c|d).){2,}$", {"ddd"}, {"d", "ac", "dac", "ddx"}},
      {"^(?:a(?=b)|b(?=a|$))*$", {"", "b", "ab", "abab", "bab"}, {"a", "aba", "bb", "aab"}},
      {"^(?:x(?!y)|y){2,3}$", {"yy", "yx", "xx", "yyy", "xxx"}, {"xy", "y", "yxy", "yyyy"}},
      {"^(?:a|b$)+$", {"a", "b", "aab"}, {"", "ba", "abb"}},
      {"^(?:a|^b)*$", {"", "b", "baa", "aaa"}, {"ab", "bb"}},
      {"^(?:^a|b){2}$", {"ab", "bb"}, {"aa", "ba", "a"}},
      {"^(?:[a-z]+(?:,|$))+$", {"a", "a,", "ab,c"}, {"", ",", "a,,b", "a;"}},
      {"^(?:(?:(?!b)[abc])+b?)*d$", {"d", "acd", "abcbd", "abd"}, {"bd", "abbd", "a"}},
      {"(?:(?=aa)a)+$", {}, {"", "a", "aa", "aaa"}},
      {"^(?:(?=a)b*)*$", {""}, {"a", "b", "ab"}},
      {"^(?:(?=a|b)b*|a)*$", {"", "b", "ab", "ba"}, {"c", "abc"}},
      {"^(/?(\\.{2}|[a-z0-9-]*)($|/))*$", {"", "/", "..", "/a/b", "a/../b/", "//"}, {"A", "a/..b"}},
      {"^(?:(?!^a)|b)a$", {"ba"}, {"a", "aa", "b"}},
      {"x?(?!^b)b", {"xb", "ab"}, {"b", "x"}},
      {"\\bword", {"word", "a word", "-words"}, {"aword", "sword"}},
      {"a\\b", {"a", "ba-", "éa é"}, {"ab", "a1"}},
      {"\\B.", {"ab", "--", "-a"}, {"a", ""}},
      {"\\B", {"", "ab", "-"}, {"a", "a-b"}},
      {"^[ab-]{1,3}\\b[ab-]*$", {"a", "-a", "ab", "a-", "aa--"}, {"-", "---", "--", "----a"}},
      {"^(?:\\b[a-z]+\\b ?)+$", {"a", "ab cd"}, {"", " a", "a  b"}},
      {"^(?:\\b|-)*$", {"", "-", "--"}, {"a"}},
  };
  ExpectSearches(cases);
}

TEST(RegexTest, RefusesByNameWhatIsNotRegular) {
  const std::pair<const char*, const char*> cases[] = {
      {"(a)\\1", "back-references"},
      {"(?<n>a)\\k<n>", "back-references"},
      {"(?<=a)b", "look-behind"},
      {"(?<!a)b", "look-behind"},
      {"(?:(?=a)a){1000,30000}", "repeated so often"},
      {"\\p{Nonsense}", "Nonsense"},
  };
  for (const auto& [pattern, name] : cases) {
    RegexAlgebra algebra;
    const auto regex = ParseRegex(pattern, RegexAnchoring::kSearch, algebra);
    ASSERT_FALSE(regex.has_value()) << pattern;
    EXPECT_EQ(regex.error().kind, base::ErrorKind::kUnsupported) << pattern;
    EXPECT_THAT(regex.error().message, ::testing::HasSubstr(name)) << pattern;
  }
}

TEST(RegexTest, RefusesWhatIsNoPattern) {
  for (const char* pattern : {"(", ")", "[a", "a**", "*", "[b-a]", "a{2,1}", "\\", "\\x4", "\\u12",
                              "\\u{110000}", "(?a)", "(?<n", "\\a", "^*", "\\b*"}) {
    RegexAlgebra algebra;
    const auto regex = ParseRegex(pattern, RegexAnchoring::kSearch, algebra);
    ASSERT_FALSE(regex.has_value()) << pattern;
    EXPECT_EQ(regex.error().kind, base::ErrorKind::kInvalidArgument) << pattern;
  }
}

// Patterns that make backtracking implementations hang or others grow without bound.
TEST(RegexTest, StaysSmallUnderHostilePatterns) {
  std::string choices = "x";
  for (int i = 0; i < 3000; ++i) {
    choices += "|w" + std::to_string(i);
  }
  const std::string patterns[] = {"^(a+)+$",     "^(a|a)*b$",
                                  "^(a|aa)+$",   "^a{1,100000}$",
                                  "^(a?){50}b$", "^(.*)*x(.*)*$",
                                  choices,       std::string(90, '(') + "a" + std::string(90, ')')};
  for (const std::string& pattern : patterns) {
    RegexAlgebra algebra;
    const auto regex = ParseRegex(pattern, RegexAnchoring::kSearch, algebra);
    ASSERT_TRUE(regex.has_value()) << pattern.substr(0, 40) << ": " << regex.error().message;
    Reads(algebra, *regex, std::string(200, 'a'));
    EXPECT_LT(algebra.size(), 50'000U) << pattern.substr(0, 40);
  }
}

TEST(RegexTest, RefusesPatternsBeyondItsBounds) {
  const std::string patterns[] = {"a{1,9999999}", std::string(40'000, 'a'),
                                  std::string(5000, '(') + std::string(5000, ')')};
  for (const std::string& pattern : patterns) {
    RegexAlgebra algebra;
    EXPECT_FALSE(ParseRegex(pattern, RegexAnchoring::kSearch, algebra).has_value())
        << pattern.substr(0, 40);
  }
}

class RandomPattern {
 public:
  explicit RandomPattern(uint64_t seed) : random_(seed) {}

  std::string Pattern(int depth) {
    std::string result = Sequence(depth);
    while (random_.OneIn(4)) {
      result += "|" + Sequence(depth);
    }
    return result;
  }
  std::string Text() {
    static constexpr std::string_view kParts[] = {"a", "b", "c", "0",  "7", "_", "-",
                                                  " ", "é", "😀", "\n", "A", ".", "ab"};
    std::string result;
    for (size_t i = random_.Below(6); i > 0; --i) {
      result += random_.Of(std::span<const std::string_view>(kParts));
    }
    return result;
  }

 private:
  std::string Sequence(int depth) {
    std::string result;
    for (size_t i = random_.Below(4); i > 0; --i) {
      result += Term(depth);
    }
    return result;
  }
  std::string Term(int depth) {
    static constexpr std::string_view kAtoms[] = {
        "a",          "b",       "c",     "0",     ".",     "\\d",     "\\w",    "\\s",
        "\\D",        "\\W",     "é",     "[a-c]", "[^ab]", "[\\d_-]", "[^\\w]", "😀",
        "\\u{1F600}", "\\p{Lu}", "[\\-]", "ab",    "-",     "[é-ÿ0]",  "\\x61",  "\\n"};
    static constexpr std::string_view kQuantifiers[] = {"*",     "+",    "?", "{2}",
                                                        "{1,2}", "{0,}", "*?"};
    if (random_.OneIn(12)) {
      return random_.OneIn(2) ? "^" : "$";
    }
    if (depth > 0 && random_.OneIn(8)) {
      return (random_.OneIn(2) ? "(?=" : "(?!") + Pattern(depth - 1) + ")";
    }
    std::string term = depth > 0 && random_.OneIn(4)
                           ? (random_.OneIn(2) ? "(" : "(?:") + Pattern(depth - 1) + ")"
                           : std::string(random_.Of(std::span<const std::string_view>(kAtoms)));
    if (random_.OneIn(3)) {
      term += random_.Of(std::span<const std::string_view>(kQuantifiers));
    }
    return term;
  }

  testing::RandomChoice random_;
};

TEST(RegexTest, AgreesWithNodeOnRandomPatterns) {
  constexpr size_t kPatterns = 4000;
  constexpr size_t kTexts = 12;
  RandomPattern random(7);
  std::vector<std::string> lines;
  std::vector<std::string> patterns;
  std::vector<std::vector<std::string>> texts(kPatterns);
  for (size_t i = 0; i < kPatterns; ++i) {
    patterns.push_back(random.Pattern(2));
    std::string line = "[";
    json::AppendQuoted(patterns.back(), line);
    for (size_t j = 0; j < kTexts; ++j) {
      texts[i].push_back(random.Text());
      line += ",";
      json::AppendQuoted(texts[i].back(), line);
    }
    lines.push_back(line + "]");
  }
  const auto answers = testing::RunOverLines(
      "node '" MILLRACE_SOURCE_DIR "/src/grammar/testing/match_lines.mjs'", lines);
  if (!answers.has_value()) {
    GTEST_SKIP() << "no node in the path";
  }
  size_t compared = 0;
  for (size_t i = 0; i < kPatterns; ++i) {
    RegexAlgebra algebra;
    const auto regex = ParseRegex(patterns[i], RegexAnchoring::kSearch, algebra);
    if (!regex.has_value()) {
      const bool unsupported = regex.error().kind == base::ErrorKind::kUnsupported;
      EXPECT_TRUE(unsupported || (*answers)[i] == "!") << patterns[i];
      continue;
    }
    ASSERT_NE((*answers)[i], "!") << patterns[i];
    for (size_t j = 0; j < kTexts; ++j) {
      ++compared;
      EXPECT_EQ(Reads(algebra, *regex, texts[i][j]), (*answers)[i][j] == '1')
          << patterns[i] << " in '" << texts[i][j] << "'";
    }
  }
  EXPECT_GT(compared, kPatterns * kTexts * 8 / 10);
}

}  // namespace
}  // namespace millrace::grammar

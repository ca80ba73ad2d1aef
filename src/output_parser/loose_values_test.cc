#include "output_parser/loose_values.h"

#include <gtest/gtest.h>

namespace millrace::output_parser {
namespace {

TEST(JsonWord, KnowsJsonsWordsAndPythonsNone) {
  EXPECT_EQ(JsonWord("TRUE"), "true");
  EXPECT_EQ(JsonWord("False"), "false");
  EXPECT_EQ(JsonWord("Null"), "null");
  EXPECT_EQ(JsonWord("None"), "null");
  for (const char* other : {"", "none", "tru", "trues", "yes"}) {
    EXPECT_EQ(JsonWord(other), "") << other;
  }
}

TEST(JsonNumber, WritesNumbersAsJsonDoes) {
  for (auto [text, wanted] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"0", "0"},
                                                                            {"000", "0"},
                                                                            {"-0012", "-12"},
                                                                            {"+8", "8"},
                                                                            {".25", "0.25"},
                                                                            {"4.", "4"},
                                                                            {"-.5", "-0.5"},
                                                                            {"1E+3", "1e+3"},
                                                                            {"06.10e2", "6.10e2"},
                                                                            {"7e-1", "7e-1"}}) {
    EXPECT_EQ(JsonNumber(text), wanted) << text;
  }
}

TEST(JsonNumber, LeavesOtherTextAlone) {
  for (const char* text :
       {"", "-", ".", "+.", "1e", "1e+", "1.2.3", "12px", "0x1F", "1 2", "NaN"}) {
    EXPECT_EQ(JsonNumber(text), std::nullopt) << text;
  }
}

TEST(JsonOfPython, WritesListsAndDictionariesAsJson) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"[]", "[]"},
           {"{}", "{}"},
           {" ( 1 , ) ", "[1]"},
           {"{'k': 'v'}", R"({"k": "v"})"},
           {"{'a': [True, None, (1, 2.5)],}", R"({"a": [true, null, [1, 2.5]]})"},
           {R"(['it\'s', "say \"hi\"", 'Köln'])", R"(["it's", "say \"hi\"", "Köln"])"},
           {R"(['a\nb', '\x41\u00e9\U0001f600', '\q'])", R"(["a\nb", "Aé😀", "\\q"])"},
           {R"(['\ud800'])", "[\"\uFFFD\"]"}}) {
    EXPECT_EQ(JsonOfPython(text), wanted) << text;
  }
}

TEST(JsonOfPython, LeavesOtherTextAlone) {
  for (const char* text : {"", "{", "[1", "[1 2]", "{'a'}", "{'a': }", "{1: 2}", "[,]", "['a",
                           "['\\", "['\\u12']", "[x]", "[1] 2", "{'a': 1]"}) {
    EXPECT_EQ(JsonOfPython(text), std::nullopt) << text;
  }
}

TEST(JsonOfPython, DoesNotNestWithoutEnd) {
  EXPECT_NE(JsonOfPython(std::string(60, '[') + std::string(60, ']')), std::nullopt);
  EXPECT_EQ(JsonOfPython(std::string(100000, '[')), std::nullopt);
}

}  // namespace
}  // namespace millrace::output_parser

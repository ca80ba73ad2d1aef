#include "grammar/testing/real_vocabulary.h"

#include <fstream>
#include <iterator>
#include <map>

#include "grammar/json_text.h"

namespace millrace::grammar::testing {
namespace {

// gpt-2's mapping of bytes to printable characters, backwards.
std::string BytesOf(std::u32string_view mapped) {
  static const std::map<char32_t, char> table = [] {
    std::map<char32_t, char> result;
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
                          (byte >= 0xAE && byte <= 0xFF);
      result[itself ? static_cast<char32_t>(byte) : next++] = static_cast<char>(byte);
    }
    return result;
  }();
  std::string bytes;
  for (const char32_t c : mapped) {
    const auto at = table.find(c);
    if (at == table.end()) {
      return {};
    }
    bytes += at->second;
  }
  return bytes;
}

std::shared_ptr<const Vocabulary> Make(const std::vector<std::string>& tokens) {
  std::vector<std::string_view> views(tokens.begin(), tokens.end());
  views.push_back("</s>");
  const base::TokenId end{static_cast<int32_t>(tokens.size())};
  return *Vocabulary::Create({.tokens = views, .end = std::span(&end, 1)});
}

}  // namespace

std::shared_ptr<const Vocabulary> Qwen2Vocabulary(const std::string& folder) {
  std::ifstream file(folder + "/vocab/qwen2.vocab.json", std::ios::binary);
  if (!file) {
    return nullptr;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const base::Result<JsonNode> json = ParseJson(text);
  std::vector<std::string> tokens(json->members.size());
  for (const auto& [mapped, id] : json->members) {
    tokens.at(static_cast<size_t>(std::stoul(id.number.ToString()))) =
        BytesOf(CodePointsOf(mapped));
  }
  return Make(tokens);
}

namespace {

// clang-format off: a table is easier to read as one
constexpr const char* kSmallTokens[] = {
    "{\"",
    "\":",
    "\": ",
    "\": \"",
    "\",",
    "\", \"",
    "\"}",
    "}]",
    "]}",
    "}}",
    "},",
    "[{",
    "[[",
    "[\"",
    "\"]",
    "\"],",
    "true",
    "false",
    "null",
    "tr",
    "ue",
    "alse",
    "nul",
    "12",
    "123",
    "00",
    "0.",
    ".5",
    "1.",
    "e1",
    "E-",
    "-1",
    "10",
    "99",
    "2024",
    "-0",
    "a\"",
    "b\":",
    "ab",
    "abc",
    "na",
    "me",
    "name",
    "name\"",
    "id",
    "id\":",
    "value",
    "\\\"",
    "\\n",
    "\\u",
    "\\u00",
    "00e9",
    "\\ud83d",
    "\\ude00",
    "\xC3\xA9",
    "\xE2\x82",
    "\xF0\x9F",
    "\xF0\x9F\x98\x80",
    ", ",
    ": ",
    " \"",
    "  ",
    "\n",
    "\",\"",
    "\"}}",
    "x\",\"y",
    "1,",
    "2]",
    "3}",
    "x",
    "foo",
    "bar",
    "foo\"",
    "<tool",
    "_call>",
    "</",
    "parameter",
    "=x>",
    "\xE4\xBD\xA0\xE5\xA5\xBD",
};
// clang-format on

}  // namespace

std::shared_ptr<const Vocabulary> SmallVocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  for (const char* token : kSmallTokens) {
    tokens.emplace_back(token);
  }
  return Make(tokens);
}

std::vector<base::TokenId> Tokenize(const Vocabulary& vocabulary, std::string_view text) {
  const std::span<const TrieNode> nodes = vocabulary.nodes();
  std::vector<base::TokenId> result;
  while (!text.empty()) {
    uint32_t node = 0;
    int32_t best = -1;
    size_t length = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = vocabulary.Child(node, static_cast<uint8_t>(text[i]));
      if (node == 0) {
        break;
      }
      if (nodes[node].token >= 0) {
        best = nodes[node].token;
        length = i + 1;
      }
    }
    if (best < 0) {
      return {};
    }
    result.push_back(base::TokenId{best});
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace millrace::grammar::testing

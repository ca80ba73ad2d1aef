#include "model/testing/synthetic_vocabulary.h"

#include <array>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace millrace::model::testing {
namespace {

constexpr int32_t kNormal = 1;
constexpr int32_t kControl = 3;
constexpr int32_t kUserDefined = 4;
constexpr int32_t kUnused = 5;

// Qwen3 keeps this many entries for special tokens and padding after its words.
constexpr int32_t kQwen3Words = 151643;
constexpr int32_t kQwen3Size = 151936;

struct SpecialToken {
  std::string_view text;
  int32_t type;
  int32_t qwen3_place;  // after the last word
};

constexpr std::array kSpecialTokens = {
    SpecialToken{"<|endoftext|>", kControl, 0},
    SpecialToken{"<|im_start|>", kControl, 1},
    SpecialToken{"<|im_end|>", kControl, 2},
    SpecialToken{"<tool_call>", kUserDefined, 14},
    SpecialToken{"</tool_call>", kUserDefined, 15},
    SpecialToken{"<tool_response>", kUserDefined, 22},
    SpecialToken{"</tool_response>", kUserDefined, 23},
    SpecialToken{"<think>", kUserDefined, 24},
    SpecialToken{"</think>", kUserDefined, 25},
};

// A byte as byte-level BPE spells it: printable Latin-1 as itself, the others from U+0100 on.
std::vector<std::string> ByteSpellings() {
  std::vector<std::string> out(256);
  char32_t next = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    base::AppendUtf8(printable ? byte : next, out[byte]);
    next += printable ? 0 : 1;
  }
  return out;
}

class WordMaker {
 public:
  WordMaker(SyntheticVocabulary& out, size_t word_count) : out_(out), word_count_(word_count) {
    out_.tokens = ByteSpellings();
    space_ = out_.tokens[' '];
    known_.insert(out_.tokens.begin(), out_.tokens.end());
  }

  // Pairs, then words of three and four letters, each also with a leading space, until there are
  // enough.
  void Fill() {
    std::vector<std::string> pairs;
    for (const char a : kLetters) {
      for (const char b : kLetters) {
        pairs.push_back(std::string{a, b});
        Add(std::string{a}, std::string{b});
      }
    }
    for (const char a : kLetters) {
      Add(space_, std::string{a});
    }
    for (const std::string& pair : pairs) {
      Add(space_, pair);
    }
    AddLonger(pairs);
    MILLRACE_CHECK(out_.tokens.size() == word_count_);
  }

 private:
  static constexpr std::string_view kLetters = "etaoinshrdlucmfwypvbgkjqxz";

  void AddLonger(const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
      for (const char c : kLetters) {
        Add(pair, std::string{c});
        Add(space_, pair + c);
      }
    }
    for (const std::string& first : pairs) {
      for (const std::string& second : pairs) {
        Add(first, second);
        Add(space_, first + second);
        if (out_.tokens.size() >= word_count_) {
          return;
        }
      }
    }
  }

  // Both halves are entries already.
  void Add(const std::string& left, const std::string& right) {
    if (out_.tokens.size() >= word_count_ || !known_.contains(right) ||
        !known_.insert(left + right).second) {
      return;
    }
    out_.tokens.push_back(left + right);
    out_.merges.push_back(left + " " + right);
  }

  SyntheticVocabulary& out_;
  size_t word_count_;
  std::string space_;
  std::unordered_set<std::string> known_;
};

}  // namespace

SyntheticVocabulary MakeVocabulary(int32_t size) {
  const bool like_qwen3 = size == kQwen3Size;
  const auto specials = static_cast<int32_t>(kSpecialTokens.size());
  const int32_t padding = 16 - specials;
  const int32_t words = like_qwen3 ? kQwen3Words : size - specials - padding;
  MILLRACE_CHECK(words >= 256);
  SyntheticVocabulary out;
  WordMaker(out, static_cast<size_t>(words)).Fill();
  out.types.assign(static_cast<size_t>(words), kNormal);
  for (int32_t id = words; id < size; ++id) {
    out.tokens.push_back("[PAD" + std::to_string(id) + "]");
    out.types.push_back(kUnused);
  }
  for (int32_t i = 0; i < specials; ++i) {
    const SpecialToken& special = kSpecialTokens[static_cast<size_t>(i)];
    const auto id = static_cast<size_t>(words + (like_qwen3 ? special.qwen3_place : i));
    out.tokens[id] = special.text;
    out.types[id] = special.type;
  }
  out.end_of_text = words;
  out.end_of_turn = words + 2;
  return out;
}

std::string_view SyntheticChatTemplate() {
  return R"jinja({%- if tools %}
{{- '<|im_start|>system\n' }}
{%- if messages[0].role == 'system' %}
{{- messages[0].content + '\n\n' }}
{%- endif %}
{{- 'You may call these functions:\n<tools>' }}
{%- for tool in tools %}
{{- '\n' }}{{ tool | tojson }}
{%- endfor %}
{{- '\n</tools>\nWrite a call like this:\n<tool_call>\n{"name": "NAME", "arguments": {}}\n</tool_call><|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'system' and loop.first %}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\n' }}
{%- if message.content %}
{{- message.content }}
{%- endif %}
{%- if message.tool_calls %}
{%- for call in message.tool_calls %}
{{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{%- if call.function.arguments is string %}
{{- call.function.arguments }}
{%- else %}
{{- call.function.arguments | tojson }}
{%- endif %}
{{- '}\n</tool_call>' }}
{%- endfor %}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}
{{- '<think>\n\n</think>\n\n' }}
{%- endif %}
{%- endif %})jinja";
}

}  // namespace millrace::model::testing

#include "output_parser/testing/parsed_answer.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::output_parser::testing {

void PrintTo(const ParsedAnswer& answer, std::ostream* out) {
  *out << "reasoning: \"" << answer.reasoning << "\" content: \"" << answer.content << "\" calls:";
  for (const ParsedCall& call : answer.calls) {
    *out << " " << call.name << "(" << call.arguments << ")" << (call.finished ? "" : "…");
  }
  *out << " order: " << answer.order;
}

std::string InShort(const ParsedAnswer& answer) {
  std::string out = answer.reasoning.empty() ? "" : " think{" + answer.reasoning + "}";
  out += answer.content.empty() ? "" : " text{" + answer.content + "}";
  for (const ParsedCall& call : answer.calls) {
    out += " " + call.name + "(" + call.arguments + ")" + (call.finished ? "" : "…");
  }
  return out.empty() ? out : out.substr(1);
}

void Collect(const std::vector<ParsedPiece>& pieces, ParsedAnswer& answer) {
  auto note = [&answer](char kind) {
    if (answer.order.empty() || answer.order.back() != kind) {
      answer.order += kind;
    }
  };
  for (const ParsedPiece& piece : pieces) {
    if (const auto* reasoning = std::get_if<ReasoningText>(&piece)) {
      EXPECT_FALSE(reasoning->text.empty());
      answer.reasoning += reasoning->text;
      note('r');
    } else if (const auto* content = std::get_if<ContentText>(&piece)) {
      EXPECT_FALSE(content->text.empty());
      answer.content += content->text;
      answer.content_at.emplace_back(content->begin, content->text.size());
      note('c');
    } else if (const auto* started = std::get_if<CallStarted>(&piece)) {
      answer.calls.push_back({started->name, "", false});
      note('s');
    } else if (const auto* arguments = std::get_if<CallArguments>(&piece)) {
      EXPECT_FALSE(arguments->json_text.empty());
      ASSERT_FALSE(answer.calls.empty() || answer.calls.back().finished);
      answer.calls.back().arguments += arguments->json_text;
      note('a');
    } else {
      ASSERT_FALSE(answer.calls.empty() || answer.calls.back().finished);
      answer.calls.back().finished = true;
      note('f');
    }
  }
}

ParsedAnswer ParseAnswer(const Syntax& syntax, const AnswerCase& answer_case) {
  return ParseInParts(syntax, answer_case, {answer_case.text.size() + 1});
}

ParsedAnswer ParseInParts(const Syntax& syntax, const AnswerCase& answer_case,
                          const std::vector<size_t>& sizes) {
  std::unique_ptr<Parser> parser = MakeParser(syntax, answer_case.options);
  ParsedAnswer answer;
  size_t part = 0;
  for (size_t at = 0; at < answer_case.text.size();) {
    size_t size = sizes[part++ % sizes.size()];
    Collect(parser->Add(answer_case.text.substr(at, size)), answer);
    at += size;
  }
  Collect(parser->Finish(answer_case.end), answer);
  std::string content;
  for (auto [begin, size] : answer.content_at) {
    content += answer_case.text.substr(begin, size);
  }
  EXPECT_EQ(content, answer.content) << "pieces say where they stand";
  answer.content_at.clear();
  return answer;
}

namespace {

bool EndsInsideTag(std::string_view text, std::string_view tag) {
  for (size_t size = 2; size <= tag.size(); ++size) {
    if (text.ends_with(tag.substr(0, size))) {
      return true;
    }
  }
  return false;
}

void CheckMarks(const Syntax& syntax, const AnswerCase& answer_case, const ParsedAnswer& answer) {
  if (!HidesCallMarks(syntax, answer_case.options) || answer_case.options.json_content) {
    return;
  }
  for (std::string_view mark : syntax.call_marks) {
    EXPECT_EQ(answer.content.find(mark), std::string::npos) << answer_case.text;
    EXPECT_EQ(answer.reasoning.find(mark), std::string::npos) << answer_case.text;
  }
}

// What has come out before the end of the answer.
ParsedAnswer Added(const Syntax& syntax, const AnswerCase& answer_case, size_t part) {
  std::unique_ptr<Parser> parser = MakeParser(syntax, answer_case.options);
  ParsedAnswer answer;
  for (size_t at = 0; at < answer_case.text.size(); at += part) {
    Collect(parser->Add(answer_case.text.substr(at, part)), answer);
  }
  answer.content_at.clear();
  return answer;
}

// Whether `whole` may be what becomes of `part` when more comes.
void CheckGrowth(const ParsedAnswer& part, const ParsedAnswer& whole, std::string_view text) {
  EXPECT_TRUE(whole.content.starts_with(part.content)) << text;
  EXPECT_TRUE(whole.reasoning.starts_with(part.reasoning)) << text;
  EXPECT_TRUE(whole.order.starts_with(part.order)) << text;
  ASSERT_LE(part.calls.size(), whole.calls.size()) << text;
  for (size_t i = 0; i < part.calls.size(); ++i) {
    const ParsedCall& call = part.calls[i];
    EXPECT_EQ(call.name, whole.calls[i].name) << text;
    EXPECT_TRUE(call.finished ? call == whole.calls[i]
                              : whole.calls[i].arguments.starts_with(call.arguments))
        << text;
  }
}

// Every beginning of the text is an answer like any other, and what is let out of it is never taken
// back. What the end of a cut one lets out must not end inside a tag; what came out before was
// already known to be text.
void CheckPrefixes(const Syntax& syntax, const AnswerCase& answer_case) {
  const ParsedAnswer whole = ParseAnswer(syntax, answer_case);
  std::vector<std::string_view> tags = {syntax.think_open, syntax.think_close};
  if (HidesCallMarks(syntax, answer_case.options)) {
    tags.insert(tags.end(), syntax.call_marks.begin(), syntax.call_marks.end());
  }
  for (size_t size = 0; size < answer_case.text.size(); ++size) {
    AnswerCase prefix = answer_case;
    prefix.text = answer_case.text.substr(0, size);
    const ParsedAnswer added = Added(syntax, prefix, size + 1);
    EXPECT_EQ(Added(syntax, prefix, 1), added) << prefix.text;
    CheckGrowth(added, whole, prefix.text);
    for (Parser::End end : {Parser::End::kComplete, Parser::End::kCut}) {
      prefix.end = end;
      const ParsedAnswer answer = ParseAnswer(syntax, prefix);
      EXPECT_EQ(ParseInParts(syntax, prefix, {1}), answer) << prefix.text;
      CheckMarks(syntax, prefix, answer);
      CheckGrowth(added, answer, prefix.text);
      for (std::string_view tag :
           end == Parser::End::kCut ? tags : std::vector<std::string_view>()) {
        EXPECT_FALSE(answer.content != added.content && EndsInsideTag(answer.content, tag))
            << prefix.text;
        EXPECT_FALSE(answer.reasoning != added.reasoning && EndsInsideTag(answer.reasoning, tag))
            << prefix.text;
      }
    }
  }
}

}  // namespace

void CheckStreaming(const Syntax& syntax, const AnswerCase& answer_case) {
  ParsedAnswer whole = ParseAnswer(syntax, answer_case);
  CheckMarks(syntax, answer_case, whole);
  for (size_t size = 1; size <= 12; ++size) {
    EXPECT_EQ(ParseInParts(syntax, answer_case, {size}), whole)
        << "parts of " << size << " bytes: " << answer_case.text;
  }
  for (size_t first = 1; first < answer_case.text.size(); ++first) {
    EXPECT_EQ(ParseInParts(syntax, answer_case, {first, answer_case.text.size()}), whole)
        << "cut after " << first << " bytes: " << answer_case.text;
  }
  std::minstd_rand random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<size_t> sizes(16);
    for (size_t& size : sizes) {
      size = 1 + random() % 9;
    }
    EXPECT_EQ(ParseInParts(syntax, answer_case, sizes), whole) << answer_case.text;
  }
  CheckPrefixes(syntax, answer_case);
}

}  // namespace millrace::output_parser::testing

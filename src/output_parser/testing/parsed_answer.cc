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

// What Finish lets out of a cut answer must not end inside a tag. (What Add let out was already
// known to be text.)
void CheckPrefixes(const Syntax& syntax, const AnswerCase& answer_case) {
  ParsedAnswer whole = ParseAnswer(syntax, answer_case);
  for (size_t size = 0; size < answer_case.text.size(); ++size) {
    std::string_view prefix = answer_case.text.substr(0, size);
    std::unique_ptr<Parser> parser = MakeParser(syntax, answer_case.options);
    ParsedAnswer answer;
    Collect(parser->Add(prefix), answer);
    ParsedAnswer added = answer;
    Collect(parser->Finish(Parser::End::kCut), answer);
    bool has_tools = !answer_case.options.tool_names.empty();
    std::vector<std::string_view> tags = {syntax.think_open, syntax.think_close};
    if (has_tools) {
      tags.insert(tags.end(), syntax.call_marks.begin(), syntax.call_marks.end());
    }
    for (std::string_view tag : tags) {
      EXPECT_FALSE(answer.content != added.content && EndsInsideTag(answer.content, tag)) << prefix;
      EXPECT_FALSE(answer.reasoning != added.reasoning && EndsInsideTag(answer.reasoning, tag))
          << prefix;
    }
    EXPECT_LE(answer.calls.size(), whole.calls.size()) << prefix;
    // What was let out is never taken back.
    EXPECT_TRUE(whole.content.starts_with(added.content)) << prefix;
    EXPECT_TRUE(whole.reasoning.starts_with(added.reasoning)) << prefix;
  }
}

}  // namespace

void CheckStreaming(const Syntax& syntax, const AnswerCase& answer_case) {
  ParsedAnswer whole = ParseAnswer(syntax, answer_case);
  if (!answer_case.options.tool_names.empty() && !answer_case.options.json_content) {
    for (std::string_view mark : syntax.call_marks) {
      EXPECT_EQ(whole.content.find(mark), std::string::npos) << answer_case.text;
      EXPECT_EQ(whole.reasoning.find(mark), std::string::npos) << answer_case.text;
    }
  }
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

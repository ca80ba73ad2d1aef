#include "local/mark_writer.h"

#include <optional>

namespace millrace::local {

MarkWriter::MarkWriter(const output_parser::Syntax& syntax, const tokenizer::Tokenizer& tokenizer) {
  for (std::string_view mark : syntax.call_marks) {
    const std::optional<base::TokenId> token = tokenizer.Find(mark);
    if (token && (tokenizer.IsControl(*token) || tokenizer.IsUserDefined(*token))) {
      marks_.emplace_back(mark, *token);
    }
  }
}

MarkWriter::Split MarkWriter::SplitAtMark(std::string_view text) const {
  Split split{.before = text, .mark = std::nullopt, .after = {}};
  for (const auto& [mark, token] : marks_) {
    const size_t at = split.before.find(mark);
    if (at != std::string_view::npos) {
      split = {.before = text.substr(0, at), .mark = token, .after = text.substr(at + mark.size())};
    }
  }
  return split;
}

grammar::Expression MarkWriter::Write(std::string_view text) const {
  std::vector<grammar::Expression> parts;
  while (!text.empty()) {
    const Split split = SplitAtMark(text);
    if (!split.before.empty()) {
      parts.push_back(grammar::Expression::Literal(std::string(split.before)));
    }
    if (split.mark) {
      parts.push_back(grammar::Expression::Token({*split.mark}));
    }
    text = split.after;
  }
  return grammar::Expression::Sequence(std::move(parts));
}

}  // namespace millrace::local

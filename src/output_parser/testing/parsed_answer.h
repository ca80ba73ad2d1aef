// An answer as tests compare it: what the pieces of a parser add up to.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output_parser/parser.h"

namespace millrace::output_parser::testing {

struct ParsedCall {
  std::string name;
  std::string arguments;
  bool finished = false;
  bool operator==(const ParsedCall&) const = default;
};

struct ParsedAnswer {
  std::string reasoning;
  std::string content;
  std::vector<ParsedCall> calls;
  // The kinds of pieces in order, neighbours of one kind counted once: r, c, s (call), a
  // (arguments), f (finished).
  std::string order;
  std::vector<std::pair<size_t, size_t>> content_at = {};  // begin and length of its pieces
  bool operator==(const ParsedAnswer&) const = default;
};

void PrintTo(const ParsedAnswer& answer, std::ostream* out);

// An answer in one line, for tables: "think{…} text{…} name(arguments)", without what is not there.
// A call that did not finish ends in "…".
std::string InShort(const ParsedAnswer& answer);

// Adds pieces to an answer. Fails the running test on empty deltas and on arguments outside of a
// call.
void Collect(const std::vector<ParsedPiece>& pieces, ParsedAnswer& answer);

struct AnswerCase {
  std::string_view text;
  ParserOptions options = {};
  Parser::End end = Parser::End::kComplete;
};

// Reads the whole text at once.
ParsedAnswer ParseAnswer(const Syntax& syntax, const AnswerCase& answer_case);
// Reads the text in parts of these sizes, over and over.
ParsedAnswer ParseInParts(const Syntax& syntax, const AnswerCase& answer_case,
                          const std::vector<size_t>& sizes);
// Checks that an answer and every beginning of it come out the same however they are cut into
// parts, that no mark is in its texts, that what is let out is never taken back, and that the end
// of one that was cut lets no part of a tag out.
void CheckStreaming(const Syntax& syntax, const AnswerCase& answer_case);

}  // namespace millrace::output_parser::testing

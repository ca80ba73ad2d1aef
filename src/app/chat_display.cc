#include "app/chat_display.h"

#include <string>

#include "base/utf8.h"

namespace millrace::app {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

// Without control characters but tab and line feed: an answer must not steer the terminal.
std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const base::Utf8Char c = base::DecodeUtf8(text);
    const bool control = c.code_point < 0x20 || (c.code_point >= 0x7F && c.code_point < 0xA0);
    if (!control || c.code_point == '\n' || c.code_point == '\t') {
      printable += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  return printable;
}

}  // namespace

void ChatDisplay::Prompt() {
  if (style_.terminal) {
    out_ << "> " << std::flush;
  }
}

void ChatDisplay::Note(std::string_view text) {
  if (style_.terminal) {
    out_ << text << '\n' << std::flush;
  }
}

void ChatDisplay::Show(const ReplyPiece& piece) {
  if (!style_.terminal) {
    out_ << piece.content << std::flush;
    return;
  }
  if (!piece.reasoning.empty()) {
    if (!in_reasoning_ && style_.colors) {
      out_ << kDim;
    }
    in_reasoning_ = true;
    out_ << Printable(piece.reasoning);
  }
  if (!piece.content.empty()) {
    EndReasoning();
    out_ << Printable(piece.content);
  }
  out_ << std::flush;
}

void ChatDisplay::EndAnswer() {
  EndReasoning();
  out_ << '\n' << std::flush;
}

void ChatDisplay::EndReasoning() {
  if (!in_reasoning_) {
    return;
  }
  in_reasoning_ = false;
  if (style_.colors) {
    out_ << kPlain;
  }
  out_ << "\n\n";
}

}  // namespace millrace::app

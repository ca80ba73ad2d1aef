// How the chat client shows a conversation.
#pragma once

#include <ostream>
#include <string_view>

#include "app/chat_reply.h"

namespace millrace::app {

// On a terminal: a prompt, notes, dimmed reasoning, and no control characters from answers.
// Elsewhere: the content of answers alone, byte for byte.
class ChatDisplay {
 public:
  struct Style {
    bool terminal = false;
    bool colors = false;  // escape sequences may be used, on a terminal
  };
  // `out` is kept.
  ChatDisplay(std::ostream& out, const Style& style) : out_(out), style_(style) {}

  bool terminal() const { return style_.terminal; }

  void Prompt();
  // A line for the person at a terminal.
  void Note(std::string_view text);
  void Show(const ReplyPiece& piece);
  void EndAnswer();

 private:
  void EndReasoning();

  std::ostream& out_;
  Style style_;
  bool in_reasoning_ = false;
};

}  // namespace millrace::app

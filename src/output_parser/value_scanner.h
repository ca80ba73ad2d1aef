// Finds where a value written as tagged text ends, though the text may hold the very marks that
// end it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "output_parser/json_text.h"
#include "output_parser/marks.h"
#include "output_parser/syntax.h"

namespace millrace::output_parser {

// Reads the values of a call's arguments, one after the other.
//
// A value's closing mark ends it where something comes next that may follow an argument, white
// space aside: the mark of another argument, of a call or a section, a second closing mark, the end
// of the answer. Elsewhere the mark is text; so it is when it belongs to an argument opened inside
// of the value, and inside of a JSON string when the value is JSON.
//
// Where values are written in lines, an argument that the call cannot have does not follow, unless
// it is closed and something follows that can: what comes behind a closing mark is held until then.
//
// A value that lacks its closing mark ends at an argument that the call may still have, and at the
// marks that end the call where nothing comes behind them. Where the form writes values in lines,
// an argument inside of a value is one only at the beginning of a line.
class ValueScanner {
 public:
  explicit ValueScanner(const Syntax& syntax);

  // `json`: the value is meant to be JSON. `keys_known`: MayFollow knows what the call can have.
  void Begin(bool json, bool keys_known);

  struct Found {
    bool ended = false;
    std::string unread = {};  // with `ended`: what came behind the value and its closing mark
  };
  // Whether the call may have an argument of this name behind the one being read.
  using MayFollow = std::function<bool(std::string_view name)>;
  // Appends what is certainly part of the value to `text`. `reread`: the byte was unread before, so
  // that what follows a closing mark is decided.
  Found Consume(char byte, bool reread, const MayFollow& may_follow, std::string& text);
  // The answer is over. What has not been appended to the text is no part of the value; `ended`
  // says whether its closing mark came.
  Found Finish() const;

 private:
  enum class State {
    kText,
    kClosed,      // behind the closing mark
    kMaybeOver,   // behind marks that end the value if the answer ends there
    kInUnknown,   // behind the closing mark, in an argument that the call cannot have
    kUnknownEnd,  // behind that
  };
  enum Mark { kArgument, kClose, kInnerCall, kCallOpen, kCallEnd };

  Found OnMark(int mark, bool reread, std::string& text);
  Found OnMarkBehind(int mark, bool reread);
  void OnMarkInUnknown(int mark);
  void BeginOpening(std::string_view mark);
  Found OnMarkInText(int mark, std::string& text);
  void OnText(std::string_view bytes, std::string& text);
  Found OnOpeningByte(char byte, const MayFollow& may_follow, std::string& text);
  Found OnOpening(const MayFollow& may_follow, std::string& text);
  bool OpeningMayGoOn(char byte);
  void Hold(std::string_view mark, State state, size_t closing_bytes);
  Found End(std::string_view behind) const;
  void Resume(std::string& text);
  void Emit(std::string_view bytes, std::string& text);

  bool in_json_string() const { return json_ && extent_.in_string(); }
  bool behind_closing_mark() const {
    return state_ == State::kClosed || state_ == State::kUnknownEnd;
  }
  bool behind_inner_argument() const {
    return state_ == State::kMaybeOver && closing_bytes_ > 0 && only_space_held_;
  }

  const std::string_view inner_call_;
  const std::string_view inner_call_end_;
  const std::string key_end_;  // what an argument's key ends with, without white space
  const bool value_in_lines_;
  MarkFinder marks_;

  State state_ = State::kText;
  std::string held_;              // what is text unless the value has ended
  size_t closing_bytes_ = 0;      // of it, a closing mark
  bool only_space_held_ = false;  // behind the first mark

  std::string opening_;  // an argument's mark and its key, while the key is read
  size_t opening_mark_bytes_ = 0;
  size_t key_bytes_ = 0;
  size_t key_end_matched_ = 0;

  int64_t depth_ = 0;          // of arguments opened inside of the value
  int64_t unknown_depth_ = 0;  // inside of the argument that the call cannot have
  bool keys_known_ = false;
  int64_t inner_calls_ = 0;
  bool at_line_start_ = true;
  bool json_ = false;  // JSON as far as it came
  bool json_begun_ = false;
  ExtentScanner extent_;
};

}  // namespace millrace::output_parser

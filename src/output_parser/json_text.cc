#include "output_parser/json_text.h"

#include <fmt/format.h>

#include <string_view>

#include "base/utf8.h"

namespace millrace::output_parser {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

std::string EscapedForJson(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

void StringDecoder::FlushSurrogate(std::string& out) {
  if (high_surrogate_ != 0) {
    base::AppendUtf8(kReplacement, out);
    high_surrogate_ = 0;
  }
}

StringDecoder::Progress StringDecoder::Consume(char byte, std::string& out) {
  switch (state_) {
    case State::kEscape:
      return ConsumeEscape(byte, out);
    case State::kHex:
      return ConsumeHex(byte, out);
    case State::kPlain:
      break;
  }
  if (byte == '\\') {
    state_ = State::kEscape;
    return Progress::kMore;
  }
  FlushSurrogate(out);
  if (byte == '"') {
    return Progress::kEnd;
  }
  out += byte;
  return Progress::kMore;
}

StringDecoder::Progress StringDecoder::ConsumeEscape(char byte, std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  state_ = State::kPlain;
  if (byte == 'u') {
    state_ = State::kHex;
    code_ = 0;
    digits_ = 0;
    return Progress::kMore;
  }
  FlushSurrogate(out);
  size_t found = kLetters.find(byte);
  if (found == std::string_view::npos) {
    out += '\\';
    out += byte;
    return Progress::kInvalid;
  }
  out += kValues[found];
  return Progress::kMore;
}

StringDecoder::Progress StringDecoder::ConsumeHex(char byte, std::string& out) {
  bool decimal = byte >= '0' && byte <= '9';
  char lower = static_cast<char>(byte | 0x20);
  if (!decimal && (lower < 'a' || lower > 'f')) {
    state_ = State::kPlain;
    FlushSurrogate(out);
    out += byte;
    return Progress::kInvalid;
  }
  code_ = code_ * 16 + static_cast<uint32_t>(decimal ? byte - '0' : lower - 'a' + 10);
  if (++digits_ < 4) {
    return Progress::kMore;
  }
  state_ = State::kPlain;
  bool low = code_ >= 0xDC00 && code_ <= 0xDFFF;
  if (low && high_surrogate_ != 0) {
    base::AppendUtf8(0x10000 + ((high_surrogate_ - 0xD800) << 10U) + (code_ - 0xDC00), out);
    high_surrogate_ = 0;
    return Progress::kMore;
  }
  FlushSurrogate(out);
  if (code_ >= 0xD800 && code_ <= 0xDBFF) {
    high_surrogate_ = code_;
  } else {
    base::AppendUtf8(low ? kReplacement : code_, out);
  }
  return Progress::kMore;
}

bool ExtentScanner::Consume(char byte) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
    }
    return false;
  }
  if (byte == '"') {
    in_string_ = true;
  } else if (byte == '{' || byte == '[') {
    ++depth_;
  } else if (byte == '}' || byte == ']') {
    --depth_;
  }
  return depth_ <= 0;
}

}  // namespace millrace::output_parser

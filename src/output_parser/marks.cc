#include "output_parser/marks.h"

namespace millrace::output_parser {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && IsSpace(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<std::string_view> Pieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (text = Trimmed(text); !text.empty(); text = Trimmed(text)) {
    size_t size = 0;
    while (size < text.size() && !IsSpace(text[size]) &&
           (size == 0 || text[size] != '<' || text[size - 1] != '>')) {
      ++size;
    }
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

bool MarkFinder::MayBecomeMark(int& complete) const {
  bool may = false;
  for (size_t i = 0; i < marks_.size(); ++i) {
    if (!marks_[i].empty() && marks_[i].starts_with(held_)) {
      may = true;
      complete = marks_[i].size() == held_.size() ? static_cast<int>(i) : complete;
    }
  }
  return may;
}

int MarkFinder::Consume(char byte, std::string& text) {
  int complete = -1;
  held_ += byte;
  if (MayBecomeMark(complete)) {
    if (complete >= 0) {
      held_.clear();
    }
    return complete;
  }
  held_.pop_back();
  text += held_;
  held_.assign(1, byte);
  if (!MayBecomeMark(complete)) {
    text += byte;
    held_.clear();
  }
  return -1;
}

bool LooseLiteral::Consume(char byte) {
  if (IsSpace(byte)) {
    return true;
  }
  if (rest_.empty() || rest_.front() != byte) {
    return false;
  }
  rest_.remove_prefix(1);
  SkipSpace();
  return true;
}

void LooseLiteral::SkipSpace() {
  while (!rest_.empty() && IsSpace(rest_.front())) {
    rest_.remove_prefix(1);
  }
}

CallReader::Step CallEnd::Consume(char byte) {
  if (held_.empty() && (IsSpace(byte) || ignored_.find(byte) != std::string_view::npos)) {
    return {};
  }
  held_ += byte;
  if (held_ == mark_) {
    return {CallReader::Progress::kDone};
  }
  if (held_ == repeated_) {
    held_.clear();
    return {};
  }
  if (mark_.starts_with(held_) || repeated_.starts_with(held_)) {
    return {};
  }
  return {CallReader::Progress::kDone, held_.size()};
}

}  // namespace millrace::output_parser

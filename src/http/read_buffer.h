// Bytes received and not yet used. Holds no memory while it is empty and released, so that an
// idle connection costs none.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::http {

class ReadBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `count` more bytes after the ones held; follow with Commit.
  std::span<char> Prepare(size_t count) {
    if (capacity_ - end_ < count) {
      MakeRoom(count);
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void Commit(size_t count) { end_ += count; }

  // Drops bytes from the front.
  void Consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }

  // Gives the memory back when nothing is held.
  void ReleaseIfEmpty() {
    if (empty()) {
      data_.reset();
      begin_ = end_ = capacity_ = 0;
    }
  }

 private:
  void MakeRoom(size_t count) {
    const size_t held = size();
    if (capacity_ >= held + count) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      const size_t capacity = held + count + held / 2;
      auto data = std::make_unique_for_overwrite<char[]>(capacity);
      if (held > 0) {
        std::memcpy(data.get(), data_.get() + begin_, held);
      }
      data_ = std::move(data);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> data_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace millrace::http

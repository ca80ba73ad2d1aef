#include "http/message_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <exception>
#include <limits>
#include <optional>

namespace millrace::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

// A chunk header or the trailers must fit here; Beast needs each of them in one piece.
constexpr size_t kChunkFramingBytesMax = 16 * 1024;

std::string ToString(BeastView text) { return std::string(text.data(), text.size()); }

// Collects what Beast's parser reports. Trailer fields are dropped: nothing here reads them.
template <bool kIsRequest>
class Recorder : public beast::http::basic_parser<kIsRequest> {
  using Base = beast::http::basic_parser<kIsRequest>;

 public:
  Recorder() {
    // The caller bounds the head by its own scan, and the body by its own limit.
    Base::header_limit(std::numeric_limits<uint32_t>::max());
    Base::body_limit(boost::none);
  }

  std::string method;
  std::string target;
  int status_code = 0;
  int version_number = 0;
  HeaderList headers;

  // Feeds the whole head. Everything must be used, or the head was not one head.
  base::Status PutHead(std::string_view bytes) {
    error_code ec;
    Base::eager(false);
    size_t used = 0;
    while (!ec && !Base::is_header_done() && used < bytes.size()) {
      used += Base::put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    }
    head_done_ = true;
    if (ec || !Base::is_header_done() || used != bytes.size()) {
      return base::InvalidArgument(ec ? ec.message() : "incomplete head");
    }
    Base::eager(true);
    return {};
  }

  BodyProgress PutBody(std::string_view bytes, std::string& out) {
    if (Base::is_done()) {
      return {.used = 0, .state = BodyState::kComplete};
    }
    out_ = &out;
    error_code ec;
    const size_t used = Base::put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    out_ = nullptr;
    if (ec == beast::http::error::body_limit) {
      return {.used = used, .state = BodyState::kTooLarge};
    }
    const bool stuck = bytes.size() - used > kChunkFramingBytesMax;
    if ((ec && ec != beast::http::error::need_more) || (!Base::is_done() && stuck)) {
      return {.used = used, .state = BodyState::kMalformed};
    }
    return {.used = used, .state = Base::is_done() ? BodyState::kComplete : BodyState::kNeedMore};
  }

 private:
  void on_request_impl(beast::http::verb, BeastView method_text, BeastView target_text, int version,
                       error_code&) override {
    method = ToString(method_text);
    target = ToString(target_text);
    version_number = version;
  }
  void on_response_impl(int code, BeastView, int version, error_code&) override {
    status_code = code;
    version_number = version;
  }
  void on_field_impl(beast::http::field, BeastView name, BeastView value, error_code&) override {
    if (!head_done_) {
      headers.emplace_back(ToString(name), ToString(value));
    }
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(BeastView body, error_code&) override { return Take(body); }
  void on_chunk_header_impl(uint64_t, BeastView, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, BeastView body, error_code&) override { return Take(body); }
  void on_finish_impl(error_code&) override {}

  size_t Take(BeastView body) {
    out_->append(body.data(), body.size());
    return body.size();
  }

  std::string* out_ = nullptr;
  bool head_done_ = false;
};

bool IsDecimal(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Framing that two readers could understand differently is refused, whatever Beast would make of
// it: lists of lengths, other codings, chunks under HTTP/1.0, two hosts.
base::Status CheckFraming(const RequestHead& head, bool http11) {
  const size_t lengths = head.HeaderCount("Content-Length");
  const size_t encodings = head.HeaderCount("Transfer-Encoding");
  if (lengths + encodings > 1) {
    return base::InvalidArgument("more than one header says how long the body is");
  }
  if (lengths == 1 && !IsDecimal(*head.Header("Content-Length"))) {
    return base::InvalidArgument("Content-Length is not a number");
  }
  if (encodings == 1 &&
      (!http11 || !EqualsIgnoringCase(*head.Header("Transfer-Encoding"), "chunked"))) {
    return base::InvalidArgument("Transfer-Encoding is not \"chunked\"");
  }
  if (head.HeaderCount("Host") > 1) {
    return base::InvalidArgument("more than one Host header");
  }
  return {};
}

}  // namespace

class RequestParser::Impl : public Recorder<true> {
 public:
  bool expects_continue = false;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;

base::Status RequestParser::ParseHead(std::string_view bytes, RequestHead& head) {
  base::Status parsed = impl_->PutHead(bytes);
  head.method = std::move(impl_->method);
  head.headers = std::move(impl_->headers);
  if (!parsed.has_value()) {
    return parsed;
  }
  TRY(CheckFraming(head, http11()));
  if (const auto length = impl_->content_length()) {
    head.content_length = *length;
  }
  const std::optional<std::string_view> expect = head.Header("Expect");
  impl_->expects_continue = http11() && expect && EqualsIgnoringCase(*expect, "100-continue");
  return {};
}

std::string_view RequestParser::target() const { return impl_->target; }
bool RequestParser::http11() const { return impl_->version_number >= 11; }
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::has_body() const { return !impl_->is_done(); }
bool RequestParser::is_chunked() const { return impl_->chunked(); }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
void RequestParser::set_body_limit(uint64_t bytes_max) { impl_->body_limit(bytes_max); }

BodyProgress RequestParser::FeedBody(std::string_view bytes, std::string& out) {
  return impl_->PutBody(bytes, out);
}

class ResponseParser::Impl : public Recorder<false> {};

ResponseParser::ResponseParser(bool bodiless) : impl_(std::make_unique<Impl>()) {
  impl_->skip(bodiless);
}
ResponseParser::~ResponseParser() = default;

base::Status ResponseParser::ParseHead(std::string_view bytes, Response& response) {
  TRY(impl_->PutHead(bytes));
  response.status = impl_->status_code;
  response.headers = std::move(impl_->headers);
  return {};
}

bool ResponseParser::ends_with_connection() const { return impl_->need_eof(); }

BodyProgress ResponseParser::FeedBody(std::string_view bytes, std::string& out) {
  return impl_->PutBody(bytes, out);
}

}  // namespace millrace::http

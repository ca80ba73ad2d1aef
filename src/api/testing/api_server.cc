#include "api/testing/api_server.h"

#include <chrono>
#include <utility>

#include "api/header_text.h"
#include "api/testing/parse_fixture.h"
#include "http/sse.h"

namespace millrace::api {

// Servers of the test itself are on this machine.
media::MediaLoaderOptions ApiServer::TestMedia() {
  media::MediaLoaderOptions options;
  options.fetcher.allowed_addresses = {"127.0.0.0/8"};
  return options;
}

ApiServer::ApiServer(ApiOptions options, accounts::Store* store)
    : settings_({.options = std::move(options), .limits = {}}),
      limiter_(accounts::Limiter::Create({}, &clock_)),
      media_(media::MediaLoader::Create(TestMedia()).value()),
      backend_(std::make_shared<chat::ScriptedBackend>(HybridRecord())),
      vision_(std::make_shared<chat::ScriptedBackend>(VisionRecord())),
      resolver_({backend_, std::make_shared<chat::ScriptedBackend>(PlainRecord()), vision_}) {
  ApiServices services;
  services.settings = &settings_;
  services.limiter = limiter_.get();
  services.media = media_.get();
  services.clock = &clock_;
  services.random = &random_;
  services.metrics = &metrics_;
  services.backends = &resolver_;
  services.store = store;
  services.worker = &worker_;
  services.media_worker = &worker_;
  services.remote_media_worker = &remote_media_worker_;
  services.schema_worker = &schema_worker_;
  services.log = [this](const RequestLog& log) {
    const std::lock_guard lock(mutex_);
    logs_.push_back(log);
    logged_.notify_all();
  };
  handler_ = std::make_unique<ApiHandler>(std::move(services));
  server_ = std::make_unique<http::ServerThread>(handler_.get());
}

// Work under way comes back to the server's event loop, so that has to be there still.
ApiServer::~ApiServer() {
  schema_worker_.Stop();
  remote_media_worker_.Stop();
  worker_.Stop();
}

std::string ApiServer::Body(std::string_view more) {
  std::string body = R"({"model":"M","messages":[{"role":"user","content":"hi"}])";
  if (!more.empty()) {
    body += ',';
    body += more;
  }
  return body + "}";
}

std::string ApiServer::RequestText(std::string_view method, std::string_view path,
                                   std::string_view body, std::string_view headers) {
  std::string text(method);
  text += ' ';
  text += path;
  text += " HTTP/1.1\r\nHost: test\r\n";
  text += headers;
  if (method == "POST" && headers.find("Transfer-Encoding") == std::string_view::npos) {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  text += "\r\n";
  text += body;
  return text;
}

http::Response ApiServer::Send(std::string_view method, std::string_view path,
                               std::string_view body, std::string_view headers) {
  http::RawClient client = Connect();
  client.Send(RequestText(method, path, body, headers));
  return client.ReadResponse(method == "HEAD");
}

http::Response ApiServer::Chat(std::string_view body, std::string_view headers) {
  return Send("POST", "/v1/chat/completions", body, headers);
}

http::Response ApiServer::ChatWith(std::string_view more, std::string_view headers) {
  return Chat(Body(more), headers);
}

std::vector<RequestLog> ApiServer::WaitForLogs(size_t count) {
  std::unique_lock lock(mutex_);
  logged_.wait_for(lock, std::chrono::seconds(10), [&] { return logs_.size() >= count; });
  return logs_;
}

std::string HeaderOf(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (EqualsIgnoringCase(key, name)) {
      return value;
    }
  }
  return {};
}

std::vector<std::string> EventsOf(std::string_view body) {
  http::SseReader reader;
  reader.Add(body);
  std::vector<std::string> events;
  while (auto event = reader.Next()) {
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace millrace::api

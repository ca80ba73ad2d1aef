// The whole HTTP interface over a real server on a loopback port, with a scripted backend behind
// the models "M" and "V" of ParseFixture.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/accounts.h"
#include "api/api_handler.h"
#include "api/testing/fixed_resolver.h"
#include "base/fair_pool.h"
#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "chat/testing/scripted_backend.h"
#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"
#include "metrics/registry.h"

namespace millrace::api {

class ApiServer {
 public:
  // `store` null: without authentication.
  explicit ApiServer(ApiOptions options = {}, accounts::Store* store = nullptr);
  ~ApiServer();

  chat::ScriptedBackend& backend() { return *backend_; }
  // Behind the model "V".
  chat::ScriptedBackend& vision() { return *vision_; }
  LiveSettings& settings() { return settings_; }
  ApiHandler& handler() { return *handler_; }
  http::ServerThread& server() { return *server_; }
  base::FakeClock& clock() { return clock_; }
  // Where requests with anything to fetch are held up, and no others.
  base::FairPool& remote_media_worker() { return remote_media_worker_; }
  // Where requests with large bodies are held up, and no others.
  base::FairPool& schema_worker() { return schema_worker_; }
  http::RawClient Connect() { return http::RawClient(server_->port()); }

  // One request on a connection of its own. `headers` are whole lines, each ended with \r\n.
  http::Response Send(std::string_view method, std::string_view path, std::string_view body = "",
                      std::string_view headers = "");
  // POST /v1/chat/completions.
  http::Response Chat(std::string_view body, std::string_view headers = "");
  // The same for one user message to model "M", plus `more` members.
  http::Response ChatWith(std::string_view more, std::string_view headers = "");
  static std::string Body(std::string_view more = "");
  static std::string RequestText(std::string_view method, std::string_view path,
                                 std::string_view body, std::string_view headers = "");

  // Waits until `count` requests have ended; all logs so far.
  std::vector<RequestLog> WaitForLogs(size_t count);

 private:
  static media::MediaLoaderOptions TestMedia();

  base::FakeClock clock_;
  base::FakeRandom random_;
  metrics::Registry metrics_;
  LiveSettings settings_;
  std::unique_ptr<accounts::Limiter> limiter_;
  std::unique_ptr<media::MediaLoader> media_;
  std::shared_ptr<chat::ScriptedBackend> backend_;
  std::shared_ptr<chat::ScriptedBackend> vision_;
  FixedResolver resolver_;
  base::FairPool worker_{1};
  base::FairPool remote_media_worker_{1};
  base::FairPool schema_worker_{1};
  std::mutex mutex_;
  std::condition_variable logged_;
  std::vector<RequestLog> logs_;
  std::unique_ptr<ApiHandler> handler_;
  std::unique_ptr<http::ServerThread> server_;
};

// The value of a header, empty when absent.
std::string HeaderOf(const http::Response& response, std::string_view name);
// The data of each event of a stream, in order.
std::vector<std::string> EventsOf(std::string_view body);

}  // namespace millrace::api

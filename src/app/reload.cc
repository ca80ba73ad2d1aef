#include "app/reload.h"

#include <tuple>
#include <utility>

namespace millrace::app {
namespace {

class Keeper {
 public:
  template <typename T>
  void Keep(const char* name, const T& running, T& wanted) {
    if (running != wanted) {
      names_.emplace_back(name);
      wanted = running;
    }
  }
  std::vector<std::string> names() && { return std::move(names_); }

 private:
  std::vector<std::string> names_;
};

void KeepEngine(const ServeOptions& running, ServeOptions& wanted, Keeper& keeper) {
  const engine::EngineOptions& old = running.engine;
  engine::EngineOptions& now = wanted.engine;
  keeper.Keep("threads", old.thread_count, now.thread_count);
  keeper.Keep("engine.kv_memory", old.kv_bytes_max, now.kv_bytes_max);
  keeper.Keep("engine.context", old.context_tokens, now.context_tokens);
  keeper.Keep("engine.queue_length", old.queue_length_max, now.queue_length_max);
  keeper.Keep("engine.running_sequences", old.running_sequences_max, now.running_sequences_max);
  keeper.Keep("engine.step_tokens", old.step_tokens_max, now.step_tokens_max);
  keeper.Keep("engine.block_size", old.block_size, now.block_size);
  keeper.Keep("engine.event_queue", old.event_queue_max, now.event_queue_max);
}

void KeepMedia(const ServeOptions& running, ServeOptions& wanted, Keeper& keeper) {
  const media::MediaLoaderOptions& old = running.media;
  media::MediaLoaderOptions& now = wanted.media;
  keeper.Keep("api.fetch_remote_media", old.fetch_remote_media, now.fetch_remote_media);
  const auto parts = [](const media::MediaLoaderOptions& options) {
    const media::FetcherOptions& fetcher = options.fetcher;
    return std::tuple(options.item_bytes_max, options.total_bytes_max, options.total_pixels_max,
                      options.decode.pixels_max, options.decode.side_max, fetcher.allowed_addresses,
                      fetcher.allowed_hosts, fetcher.allowed_ports, fetcher.ca_file,
                      fetcher.time_max, fetcher.redirects_max);
  };
  auto wanted_parts = parts(now);
  keeper.Keep("api.media", parts(old), wanted_parts);
  now = old;
}

void KeepHttp(const ServeOptions& running, ServeOptions& wanted, Keeper& keeper) {
  const http::ServerOptions& old = running.http;
  http::ServerOptions& now = wanted.http;
  keeper.Keep("http.connections", old.connections_max, now.connections_max);
  keeper.Keep("http.head_bytes", old.head_bytes_max, now.head_bytes_max);
  keeper.Keep("http.header_lines", old.header_lines_max, now.header_lines_max);
  keeper.Keep("http.bodies_memory", old.bodies_bytes_max, now.bodies_bytes_max);
  keeper.Keep("http.head_timeout_s", old.head_timeout, now.head_timeout);
  keeper.Keep("http.body_timeout_s", old.body_timeout, now.body_timeout);
  keeper.Keep("http.body_bytes_per_s", old.body_rate_min, now.body_rate_min);
  keeper.Keep("http.idle_timeout_s", old.idle_timeout, now.idle_timeout);
  keeper.Keep("http.stall_timeout_s", old.stall_timeout, now.stall_timeout);
}

}  // namespace

std::vector<std::string> KeepFixedSettings(const ServeOptions& running, ServeOptions& wanted) {
  Keeper keeper;
  auto listen = std::pair(wanted.host, wanted.port);
  keeper.Keep("listen", std::pair(running.host, running.port), listen);
  std::tie(wanted.host, wanted.port) = listen;
  keeper.Keep("data", running.data_directory, wanted.data_directory);
  keeper.Keep("authentication", running.authentication, wanted.authentication);
  KeepEngine(running, wanted, keeper);
  KeepMedia(running, wanted, keeper);
  keeper.Keep("limits.tpm_reservation", running.limiter.reservation, wanted.limiter.reservation);
  keeper.Keep("limits.day_zone", running.limiter.day_offset, wanted.limiter.day_offset);
  KeepHttp(running, wanted, keeper);
  return std::move(keeper).names();
}

}  // namespace millrace::app

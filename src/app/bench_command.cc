#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>
#include <thread>

#include "app/commands.h"
#include "base/clock.h"
#include "gguf/reader.h"
#include "json/json.h"
#include "kernels/thread_pool.h"
#include "model/bench.h"
#include "model/model.h"

namespace millrace::app {
namespace {

boost::json::object ToJson(const model::BenchSamples& samples) {
  return {{"tokens", samples.tokens},
          {"seconds", boost::json::array(samples.seconds.begin(), samples.seconds.end())},
          {"tokens_per_second", samples.tokens_per_second()}};
}

void PrintJson(const BenchOptions& options, int32_t threads, const model::BenchResult& result,
               std::ostream& out) {
  boost::json::object object{{"model", options.path}, {"threads", threads}};
  if (!result.prefill.empty()) {
    object["prefill"] = ToJson(result.prefill.front().samples);
  }
  boost::json::array decode;
  for (const model::DecodeBench& row : result.decode) {
    boost::json::object entry = ToJson(row.samples);
    entry["batch"] = row.sequence_count;
    entry["depth"] = row.depth;
    decode.push_back(std::move(entry));
  }
  object["decode"] = std::move(decode);
  out << json::Serialize(object) << '\n';
}

void PrintText(const BenchOptions& options, int32_t threads, const model::BenchResult& result,
               std::ostream& out) {
  out << fmt::format("{}, {} threads\n", options.path, threads);
  const auto row = [&out](const std::string& name, const model::BenchSamples& samples) {
    const auto [fastest, slowest] = std::ranges::minmax(samples.seconds);
    const auto tokens = static_cast<double>(samples.tokens);
    out << fmt::format("  {:<28} {:>9.1f} tok/s  ({:.1f} to {:.1f})\n", name,
                       samples.tokens_per_second(), tokens / slowest, tokens / fastest);
  };
  for (const model::PrefillBench& prefill : result.prefill) {
    row(fmt::format("prefill {}", prefill.prompt_tokens), prefill.samples);
  }
  for (const model::DecodeBench& decode : result.decode) {
    row(fmt::format("decode × {} at depth {}", decode.sequence_count, decode.depth),
        decode.samples);
  }
}

}  // namespace

int RunBench(const BenchOptions& options, std::ostream& out, std::ostream& err) {
  const auto file = gguf::File::Open(options.path);
  base::Result<std::unique_ptr<model::Model>> model =
      file.has_value() ? model::Load(*file)
                       : base::Result<std::unique_ptr<model::Model>>(file.error());
  if (!model.has_value()) {
    err << model.error().message << '\n';
    return kExitFailed;
  }
  const int32_t threads =
      options.threads > 0 ? options.threads
                          : static_cast<int32_t>(std::max(1U, std::thread::hardware_concurrency()));
  kernels::ThreadPool pool(threads);
  const base::SystemClock clock;
  model::BenchOptions wanted;
  wanted.prefill_tokens = options.prefill;
  wanted.decode_tokens = options.decode;
  wanted.depth = options.depth;
  wanted.batch_sizes = options.batch;
  wanted.repetitions = options.repetitions;
  const base::Result<model::BenchResult> result = model::RunBench(**model, pool, clock, wanted);
  if (!result.has_value()) {
    err << result.error().message << '\n';
    return kExitFailed;
  }
  if (options.json) {
    PrintJson(options, threads, *result, out);
  } else {
    PrintText(options, threads, *result, out);
  }
  return kExitOk;
}

}  // namespace millrace::app

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <ostream>

#include "app/commands.h"
#include "gguf/reader.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr size_t kShownItems = 8;

// One item of an array, or a scalar, as text.
std::string Show(int64_t value) { return fmt::format("{}", value); }
std::string Show(double value) { return fmt::format("{:g}", value); }
std::string Show(bool value) { return value ? "true" : "false"; }
std::string Show(std::string_view value) {
  constexpr size_t kShownBytes = 120;
  std::string quoted;
  json::AppendQuoted(value.substr(0, kShownBytes), quoted);
  return value.size() > kShownBytes ? fmt::format("{}… ({} bytes)", quoted, value.size()) : quoted;
}
template <typename T>
std::string Show(const std::vector<T>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size() && i < kShownItems; ++i) {
    text += (i == 0 ? "" : ", ") + Show(static_cast<T>(values[i]));
  }
  return text + (values.size() > kShownItems ? fmt::format(", … {} items]", values.size()) : "]");
}

boost::json::value ToJson(const gguf::Value& value) {
  return std::visit(
      [](const auto& item) -> boost::json::value {
        if constexpr (requires { item.begin(); } &&
                      !std::is_same_v<std::decay_t<decltype(item)>, std::string_view>) {
          return boost::json::array(item.begin(), item.end());
        } else {
          return boost::json::value(item);
        }
      },
      value);
}

std::string Shape(const gguf::TensorInfo& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.dims, ", "));
}

void PrintText(const gguf::File& file, std::ostream& out) {
  out << fmt::format("GGUF version {}, {} metadata keys, {} tensors\n\n", file.version(),
                     file.metadata().size(), file.tensors().size());
  for (const gguf::KeyValue& entry : file.metadata()) {
    const std::string text = std::visit([](const auto& value) { return Show(value); }, entry.value);
    out << fmt::format("{:<48} {}\n", entry.key, text);
  }
  out << '\n';
  std::map<std::string_view, std::pair<int64_t, int64_t>> by_type;  // count, bytes
  int64_t parameters = 0;
  int64_t bytes = 0;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    const std::string_view type = gguf::InfoOf(tensor.type).name;
    out << fmt::format("{:<40} {:>7} {}\n", tensor.name, type, Shape(tensor));
    by_type[type].first += 1;
    by_type[type].second += static_cast<int64_t>(tensor.data.size());
    parameters += tensor.element_count();
    bytes += static_cast<int64_t>(tensor.data.size());
  }
  out << fmt::format("\n{} parameters, {} bytes of weights:", parameters, bytes);
  for (const auto& [type, sums] : by_type) {
    out << fmt::format(" {} × {} ({} bytes)", sums.first, type, sums.second);
  }
  out << '\n';
}

void PrintJson(const gguf::File& file, std::ostream& out) {
  boost::json::object metadata;
  for (const gguf::KeyValue& entry : file.metadata()) {
    metadata[entry.key] = ToJson(entry.value);
  }
  boost::json::array tensors;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    tensors.push_back({{"name", tensor.name},
                       {"type", gguf::InfoOf(tensor.type).name},
                       {"dims", boost::json::array(tensor.dims.begin(), tensor.dims.end())},
                       {"bytes", tensor.data.size()}});
  }
  out << json::Serialize(boost::json::object{{"version", file.version()},
                                             {"metadata", std::move(metadata)},
                                             {"tensors", std::move(tensors)}})
      << '\n';
}

}  // namespace

int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err) {
  const auto file = gguf::File::Open(options.path);
  if (!file.has_value()) {
    err << file.error().message << '\n';
    return kExitFailed;
  }
  if (options.json) {
    PrintJson(**file, out);
  } else {
    PrintText(**file, out);
  }
  return kExitOk;
}

}  // namespace millrace::app

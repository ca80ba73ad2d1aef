#include "gguf/reader.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "gguf/cursor.h"
#include "gguf/mapped_file.h"
#include "gguf/part.h"

namespace millrace::gguf {
namespace {

std::string_view KindOf(const Value& value) {
  struct Namer {
    std::string_view operator()(int64_t) const { return "an integer"; }
    std::string_view operator()(double) const { return "a float"; }
    std::string_view operator()(bool) const { return "a boolean"; }
    std::string_view operator()(std::string_view) const { return "a string"; }
    std::string_view operator()(const std::vector<int64_t>&) const {
      return "an array of integers";
    }
    std::string_view operator()(const std::vector<double>&) const { return "an array of floats"; }
    std::string_view operator()(const std::vector<bool>&) const { return "an array of booleans"; }
    std::string_view operator()(const std::vector<std::string_view>&) const {
      return "an array of strings";
    }
  };
  return std::visit(Namer{}, value);
}

base::Error Missing(const File& file, std::string_view key) {
  return base::CorruptData(
      fmt::format("{}: the metadata key {} is missing", file.path(), Quoted(key)));
}

base::Error WrongKind(const File& file, std::string_view key, const Value& value,
                      std::string_view expected) {
  return base::CorruptData(fmt::format("{}: the metadata key {} is {}, expected {}", file.path(),
                                       Quoted(key), KindOf(value), expected));
}

// The alternative T of the key's value; nullopt when the key is absent.
template <typename T>
base::Result<std::optional<T>> Get(const File& file, std::string_view key,
                                   std::string_view expected) {
  const Value* value = file.Find(key);
  if (value == nullptr) {
    return std::optional<T>();
  }
  if (const T* typed = std::get_if<T>(value)) {
    return std::optional<T>(*typed);
  }
  return WrongKind(file, key, *value, expected);
}

base::Result<std::optional<double>> GetNumber(const File& file, std::string_view key) {
  const Value* value = file.Find(key);
  if (value != nullptr && std::holds_alternative<int64_t>(*value)) {
    return std::optional<double>(static_cast<double>(std::get<int64_t>(*value)));
  }
  return Get<double>(file, key, "a number");
}

template <typename T>
base::Result<T> Required(const File& file, std::string_view key,
                         base::Result<std::optional<T>> found) {
  std::optional<T> value = TRY(std::move(found));
  if (!value) {
    return Missing(file, key);
  }
  return *value;
}

class LoadedFile final : public File {
 public:
  explicit LoadedFile(std::string path) : path_(std::move(path)) {}

  // Takes the metadata of the first part and the tensors of every part.
  void Add(Part part) {
    if (version_ == 0) {
      version_ = part.version;
      metadata_ = std::move(part.metadata);
      for (const KeyValue& entry : metadata_) {
        values_.emplace(entry.key, &entry.value);
      }
    }
    for (TensorInfo& tensor : part.tensors) {
      tensors_.push_back(std::move(tensor));
    }
  }

  void Keep(MappedFile mapping) { mappings_.push_back(std::move(mapping)); }

  // Call once, after the last part.
  base::Status IndexTensors() {
    for (const TensorInfo& tensor : tensors_) {
      if (!by_name_.emplace(tensor.name, &tensor).second) {
        return base::CorruptData(
            fmt::format("{}: the tensor {} is in more than one part", path_, Quoted(tensor.name)));
      }
    }
    return {};
  }

  std::string_view path() const override { return path_; }
  uint32_t version() const override { return version_; }
  std::span<const KeyValue> metadata() const override { return metadata_; }
  std::span<const TensorInfo> tensors() const override { return tensors_; }

  const Value* Find(std::string_view key) const override {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : found->second;
  }

  const TensorInfo* FindTensor(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

 private:
  std::string path_;
  std::vector<MappedFile> mappings_;
  uint32_t version_ = 0;
  std::vector<KeyValue> metadata_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, const Value*> values_;
  std::unordered_map<std::string_view, const TensorInfo*> by_name_;
};

// `split.no` and `split.count` of a part; {0, 1} for a model in one file.
struct SplitPlace {
  int64_t number = 0;
  int64_t count = 1;
};

const Value* FindIn(const Part& part, std::string_view key) {
  for (const KeyValue& entry : part.metadata) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

base::Result<int64_t> SplitInteger(const Part& part, std::string_view key, int64_t fallback,
                                   const std::string& path) {
  const Value* value = FindIn(part, key);
  if (value == nullptr) {
    return fallback;
  }
  const auto* integer = std::get_if<int64_t>(value);
  if (integer == nullptr || *integer < 0) {
    return base::CorruptData(fmt::format("{}: \"{}\" must be an integer of 0 or more", path, key));
  }
  return *integer;
}

base::Result<SplitPlace> PlaceOf(const Part& part, const std::string& path) {
  SplitPlace place;
  place.number = TRY(SplitInteger(part, "split.no", 0, path));
  place.count = TRY(SplitInteger(part, "split.count", 1, path));
  if (place.count <= 1) {
    return SplitPlace{};
  }
  if (place.count > kSplitPartsMax || place.number >= place.count) {
    return base::CorruptData(
        fmt::format("{}: part {} of {} makes no sense, at most {} parts are allowed", path,
                    place.number + 1, place.count, kSplitPartsMax));
  }
  return place;
}

std::string SplitSuffix(int64_t number, int64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
}

// The path of part `number` of the model whose part `place` is at `path`.
base::Result<std::string> PartPath(const std::string& path, const SplitPlace& place,
                                   int64_t number) {
  const std::string own = SplitSuffix(place.number, place.count);
  if (!path.ends_with(own)) {
    return base::InvalidArgument(
        fmt::format("{}: this is part {} of {} of a split model, its name must end in \"{}\"", path,
                    place.number + 1, place.count, own));
  }
  return path.substr(0, path.size() - own.size()) + SplitSuffix(number, place.count);
}

struct OpenPart {
  MappedFile mapping;
  Part part;
};

base::Result<OpenPart> OpenOne(const std::string& path) {
  MappedFile mapping = TRY(MappedFile::Open(path));
  Part part = TRY(ParsePart(mapping.bytes(), path));
  return OpenPart{std::move(mapping), std::move(part)};
}

base::Status AddOtherParts(LoadedFile& file, const std::string& path, int64_t count) {
  for (int64_t number = 1; number < count; ++number) {
    const std::string part_path = TRY(PartPath(path, {.number = 0, .count = count}, number));
    OpenPart next = TRY(OpenOne(part_path));
    const SplitPlace place = TRY(PlaceOf(next.part, part_path));
    if (place.number != number || place.count != count) {
      return base::CorruptData(fmt::format("{}: says it is part {} of {}, expected part {} of {}",
                                           part_path, place.number + 1, place.count, number + 1,
                                           count));
    }
    file.Add(std::move(next.part));
    file.Keep(std::move(next.mapping));
  }
  return {};
}

}  // namespace

int64_t TensorInfo::row_count() const {
  int64_t rows = 1;
  for (size_t axis = 1; axis < dims.size(); ++axis) {
    rows *= dims[axis];
  }
  return rows;
}

int64_t TensorInfo::element_count() const { return row_length() * row_count(); }

base::Result<std::shared_ptr<const File>> File::Open(const std::string& path) {
  OpenPart first = TRY(OpenOne(path));
  const SplitPlace place = TRY(PlaceOf(first.part, path));
  if (place.number != 0) {
    return base::InvalidArgument(
        fmt::format("{}: this is part {} of {} of a split model; open part 1 instead: {}", path,
                    place.number + 1, place.count, TRY(PartPath(path, place, 0))));
  }
  const int64_t expected = TRY(SplitInteger(first.part, "split.tensors.count", -1, path));
  auto file = std::make_shared<LoadedFile>(path);
  file->Add(std::move(first.part));
  file->Keep(std::move(first.mapping));
  TRY(AddOtherParts(*file, path, place.count));
  if (place.count > 1 && expected >= 0 &&
      file->tensors().size() != static_cast<uint64_t>(expected)) {
    return base::CorruptData(
        fmt::format("{}: \"split.tensors.count\" is {}, but the {} parts hold {} tensors", path,
                    expected, place.count, file->tensors().size()));
  }
  TRY(file->IndexTensors());
  return std::shared_ptr<const File>(std::move(file));
}

base::Result<std::shared_ptr<const File>> File::Parse(std::span<const std::byte> bytes) {
  auto file = std::make_shared<LoadedFile>("memory");
  Part part = TRY(ParsePart(bytes, "memory"));
  const SplitPlace place = TRY(PlaceOf(part, "memory"));
  if (place.count > 1) {
    return base::Unsupported("memory: a part of a split model cannot be read without the others");
  }
  file->Add(std::move(part));
  TRY(file->IndexTensors());
  return std::shared_ptr<const File>(std::move(file));
}

base::Result<int64_t> File::Integer(std::string_view key) const {
  return Required(*this, key, Get<int64_t>(*this, key, "an integer"));
}

base::Result<double> File::Number(std::string_view key) const {
  return Required(*this, key, GetNumber(*this, key));
}

base::Result<std::string_view> File::String(std::string_view key) const {
  return Required(*this, key, Get<std::string_view>(*this, key, "a string"));
}

base::Result<bool> File::Bool(std::string_view key) const {
  return Required(*this, key, Get<bool>(*this, key, "a boolean"));
}

base::Result<int64_t> File::IntegerOr(std::string_view key, int64_t fallback) const {
  return TRY(Get<int64_t>(*this, key, "an integer")).value_or(fallback);
}

base::Result<double> File::NumberOr(std::string_view key, double fallback) const {
  return TRY(GetNumber(*this, key)).value_or(fallback);
}

base::Result<std::string_view> File::StringOr(std::string_view key,
                                              std::string_view fallback) const {
  return TRY(Get<std::string_view>(*this, key, "a string")).value_or(fallback);
}

base::Result<bool> File::BoolOr(std::string_view key, bool fallback) const {
  return TRY(Get<bool>(*this, key, "a boolean")).value_or(fallback);
}

}  // namespace millrace::gguf

#include "gguf/part.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <unordered_set>
#include <utility>

#include "gguf/cursor.h"

namespace millrace::gguf {
namespace {

enum class ValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

constexpr uint32_t kMagic = 0x46554747;  // "GGUF" read as a little-endian number
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kAlignmentMin = 8;
constexpr uint32_t kDimensionsMax = 4;
// The fewest bytes an entry can take: empty key, type, one byte; empty name, no dimensions, type,
// offset.
constexpr uint64_t kMetadataEntryBytesMin = 8 + 4 + 1;
constexpr uint64_t kTensorEntryBytesMin = 8 + 4 + 4 + 8;

// Names of types that exist in other programs but not here, so that a refusal can say what the file
// holds.
std::string_view ForeignTypeName(uint32_t number) {
  constexpr std::array<std::pair<uint32_t, std::string_view>, 17> kNames = {{
      {9, "Q8_1"},
      {15, "Q8_K"},
      {16, "IQ2_XXS"},
      {17, "IQ2_XS"},
      {18, "IQ3_XXS"},
      {19, "IQ1_S"},
      {21, "IQ3_S"},
      {22, "IQ2_S"},
      {29, "IQ1_M"},
      {31, "Q4_0_4_4"},
      {32, "Q4_0_4_8"},
      {33, "Q4_0_8_8"},
      {34, "TQ1_0"},
      {35, "TQ2_0"},
      {40, "NVFP4"},
      {41, "Q1_0"},
      {42, "Q2_0"},
  }};
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const auto& row) { return row.first == number; });
  return found == kNames.end() ? std::string_view("unknown") : found->second;
}

// Bytes of one element; 0 for strings, arrays and unknown types, whose size varies.
uint64_t FixedSize(ValueType type) {
  switch (type) {
    case ValueType::kUint8:
    case ValueType::kInt8:
    case ValueType::kBool:
      return 1;
    case ValueType::kUint16:
    case ValueType::kInt16:
      return 2;
    case ValueType::kUint32:
    case ValueType::kInt32:
    case ValueType::kFloat32:
      return 4;
    case ValueType::kUint64:
    case ValueType::kInt64:
    case ValueType::kFloat64:
      return 8;
    case ValueType::kString:
    case ValueType::kArray:
      return 0;
  }
  return 0;
}

template <typename T>
base::Result<int64_t> ReadInteger(Cursor& cursor, std::string_view what) {
  const T value = TRY(cursor.Read<T>(what));
  if (!std::in_range<int64_t>(value)) {
    return cursor.Unsupported(
        fmt::format("{} is {}, above the range of signed integers", what, value));
  }
  return static_cast<int64_t>(value);
}

base::Result<bool> ReadBool(Cursor& cursor, std::string_view what) {
  const auto byte = TRY(cursor.Read<uint8_t>(what));
  if (byte > 1) {
    return cursor.Corrupt(fmt::format("{} is {}, a boolean must be 0 or 1", what, byte));
  }
  return byte == 1;
}

template <typename Element, typename Read>
base::Result<Value> ReadElements(uint64_t count, const Read& read) {
  std::vector<Element> elements;
  elements.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    elements.push_back(TRY(read()));
  }
  return Value(std::move(elements));
}

class PartParser {
 public:
  PartParser(std::span<const std::byte> bytes, std::string_view label) : cursor_(bytes, label) {}

  base::Result<Part> Parse() {
    TRY(ParseHeader());
    TRY(ParseMetadata());
    TRY(ParseTensors());
    TRY(PlaceTensors());
    return std::move(part_);
  }

 private:
  base::Status ParseHeader();
  base::Status CheckVersion(uint32_t version) const;
  base::Status ParseMetadata();
  base::Result<Value> ParseValue(ValueType type, std::string_view what);
  base::Result<Value> ParseArray(std::string_view what);
  base::Result<Value> ParseArrayElements(ValueType type, uint64_t count, std::string_view what);
  base::Status ParseTensors();
  base::Result<TensorInfo> ParseTensor(std::string_view what);
  base::Status CheckShape(const TensorInfo& tensor) const;
  base::Result<uint64_t> Alignment() const;
  base::Status PlaceTensors();

  Cursor cursor_;
  Part part_;
  uint64_t tensor_count_ = 0;
  uint64_t key_count_ = 0;
  uint64_t array_elements_ = 0;
  std::vector<uint64_t> offsets_;  // of each tensor, from the start of the data section
};

base::Status PartParser::CheckVersion(uint32_t version) const {
  if ((version & 0xFFFF) == 0 && version != 0) {
    return cursor_.Unsupported(
        "the file is big-endian; only little-endian GGUF files can be read, convert it first");
  }
  if (version == 1) {
    return cursor_.Unsupported(
        "GGUF version 1 is obsolete; convert the model again with a current converter (version 2 "
        "or 3)");
  }
  if (version != 2 && version != 3) {
    return cursor_.Unsupported(
        fmt::format("GGUF version {} is not known, expected 2 or 3", version));
  }
  return {};
}

base::Status PartParser::ParseHeader() {
  const auto magic = TRY(cursor_.Read<uint32_t>("the header"));
  if (magic != kMagic) {
    return base::CorruptData(fmt::format(
        "{}: not a GGUF file: expected it to start with the letters GGUF", cursor_.label()));
  }
  part_.version = TRY(cursor_.Read<uint32_t>("the version"));
  TRY(CheckVersion(part_.version));
  tensor_count_ = TRY(cursor_.Read<uint64_t>("the tensor count"));
  key_count_ = TRY(cursor_.Read<uint64_t>("the metadata count"));
  if (tensor_count_ > kTensorsMax || tensor_count_ > cursor_.remaining() / kTensorEntryBytesMin) {
    return cursor_.Corrupt(
        fmt::format("the header claims {} tensors, more than the file can hold or than the {} "
                    "that are allowed",
                    tensor_count_, kTensorsMax));
  }
  if (key_count_ > kMetadataKeysMax || key_count_ > cursor_.remaining() / kMetadataEntryBytesMin) {
    return cursor_.Corrupt(
        fmt::format("the header claims {} metadata keys, more than the file can hold or than "
                    "the {} that are allowed",
                    key_count_, kMetadataKeysMax));
  }
  return {};
}

base::Status PartParser::ParseMetadata() {
  part_.metadata.reserve(key_count_);
  std::unordered_set<std::string_view> seen;
  for (uint64_t i = 0; i < key_count_; ++i) {
    const std::string_view key = TRY(cursor_.ReadString("a metadata key", kKeyBytesMax));
    if (key.empty()) {
      return cursor_.Corrupt("a metadata key is empty");
    }
    if (!seen.insert(key).second) {
      return cursor_.Corrupt(fmt::format("the metadata key {} appears twice", Quoted(key)));
    }
    const std::string what = fmt::format("the value of {}", Quoted(key));
    const size_t start = cursor_.offset();
    const auto type = static_cast<ValueType>(TRY(cursor_.Read<uint32_t>(what)));
    Value value = TRY(ParseValue(type, what));
    part_.metadata.push_back(
        {key, std::move(value), cursor_.bytes().subspan(start, cursor_.offset() - start)});
  }
  return {};
}

base::Result<Value> PartParser::ParseValue(ValueType type, std::string_view what) {
  switch (type) {
    case ValueType::kUint8:
      return Value(TRY(ReadInteger<uint8_t>(cursor_, what)));
    case ValueType::kInt8:
      return Value(TRY(ReadInteger<int8_t>(cursor_, what)));
    case ValueType::kUint16:
      return Value(TRY(ReadInteger<uint16_t>(cursor_, what)));
    case ValueType::kInt16:
      return Value(TRY(ReadInteger<int16_t>(cursor_, what)));
    case ValueType::kUint32:
      return Value(TRY(ReadInteger<uint32_t>(cursor_, what)));
    case ValueType::kInt32:
      return Value(TRY(ReadInteger<int32_t>(cursor_, what)));
    case ValueType::kUint64:
      return Value(TRY(ReadInteger<uint64_t>(cursor_, what)));
    case ValueType::kInt64:
      return Value(TRY(ReadInteger<int64_t>(cursor_, what)));
    case ValueType::kFloat32:
      return Value(static_cast<double>(TRY(cursor_.Read<float>(what))));
    case ValueType::kFloat64:
      return Value(TRY(cursor_.Read<double>(what)));
    case ValueType::kBool:
      return Value(TRY(ReadBool(cursor_, what)));
    case ValueType::kString:
      return Value(TRY(cursor_.ReadString(what, cursor_.remaining())));
    case ValueType::kArray:
      return ParseArray(what);
  }
  return cursor_.Corrupt(
      fmt::format("{} has type {}, expected 0 to 12", what, static_cast<uint32_t>(type)));
}

base::Result<Value> PartParser::ParseArray(std::string_view what) {
  const auto type = static_cast<ValueType>(TRY(cursor_.Read<uint32_t>(what)));
  const uint64_t count = TRY(cursor_.Read<uint64_t>(what));
  if (type == ValueType::kArray) {
    return cursor_.Unsupported(fmt::format("{} is an array of arrays, which no model needs", what));
  }
  if (static_cast<uint32_t>(type) > static_cast<uint32_t>(ValueType::kFloat64)) {
    return cursor_.Corrupt(
        fmt::format("{} has element type {}, expected 0 to 12", what, static_cast<uint32_t>(type)));
  }
  // An element of a string array takes at least its length.
  const uint64_t element_bytes = type == ValueType::kString ? 8 : FixedSize(type);
  if (count > cursor_.remaining() / element_bytes) {
    return cursor_.Corrupt(
        fmt::format("{} claims {} elements, more than the rest of the file can hold", what, count));
  }
  array_elements_ += count;
  if (array_elements_ > kArrayElementsMax) {
    return cursor_.Corrupt(
        fmt::format("{} brings the array elements of the file to {}, at most {} are allowed", what,
                    array_elements_, kArrayElementsMax));
  }
  return ParseArrayElements(type, count, what);
}

base::Result<Value> PartParser::ParseArrayElements(ValueType type, uint64_t count,
                                                   std::string_view what) {
  const auto integers = [&]<typename T>(T) {
    return ReadElements<int64_t>(count, [&] { return ReadInteger<T>(cursor_, what); });
  };
  switch (type) {
    case ValueType::kUint8:
      return integers(uint8_t{});
    case ValueType::kInt8:
      return integers(int8_t{});
    case ValueType::kUint16:
      return integers(uint16_t{});
    case ValueType::kInt16:
      return integers(int16_t{});
    case ValueType::kUint32:
      return integers(uint32_t{});
    case ValueType::kInt32:
      return integers(int32_t{});
    case ValueType::kUint64:
      return integers(uint64_t{});
    case ValueType::kInt64:
      return integers(int64_t{});
    case ValueType::kFloat32:
      return ReadElements<double>(count, [&]() -> base::Result<double> {
        return static_cast<double>(TRY(cursor_.Read<float>(what)));
      });
    case ValueType::kFloat64:
      return ReadElements<double>(count, [&] { return cursor_.Read<double>(what); });
    case ValueType::kBool:
      return ReadElements<bool>(count, [&] { return ReadBool(cursor_, what); });
    case ValueType::kString:
      return ReadElements<std::string_view>(
          count, [&] { return cursor_.ReadString(what, cursor_.remaining()); });
    case ValueType::kArray:
      break;
  }
  return cursor_.Corrupt(fmt::format("{} has an element type that cannot stand in an array", what));
}

base::Status PartParser::ParseTensors() {
  part_.tensors.reserve(tensor_count_);
  offsets_.reserve(tensor_count_);
  for (uint64_t i = 0; i < tensor_count_; ++i) {
    part_.tensors.push_back(TRY(ParseTensor(fmt::format("tensor {} of {}", i + 1, tensor_count_))));
  }
  return {};
}

base::Result<TensorInfo> PartParser::ParseTensor(std::string_view what) {
  TensorInfo tensor;
  tensor.name = TRY(cursor_.ReadString(fmt::format("the name of {}", what), kTensorNameBytesMax));
  const std::string named = fmt::format("{} ({})", what, Quoted(tensor.name));
  const auto dimensions = TRY(cursor_.Read<uint32_t>(named));
  if (dimensions > kDimensionsMax) {
    return cursor_.Corrupt(fmt::format("{} has {} dimensions, at most {} are allowed", named,
                                       dimensions, kDimensionsMax));
  }
  for (uint32_t axis = 0; axis < dimensions; ++axis) {
    const auto size = TRY(cursor_.Read<uint64_t>(named));
    if (size == 0 || !std::in_range<int64_t>(size)) {
      return cursor_.Corrupt(
          fmt::format("{}: dimension {} is {}, expected 1 to 2^63 - 1", named, axis, size));
    }
    tensor.dims.push_back(static_cast<int64_t>(size));
  }
  const auto type = TRY(cursor_.Read<uint32_t>(named));
  const auto info = FindTensorType(type);
  if (!info) {
    return cursor_.Unsupported(
        fmt::format("{} has element type {} ({}), which this build cannot read", named,
                    ForeignTypeName(type), type));
  }
  tensor.type = info->type;
  TRY(CheckShape(tensor));
  offsets_.push_back(TRY(cursor_.Read<uint64_t>(named)));
  return tensor;
}

base::Status PartParser::CheckShape(const TensorInfo& tensor) const {
  const TensorTypeInfo& info = InfoOf(tensor.type);
  if (tensor.row_length() % info.block_values != 0) {
    return cursor_.Corrupt(fmt::format(
        "tensor {}: rows of {} values are not a multiple of the {} values of a {} block",
        Quoted(tensor.name), tensor.row_length(), info.block_values, info.name));
  }
  int64_t elements = 1;
  for (const int64_t size : tensor.dims) {
    if (__builtin_mul_overflow(elements, size, &elements)) {
      return cursor_.Corrupt(
          fmt::format("tensor {}: the product of its dimensions overflows", Quoted(tensor.name)));
    }
  }
  int64_t bytes = 0;
  if (__builtin_mul_overflow(elements / info.block_values, int64_t{info.block_bytes}, &bytes)) {
    return cursor_.Corrupt(
        fmt::format("tensor {}: its size in bytes overflows", Quoted(tensor.name)));
  }
  return {};
}

base::Result<uint64_t> PartParser::Alignment() const {
  const auto entry = std::find_if(part_.metadata.begin(), part_.metadata.end(),
                                  [](const KeyValue& kv) { return kv.key == "general.alignment"; });
  if (entry == part_.metadata.end()) {
    return kDefaultAlignment;
  }
  const auto* value = std::get_if<int64_t>(&entry->value);
  if (value == nullptr) {
    return cursor_.Corrupt("the value of \"general.alignment\" is not an integer");
  }
  const auto alignment = static_cast<uint64_t>(*value);
  if (*value < 0 || !std::has_single_bit(alignment) || alignment < kAlignmentMin ||
      alignment > kAlignmentMax) {
    return cursor_.Corrupt(
        fmt::format("\"general.alignment\" is {}, expected a power of two from {} to {}", *value,
                    kAlignmentMin, kAlignmentMax));
  }
  return alignment;
}

base::Status PartParser::PlaceTensors() {
  const uint64_t alignment = TRY(Alignment());
  if (part_.tensors.empty()) {
    return {};
  }
  const uint64_t data_start = (cursor_.offset() + alignment - 1) & ~(alignment - 1);
  const uint64_t data_bytes =
      cursor_.bytes().size() - std::min<uint64_t>(data_start, cursor_.bytes().size());
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < part_.tensors.size(); ++i) {
    TensorInfo& tensor = part_.tensors[i];
    if (!seen.insert(tensor.name).second) {
      return cursor_.Corrupt(fmt::format("the tensor {} appears twice", Quoted(tensor.name)));
    }
    const TensorTypeInfo& info = InfoOf(tensor.type);
    const auto bytes =
        static_cast<uint64_t>(tensor.element_count() / info.block_values * info.block_bytes);
    if (offsets_[i] % alignment != 0) {
      return cursor_.Corrupt(fmt::format("tensor {} starts at offset {}, expected a multiple of {}",
                                         Quoted(tensor.name), offsets_[i], alignment));
    }
    if (offsets_[i] > data_bytes || bytes > data_bytes - offsets_[i]) {
      return cursor_.Corrupt(
          fmt::format("tensor {} needs bytes {} to {} of the data section, which has {}: the "
                      "file is truncated or damaged",
                      Quoted(tensor.name), offsets_[i], offsets_[i] + bytes, data_bytes));
    }
    tensor.data = cursor_.bytes().subspan(data_start + offsets_[i], bytes);
  }
  return {};
}

}  // namespace

base::Result<Part> ParsePart(std::span<const std::byte> bytes, std::string_view label) {
  return PartParser(bytes, label).Parse();
}

}  // namespace millrace::gguf

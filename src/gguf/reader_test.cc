#include "gguf/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "gguf/testing/raw_bytes.h"

namespace millrace::gguf {
namespace {

using base::ErrorKind;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RawBytes;

constexpr uint32_t kF32 = 0;
constexpr uint32_t kQ8_0 = 8;
constexpr uint32_t kUint8Value = 0;
constexpr uint32_t kUint16Value = 2;
constexpr uint32_t kUint32Value = 4;
constexpr uint32_t kInt32Value = 5;
constexpr uint32_t kBoolValue = 7;
constexpr uint32_t kStringValue = 8;
constexpr uint32_t kArrayValue = 9;
constexpr uint32_t kUint64Value = 10;

base::Error FailureOf(const RawBytes& raw) {
  const auto file = File::Parse(raw.bytes());
  if (file.has_value()) {
    ADD_FAILURE() << "expected a refusal";
    return {};
  }
  return file.error();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "gguf_test_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::string Write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(Reader, ReadsEveryValueType) {
  RawBytes raw;
  raw.Header(3, 0, 13);
  raw.String("u8").Put(uint32_t{0}).Put(uint8_t{200});
  raw.String("i8").Put(uint32_t{1}).Put(int8_t{-100});
  raw.String("u16").Put(uint32_t{2}).Put(uint16_t{60000});
  raw.String("i16").Put(uint32_t{3}).Put(int16_t{-30000});
  raw.String("u32").Put(uint32_t{4}).Put(uint32_t{4000000000});
  raw.String("i32").Put(uint32_t{5}).Put(int32_t{-2000000000});
  raw.String("f32").Put(uint32_t{6}).Put(1.5F);
  raw.String("bool").Put(uint32_t{7}).Put(uint8_t{1});
  raw.String("string").Put(uint32_t{8}).String("text");
  raw.String("array").Put(uint32_t{9}).Put(uint32_t{5}).Put(uint64_t{2}).Put(-1).Put(7);
  raw.String("u64").Put(uint32_t{10}).Put(uint64_t{1} << 40);
  raw.String("i64").Put(uint32_t{11}).Put(-(int64_t{1} << 40));
  raw.String("f64").Put(uint32_t{12}).Put(2.5);
  const auto file = File::Parse(raw.bytes());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ((*file)->Integer("u8").value(), 200);
  EXPECT_EQ((*file)->Integer("i8").value(), -100);
  EXPECT_EQ((*file)->Integer("u16").value(), 60000);
  EXPECT_EQ((*file)->Integer("i16").value(), -30000);
  EXPECT_EQ((*file)->Integer("u32").value(), 4000000000);
  EXPECT_EQ((*file)->Integer("i32").value(), -2000000000);
  EXPECT_EQ((*file)->Number("f32").value(), 1.5);
  EXPECT_EQ((*file)->Bool("bool").value(), true);
  EXPECT_EQ((*file)->String("string").value(), "text");
  EXPECT_THAT(std::get<std::vector<int64_t>>(*(*file)->Find("array")), ElementsAre(-1, 7));
  EXPECT_EQ((*file)->Integer("u64").value(), int64_t{1} << 40);
  EXPECT_EQ((*file)->Integer("i64").value(), -(int64_t{1} << 40));
  EXPECT_EQ((*file)->Number("f64").value(), 2.5);
}

TEST(Reader, ReadsArraysOfStringsFloatsAndBooleans) {
  RawBytes raw;
  raw.Header(3, 0, 3);
  raw.String("s").Put(kArrayValue).Put(kStringValue).Put(uint64_t{2}).String("a").String("");
  raw.String("f").Put(kArrayValue).Put(uint32_t{6}).Put(uint64_t{2}).Put(0.5F).Put(-2.0F);
  raw.String("b").Put(kArrayValue).Put(kBoolValue).Put(uint64_t{2}).Put(uint8_t{1}).Put(uint8_t{0});
  const auto file = File::Parse(raw.bytes());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_THAT(std::get<std::vector<std::string_view>>(*(*file)->Find("s")), ElementsAre("a", ""));
  EXPECT_THAT(std::get<std::vector<double>>(*(*file)->Find("f")), ElementsAre(0.5, -2.0));
  EXPECT_THAT(std::get<std::vector<bool>>(*(*file)->Find("b")), ElementsAre(true, false));
}

TEST(Reader, ReadsVersionTwo) {
  RawBytes raw;
  raw.Header(2, 0, 0);
  EXPECT_EQ((*File::Parse(raw.bytes()))->version(), 2U);
}

TEST(Reader, FindsTensorsWithTheirShapeAndData) {
  RawBytes raw;
  raw.Header(3, 2, 0);
  raw.String("a").Put(uint32_t{2}).Put(uint64_t{64}).Put(uint64_t{3}).Put(kQ8_0).Put(uint64_t{0});
  raw.Tensor("b", 2, kF32, 224).Data(32, 224).Put(1.25F).Put(2.5F);
  const auto file = File::Parse(raw.bytes());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const TensorInfo* a = (*file)->FindTensor("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->type, TensorType::kQ8_0);
  EXPECT_EQ(a->row_length(), 64);
  EXPECT_EQ(a->row_count(), 3);
  EXPECT_EQ(a->data.size(), 3U * 2 * 34);
  const TensorInfo* b = (*file)->FindTensor("b");
  ASSERT_NE(b, nullptr);
  float second = 0;
  std::memcpy(&second, b->data.data() + 4, 4);
  EXPECT_EQ(second, 2.5F);
  EXPECT_EQ((*file)->FindTensor("c"), nullptr);
}

TEST(Reader, ErrorsOfTypedAccessNameTheKey) {
  RawBytes raw;
  raw.Header(3, 0, 1).String("x").Put(kStringValue).String("text");
  const auto file = *File::Parse(raw.bytes());
  EXPECT_THAT(file->Integer("x").error().message,
              AllOf(HasSubstr("\"x\""), HasSubstr("a string"), HasSubstr("an integer")));
  EXPECT_THAT(file->String("y").error().message, AllOf(HasSubstr("\"y\""), HasSubstr("missing")));
  EXPECT_EQ(file->IntegerOr("y", 5).value(), 5);
  EXPECT_FALSE(file->IntegerOr("x", 5).has_value());
  EXPECT_FALSE(file->BoolOr("x", true).has_value());
  EXPECT_EQ(file->StringOr("x", "other").value(), "text");
  EXPECT_EQ(file->NumberOr("y", 0.5).value(), 0.5);
}

TEST(Reader, RefusesOtherFilesVersionsAndByteOrders) {
  EXPECT_THAT(FailureOf(RawBytes().String("a text file")).message, HasSubstr("not a GGUF file"));
  EXPECT_THAT(FailureOf(RawBytes()).message, HasSubstr("truncated"));
  EXPECT_THAT(FailureOf(RawBytes().Header(1, 0, 0)).message, HasSubstr("version 1"));
  EXPECT_THAT(FailureOf(RawBytes().Header(4, 0, 0)).message, HasSubstr("version 4"));
  EXPECT_THAT(FailureOf(RawBytes().Header(0x03000000, 0, 0)).message, HasSubstr("big-endian"));
}

TEST(Reader, RefusesCountsThatTheFileCannotHold) {
  const uint64_t huge = uint64_t{1} << 60;
  EXPECT_EQ(FailureOf(RawBytes().Header(3, huge, 0).Data(1, 100)).kind, ErrorKind::kCorruptData);
  EXPECT_EQ(FailureOf(RawBytes().Header(3, 0, huge).Data(1, 100)).kind, ErrorKind::kCorruptData);
  for (const uint32_t element : {kUint8Value, kInt32Value, kStringValue, kBoolValue}) {
    RawBytes raw;
    raw.Header(3, 0, 1).String("k").Put(kArrayValue).Put(element).Put(huge).Data(1, 100);
    EXPECT_THAT(FailureOf(raw).message, HasSubstr("more than the rest of the file can hold"));
  }
  RawBytes text;
  text.Header(3, 0, 1).String("k").Put(kStringValue).Put(huge).Data(1, 100);
  EXPECT_EQ(FailureOf(text).kind, ErrorKind::kCorruptData);
}

TEST(Reader, RefusesMoreArrayElementsThanTheLimit) {
  RawBytes raw;
  raw.Header(3, 0, 1).String("k").Put(kArrayValue).Put(kUint8Value).Put(kArrayElementsMax + 1);
  raw.Data(1, kArrayElementsMax + 1);
  EXPECT_THAT(FailureOf(raw).message, HasSubstr("at most"));
}

TEST(Reader, RefusesBadMetadata) {
  RawBytes twice;
  twice.Header(3, 0, 2);
  twice.String("k").Put(kBoolValue).Put(uint8_t{1}).String("k").Put(kBoolValue).Put(uint8_t{1});
  EXPECT_THAT(FailureOf(twice).message, AllOf(HasSubstr("\"k\""), HasSubstr("twice")));

  RawBytes nested;
  nested.Header(3, 0, 1).String("k").Put(kArrayValue).Put(kArrayValue).Put(uint64_t{1}).Data(1, 64);
  EXPECT_EQ(FailureOf(nested).kind, ErrorKind::kUnsupported);

  RawBytes type;
  type.Header(3, 0, 1).String("k").Put(uint32_t{13}).Data(1, 64);
  EXPECT_THAT(FailureOf(type).message, HasSubstr("type 13"));

  RawBytes boolean;
  boolean.Header(3, 0, 1).String("k").Put(kBoolValue).Put(uint8_t{2});
  EXPECT_THAT(FailureOf(boolean).message, HasSubstr("must be 0 or 1"));

  RawBytes large;
  large.Header(3, 0, 1).String("k").Put(kUint64Value).Put(uint64_t{1} << 63);
  EXPECT_EQ(FailureOf(large).kind, ErrorKind::kUnsupported);

  RawBytes empty;
  empty.Header(3, 0, 1).String("").Put(kBoolValue).Put(uint8_t{1});
  EXPECT_THAT(FailureOf(empty).message, HasSubstr("empty"));
}

TEST(Reader, RefusesBadAlignment) {
  for (const uint32_t alignment : {0U, 1U, 4U, 33U, 0x80000000U}) {
    RawBytes raw;
    raw.Header(3, 0, 1).String("general.alignment").Put(kUint32Value).Put(alignment);
    EXPECT_THAT(FailureOf(raw).message, HasSubstr("power of two")) << alignment;
  }
}

TEST(Reader, HonoursTheAlignmentOfTheFile) {
  RawBytes raw;
  raw.Header(3, 1, 1).String("general.alignment").Put(kUint32Value).Put(uint32_t{256});
  raw.Tensor("a", 1, kF32, 256).Data(256, 256).Put(3.0F);
  const auto file = File::Parse(raw.bytes());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  float value = 0;
  std::memcpy(&value, (*file)->FindTensor("a")->data.data(), 4);
  EXPECT_EQ(value, 3.0F);
}

TEST(Reader, RefusesBadTensors) {
  EXPECT_THAT(FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 8, kF32, 0).Data(32, 31)).message,
              AllOf(HasSubstr("\"a\""), HasSubstr("truncated")));
  EXPECT_THAT(FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 8, kF32, 16).Data(32, 99)).message,
              HasSubstr("multiple of 32"));
  EXPECT_THAT(FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 8, kF32, ~uint64_t{31}).Data(32, 99))
                  .message,
              HasSubstr("truncated"));
  EXPECT_THAT(FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 33, kQ8_0, 0).Data(32, 99)).message,
              AllOf(HasSubstr("33"), HasSubstr("Q8_0")));
  EXPECT_THAT(FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 0, kF32, 0).Data(32, 99)).message,
              HasSubstr("dimension 0 is 0"));
  EXPECT_THAT(
      FailureOf(
          RawBytes().Header(3, 2, 0).Tensor("a", 1, kF32, 0).Tensor("a", 1, kF32, 0).Data(32, 99))
          .message,
      AllOf(HasSubstr("\"a\""), HasSubstr("twice")));
}

TEST(Reader, RefusesUnknownTensorTypesByNameAndNumber) {
  const auto named = FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 256, 18, 0).Data(32, 999));
  EXPECT_EQ(named.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(named.message, HasSubstr("IQ3_XXS (18)"));
  const auto unnamed = FailureOf(RawBytes().Header(3, 1, 0).Tensor("a", 256, 777, 0).Data(32, 999));
  EXPECT_THAT(unnamed.message, HasSubstr("unknown (777)"));
}

TEST(Reader, RefusesShapesThatOverflow) {
  const uint64_t half = uint64_t{1} << 32;
  RawBytes raw;
  raw.Header(3, 1, 0).String("a").Put(uint32_t{4}).Put(half).Put(half).Put(half).Put(half);
  raw.Put(kF32).Put(uint64_t{0}).Data(32, 64);
  EXPECT_THAT(FailureOf(raw).message, HasSubstr("overflows"));

  RawBytes bytes;
  bytes.Header(3, 1, 0).Tensor("a", uint64_t{1} << 62, kF32, 0).Data(32, 64);
  EXPECT_THAT(FailureOf(bytes).message, HasSubstr("overflows"));

  RawBytes axes;
  axes.Header(3, 1, 0).String("a").Put(uint32_t{1000000}).Data(1, 64);
  EXPECT_THAT(FailureOf(axes).message, HasSubstr("1000000 dimensions"));
}

TEST(Reader, MessagesStayPrintableForHostileNames) {
  const std::string name = "\x1b[2J" + std::string(300, 'n');
  const auto error = FailureOf(RawBytes().Header(3, 1, 0).Tensor(name, 8, 777, 0).Data(32, 99));
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
  EXPECT_LT(error.message.size(), 300U);
}

TEST(Reader, OpenNamesThePathInErrors) {
  const TemporaryFolder folder;
  EXPECT_EQ(File::Open(folder.path() / "none.gguf").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(File::Open(folder.path()).error().kind, ErrorKind::kIo);
  EXPECT_EQ(File::Open(folder.Write("empty.gguf", "")).error().kind, ErrorKind::kCorruptData);
  EXPECT_THAT(File::Open(folder.Write("short.gguf", "GGUF")).error().message,
              HasSubstr("short.gguf"));
  const std::string pipe = folder.path() / "pipe.gguf";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(File::Open(pipe).error().kind, ErrorKind::kIo);
}

// Part `number` of `count`, with one tensor named after the part.
std::string SplitPart(uint16_t number, uint16_t count, int32_t tensor_count) {
  RawBytes raw;
  raw.Header(3, 1, 3);
  raw.String("split.no").Put(kUint16Value).Put(number);
  raw.String("split.count").Put(kUint16Value).Put(count);
  raw.String("split.tensors.count").Put(kInt32Value).Put(tensor_count);
  raw.Tensor("t" + std::to_string(number), 1, kF32, 0).Data(32, 0).Put(static_cast<float>(number));
  return raw.text();
}

TEST(Reader, OpensAllPartsOfASplitModel) {
  const TemporaryFolder folder;
  const std::string first = folder.Write("m-00001-of-00003.gguf", SplitPart(0, 3, 3));
  folder.Write("m-00002-of-00003.gguf", SplitPart(1, 3, 3));
  folder.Write("m-00003-of-00003.gguf", SplitPart(2, 3, 3));
  const auto file = File::Open(first);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ((*file)->tensors().size(), 3U);
  float value = 0;
  std::memcpy(&value, (*file)->FindTensor("t2")->data.data(), 4);
  EXPECT_EQ(value, 2.0F);
}

TEST(Reader, RefusesSplitModelsThatDoNotFitTogether) {
  const TemporaryFolder folder;
  const std::string first = folder.Write("m-00001-of-00002.gguf", SplitPart(0, 2, 2));
  EXPECT_THAT(File::Open(first).error().message, HasSubstr("m-00002-of-00002.gguf"));

  const std::string second = folder.Write("m-00002-of-00002.gguf", SplitPart(1, 2, 2));
  EXPECT_THAT(File::Open(second).error().message, HasSubstr("m-00001-of-00002.gguf"));

  folder.Write("m-00002-of-00002.gguf", SplitPart(0, 2, 2));
  EXPECT_THAT(File::Open(first).error().message, HasSubstr("part 1 of 2"));

  const std::string renamed = folder.Write("renamed.gguf", SplitPart(0, 2, 2));
  EXPECT_THAT(File::Open(renamed).error().message, HasSubstr("-00001-of-00002.gguf"));

  const std::string wrong = folder.Write("w-00001-of-00002.gguf", SplitPart(0, 2, 9));
  folder.Write("w-00002-of-00002.gguf", SplitPart(1, 2, 9));
  EXPECT_THAT(File::Open(wrong).error().message, HasSubstr("split.tensors.count"));
}

TEST(Reader, ReadsAPublishedVocabularyFile) {
  const std::string path = std::string(MILLRACE_SHARED_DATA) + "/vocab/gpt-2.gguf";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the shared test data is not here: " << path;
  }
  const auto file = File::Open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ((*file)->String("tokenizer.ggml.model").value(), "gpt2");
  const auto* tokens =
      std::get_if<std::vector<std::string_view>>((*file)->Find("tokenizer.ggml.tokens"));
  ASSERT_NE(tokens, nullptr);
  EXPECT_EQ(tokens->size(), 50257U);
}

}  // namespace
}  // namespace millrace::gguf

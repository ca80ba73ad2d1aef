#include "gguf/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "gguf/reader.h"

namespace millrace::gguf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Writer, WhatItWritesReadsBack) {
  Writer writer;
  writer.SetUint32("u32", 7);
  writer.SetInt32("i32", -7);
  writer.SetUint64("u64", uint64_t{1} << 40);
  writer.SetFloat32("f32", 0.5F);
  writer.SetBool("bool", true);
  writer.SetString("string", "text");
  writer.SetInt32Array("integers", std::vector<int32_t>{1, -2});
  writer.SetFloat32Array("floats", std::vector<float>{1.5F});
  writer.SetStringArray("strings", std::vector<std::string>{"a", "bc"});
  ASSERT_TRUE(writer.AddTensor("a", TensorType::kF32, {3}));
  ASSERT_TRUE(writer.AddTensor("b", TensorType::kF32, {2, 2}));
  std::ostringstream out;
  ASSERT_TRUE(writer.Begin(out));
  const std::vector<float> a = {1, 2, 3};
  const std::vector<float> b = {4, 5, 6, 7};
  ASSERT_TRUE(writer.Append(std::as_bytes(std::span(a)).first(8)));
  ASSERT_TRUE(writer.Append(std::as_bytes(std::span(a)).subspan(8)));
  ASSERT_TRUE(writer.Append(std::as_bytes(std::span(b))));
  ASSERT_TRUE(writer.Finish());
  const std::string text = out.str();
  const auto file = File::Parse(Bytes(text));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ((*file)->Integer("u32").value(), 7);
  EXPECT_EQ((*file)->Integer("i32").value(), -7);
  EXPECT_EQ((*file)->Integer("u64").value(), int64_t{1} << 40);
  EXPECT_EQ((*file)->Number("f32").value(), 0.5);
  EXPECT_EQ((*file)->Bool("bool").value(), true);
  EXPECT_EQ((*file)->String("string").value(), "text");
  EXPECT_THAT(std::get<std::vector<int64_t>>(*(*file)->Find("integers")), ElementsAre(1, -2));
  EXPECT_THAT(std::get<std::vector<double>>(*(*file)->Find("floats")), ElementsAre(1.5));
  EXPECT_THAT(std::get<std::vector<std::string_view>>(*(*file)->Find("strings")),
              ElementsAre("a", "bc"));
  const auto data = (*file)->FindTensor("b")->data;
  EXPECT_TRUE(std::equal(data.begin(), data.end(), std::as_bytes(std::span(b)).begin()));
}

TEST(Writer, CopiesEntriesOfAnotherFileWithTheirWidth) {
  Writer original;
  original.SetUint64("wide", 5);
  original.SetUint32("general.alignment", 64);
  original.SetUint32("split.count", 1);
  std::ostringstream first;
  ASSERT_TRUE(original.Begin(first));
  ASSERT_TRUE(original.Finish());
  const std::string first_text = first.str();
  const auto file = *File::Parse(Bytes(first_text));

  Writer copy;
  for (const KeyValue& entry : file->metadata()) {
    copy.Copy(entry);
  }
  Writer expected;
  expected.SetUint64("wide", 5);
  std::ostringstream copied;
  std::ostringstream wanted;
  ASSERT_TRUE(copy.Begin(copied));
  ASSERT_TRUE(expected.Begin(wanted));
  EXPECT_EQ(copied.str(), wanted.str());
}

TEST(Writer, SettingAKeyAgainReplacesIt) {
  Writer writer;
  writer.SetUint32("k", 1);
  writer.SetString("k", "two");
  std::ostringstream out;
  ASSERT_TRUE(writer.Begin(out));
  const std::string text = out.str();
  EXPECT_EQ((*File::Parse(Bytes(text)))->String("k").value(), "two");
}

TEST(Writer, RefusesTensorsThatCannotBe) {
  Writer writer;
  ASSERT_TRUE(writer.AddTensor("a", TensorType::kF32, {4}));
  EXPECT_FALSE(writer.AddTensor("a", TensorType::kF32, {4}).has_value());
  EXPECT_FALSE(writer.AddTensor("", TensorType::kF32, {4}).has_value());
  EXPECT_FALSE(writer.AddTensor("b", TensorType::kF32, {0}).has_value());
  EXPECT_FALSE(writer.AddTensor("b", TensorType::kF32, {1, 1, 1, 1, 1}).has_value());
  EXPECT_THAT(writer.AddTensor("b", TensorType::kQ8_0, {33}).error().message, HasSubstr("Q8_0"));
}

TEST(Writer, RefusesTooMuchAndTooLittleData) {
  Writer writer;
  ASSERT_TRUE(writer.AddTensor("a", TensorType::kF32, {4}));
  std::ostringstream out;
  ASSERT_TRUE(writer.Begin(out));
  EXPECT_FALSE(writer.Append(std::vector<std::byte>(17)).has_value());
  EXPECT_THAT(writer.Finish().error().message, HasSubstr("\"a\""));
  EXPECT_TRUE(writer.Append(std::vector<std::byte>(16)));
  EXPECT_TRUE(writer.Finish());
}

TEST(Writer, ReportsAFailingStream) {
  Writer writer;
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(writer.Begin(out).error().kind, base::ErrorKind::kIo);
}

}  // namespace
}  // namespace millrace::gguf

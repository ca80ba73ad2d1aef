#include "kv/storage.h"

#include <sys/mman.h>

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace millrace::kv {
namespace {

constexpr size_t kHalfBytes = sizeof(uint16_t);

size_t Size(int32_t count) { return static_cast<size_t>(count); }

// Halves one head of one block takes.
size_t HeadStride(const StorageShape& shape, int32_t head_size) {
  return Size(shape.block_size) * Size(head_size);
}

// Bytes of all layers and blocks; nullopt when the product does not fit a size.
std::optional<size_t> RegionBytes(const StorageShape& shape, int32_t head_size) {
  size_t bytes = kHalfBytes;
  for (const int32_t factor :
       {shape.layer_count, shape.block_count, shape.kv_head_count, shape.block_size, head_size}) {
    if (__builtin_mul_overflow(bytes, Size(factor), &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

// Address space without memory behind it; nullptr when the system refuses.
uint16_t* Reserve(size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    return nullptr;
  }
  // A block takes tens of kilobytes in each layer. With huge pages the first block would take two
  // megabytes in each, so that memory would no longer follow use. Advice only: a failure is
  // harmless.
  ::madvise(address, bytes, MADV_NOHUGEPAGE);
  return static_cast<uint16_t*>(address);
}

base::Error TooLarge(const StorageShape& shape) {
  return {base::ErrorKind::kResourceExhausted, "cannot reserve address space for a KV cache of " +
                                                   std::to_string(shape.block_count) +
                                                   " blocks; configure a smaller cache"};
}

}  // namespace

base::Result<Storage> Storage::Create(const StorageShape& shape) {
  for (const int32_t count : {shape.layer_count, shape.kv_head_count, shape.key_size,
                              shape.value_size, shape.block_size, shape.block_count}) {
    if (count <= 0) {
      return base::InvalidArgument("every count and size of a KV cache must be above zero");
    }
  }
  const auto keys_bytes = RegionBytes(shape, shape.key_size);
  const auto values_bytes = RegionBytes(shape, shape.value_size);
  if (!keys_bytes || !values_bytes) {
    return TooLarge(shape);
  }
  Storage storage;
  storage.shape_ = shape;
  storage.keys_ = Reserve(*keys_bytes);
  storage.keys_bytes_ = *keys_bytes;
  storage.values_ = Reserve(*values_bytes);
  storage.values_bytes_ = *values_bytes;
  if (storage.keys_ == nullptr || storage.values_ == nullptr) {
    return TooLarge(shape);
  }
  return storage;
}

Storage::Storage(Storage&& other) noexcept
    : shape_(other.shape_),
      keys_(std::exchange(other.keys_, nullptr)),
      values_(std::exchange(other.values_, nullptr)),
      keys_bytes_(other.keys_bytes_),
      values_bytes_(other.values_bytes_) {}

Storage& Storage::operator=(Storage&& other) noexcept {
  std::swap(shape_, other.shape_);
  std::swap(keys_, other.keys_);
  std::swap(values_, other.values_);
  std::swap(keys_bytes_, other.keys_bytes_);
  std::swap(values_bytes_, other.values_bytes_);
  return *this;
}

Storage::~Storage() {
  if (keys_ != nullptr) {
    ::munmap(keys_, keys_bytes_);
  }
  if (values_ != nullptr) {
    ::munmap(values_, values_bytes_);
  }
}

uint16_t* Storage::Keys(int32_t layer, BlockId block, int32_t kv_head) {
  return keys_ + HeadIndex(layer, block, kv_head) * HeadStride(shape_, shape_.key_size);
}

uint16_t* Storage::Values(int32_t layer, BlockId block, int32_t kv_head) {
  return values_ + HeadIndex(layer, block, kv_head) * HeadStride(shape_, shape_.value_size);
}

size_t Storage::HeadIndex(int32_t layer, BlockId block, int32_t kv_head) const {
  const int32_t block_index = ToIndex(block);
  MILLRACE_CHECK(layer >= 0 && layer < shape_.layer_count);
  MILLRACE_CHECK(block_index >= 0 && block_index < shape_.block_count);
  MILLRACE_CHECK(kv_head >= 0 && kv_head < shape_.kv_head_count);
  return (Size(layer) * Size(shape_.block_count) + Size(block_index)) * Size(shape_.kv_head_count) +
         Size(kv_head);
}

size_t Storage::block_bytes() const {
  return Size(shape_.layer_count) * Size(shape_.kv_head_count) *
         (HeadStride(shape_, shape_.key_size) + HeadStride(shape_, shape_.value_size)) * kHalfBytes;
}

}  // namespace millrace::kv

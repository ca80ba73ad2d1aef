#include "media/address_policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace millrace::media {
namespace {

using Address = std::array<uint8_t, 16>;  // IPv4 in its mapped form

constexpr int kMappedBits = 96;
constexpr Address kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

struct Network4 {
  std::array<uint8_t, 4> first;
  int prefix_bits;
};
constexpr Network4 kNotPublic4[] = {
    {{0, 0, 0, 0}, 8},         // this network
    {{10, 0, 0, 0}, 8},        // private
    {{100, 64, 0, 0}, 10},     // carrier-grade NAT, and Alibaba's metadata
    {{127, 0, 0, 0}, 8},       // loopback
    {{168, 63, 129, 16}, 32},  // Azure's host services
    {{169, 254, 0, 0}, 16},    // link-local, and most clouds' metadata
    {{172, 16, 0, 0}, 12},     // private
    {{192, 0, 0, 0}, 24},      // protocol assignments, and Oracle's metadata
    {{192, 0, 2, 0}, 24},      // documentation
    {{192, 88, 99, 0}, 24},    // 6to4 relays
    {{192, 168, 0, 0}, 16},    // private
    {{198, 18, 0, 0}, 15},     // benchmarks
    {{198, 51, 100, 0}, 24},   // documentation
    {{203, 0, 113, 0}, 24},    // documentation
    {{224, 0, 0, 0}, 4},       // multicast
    {{240, 0, 0, 0}, 4},       // reserved, and broadcast
};

struct Network6 {
  Address first;
  int prefix_bits;
};
constexpr Network6 kGlobalUnicast6 = {{0x20}, 3};
constexpr Network6 kNat64 = {{0, 0x64, 0xFF, 0x9B}, 96};
// Inside the global unicast range.
constexpr Network6 kNotPublic6[] = {
    {{0x20, 0x01}, 23},              // protocol assignments, among them Teredo
    {{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4: any IPv4 address may be inside
    {{0x3F, 0xFF}, 20},              // documentation
};

bool SharePrefix(const uint8_t* a, const uint8_t* b, int bits) {
  const int whole = bits / 8;
  if (!std::equal(a, a + whole, b)) {
    return false;
  }
  const int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) & (0xFF << (8 - rest) & 0xFF)) == 0;
}

std::optional<Address> ParseAddress(std::string_view text) {
  const std::string terminated(text);
  Address address = kMapped;
  if (::inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedBits / 8) == 1 ||
      ::inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) {
    return address;
  }
  return std::nullopt;
}

bool IsPublic4(const uint8_t* address) {
  return std::none_of(std::begin(kNotPublic4), std::end(kNotPublic4),
                      [address](const auto& network) {
                        return SharePrefix(address, network.first.data(), network.prefix_bits);
                      });
}

bool IsPublic(const Address& address) {
  const auto in = [&address](const Network6& network) {
    return SharePrefix(address.data(), network.first.data(), network.prefix_bits);
  };
  if (in({kMapped, kMappedBits}) || in(kNat64)) {
    return IsPublic4(address.data() + kMappedBits / 8);
  }
  return in(kGlobalUnicast6) && std::none_of(std::begin(kNotPublic6), std::end(kNotPublic6), in);
}

}  // namespace

bool IsPublicAddress(std::string_view address) {
  const auto parsed = ParseAddress(address);
  return parsed && IsPublic(*parsed);
}

base::Result<AddressPolicy> AddressPolicy::Create(const std::vector<std::string>& allowed) {
  AddressPolicy policy;
  for (const std::string& text : allowed) {
    const size_t slash = std::min(text.find('/'), text.size());
    const auto address = ParseAddress(std::string_view(text).substr(0, slash));
    const bool is_short = text.find(':') == std::string::npos;
    int bits = is_short ? 32 : 128;
    bool valid = address.has_value();
    if (slash < text.size()) {
      const int bits_max = bits;
      const char* const end = text.data() + text.size();
      const auto [stop, status] = std::from_chars(text.data() + slash + 1, end, bits);
      valid = valid && status == std::errc() && stop == end && bits >= 0 && bits <= bits_max;
    }
    if (!valid) {
      return base::InvalidArgument("'" + text + "' is not an address or a range like 10.0.0.0/8");
    }
    policy.allowed_.push_back({*address, is_short ? bits + kMappedBits : bits});
  }
  return policy;
}

bool AddressPolicy::Permits(std::string_view address) const {
  const auto parsed = ParseAddress(address);
  return parsed && (IsPublic(*parsed) ||
                    std::any_of(allowed_.begin(), allowed_.end(), [&parsed](const Range& range) {
                      return SharePrefix(parsed->data(), range.first.data(), range.prefix_bits);
                    }));
}

}  // namespace millrace::media

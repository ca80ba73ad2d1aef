// Which network addresses a remote fetch may go to.
//
// Public unicast only. Refused: "this network", private, shared (carrier-grade NAT), loopback,
// link-local, protocol assignments, documentation, benchmarking, multicast, reserved, broadcast,
// the metadata services of clouds, and every IPv6 form that carries such an IPv4 address (mapped,
// compatible, NAT64, 6to4, Teredo). Sources: RFC 6890 and the IANA special-purpose registries.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::media {

// Whether an address, in its textual form without brackets or zone, is public. False for text that
// is no address.
bool IsPublicAddress(std::string_view address);

// The rule above with exceptions.
class AddressPolicy {
 public:
  // `allowed` holds addresses or ranges, "10.0.0.0/8" or "::1". Errors (kInvalidArgument): one does
  // not parse, naming it.
  static base::Result<AddressPolicy> Create(const std::vector<std::string>& allowed);

  bool Permits(std::string_view address) const;

 private:
  struct Range {
    std::array<uint8_t, 16> first = {};  // IPv4 in its mapped form, ::ffff:a.b.c.d
    int prefix_bits = 0;
  };
  AddressPolicy() = default;

  std::vector<Range> allowed_;
};

}  // namespace millrace::media

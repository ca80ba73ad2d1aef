#include "media/address_policy.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(IsPublicAddress, PermitsThePublicNetwork) {
  for (const std::string_view address :
       {"1.1.1.1",      "8.8.8.8",         "93.184.216.34",   "9.255.255.255",
        "11.0.0.0",     "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
        "128.0.0.1",    "169.253.0.1",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.1",    "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",   "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1",
        "2400:cb00::1", "::ffff:8.8.8.8",  "64:ff9b::808:808"}) {
    EXPECT_TRUE(IsPublicAddress(address)) << address;
  }
}

TEST(IsPublicAddress, RefusesEverySpecialIpv4Range) {
  for (const std::string_view address :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.1",        "10.255.255.255",
        "100.64.0.0",      "100.127.255.255", "100.100.100.200", "127.0.0.1",
        "127.255.255.255", "169.254.0.0",     "169.254.169.254", "169.254.170.2",
        "172.16.0.0",      "172.31.255.255",  "192.0.0.1",       "192.0.0.192",
        "192.0.2.1",       "192.88.99.1",     "192.168.0.0",     "192.168.255.255",
        "198.18.0.0",      "198.19.255.255",  "198.51.100.1",    "203.0.113.1",
        "224.0.0.1",       "239.255.255.255", "240.0.0.1",       "255.255.255.255",
        "168.63.129.16"}) {
    EXPECT_FALSE(IsPublicAddress(address)) << address;
  }
}

TEST(IsPublicAddress, RefusesEverySpecialIpv6Range) {
  for (const std::string_view address :
       {"::", "::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1",
        "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "4000::1", "8000::1",
        "5f00::1"}) {
    EXPECT_FALSE(IsPublicAddress(address)) << address;
  }
}

TEST(IsPublicAddress, LooksThroughIpv6FormsOfIpv4) {
  for (const std::string_view address :
       {"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
        "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "2001::f5ff:fffe",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2"}) {
    EXPECT_FALSE(IsPublicAddress(address)) << address;
  }
}

TEST(IsPublicAddress, RefusesTextThatIsNoAddress) {
  for (const std::string_view text :
       {"", "localhost", "8.8.8", "8.8.8.8.8", "010.8.8.8", "0x8.8.8.8", "134744072", "[::1]",
        "2606:4700::1111%eth0", "8.8.8.8 ", "256.1.1.1"}) {
    EXPECT_FALSE(IsPublicAddress(text)) << text;
  }
}

AddressPolicy Allowing(const std::vector<std::string>& ranges) {
  auto policy = AddressPolicy::Create(ranges);
  EXPECT_TRUE(policy.has_value());
  return *std::move(policy);
}

TEST(AddressPolicy, PermitsNamedRangesBesides) {
  const AddressPolicy policy = Allowing({"10.1.0.0/16", "::1", "fd00:1::/32", "192.168.0.7"});
  for (const std::string_view address : {"10.1.0.0", "10.1.255.255", "::1", "fd00:1:2::3",
                                         "192.168.0.7", "::ffff:10.1.2.3", "8.8.8.8"}) {
    EXPECT_TRUE(policy.Permits(address)) << address;
  }
  for (const std::string_view address :
       {"10.0.255.255", "10.2.0.0", "::2", "fd00:2::1", "192.168.0.6", "127.0.0.1"}) {
    EXPECT_FALSE(policy.Permits(address)) << address;
  }
}

TEST(AddressPolicy, ARangeMayEndInsideAByteOrHoldEverything) {
  EXPECT_TRUE(Allowing({"172.16.0.0/12"}).Permits("172.31.0.1"));
  EXPECT_FALSE(Allowing({"172.16.0.0/13"}).Permits("172.31.0.1"));
  EXPECT_TRUE(Allowing({"0.0.0.0/0"}).Permits("127.0.0.1"));
  EXPECT_FALSE(Allowing({"0.0.0.0/0"}).Permits("::1"));
  EXPECT_TRUE(Allowing({"::/0"}).Permits("127.0.0.1"));
}

TEST(AddressPolicy, RefusesRangesThatDoNotParse) {
  for (const std::string range : {"", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
                                  "10.0.0.0/8x", "::/129", "10.0.0/8"}) {
    const auto policy = AddressPolicy::Create({range});
    ASSERT_FALSE(policy.has_value()) << range;
    EXPECT_EQ(policy.error().kind, base::ErrorKind::kInvalidArgument);
    EXPECT_NE(policy.error().message.find("'" + range + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace::media

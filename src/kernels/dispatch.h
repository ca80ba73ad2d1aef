// Which instruction set the kernels use, and the one table through which they are called.
//
// Every level computes the same thing in the same order: all integer sums are exact, and floats are
// combined in an order that depends on nothing but the position of a value. kAvx2 and kAvx512 agree
// bit for bit; kScalar has no fused multiply-add and differs from them by rounding.
#pragma once

#include <string_view>
#include <vector>

namespace millrace::kernels {

enum class Level {
  kScalar,  // any machine
  kAvx2,    // AVX2, FMA, F16C: x86-64-v3
  kAvx512,  // AVX-512 F, BW, DQ, VL and VNNI
};

std::string_view LevelName(Level level);

struct KernelTable;  // kernels/kernel_table.h; callers only pass it on

// The best table for this processor, chosen once by CPUID.
const KernelTable& Kernels();

// The table of one level, nullptr when this processor cannot run it. For tests and measurements.
const KernelTable* KernelsAt(Level level);

// Levels this processor runs, lowest first.
std::vector<Level> AvailableLevels();

Level LevelOf(const KernelTable& kernels);

}  // namespace millrace::kernels

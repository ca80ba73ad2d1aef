#include "kernels/dispatch.h"

#include "kernels/kernel_table.h"

namespace millrace::kernels {
namespace {

#if defined(__x86_64__)
// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
#else
bool HasAvx2() { return false; }
bool HasAvx512() { return false; }
#endif

const KernelTable* Best() {
  for (const Level level : {Level::kAvx512, Level::kAvx2}) {
    if (const KernelTable* table = KernelsAt(level); table != nullptr) {
      return table;
    }
  }
  return ScalarKernels();
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kScalar:
      return "scalar";
    case Level::kAvx2:
      return "AVX2";
    case Level::kAvx512:
      return "AVX-512 VNNI";
  }
  return "";
}

const KernelTable& Kernels() {
  static const KernelTable* const best = Best();
  return *best;
}

const KernelTable* KernelsAt(Level level) {
  switch (level) {
    case Level::kScalar:
      return ScalarKernels();
    case Level::kAvx2:
      return HasAvx2() ? Avx2Kernels() : nullptr;
    case Level::kAvx512:
      return HasAvx512() ? Avx512Kernels() : nullptr;
  }
  return nullptr;
}

std::vector<Level> AvailableLevels() {
  std::vector<Level> levels;
  for (const Level level : {Level::kScalar, Level::kAvx2, Level::kAvx512}) {
    if (KernelsAt(level) != nullptr) {
      levels.push_back(level);
    }
  }
  return levels;
}

Level LevelOf(const KernelTable& kernels) { return kernels.level; }

}  // namespace millrace::kernels

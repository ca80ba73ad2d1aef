#include "app/interrupt_signal.h"

namespace millrace::app {
namespace {

// The only thing that a signal handler may write: the C++ standard, [support.signal].
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void OnInterrupt(int) { g_interrupted = 1; }

}  // namespace

InterruptSignal::InterruptSignal() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_);
}

InterruptSignal::~InterruptSignal() { sigaction(SIGINT, &previous_, nullptr); }

bool InterruptSignal::Pending() const { return g_interrupted != 0; }

bool InterruptSignal::Take() {
  const bool pending = Pending();
  g_interrupted = 0;
  return pending;
}

}  // namespace millrace::app

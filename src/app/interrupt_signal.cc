#include "app/interrupt_signal.h"

#include <atomic>

namespace millrace::app {
namespace {

// Lock-free, so that a signal handler may write it ([support.signal] in the C++ standard), and
// atomic, because the handler runs on whichever thread the system picks.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void OnInterrupt(int) { g_interrupted = true; }

}  // namespace

InterruptSignal::InterruptSignal() {
  g_interrupted = false;
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_);
}

InterruptSignal::~InterruptSignal() { sigaction(SIGINT, &previous_, nullptr); }

bool InterruptSignal::Pending() const { return g_interrupted; }

bool InterruptSignal::Take() { return g_interrupted.exchange(false); }

}  // namespace millrace::app

// SIGINT as something to ask for instead of the end of the process.
#pragma once

#include <csignal>

namespace millrace::app {

// From construction to destruction SIGINT is counted instead of ending the process, and a blocking
// read that it meets ends with EINTR. One at a time.
class InterruptSignal {
 public:
  InterruptSignal();
  ~InterruptSignal();
  InterruptSignal(const InterruptSignal&) = delete;
  InterruptSignal& operator=(const InterruptSignal&) = delete;

  // Whether the signal came since the last Take.
  bool Pending() const;
  // The same, and forgets it.
  bool Take();

 private:
  struct sigaction previous_ = {};
};

}  // namespace millrace::app

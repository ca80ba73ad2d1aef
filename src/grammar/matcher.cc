#include "grammar/matcher.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "grammar/grammar_program.h"
#include "grammar/mask_memo.h"
#include "grammar/mask_walk.h"
#include "grammar/thread_set.h"

namespace millrace::grammar {
namespace {

// Locks everything a program's threads read, in the program's order.
class ProgramLock {
 public:
  explicit ProgramLock(const GrammarProgram& program) : program_(program) {
    for (std::mutex* mutex : program.mutexes()) {
      mutex->lock();
    }
  }
  ~ProgramLock() {
    for (std::mutex* mutex : program_.mutexes()) {
      mutex->unlock();
    }
  }
  ProgramLock(const ProgramLock&) = delete;
  ProgramLock& operator=(const ProgramLock&) = delete;

 private:
  const GrammarProgram& program_;
};

}  // namespace

struct Matcher::State {
  struct Step {
    ThreadSet threads;
    MatchStore::Mark mark;
    bool ended = false;
  };
  std::shared_ptr<const Grammar> grammar;
  std::shared_ptr<const Vocabulary> vocabulary;
  Options options;
  MatchStore store = {};
  ThreadSet threads = {};
  bool ended = false;
  std::deque<Step> history = {};  // before each of the last accepts

  ThreadMover mover() { return ThreadMover(grammar->program(), store); }
  bool HasMemory() const {
    return store.json.frames.size() * sizeof(JsonFrame) + store.json.text.size() +
               (store.json.keys.size() * sizeof(SeenKey)) <
           options.memory_bytes_max;
  }
  void Remember(const MatchStore::Mark& mark, ThreadSet before, bool was_ended) {
    history.push_back({std::move(before), mark, was_ended});
    if (history.size() > options.rollback_tokens_max) {
      history.pop_front();
    }
  }
  // Reads `text`; on false everything is as before.
  bool Read(std::string_view text) {
    ThreadMover move = mover();
    const MatchStore::Mark mark = store.mark();
    ThreadSet now = threads;
    ThreadSet next;
    for (const char byte : text) {
      if (!move.Step(now, static_cast<uint8_t>(byte), next)) {
        store.Cut(mark);
        return false;
      }
      store.json.text += byte;
      std::swap(now, next);
    }
    Remember(mark, std::exchange(threads, std::move(now)), ended);
    return true;
  }
};

Matcher::Matcher(std::unique_ptr<State> state) : state_(std::move(state)) {}

Matcher::Matcher(std::shared_ptr<const Grammar> grammar,
                 std::shared_ptr<const Vocabulary> vocabulary, const Options& options)
    : state_(std::make_unique<State>(State{.grammar = std::move(grammar),
                                           .vocabulary = std::move(vocabulary),
                                           .options = options})) {
  const ProgramLock lock(state_->grammar->program());
  state_->threads = state_->mover().Start();
}

Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&& other) noexcept = default;
Matcher& Matcher::operator=(Matcher&& other) noexcept = default;

Matcher Matcher::Fork() const {
  auto copy = std::make_unique<State>(*state_);
  copy->history.clear();
  return Matcher(std::move(copy));
}

size_t Matcher::FillMask(std::span<uint32_t> mask) {
  if (state_->ended || !state_->HasMemory()) {
    std::fill(mask.begin(), mask.end(), 0);
    return 0;
  }
  const ProgramLock lock(state_->grammar->program());
  MaskWalk walk(state_->grammar->program(), *state_->vocabulary, state_->store);
  const std::string key = walk.KeyOf(state_->threads);
  size_t count = 0;
  if (state_->grammar->masks().Find(key, mask, count)) {
    return count;
  }
  count = walk.Fill(state_->threads, mask);
  state_->grammar->masks().Add(key, mask, count);
  return count;
}

bool Matcher::Allows(base::TokenId id) {
  Matcher::State& state = *state_;
  if (state.ended || !state.HasMemory()) {
    return false;
  }
  const ProgramLock lock(state.grammar->program());
  if (state.vocabulary->IsEnd(id)) {
    return ThreadMover::IsComplete(state.threads);
  }
  ThreadMover move = state.mover();
  const MatchStore::Mark mark = state.store.mark();
  const std::string_view text = state.vocabulary->Text(id);
  ThreadSet now = state.threads;
  ThreadSet next;
  bool allowed = !text.empty() && text.size() <= Vocabulary::kTokenBytesMax;
  for (size_t i = 0; i < text.size() && allowed; ++i) {
    allowed = move.Step(now, static_cast<uint8_t>(text[i]), next);
    state.store.json.text += text[i];
    std::swap(now, next);
  }
  allowed = allowed || move.StepToken(state.threads, id, next);
  state.store.Cut(mark);
  return allowed;
}

bool Matcher::Accept(base::TokenId id) {
  Matcher::State& state = *state_;
  if (state.ended || !state.HasMemory()) {
    return false;
  }
  const ProgramLock lock(state.grammar->program());
  if (state.vocabulary->IsEnd(id)) {
    if (!ThreadMover::IsComplete(state.threads)) {
      return false;
    }
    state.Remember(state.store.mark(), state.threads, false);
    state.ended = true;
    return true;
  }
  const std::string_view text = state.vocabulary->Text(id);
  if (!text.empty() && text.size() <= Vocabulary::kTokenBytesMax && state.Read(text)) {
    return true;
  }
  const MatchStore::Mark mark = state.store.mark();
  ThreadSet next;
  if (!state.mover().StepToken(state.threads, id, next)) {
    state.store.Cut(mark);
    return false;
  }
  state.Remember(mark, std::exchange(state.threads, std::move(next)), false);
  return true;
}

bool Matcher::AcceptText(std::string_view text) {
  if (state_->ended || !state_->HasMemory()) {
    return false;
  }
  const ProgramLock lock(state_->grammar->program());
  return state_->Read(text);
}

bool Matcher::Rollback(size_t count) {
  if (count > state_->history.size()) {
    return false;
  }
  for (; count > 0; --count) {
    State::Step& step = state_->history.back();
    state_->threads = std::move(step.threads);
    state_->ended = step.ended;
    state_->store.Cut(step.mark);
    state_->history.pop_back();
  }
  return true;
}

bool Matcher::is_complete() const { return ThreadMover::IsComplete(state_->threads); }

bool Matcher::is_ended() const { return state_->ended; }

std::string Matcher::ForcedBytes(size_t bytes_max) {
  Matcher::State& state = *state_;
  std::string forced;
  if (state.ended) {
    return forced;
  }
  const ProgramLock lock(state.grammar->program());
  ThreadMover move = state.mover();
  const MatchStore::Mark mark = state.store.mark();
  ThreadSet now = state.threads;
  while (forced.size() < bytes_max && !ThreadMover::IsComplete(now)) {
    ThreadSet only;
    ThreadSet next;
    int found = 0;
    uint8_t which = 0;
    // A thread that waits for a token is a choice that bytes do not show.
    if (move.WaitsForToken(now)) {
      break;
    }
    for (int byte = 0; byte < 256 && found < 2; ++byte) {
      if (move.Step(now, static_cast<uint8_t>(byte), next)) {
        ++found;
        which = static_cast<uint8_t>(byte);
        std::swap(only, next);
      }
    }
    if (found != 1) {
      break;
    }
    forced += static_cast<char>(which);
    state.store.json.text += static_cast<char>(which);
    now = std::move(only);
  }
  state.store.Cut(mark);
  return forced;
}

void Matcher::AllowedBytes(std::span<uint32_t, 8> bytes) {
  std::fill(bytes.begin(), bytes.end(), 0);
  if (state_->ended) {
    return;
  }
  const ProgramLock lock(state_->grammar->program());
  ThreadMover move = state_->mover();
  const MatchStore::Mark mark = state_->store.mark();
  ThreadSet next;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (move.Step(state_->threads, static_cast<uint8_t>(byte), next)) {
      bytes[byte / 32] |= uint32_t{1} << (byte % 32);
    }
  }
  state_->store.Cut(mark);
}

size_t Matcher::memory_bytes() const {
  return sizeof(State) + (state_->store.json.frames.capacity() * sizeof(JsonFrame)) +
         state_->store.json.text.capacity() +
         (state_->store.json.keys.capacity() * sizeof(SeenKey)) +
         (state_->history.size() * (sizeof(State::Step) + sizeof(MatchThread)));
}

}  // namespace millrace::grammar

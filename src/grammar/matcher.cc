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
struct Matcher::State {
  struct Step {
    ThreadSet threads;
    MatchStore::Mark mark;
    bool ended = false;
  };
  // Of one question, about a second, and of all questions to one matcher.
  static constexpr uint64_t kStepsMax = 60'000'000;
  static constexpr uint64_t kStepsOfAllMax = 600'000'000;

  std::shared_ptr<const Grammar> grammar;
  std::shared_ptr<const Vocabulary> vocabulary;
  Options options;
  MatchStore store = {};
  ThreadSet threads = {};
  bool ended = false;
  bool exhausted = false;
  uint64_t steps_left = kStepsOfAllMax;
  size_t twins_max = 0;           // looked for again beyond
  std::deque<Step> history = {};  // before each of the last accepts

  ThreadMover mover() { return ThreadMover(grammar->program(), store); }
  bool HasMemory() const { return store.json.memory_bytes() < options.memory_bytes_max; }
  // What `ask` returns, or `refused` at the end, and when that takes too much work or memory.
  template <typename Ask>
  auto Guard(decltype(std::declval<Ask>()()) refused, const Ask& ask) {
    if (ended || exhausted) {
      return refused;
    }
    const GrammarProgram& program = grammar->program();
    const ProgramLock lock(program);
    exhausted = !HasMemory() || program.IsExhausted();
    if (exhausted) {
      return refused;
    }
    const MatchStore::Mark mark = store.mark();
    program.AllowWork(kStepsMax);
    try {
      auto answer = ask();
      const uint64_t spent = program.WorkSpent(kStepsMax);
      exhausted = program.IsExhausted() || spent > steps_left;
      steps_left -= std::min(spent, steps_left);
      return exhausted ? refused : answer;
    } catch (const WorkMeter::Exhausted&) {
      program.SetExhausted();
      store.Cut(mark);
      exhausted = true;
      return refused;
    }
  }
  void Remember(const MatchStore::Mark& mark, ThreadSet before, bool was_ended) {
    history.push_back({std::move(before), mark, was_ended});
    if (history.size() > options.rollback_tokens_max) {
      history.pop_front();
    }
    ForgetTwins();
  }
  // Lists of twins are of one item each. Those that no state has to which Rollback may lead are
  // freed now and then.
  void ForgetTwins() {
    constexpr size_t kManyTwins = 20'000;
    if (store.json.twin_count < twins_max) {
      return;
    }
    std::vector<bool> used(store.json.twins.size());
    const auto find = [&](const ThreadSet& set) {
      for (const MatchThread& thread : set) {
        if (mover().IsJson(thread)) {
          store.json.FindTwins(thread.json.frame, used);
        }
      }
    };
    find(threads);
    for (const Step& step : history) {
      find(step.threads);
    }
    store.json.KeepTwins(used);
    twins_max = std::max(kManyTwins, 2 * store.json.twin_count);
  }
  // Reads `text`; on false everything is as before.
  bool Read(std::string_view text) {
    const MatchStore::Mark mark = store.mark();
    ThreadSet now = threads;
    if (!mover().Read(text, now)) {
      return false;
    }
    Remember(mark, std::exchange(threads, std::move(now)), ended);
    return true;
  }
  bool Take(base::TokenId id) {
    if (vocabulary->IsEnd(id)) {
      if (!ThreadMover::IsComplete(threads)) {
        return false;
      }
      Remember(store.mark(), threads, false);
      ended = true;
      return true;
    }
    const std::string_view text = vocabulary->Text(id);
    if (!text.empty() && text.size() <= Vocabulary::kTokenBytesMax && Read(text)) {
      return true;
    }
    const MatchStore::Mark mark = store.mark();
    ThreadSet next;
    if (!mover().StepToken(threads, id, next)) {
      store.Cut(mark);
      return false;
    }
    Remember(mark, std::exchange(threads, std::move(next)), false);
    return true;
  }
  bool MayTake(base::TokenId id) {
    if (vocabulary->IsEnd(id)) {
      return ThreadMover::IsComplete(threads);
    }
    ThreadMover move = mover();
    const MatchStore::Mark mark = store.mark();
    const std::string_view text = vocabulary->Text(id);
    ThreadSet next = threads;
    const bool allowed =
        (!text.empty() && text.size() <= Vocabulary::kTokenBytesMax && move.Read(text, next)) ||
        move.StepToken(threads, id, next);
    store.Cut(mark);
    return allowed;
  }
  // The only byte that may follow `now`, whose threads `only` then has; -1 when there is a choice.
  int OnlyByte(ThreadMover& move, const ThreadSet& now, ThreadSet& only) const {
    int found = -1;
    ThreadSet next;
    for (int byte = 0; byte < 256; ++byte) {
      if (move.Step(now, static_cast<uint8_t>(byte), next)) {
        if (found >= 0) {
          return -1;
        }
        found = byte;
        std::swap(only, next);
      }
    }
    return found;
  }
  std::string Forced(size_t bytes_max) {
    std::string forced;
    ThreadMover move = mover();
    const MatchStore::Mark mark = store.mark();
    ThreadSet now = threads;
    // A thread that waits for a token is a choice that bytes do not show.
    while (forced.size() < bytes_max && !ThreadMover::IsComplete(now) && !move.WaitsForToken(now)) {
      ThreadSet only;
      const int byte = OnlyByte(move, now, only);
      if (byte < 0) {
        break;
      }
      forced += static_cast<char>(byte);
      store.json.text += static_cast<char>(byte);
      now = std::move(only);
    }
    store.Cut(mark);
    return forced;
  }
};

Matcher::Matcher(std::unique_ptr<State> state) : state_(std::move(state)) {}

Matcher::Matcher(std::shared_ptr<const Grammar> grammar,
                 std::shared_ptr<const Vocabulary> vocabulary, const Options& options)
    : state_(std::make_unique<State>(State{.grammar = std::move(grammar),
                                           .vocabulary = std::move(vocabulary),
                                           .options = options})) {
  state_->threads = state_->Guard(ThreadSet(), [this] { return state_->mover().Start(); });
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
  const size_t count = state_->Guard(size_t{0}, [&] {
    MaskWalk walk(state_->grammar->program(), *state_->vocabulary, state_->store);
    const std::string key = walk.KeyOf(state_->threads);
    size_t found = 0;
    if (!state_->grammar->masks().Find(key, mask, found)) {
      found = walk.Fill(state_->threads, mask);
      state_->grammar->masks().Add(key, mask, found);
    }
    return found;
  });
  if (count == 0) {
    std::fill(mask.begin(), mask.end(), 0);
  }
  return count;
}

bool Matcher::Allows(base::TokenId id) {
  return state_->Guard(false, [&] { return state_->MayTake(id); });
}

bool Matcher::Accept(base::TokenId id) {
  return state_->Guard(false, [&] { return state_->Take(id); });
}

bool Matcher::AcceptText(std::string_view text) {
  return state_->Guard(false, [&] { return state_->Read(text); });
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

bool Matcher::is_exhausted() const { return state_->exhausted; }

std::string Matcher::ForcedBytes(size_t bytes_max) {
  return state_->Guard(std::string(), [&] { return state_->Forced(bytes_max); });
}

void Matcher::AllowedBytes(std::span<uint32_t, 8> bytes) {
  std::fill(bytes.begin(), bytes.end(), 0);
  state_->Guard(false, [&] {
    ThreadMover move = state_->mover();
    const MatchStore::Mark mark = state_->store.mark();
    ThreadSet next;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (move.Step(state_->threads, static_cast<uint8_t>(byte), next)) {
        bytes[byte / 32] |= uint32_t{1} << (byte % 32);
      }
    }
    state_->store.Cut(mark);
    return true;
  });
}

bool Matcher::MayReadText() {
  return state_->Guard(false, [&] {
    ThreadMover move = state_->mover();
    const MatchStore::Mark mark = state_->store.mark();
    ThreadSet next;
    bool any = false;
    for (int byte = 0; byte < 256 && !any; ++byte) {
      any = move.Step(state_->threads, static_cast<uint8_t>(byte), next);
    }
    state_->store.Cut(mark);
    return any;
  });
}

size_t Matcher::memory_bytes() const {
  return sizeof(State) + state_->store.json.memory_bytes() +
         (state_->history.size() * (sizeof(State::Step) + sizeof(MatchThread)));
}

}  // namespace millrace::grammar

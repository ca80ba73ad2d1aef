#include "grammar/thread_set.h"

#include <algorithm>
#include <utility>

namespace millrace::grammar {

using Kind = Expression::Node::Kind;

int32_t ThreadMover::Push(const Continuation& rest) {
  constexpr size_t kLookBack = 32;
  const size_t from = store_.rests.size() - std::min(store_.rests.size(), kLookBack);
  for (size_t i = store_.rests.size(); i > from; --i) {
    if (store_.rests[i - 1] == rest) {
      return static_cast<int32_t>(i) - 1;
    }
  }
  store_.rests.push_back(rest);
  return static_cast<int32_t>(store_.rests.size()) - 1;
}

JsonReader ThreadMover::ReaderOf(const MatchThread& thread) {
  return JsonReader(program_.at(thread.leaf).source->schema->language(), store_.json);
}

bool ThreadMover::IsJson(const MatchThread& thread) const {
  return thread.leaf != kNone && program_.at(thread.leaf).source->kind == Kind::kJson;
}

bool ThreadMover::WaitsForToken(const ThreadSet& threads) const {
  return std::any_of(threads.begin(), threads.end(), [this](const MatchThread& thread) {
    return thread.leaf != kNone && program_.at(thread.leaf).source->kind == Kind::kToken;
  });
}

ThreadSet ThreadMover::Start() {
  ThreadSet threads;
  Enter(program_.root(), kNone, threads);
  return threads;
}

bool ThreadMover::IsComplete(const ThreadSet& threads) {
  return std::any_of(threads.begin(), threads.end(),
                     [](const MatchThread& thread) { return thread.leaf == kNone; });
}

void ThreadMover::AddThread(const MatchThread& thread, ThreadSet& to) {
  const bool known = std::any_of(to.begin(), to.end(), [&](const MatchThread& other) {
    return other.leaf == thread.leaf && other.rest == thread.rest && other.state == thread.state &&
           other.partial == thread.partial && other.missing == thread.missing &&
           (thread.leaf == kNone || !IsJson(thread) ||
            (other.json.mode == thread.json.mode && other.json.frame == thread.json.frame &&
             other.json.text_begin == thread.json.text_begin));
  });
  if (!known && to.size() < program_.threads_max()) {
    to.push_back(thread);
  }
}

void ThreadMover::Enter(int32_t node, int32_t rest, ThreadSet& to) {
  const GrammarProgram::Node& what = program_.at(node);
  MatchThread thread{.leaf = node, .rest = rest};
  switch (what.source->kind) {
    case Kind::kLiteral:
      what.source->literal.empty() ? Continue(rest, to) : AddThread(thread, to);
      break;
    case Kind::kSequence:
      Continue(what.parts.empty() ? rest : Push({.node = node, .index = 0, .next = rest}), to);
      break;
    case Kind::kOneOf:
      for (const int32_t part : what.parts) {
        Enter(part, rest, to);
      }
      break;
    case Kind::kRepeat:
      TurnAgain(node, 0, rest, to);
      break;
    case Kind::kFreeText:
      AddThread(thread, to);
      Continue(rest, to);
      break;
    case Kind::kRegex:
      AddThread(thread, to);
      if (what.source->regex->live->CanEnd(ScalarAutomaton::kInitial)) {
        Continue(rest, to);
      }
      break;
    case Kind::kJson:
      thread.json = ReaderOf(thread).Start();
      AddThread(thread, to);
      break;
    case Kind::kToken:
      AddThread(thread, to);
      break;
  }
}

// After `turns` turns of a repetition. A turn that reads nothing ends it: it would add nothing.
void ThreadMover::TurnAgain(int32_t node, int32_t turns, int32_t rest, ThreadSet& to) {
  const GrammarProgram::Node& what = program_.at(node);
  const Expression::Node& source = *what.source;
  if (turns >= source.min) {
    Continue(rest, to);
  }
  if (source.max == Expression::kUnbounded || turns < source.max) {
    const bool counts = source.max != Expression::kUnbounded || turns < source.min;
    const int32_t again = Push({.node = node, .index = counts ? turns + 1 : turns, .next = rest});
    if (++depth_ < kDepthMax) {
      Enter(what.parts[0], again, to);
    }
    --depth_;
  }
}

void ThreadMover::Continue(int32_t rest, ThreadSet& to) {
  if (rest == kNone) {
    AddThread({}, to);
    return;
  }
  const Continuation now = store_.rests[static_cast<size_t>(rest)];
  const GrammarProgram::Node& what = program_.at(now.node);
  if (what.source->kind == Kind::kRepeat) {
    TurnAgain(now.node, now.index, now.next, to);
    return;
  }
  const auto at = static_cast<size_t>(now.index);
  const int32_t after = at + 1 < what.parts.size()
                            ? Push({.node = now.node, .index = now.index + 1, .next = now.next})
                            : now.next;
  Enter(what.parts[at], after, to);
}

void ThreadMover::StepRegex(MatchThread thread, uint8_t byte, ThreadSet& to) {
  LiveAutomaton& live = *program_.at(thread.leaf).source->regex->live;
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (thread.missing == 0) {
    if (byte >= 0x80 && (byte < 0xC2 || byte > 0xF4)) {
      return;
    }
    thread.missing = byte < 0x80 ? 0 : (byte < 0xE0 ? 1 : (byte < 0xF0 ? 2 : 3));
    thread.length = static_cast<uint8_t>(thread.missing + 1);
    thread.partial = thread.missing == 0 ? byte : byte & (0x3FU >> thread.missing);
  } else if ((byte & 0xC0) == 0x80) {
    thread.partial = (thread.partial << 6U) | (byte & 0x3FU);
    --thread.missing;
  } else {
    return;
  }
  const auto shift = 6U * thread.missing;
  const auto low = std::max<char32_t>(thread.partial << shift, kLeast[thread.length]);
  const auto high =
      std::min<char32_t>((thread.partial << shift) | ((char32_t{1} << shift) - 1), kCodePointMax);
  if (low > high || (thread.length == 1 && byte >= 0x80)) {
    return;
  }
  if (thread.missing > 0) {
    if (live.AnyStep(thread.state, low, high)) {
      AddThread(thread, to);
    }
    return;
  }
  thread.state = live.Step(thread.state, low);
  thread.partial = 0;
  if (thread.state != ScalarAutomaton::kDead) {
    AddThread(thread, to);
    if (live.CanEnd(thread.state)) {
      Continue(thread.rest, to);
    }
  }
}

void ThreadMover::StepLeaf(MatchThread thread, uint8_t byte, ThreadSet& to) {
  const Expression::Node& source = *program_.at(thread.leaf).source;
  switch (source.kind) {
    case Kind::kLiteral: {
      const auto at = static_cast<size_t>(thread.state);
      if (static_cast<uint8_t>(source.literal[at]) != byte) {
        return;
      }
      ++thread.state;
      at + 1 < source.literal.size() ? AddThread(thread, to) : Continue(thread.rest, to);
      return;
    }
    case Kind::kFreeText:
      thread.state = source.stops->next[static_cast<size_t>(thread.state)][byte];
      if (thread.state != StopAutomaton::kStopped) {
        AddThread(thread, to);
        Continue(thread.rest, to);
      }
      return;
    case Kind::kRegex:
      StepRegex(thread, byte, to);
      return;
    case Kind::kJson: {
      JsonReader reader = ReaderOf(thread);
      if (!reader.Step(thread.json, byte)) {
        return;
      }
      if (thread.json.mode != JsonPlace::Mode::kDone) {
        AddThread(thread, to);
      }
      if (reader.IsComplete(thread.json)) {
        Continue(thread.rest, to);
      }
      return;
    }
    default:
      return;
  }
}

bool ThreadMover::Step(const ThreadSet& from, uint8_t byte, ThreadSet& to) {
  to.clear();
  for (const MatchThread& thread : from) {
    if (thread.leaf != kNone) {
      StepLeaf(thread, byte, to);
    }
  }
  return !to.empty();
}

bool ThreadMover::Read(std::string_view text, ThreadSet& threads) {
  const MatchStore::Mark mark = store_.mark();
  ThreadSet next;
  for (const char byte : text) {
    if (!Step(threads, static_cast<uint8_t>(byte), next)) {
      store_.Cut(mark);
      return false;
    }
    store_.json.text += byte;
    std::swap(threads, next);
  }
  return true;
}

void ThreadMover::WalkTree(std::span<const TrieNode> nodes, const ThreadSet& threads,
                           const std::function<void(int32_t token)>& visit) {
  struct Level {
    ThreadSet threads = {};
    MatchStore::Mark mark = {};
  };
  std::vector<Level> levels(1);  // by depth
  levels[0] = {threads, store_.mark()};
  if (nodes[0].token >= 0) {
    visit(nodes[0].token);
  }
  for (uint32_t at = 1; at < nodes.size();) {
    const TrieNode& node = nodes[at];
    if (levels.size() <= node.depth) {
      levels.resize(node.depth + size_t{1});
    }
    const Level& above = levels[node.depth - size_t{1}];
    Level& here = levels[node.depth];
    store_.Cut(above.mark);
    if (!Step(above.threads, node.byte, here.threads)) {
      at += node.subtree;
      continue;
    }
    store_.json.text += static_cast<char>(node.byte);
    here.mark = store_.mark();
    if (node.token >= 0) {
      visit(node.token);
    }
    ++at;
  }
  store_.Cut(levels[0].mark);
}

bool ThreadMover::StepToken(const ThreadSet& from, base::TokenId token, ThreadSet& to) {
  to.clear();
  for (const MatchThread& thread : from) {
    if (thread.leaf == kNone || program_.at(thread.leaf).source->kind != Kind::kToken) {
      continue;
    }
    const std::vector<base::TokenId>& tokens = program_.at(thread.leaf).source->tokens;
    if (std::find(tokens.begin(), tokens.end(), token) != tokens.end()) {
      Continue(thread.rest, to);
    }
  }
  return !to.empty();
}

}  // namespace millrace::grammar

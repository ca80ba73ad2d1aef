#include "scheduler/state.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::scheduler {

State::State(int32_t block_count, int32_t block_size)
    : pool(block_count), tree(&pool, block_size) {}

int32_t State::BlocksFor(int32_t token_count) const {
  return (token_count + tree.block_size() - 1) / tree.block_size();
}

int32_t State::waiting_request_count() const {
  return static_cast<int32_t>(
      std::ranges::count_if(requests, [](const auto& entry) { return !entry.second.admitted; }));
}

void Submit(State& state, RequestSpec spec) {
  MILLRACE_CHECK(!spec.prompt.empty() && spec.choice_count > 0);
  const auto prompt_token_count = static_cast<int32_t>(spec.prompt.size());
  MILLRACE_CHECK(state.BlocksFor(prompt_token_count) <= state.tree.block_count());
  const auto [request, added] = state.requests.try_emplace(spec.id);
  MILLRACE_CHECK(added);
  request->second.choice_count = spec.choice_count;
  request->second.open_choice_count = spec.choice_count;
  try {
    request->second.tenant = state.tree.OpenTenant(spec.tenant);
  } catch (...) {
    state.requests.erase(request);
    throw;
  }
  const kv::TenantId tenant = request->second.tenant;
  const SequenceKey key{.request = spec.id, .choice = 0};
  state.sequences.emplace(
      key,
      Sequence{.tokens = std::move(spec.prompt), .table = {&state.tree, tenant}, .leader = {}});
  state.waiting.insert(key);
}

void Cancel(State& state, RequestId id) {
  const auto request = state.requests.find(id);
  if (request == state.requests.end()) {
    return;
  }
  auto it = state.sequences.lower_bound(SequenceKey{.request = id, .choice = 0});
  while (it != state.sequences.end() && it->first.request == id) {
    state.running.erase(it->first);
    state.waiting.erase(it->first);
    it = state.sequences.erase(it);
  }
  state.tree.CloseTenant(request->second.tenant);
  state.requests.erase(request);
}

void Release(State& state, RequestId id) {
  const auto request = state.requests.find(id);
  if (request != state.requests.end()) {
    request->second.held = false;
  }
}

void SetPaused(State& state, RequestId id, bool paused) {
  const auto request = state.requests.find(id);
  if (request != state.requests.end()) {
    request->second.paused = paused;
  }
}

void Finish(State& state, SequenceKey key) {
  Request& request = state.requests.at(key.request);
  state.running.erase(key);
  state.waiting.erase(key);
  state.sequences.erase(key);
  MILLRACE_CHECK(request.open_choice_count > 0);
  if (--request.open_choice_count == 0) {
    Cancel(state, key.request);
  }
}

void Preempt(State& state, SequenceKey key) {
  Sequence& sequence = state.sequences.at(key);
  const bool was_running = state.running.erase(key) == 1;
  MILLRACE_CHECK(was_running);
  sequence.table.Release();
  sequence.computed_count = 0;
  sequence.leader.reset();
  state.waiting.insert(key);
}

}  // namespace millrace::scheduler

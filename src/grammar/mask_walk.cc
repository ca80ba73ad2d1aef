#include "grammar/mask_walk.h"

#include <algorithm>

#include "grammar/token_bits.h"

namespace millrace::grammar {
namespace {

void Put(std::string& key, int64_t value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// By sums within words, which compilers turn into vector code for any processor; std::popcount
// without the instruction for it is a call a word.
size_t CountBits(std::span<const uint32_t> words) {
  uint32_t count = 0;
  for (uint32_t word : words) {
    word -= (word >> 1) & 0x55555555U;
    word = (word & 0x33333333U) + ((word >> 2) & 0x33333333U);
    word = (word + (word >> 4)) & 0x0F0F0F0FU;
    word += word >> 8;
    count += (word + (word >> 16)) & 0x3FU;
  }
  return count;
}

}  // namespace

std::string MaskWalk::KeyOf(const ThreadSet& threads) const {
  std::string key;
  Put(key, static_cast<int64_t>(reinterpret_cast<uintptr_t>(&vocabulary_)));
  for (const MatchThread& thread : threads) {
    Put(key, thread.leaf);
    for (int32_t rest = thread.rest; rest != kNone;) {
      const Continuation& now = store_.rests[static_cast<size_t>(rest)];
      Put(key, (static_cast<int64_t>(now.node) << 32) | now.index);
      rest = now.next;
    }
    Put(key, -1);
    Put(key, (static_cast<int64_t>(thread.state) << 32) | (thread.missing << 8) | thread.length);
    Put(key, thread.partial);
    if (!move_.IsJson(thread)) {
      continue;
    }
    const JsonPlace& place = thread.json;
    Put(key, (static_cast<int64_t>(place.mode) << 48) | (static_cast<int64_t>(place.part) << 40) |
                 (static_cast<int64_t>(place.digits) << 32) | (place.utf8_length << 24) |
                 (place.word_at << 16) | (place.may_space ? 1 << 8 : 0) | place.word_type);
    Put(key, (static_cast<int64_t>(place.partial) << 32) | static_cast<uint32_t>(place.pending));
    Put(key, (static_cast<int64_t>(place.state) << 32) | static_cast<uint32_t>(place.name_low));
    Put(key, (static_cast<int64_t>(place.name_high) << 32) | place.name_bytes);
    bool needs_text = false;
    for (int32_t at = place.frame; at != kNone;) {
      const JsonFrame& frame = store_.json.frames[static_cast<size_t>(at)];
      Put(key, (static_cast<int64_t>(frame.alternatives) << 32) | frame.type);
      Put(key, (static_cast<int64_t>(frame.parent_pending) << 32) | frame.count);
      Put(key, (frame.item_begin == kNone ? 0 : 1) | (frame.compares_late ? 2 : 0));
      for (int32_t name = frame.last_key; name >= 0;) {
        const SeenKey& seen = store_.json.keys[static_cast<size_t>(name)];
        Put(key, static_cast<int64_t>(seen.name.size()));
        key += seen.name;
        name = seen.previous;
      }
      needs_text = needs_text || frame.text_read;
      at = frame.parent;
    }
    // A key is compared with others, an item of a unique array too, by what was read of it.
    const bool is_key = place.mode == JsonPlace::Mode::kKey;
    if (needs_text || is_key) {
      key += std::string_view(store_.json.text)
                 .substr(needs_text ? 0 : static_cast<size_t>(place.text_begin));
    }
  }
  return key;
}

void MaskWalk::Allow(int32_t token, std::span<uint32_t> mask) const {
  for (; token >= 0; token = vocabulary_.next_same(token)) {
    SetToken(mask, token);
  }
}

size_t MaskWalk::Fill(const ThreadSet& threads, std::span<uint32_t> mask) {
  std::fill(mask.begin(), mask.end(), 0);
  // A token is allowed when any thread allows it, so each may be asked in its own way.
  ThreadSet others;
  std::vector<uint32_t> one;
  for (const MatchThread& thread : threads) {
    one.assign(threads.size() > 1 ? mask.size() : 0, 0);
    if (!strings_.Fill(thread, threads.size() > 1 ? std::span(one) : mask)) {
      others.push_back(thread);
      continue;
    }
    for (size_t i = 0; i < one.size(); ++i) {
      mask[i] |= one[i];
    }
  }
  if (!others.empty()) {
    move_.WalkTree(vocabulary_.nodes(), others, [&](int32_t token) { Allow(token, mask); });
  }
  for (const MatchThread& thread : threads) {
    if (thread.leaf == kNone) {
      for (const base::TokenId id : vocabulary_.end_tokens()) {
        Allow(base::ToIndex(id), mask);
      }
    } else if (const Expression::Node& source = *program_.at(thread.leaf).source;
               source.kind == Expression::Node::Kind::kToken) {
      for (const base::TokenId id : source.tokens) {
        const int32_t token = base::ToIndex(id);
        if (static_cast<uint32_t>(token) < vocabulary_.size()) {
          SetToken(mask, token);
        }
      }
    }
  }
  return CountBits(mask);
}

}  // namespace millrace::grammar

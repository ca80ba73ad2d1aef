// A vocabulary's tokens as parts of JSON strings, read from between two characters of one: their
// characters, however they are spelled, and what of them lies behind the closing quote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/byte_tree.h"
#include "grammar/string_spelling.h"

namespace millrace::grammar {

// One node of the tree of characters; nodes lie in depth-first order. Siblings may begin alike.
struct StringNode {
  SpelledRange characters;  // that lead here: one, or where a token ends inside of one, several
  uint32_t subtree = 1;     // nodes from this one to the end of what lies below it
  int32_t token = -1;       // one that ends here
  uint16_t depth = 0;       // characters from the root
  uint16_t most = 0;        // of a token that ends here or below
  bool has_more = false;    // see StringTokens::MoreOf
  bool has_others = false;  // tokens besides `token` end here
  bool has_exits = false;   // tokens close the string here
  bool leads_out = false;   // here or below
};

// A token that closes the string.
struct StringExit {
  int32_t token = 0;
  int32_t rest = 0;         // what lies behind the quote
  uint32_t characters = 0;  // before the quote
};

// Immutable after construction; see Vocabulary.
class StringTokens {
 public:
  struct Token {
    int32_t id = 0;
    std::string_view text;
  };
  // `tokens` sorted by text; ids are below 32 * `mask_words`.
  StringTokens(std::span<const Token> tokens, size_t mask_words);

  // Node 0 is the root.
  std::span<const StringNode> nodes() const { return nodes_; }
  // What else the last character of a node may become; empty for most.
  SpelledRange MoreOf(uint32_t node) const;
  // Calls `visit` for every node that spells a beginning of `text`, and if `parts` also for those
  // that may still come to; `whole` says that it spells all of it.
  using Visit = std::function<void(uint32_t node, bool whole)>;
  void ForEachBeginning(std::u32string_view text, bool parts, const Visit& visit) const;
  // Tokens that end at a node, and those that close the string there.
  std::span<const int32_t> Ends(uint32_t node) const { return ends_.Of(node, 1); }
  std::span<const StringExit> Exits(uint32_t node) const { return exits_.Of(node, 1); }
  // The same for a node and everything below it.
  struct Range {
    std::span<const int32_t> ends;
    std::span<const StringExit> exits;
  };
  Range Below(uint32_t node) const {
    return {ends_.Of(node, nodes_[node].subtree), exits_.Of(node, nodes_[node].subtree)};
  }
  // Of the nodes begin..end, those at or below which tokens close the string or have more than
  // kMasksMax characters.
  std::span<const uint32_t> Ways(uint32_t begin, uint32_t end) const;
  // Nodes of a whole character from `low` to `high`: first ones, and all others.
  using Placed = std::pair<char32_t, uint32_t>;  // character and node
  std::span<const Placed> First(char32_t low, char32_t high) const;
  std::span<const Placed> Later(char32_t low, char32_t high) const;
  // And those where a token ends inside of a character.
  std::span<const uint32_t> first_parts() const { return first_parts_; }
  std::span<const uint32_t> later_parts() const { return later_parts_; }

  // Tokens that stay inside, by the number of their characters: up to `count` of them as a mask.
  // `count` is kMasksMax at most.
  static constexpr size_t kMasksMax = 16;
  std::span<const uint32_t> InsideUpTo(size_t count) const;
  // All of them, and those that have `count` characters.
  std::span<const uint32_t> Inside() const { return inside_; }
  std::span<const int32_t> InsideWith(size_t count) const { return by_count_.Of(count, 1); }
  // No token has more characters before it ends or closes the string.
  size_t characters_max() const { return characters_max_; }

  // Rests as a tree, whose `token`s are their numbers; 0 is the empty one.
  std::span<const TrieNode> rests() const { return rest_nodes_; }
  size_t rest_count() const { return rest_traits_.size(); }
  // How far a rest goes on behind the value that the string belongs to.
  enum Traits : uint8_t {
    kAny = 1,
    kHasComma = 2,
    kBeginsString = 4,  // behind a comma there is a quote and something behind it
    kCloses = 8,        // there is a closing bracket
  };
  size_t RestSize(int32_t rest) const { return rest_sizes_[static_cast<size_t>(rest)]; }
  uint8_t TraitsOf(int32_t rest) const { return rest_traits_[static_cast<size_t>(rest)]; }
  // A character that no token spells.
  const std::string& unspelled() const { return unspelled_; }
  std::span<const StringExit> ExitsBefore(int32_t rest) const {
    return by_rest_.Of(static_cast<size_t>(rest), 1);
  }

 private:
  // Lists by a small number, in one piece of memory.
  template <typename T>
  struct Lists {
    std::vector<uint32_t> begins;
    std::vector<T> all;
    void Build(std::vector<std::pair<uint32_t, T>> pairs, size_t count);
    std::span<const T> Of(size_t key, size_t count) const {
      return key + count < begins.size()
                 ? std::span<const T>(all).subspan(begins[key], begins[key + count] - begins[key])
                 : std::span<const T>();
    }
  };
  struct Builder;

  bool MayBecome(uint32_t node, char32_t c) const;
  void VisitBelow(uint32_t parent, std::u32string_view text, bool parts, const Visit& visit) const;
  void PlaceNodes();
  void FindWays();
  void ChooseUnspelled(std::span<const Token> tokens);
  void BuildRests(const std::vector<std::pair<std::string_view, int32_t>>& sorted);
  void BuildMasks(size_t mask_words);

  std::vector<StringNode> nodes_;
  std::vector<std::pair<uint32_t, SpelledRange>> more_;  // sorted by node
  std::vector<Placed> first_;                            // sorted
  std::vector<Placed> later_;
  std::vector<uint32_t> first_parts_;
  std::vector<uint32_t> later_parts_;
  std::vector<uint32_t> ways_;  // sorted
  Lists<int32_t> ends_;
  Lists<StringExit> exits_;
  std::vector<std::vector<uint32_t>> up_to_;
  std::vector<uint32_t> inside_;
  Lists<int32_t> by_count_;
  size_t characters_max_ = 0;
  std::vector<TrieNode> rest_nodes_;
  std::vector<uint8_t> rest_traits_;
  std::vector<uint8_t> rest_sizes_;
  std::string unspelled_;
  Lists<StringExit> by_rest_;
};

}  // namespace millrace::grammar

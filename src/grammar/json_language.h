// The inside of a compiled schema: what is left of it at every place of a value being read.
//
// A value is read in its frame: the containers around it. A container's frame holds *alternatives*,
// formulas of which the container must satisfy one, each leading back to an alternative of the
// frame outside. Reading a key (or coming to an item) turns them into *pending pairs*: "the value
// satisfies C, and then the container must satisfy R". When the value is complete, the pairs whose
// C holds give the container's next alternatives.
//
// What a container has seen so far are *facts*, kept outside of the formulas: they change with
// every entry, the formulas hardly ever, so derivatives are computed once for a schema.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/json_schema.h"
#include "grammar/json_text.h"
#include "grammar/regex_algebra.h"
#include "grammar/scalar_atom.h"
#include "grammar/scalar_automaton.h"
#include "grammar/schema_algebra.h"

namespace millrace::grammar {

// The keys an object has had, as a persistent list: older states keep theirs.
struct SeenKey {
  int32_t previous = -1;
  std::string name;
};

// What a container has seen.
struct Facts {
  int64_t count = 0;      // entries or items
  int32_t last_key = -1;  // in `keys`
  const std::vector<SeenKey>* keys = nullptr;
  FormulaId seen_items = kFalse;              // any of the items so far, where they are compared
  FormulaId last_item = kFalse;               // an item that comes next, counted but not seen
  const std::string* one_more_key = nullptr;  // as if it had come too
  bool HasKey(std::string_view name) const;
  std::vector<std::string> AllKeys() const;
};

struct Alternative {
  FormulaId formula = kFalse;
  int32_t tag = 0;  // which pending pair of the frame outside this one came from
  auto operator<=>(const Alternative&) const = default;
};
using AlternativesId = int32_t;

struct PendingPair {
  FormulaId value = kFalse;
  FormulaId rest = kFalse;
  int32_t tag = 0;  // of the alternative it came from
  auto operator<=>(const PendingPair&) const = default;
};
using PendingId = int32_t;
inline constexpr int32_t kNone = -1;

// A conjunction of object literals, sorted by what they ask.
struct ObjectTerm {
  std::vector<int32_t> tables;        // all entries satisfy each
  std::vector<int32_t> violated;      // tables that some entry breaks
  std::vector<std::string> required;  // sorted
  std::vector<int32_t> incomplete;    // lists of names of which one is absent
  int64_t count_min = 0;
  int64_t count_max = INT32_MAX;
  int8_t required_possible = -1;  // all required values are satisfiable; -1 = not known yet
};

// A conjunction of array literals.
struct ArrayTerm {
  struct Some {
    FormulaId item = kFalse;
    int64_t count = 0;
  };
  std::vector<int32_t> tables;
  std::vector<int32_t> violated;
  std::vector<Some> at_least;
  std::vector<Some> fewer_than;
  int64_t count_min = 0;
  int64_t count_max = INT32_MAX;
  bool unique = false;
  bool repeated = false;  // two items are equal
  int64_t prefix = 0;     // from this index on all items are under the same formulas

  bool compares() const { return unique || repeated; }
};

// How the keys of a frame's objects are told apart.
struct KeyLanguage {
  struct Named {
    std::string name;
    PendingId pending = -2;  // before the facts; -2 = not asked yet
  };
  std::vector<Named> names;           // sorted
  std::vector<FormulaId> conditions;  // of patterns, over other keys
  std::unique_ptr<ScalarAutomaton> automaton;
  std::unique_ptr<LiveAutomaton> live;
  std::vector<PendingId> generic;  // by truth of `conditions`; -2 = not asked yet

  // The automaton with other questions: whether keys of some truths can come, by which these are.
  std::map<std::vector<bool>, std::unique_ptr<LiveAutomaton>> narrowed;
  bool explored = false;  // all truths are known

  bool IsNamed(std::string_view key) const {
    const auto at = std::partition_point(names.begin(), names.end(),
                                         [key](const Named& named) { return named.name < key; });
    return at != names.end() && at->name == key;
  }
  std::vector<bool> many;
};

// What a pending value may be.
struct ValueLanguage {
  int32_t types = 0;  // JsonTypes that can be completed
  std::unique_ptr<ScalarAutomaton> strings;
  std::unique_ptr<LiveAutomaton> live_strings;
  std::unique_ptr<ScalarAutomaton> numbers;
  std::unique_ptr<LiveAutomaton> live_numbers;
  AlternativesId object = kNone;
  AlternativesId array = kNone;
};

// Compiled once, then shared: the caller holds `mutex()` around everything below it.
class JsonLanguage {
 public:
  explicit JsonLanguage(const SchemaOptions& options);

  std::mutex& mutex() { return mutex_; }
  const SchemaOptions& options() const { return options_; }
  SchemaAlgebra& algebra() { return algebra_; }
  RegexAlgebra& regexes() { return regexes_; }

  // Compilation: references are declared, then defined; the root comes last.
  int32_t AddReference();
  void DefineReference(int32_t reference, FormulaId formula);
  FormulaId reference(int32_t id) const { return references_[static_cast<size_t>(id)]; }
  void SetRoot(FormulaId root);
  void SpellIntegersPlainly() { options_.numbers = NumberSpelling::kPlain; }
  // The place of a reference that stands for itself; kNone when there is none.
  int32_t FindCircularReference();

  // The pending pair every text starts with.
  PendingId root() const { return root_; }

  // Whether every value of this `type` satisfies `formula`; for null, true and false.
  bool Admits(FormulaId formula, int32_t type) { return Expand(formula, type) == kTrue; }
  // Whether some value satisfies `formula`.
  bool IsSatisfiable(FormulaId formula);

  // Interned lists.
  const std::vector<PendingPair>& pending(PendingId id) const {
    return pendings_[static_cast<size_t>(id)];
  }
  const std::vector<Alternative>& alternatives(AlternativesId id) const {
    return alternatives_[static_cast<size_t>(id)];
  }

  // What a value under `pending` may be, and the keys of objects under `alternatives`.
  ValueLanguage& Values(PendingId pending);
  KeyLanguage& Keys(AlternativesId alternatives);

  // The value for a key; kNone when the key may not come. `facts` are those before the key.
  PendingId PendingOfName(AlternativesId alternatives, size_t name_index, const Facts& facts);
  PendingId PendingOfKey(AlternativesId alternatives, int32_t truth, const std::string& key,
                         const Facts& facts);
  // From this index on all items are under the same formulas.
  int64_t ItemPrefix(AlternativesId alternatives);
  // Of the keys that have no name: those after which the object can still be completed. Null when
  // there are none. The states are those of the automaton in Keys.
  LiveAutomaton* KeysThatMayCome(AlternativesId alternatives, const Facts& facts);
  // The next item; kNone when there may be none.
  PendingId PendingOfItem(AlternativesId alternatives, const Facts& facts);
  // The next item, whichever came before; nullopt where it matters which, since there are few
  // values or some must be equal.
  std::optional<PendingId> PendingOfAnyItem(AlternativesId alternatives, const Facts& facts);

  // Whether there are plainly more than kManyValues: texts for a scalar, keys for an object that
  // may have any, items for an array without a limit. False may mean that it was not seen.
  static constexpr size_t kManyValues = 65'536;
  bool MayBeMany(PendingId pending);
  // The same of the ways to complete a container after `facts`.
  bool HasManyRests(FormulaId formula, int32_t type, const Facts& facts);
  // What numbers a pending value may be; of kIntegers every one has one spelling.
  enum class Numbers : uint8_t { kAll, kIntegers, kOther };
  Numbers NumbersOf(PendingId pending);

  // The container's alternatives after a value that satisfied the pairs `members` (sorted).
  AlternativesId AfterValue(PendingId pending, const std::vector<int32_t>& members);
  // The tags of those alternatives under which the container may close now.
  std::vector<int32_t> Closing(AlternativesId alternatives, int32_t type, const Facts& facts);
  // Whether items of this frame are compared, so that their values must be remembered.
  bool ComparesItems(AlternativesId alternatives);
  bool ComparesItems(const SchemaAlgebra::Formula& formula) const;
  // Whether one of the alternatives may ask for two equal items.
  bool AsksForEqualItems(AlternativesId alternatives);

  // The formula of exactly this value.
  FormulaId Constant(const JsonNode& value);
  FormulaId ConstantArray(std::vector<FormulaId> items);
  FormulaId ConstantObject(std::vector<std::pair<std::string, FormulaId>> members);  // any order

  // A question was too hard and was answered with no.
  bool gave_up() const { return gave_up_; }
  // The same, and forgets it, unless there is no work left.
  bool TakeBackGivingUp() { return std::exchange(gave_up_, work_done_ > work_left_); }
  // After a reference was redefined: whatever was concluded from it must be concluded again.
  void ForgetAnswers();
  // False once the memory bound is reached; what little is not counted each time grows with it.
  bool HasMemory() const {
    return options_.limits.memory_bytes == 0 || formula_bytes() < options_.limits.memory_bytes;
  }
  // The same of everything, automata too: takes longer to say.
  bool HasMemoryInAll() const {
    return options_.limits.memory_bytes == 0 || memory_bytes() < options_.limits.memory_bytes;
  }
  WorkMeter& meter() { return meter_; }
  // The meter stopped a calculation, so what is remembered may be half done.
  bool is_exhausted() const { return exhausted_; }
  void SetExhausted() { exhausted_ = true; }
  size_t memory_bytes() const;
  // Without `mutex()`: as of the last time it was asked and nobody held that.
  size_t KnownMemoryBytes();
  // Counts one step of work; false when compilation has used up what it may.
  bool Work();
  void StopCounting() {
    work_left_ = SIZE_MAX;
    meter_.Allow(UINT64_MAX);
  }

 private:
  struct Split {
    FormulaId value = kTrue;
    FormulaId rest = kTrue;
    auto operator<=>(const Split&) const = default;
  };
  using ValueOf = std::function<FormulaId(const PropertyTable&)>;
  struct ObjectSearch;
  struct ArraySearch;
  struct ItemChoice;
  struct ValueSearch;
  // The kinds of keys that conditions tell apart.
  struct KeyClasses {
    std::unique_ptr<ScalarAutomaton> automaton;
    std::vector<std::unique_ptr<LiveAutomaton>> live;  // one a truth that some key has
  };

  size_t formula_bytes() const {
    return own_bytes_ + regexes_.memory_bytes() + atoms_.memory_bytes() + algebra_.memory_bytes();
  }
  FormulaId Expand(FormulaId formula, int32_t type);
  FormulaId ValueAt(const PropertyTable& table, std::string_view key);
  FormulaId ValueOfKey(const std::vector<int32_t>& tables, std::string_view key);
  FormulaId ItemAt(const std::vector<int32_t>& tables, int64_t index);
  bool KeySatisfies(FormulaId condition, std::string_view key);

  std::vector<ArrayTerm>& ArrayTerms(FormulaId formula);
  bool AddLiteral(const SchemaAlgebra::Formula& literal, ObjectTerm& term);
  bool AddLiteral(const SchemaAlgebra::Formula& literal, ArrayTerm& term);

  bool CanComplete(FormulaId formula, int32_t type, const Facts& facts);
  bool SearchObject(FormulaId formula, const Facts& facts);
  bool CanComplete(ObjectTerm& term, const Facts& facts);
  bool SearchOrList(ObjectSearch& search);
  bool SearchOrList(ArraySearch& search);
  std::vector<std::string> KeysToBreak(const ObjectSearch& search, int32_t id);
  bool OrderViolations(ObjectSearch& search);
  bool ChooseAbsent(ObjectSearch& search, size_t from);
  bool PlaceViolations(ObjectSearch& search, size_t from);
  bool PlaceViolation(ObjectSearch& search, size_t from, const std::string& name);
  bool FillUp(ObjectSearch& search);
  std::vector<std::string> CandidateKeys(const ObjectSearch& search, size_t fresh_count);
  KeyClasses& ClassesOf(const std::vector<FormulaId>& conditions);
  FormulaId RoomFor(FormulaId formula, const Facts& facts);
  FormulaId RoomUnder(const ArrayTerm& term, const Facts& facts);
  bool CompleteSimply(const ArrayTerm& term, const Facts& facts);
  bool PlaceItems(ArraySearch& search, int64_t index);
  bool PlaceAlike(ArraySearch& search, int64_t index);
  bool PlaceOneItem(ArraySearch& search, int64_t index, size_t obligation, ItemChoice choice);
  bool PlaceChosen(ArraySearch& search, int64_t index, size_t limit, ItemChoice choice);
  bool JudgePlaces(ArraySearch& search);
  bool JudgeDifferent(ArraySearch& search);
  bool JudgeRepeated(ArraySearch& search);
  FormulaId ItemOf(const ArrayTerm& term, int64_t index);
  bool AsksForDifferentItems(FormulaId formula) const;
  bool HasManyValues(FormulaId formula);
  bool FindManyValues(FormulaId formula);
  bool HasManyScalars(FormulaId inside, int32_t type);
  bool HasManyEntries(FormulaId formula, const Facts& facts);
  bool HasManyItems(FormulaId formula, const Facts& facts);

  // All values of a formula, each as the formula of that value; nullopt when there are more than
  // `count_max`.
  std::optional<std::vector<FormulaId>> ValuesOf(FormulaId formula, size_t count_max);
  bool FindValues(FormulaId formula, ValueSearch& search);
  bool FindScalars(FormulaId inside, int32_t type, ValueSearch& search);
  bool FindContainers(FormulaId inside, int32_t type, ValueSearch& search);
  // What may still come in a container, likewise: entries by key, which are sorted, or items.
  using Entries = std::vector<std::pair<std::string, FormulaId>>;
  std::optional<std::vector<Entries>> ListEntries(FormulaId inside, const Facts& facts,
                                                  size_t count_max);
  std::optional<std::vector<std::vector<FormulaId>>> ListItems(FormulaId inside, const Facts& facts,
                                                               size_t count_max);
  std::optional<bool> CompletesByListing(const ObjectTerm& term, const Facts& facts);
  std::optional<bool> CompletesByListing(const ArrayTerm& term, const Facts& facts);
  std::optional<std::vector<std::string>> KeysThatCome(FormulaId inside, const Facts& facts,
                                                       size_t count_max);
  FormulaId AnyValueOf(const std::vector<Split>& splits);
  std::vector<Split> SplitsAtKey(FormulaId formula, const std::string& key, const Facts& facts);
  bool IsOneOf(FormulaId value, FormulaId seen) const;
  FormulaId RestAfter(const std::vector<Split>& splits, FormulaId value);

  bool AcceptsObject(FormulaId formula, const Facts& facts);
  bool AcceptsArray(FormulaId formula, const Facts& facts);
  std::vector<Split> SplitObject(FormulaId formula, const ValueOf& value_of);
  std::vector<Split> SplitArray(FormulaId formula, const Facts& facts);
  std::vector<Split> SplitParts(const SchemaAlgebra::Formula& node,
                                const std::function<std::vector<Split>(FormulaId)>& split);
  FormulaId AnyOfRests(std::vector<FormulaId> rests);
  std::vector<Split> Tidy(std::vector<Split> splits);
  std::vector<PendingPair> PairsOfKey(AlternativesId alternatives, const ValueOf& value_of);
  PendingId FilterEntries(PendingId pending, const Facts& facts);
  PendingId FilterItems(PendingId pending, const Facts& facts);
  PendingId InternPending(std::vector<PendingPair> pairs);
  AlternativesId InternAlternatives(std::vector<Alternative> alternatives);
  void CollectKeys(FormulaId formula, std::vector<std::string>& names,
                   std::vector<FormulaId>& conditions);
  std::unique_ptr<ScalarAutomaton> MakeAutomaton(const std::vector<PendingPair>& pairs,
                                                 int32_t type);

  SchemaOptions options_;
  std::mutex mutex_;
  std::atomic<size_t> known_bytes_ = 0;
  WorkMeter meter_;
  bool exhausted_ = false;
  RegexAlgebra regexes_;
  ScalarAtoms atoms_;
  SchemaAlgebra algebra_;
  std::vector<FormulaId> references_;
  PendingId root_ = kNone;

  std::unordered_map<uint64_t, FormulaId> expanded_;
  enum class Answer : uint8_t { kOpen, kYes, kNo };
  struct Question {
    Answer answer = Answer::kOpen;
    int32_t depth = 0;  // > 0 while being asked
  };
  std::unordered_map<FormulaId, Question> satisfiable_;
  int32_t asking_ = 0;  // depth of nested questions
  int32_t lowest_assumed_ = INT32_MAX;

  // The terms of a formula, and what was found out of objects under them, by what they had that
  // matters: see SearchObject.
  struct ObjectTerms {
    std::vector<ObjectTerm> terms;
    std::vector<std::string> names = {};  // that the terms speak of, sorted
    bool has_patterns = false;
    bool counts = false;
    bool is_simple = true;  // one look at the facts tells
    bool are_all = true;    // of the terms
    std::unordered_map<std::string, bool> known = {};
  };
  ObjectTerms FindTerms(FormulaId formula, size_t count_max);
  FormulaId LeftOf(FormulaId formula, const Facts& facts);
  bool SearchTerms(ObjectTerms& all, const Facts& facts);
  std::unordered_map<FormulaId, ObjectTerms> object_terms_;      // some, where there are many
  std::unordered_map<FormulaId, ObjectTerms> all_object_terms_;  // those then
  std::unordered_map<FormulaId, std::vector<ArrayTerm>> array_terms_;
  struct FewValues {
    size_t asked = 0;  // there are more than these, unless there are `values`
    std::optional<std::vector<FormulaId>> values = {};
  };
  std::unordered_map<FormulaId, FewValues> few_values_;
  bool listed_values_ = false;  // a place of items that must differ has few values
  std::unordered_map<FormulaId, bool> many_values_;
  std::unordered_map<std::string, bool> many_rests_;
  std::vector<FormulaId> listing_;  // containers whose values are being listed, outermost first
  std::map<std::vector<FormulaId>, KeyClasses> key_classes_;
  std::unordered_map<FormulaId, std::unique_ptr<ScalarAutomaton>> conditions_;
  std::map<std::vector<PendingPair>, PendingId> pending_index_;
  std::vector<std::vector<PendingPair>> pendings_;
  std::map<std::vector<Alternative>, AlternativesId> alternatives_index_;
  std::vector<std::vector<Alternative>> alternatives_;
  std::vector<std::unique_ptr<ValueLanguage>> values_;  // by PendingId, as far as asked
  std::vector<std::unique_ptr<KeyLanguage>> keys_;      // by AlternativesId
  std::map<std::pair<PendingId, std::vector<int32_t>>, AlternativesId> after_value_;
  struct ItemKey {
    AlternativesId alternatives;
    int64_t index;
    FormulaId seen;
    auto operator<=>(const ItemKey&) const = default;
  };
  std::map<ItemKey, PendingId> items_;

  bool gave_up_ = false;
  size_t work_left_ = SIZE_MAX;
  size_t work_done_ = 0;
  size_t own_bytes_ = 0;
};

}  // namespace millrace::grammar

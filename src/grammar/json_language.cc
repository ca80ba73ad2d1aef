#include "grammar/json_language.h"

#include <algorithm>

namespace millrace::grammar {

using Op = SchemaAlgebra::Op;

bool Facts::HasKey(std::string_view name) const {
  if (one_more_key != nullptr && *one_more_key == name) {
    return true;
  }
  for (int32_t at = last_key; at >= 0; at = (*keys)[static_cast<size_t>(at)].previous) {
    if ((*keys)[static_cast<size_t>(at)].name == name) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> Facts::AllKeys() const {
  std::vector<std::string> all;
  if (one_more_key != nullptr) {
    all.push_back(*one_more_key);
  }
  for (int32_t at = last_key; at >= 0; at = (*keys)[static_cast<size_t>(at)].previous) {
    all.push_back((*keys)[static_cast<size_t>(at)].name);
  }
  return all;
}

JsonLanguage::JsonLanguage(const SchemaOptions& options)
    : options_(options), regexes_(&meter_), atoms_(regexes_), algebra_(atoms_, &meter_) {
  if (options_.limits.work > 0) {
    work_left_ = options_.limits.work;
  }
}

bool JsonLanguage::Work() {
  constexpr size_t kAskEvery = 1024;
  ++work_done_;
  if (work_left_ != SIZE_MAX && work_done_ > work_left_) {
    gave_up_ = true;
  }
  if (work_done_ % kAskEvery == 0 && options_.keep_going && work_left_ != SIZE_MAX &&
      !options_.keep_going()) {
    gave_up_ = true;
    work_left_ = 0;
  }
  return !gave_up_ || work_left_ == SIZE_MAX;
}

int32_t JsonLanguage::AddReference() {
  references_.push_back(kTrue);
  return static_cast<int32_t>(references_.size()) - 1;
}

void JsonLanguage::DefineReference(int32_t reference, FormulaId formula) {
  references_[static_cast<size_t>(reference)] = formula;
}

void JsonLanguage::SetRoot(FormulaId root) {
  root_ = InternPending({{.value = root, .rest = kTrue, .tag = 0}});
}

int32_t JsonLanguage::FindCircularReference() {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(references_.size(), Mark::kNew);
  int32_t found = kNone;
  const std::function<void(FormulaId)> visit = [&](FormulaId formula) {
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    for (const FormulaId part : node.parts) {
      visit(part);
    }
    if (node.op == Op::kReference) {
      Mark& mark = marks[static_cast<size_t>(node.a)];
      if (mark == Mark::kOpen) {
        found = node.a;
      } else if (mark == Mark::kNew) {
        mark = Mark::kOpen;
        visit(reference(node.a));
        mark = Mark::kDone;
      }
    }
  };
  for (int32_t i = 0; i < static_cast<int32_t>(references_.size()) && found == kNone; ++i) {
    visit(algebra_.Reference(i));
  }
  return found;
}

void JsonLanguage::ForgetAnswers() {
  expanded_.clear();
  satisfiable_.clear();
  object_terms_.clear();
  all_object_terms_.clear();
  array_terms_.clear();
  few_values_.clear();
  key_classes_.clear();
  conditions_.clear();
}

FormulaId JsonLanguage::Expand(FormulaId formula, int32_t type) {
  const uint64_t key = (static_cast<uint64_t>(formula) << 8) | static_cast<uint64_t>(type);
  if (const auto it = expanded_.find(key); it != expanded_.end()) {
    return it->second;
  }
  const SchemaAlgebra::Formula node = algebra_.at(formula);
  FormulaId result = formula;
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    const FormulaId deciding = node.op == Op::kAnd ? kFalse : kTrue;
    std::vector<FormulaId> parts;
    for (const FormulaId part : node.parts) {
      parts.push_back(Expand(part, type));
      if (parts.back() == deciding) {
        break;
      }
    }
    result = node.op == Op::kAnd ? algebra_.And(std::move(parts)) : algebra_.Or(std::move(parts));
    result = algebra_.Restrict(result, type);
  } else if (node.op == Op::kReference) {
    const FormulaId target = reference(node.a);
    result = Expand(node.negated ? algebra_.Not(target) : target, type);
  } else {
    result = algebra_.Restrict(formula, type);
  }
  expanded_.emplace(key, result);
  own_bytes_ += 40;
  return result;
}

bool JsonLanguage::IsSatisfiable(FormulaId formula) {
  if (formula == kFalse || formula == kTrue) {
    return formula == kTrue;
  }
  Question& question = satisfiable_[formula];
  if (question.answer != Answer::kOpen) {
    return question.answer == Answer::kYes;
  }
  // Values are finite, so the least one needs no value of the same kind inside of itself: while a
  // question is being asked its answer counts as no. An answer no that rests on such an assumption
  // holds only there.
  if (question.depth > 0) {
    lowest_assumed_ = std::min(lowest_assumed_, question.depth);
    return false;
  }
  constexpr int32_t kDepthMax = 400;
  if (asking_ >= kDepthMax || !Work()) {
    gave_up_ = true;
    return false;
  }
  question.depth = ++asking_;
  const int32_t own_depth = asking_;
  const int32_t outer_assumed = std::exchange(lowest_assumed_, INT32_MAX);
  bool found = false;
  for (const int32_t type : {kNull, kTrueType, kFalseType, kString, kNumber, kObject, kArray}) {
    const FormulaId inside = Expand(formula, type);
    if (inside == kFalse) {
      continue;
    }
    if (inside == kTrue) {
      found = true;
    } else if (type == kString || type == kNumber) {
      ScalarAutomaton automaton(
          {inside}, {.type = type, .free_numbers = true, .some_must_hold = true}, algebra_);
      LiveAutomaton live(automaton);
      found = live.IsLive(ScalarAutomaton::kInitial);
      gave_up_ = gave_up_ || live.gave_up();
    } else {
      found = CanComplete(inside, type, {});
    }
    if (found) {
      break;
    }
  }
  --asking_;
  question.depth = 0;
  if (found) {
    question.answer = Answer::kYes;
    lowest_assumed_ = outer_assumed;
  } else if (lowest_assumed_ >= own_depth) {
    question.answer = Answer::kNo;
    lowest_assumed_ = outer_assumed;
  } else {
    lowest_assumed_ = std::min(outer_assumed, lowest_assumed_);
  }
  return found;
}

bool JsonLanguage::CanComplete(FormulaId formula, int32_t type, const Facts& facts) {
  if (formula == kFalse || formula == kTrue) {
    return formula == kTrue;
  }
  if (type == kObject) {
    return SearchObject(formula, facts);
  }
  return RoomFor(formula, facts) != kFalse;
}

FormulaId JsonLanguage::Constant(const JsonNode& value) {
  switch (value.kind) {
    case JsonNode::Kind::kNull:
      return algebra_.Types(kNull);
    case JsonNode::Kind::kBoolean:
      return algebra_.Types(value.boolean ? kTrueType : kFalseType);
    case JsonNode::Kind::kNumber:
      return algebra_.Number(atoms_.NumberSet({value.number}));
    case JsonNode::Kind::kString:
      return algebra_.String(atoms_.TextSet({CodePointsOf(value.text)}));
    case JsonNode::Kind::kArray: {
      std::vector<FormulaId> items;
      for (const JsonNode& item : value.items) {
        items.push_back(Constant(item));
      }
      return ConstantArray(std::move(items));
    }
    case JsonNode::Kind::kObject:
      break;
  }
  std::vector<std::pair<std::string, FormulaId>> members;
  for (const auto& [name, member] : value.members) {
    members.emplace_back(name, Constant(member));
  }
  return ConstantObject(std::move(members));
}

FormulaId JsonLanguage::ConstantArray(std::vector<FormulaId> items) {
  const auto count = static_cast<int64_t>(items.size());
  return algebra_.And(
      {algebra_.Types(kArray), algebra_.Items({.prefix = std::move(items), .rest = kTrue}),
       algebra_.ItemCountAtLeast(count), algebra_.Not(algebra_.ItemCountAtLeast(count + 1))});
}

FormulaId JsonLanguage::ConstantObject(std::vector<std::pair<std::string, FormulaId>> members) {
  std::vector<std::string> names;
  for (const auto& [name, value] : members) {
    names.push_back(name);
  }
  return algebra_.And(
      {algebra_.Types(kObject),
       algebra_.Properties({.names = std::move(members), .patterns = {}, .rest = kFalse}),
       algebra_.Required(std::move(names))});
}

size_t JsonLanguage::KnownMemoryBytes() {
  if (const std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) {
    known_bytes_ = memory_bytes();
  }
  return known_bytes_;
}

size_t JsonLanguage::memory_bytes() const {
  size_t sum = own_bytes_ + regexes_.memory_bytes() + atoms_.memory_bytes() +
               algebra_.memory_bytes() + (satisfiable_.size() * 48);
  const auto of = [](const auto& part) { return part != nullptr ? part->memory_bytes() : 0; };
  for (const auto& values : values_) {
    sum += sizeof(values);
    if (values != nullptr) {
      sum += sizeof(ValueLanguage) + of(values->strings) + of(values->numbers) +
             of(values->live_strings) + of(values->live_numbers);
    }
  }
  for (const auto& keys : keys_) {
    sum += sizeof(keys);
    if (keys != nullptr) {
      sum += sizeof(KeyLanguage) + (keys->names.size() * 48) + of(keys->automaton) + of(keys->live);
    }
  }
  return sum;
}

}  // namespace millrace::grammar

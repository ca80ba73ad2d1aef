#include "chat_template/value.h"

#include <algorithm>

#include "chat_template/operators.h"

namespace millrace::chat_template {

namespace {

// Above this many entries a dict keeps an index of its text keys.
constexpr size_t kIndexFrom = 16;

uint32_t DepthOf(const std::vector<Value>& items) {
  uint32_t depth = 0;
  for (const Value& item : items) {
    depth = std::max(depth, item.depth());
  }
  return depth + 1;
}

}  // namespace

Value Value::Undefined(std::string message) {
  return Value(Storage(std::make_shared<const Missing>(std::move(message))));
}

Value Value::Unsigned(uint64_t value) {
  if (value <= static_cast<uint64_t>(INT64_MAX)) {
    return Int(static_cast<int64_t>(value));
  }
  return Value(Storage(value));
}

Value Value::FromText(Text text, bool markup) {
  return Value(Storage(std::make_shared<const String>(std::move(text), markup)));
}

Value Value::FromString(std::string bytes, Origin origin) {
  return FromText(Text(std::move(bytes), origin));
}

Value Value::List(std::vector<Value> items, SequenceKind kind) {
  uint32_t depth = DepthOf(items);
  return FromSequence(std::make_shared<const Sequence>(std::move(items), kind, depth));
}

Value Value::FromDict(Dict dict) {
  return Value(Storage(std::make_shared<const Dict>(std::move(dict))));
}

double Value::AsDouble() const {
  if (is_float()) {
    return float_value();
  }
  return is_unsigned() ? static_cast<double>(unsigned_value()) : static_cast<double>(AsInt());
}

std::string Value::missing_message() const {
  const auto& missing = std::get<std::shared_ptr<const Missing>>(storage_);
  return missing == nullptr ? "the value is undefined" : missing->message;
}

bool Value::Truth() const {
  struct Visitor {
    bool operator()(const std::shared_ptr<const Missing>&) const { return false; }
    bool operator()(None) const { return false; }
    bool operator()(bool value) const { return value; }
    bool operator()(int64_t value) const { return value != 0; }
    bool operator()(uint64_t value) const { return value != 0; }
    bool operator()(double value) const { return value != 0; }
    bool operator()(const std::shared_ptr<const String>& value) const {
      return !value->text.empty();
    }
    bool operator()(const std::shared_ptr<const Sequence>& value) const {
      return !value->items.empty();
    }
    bool operator()(const std::shared_ptr<const Dict>& value) const { return value->size() != 0; }
    bool operator()(const std::shared_ptr<Object>&) const { return true; }
  };
  return std::visit(Visitor{}, storage_);
}

namespace {

std::string_view SequenceTypeName(SequenceKind kind) {
  switch (kind) {
    case SequenceKind::kList:
      return "list";
    case SequenceKind::kTuple:
    case SequenceKind::kGroup:
      return "tuple";
    case SequenceKind::kRange:
      return "range";
    case SequenceKind::kKeysView:
      return "dict_keys";
    case SequenceKind::kValuesView:
      return "dict_values";
    case SequenceKind::kItemsView:
      return "dict_items";
  }
  std::unreachable();
}

std::string_view ObjectTypeName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNamespace:
      return "Namespace";
    case ObjectKind::kMacro:
      return "Macro";
    case ObjectKind::kLoop:
      return "LoopContext";
    case ObjectKind::kGenerator:
      return "generator";
    case ObjectKind::kBoundMethod:
      return "builtin_function_or_method";
    case ObjectKind::kFunction:
      return "function";
  }
  std::unreachable();
}

}  // namespace

std::string_view Value::TypeName() const {
  struct Visitor {
    std::string_view operator()(const std::shared_ptr<const Missing>&) const { return "Undefined"; }
    std::string_view operator()(None) const { return "NoneType"; }
    std::string_view operator()(bool) const { return "bool"; }
    std::string_view operator()(int64_t) const { return "int"; }
    std::string_view operator()(uint64_t) const { return "int"; }
    std::string_view operator()(double) const { return "float"; }
    std::string_view operator()(const std::shared_ptr<const String>& value) const {
      return value->markup ? "Markup" : "str";
    }
    std::string_view operator()(const std::shared_ptr<const Sequence>& value) const {
      return SequenceTypeName(value->kind);
    }
    std::string_view operator()(const std::shared_ptr<const Dict>&) const { return "dict"; }
    std::string_view operator()(const std::shared_ptr<Object>& value) const {
      return ObjectTypeName(value->kind);
    }
  };
  return std::visit(Visitor{}, storage_);
}

uint32_t Value::depth() const {
  if (is_sequence()) {
    return sequence()->depth;
  }
  if (is_dict()) {
    return dict().depth();
  }
  return is_object() ? object()->depth : 0;
}

bool Value::Same(const Value& other) const {
  if (storage_.index() != other.storage_.index()) {
    return false;
  }
  if (is_sequence()) {
    return sequence() == other.sequence();
  }
  if (is_dict()) {
    return &dict() == &other.dict();
  }
  if (is_object()) {
    return object() == other.object();
  }
  return is_undefined() || ScalarEquals(*this, other);
}

size_t Dict::IndexOf(std::string_view key) const {
  if (!index_.empty()) {
    auto found = index_.find(key);
    return found == index_.end() ? kNone : found->second;
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].first.is_string() && entries_[i].first.bytes() == key) {
      return i;
    }
  }
  return kNone;
}

size_t Dict::IndexOf(const Value& key) const {
  if (key.is_string()) {
    return IndexOf(key.bytes());
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].first.is_string() && ScalarEquals(entries_[i].first, key)) {
      return i;
    }
  }
  return kNone;
}

const Value* Dict::Find(std::string_view key) const {
  size_t index = IndexOf(key);
  return index == kNone ? nullptr : &entries_[index].second;
}

const Value* Dict::Find(const Value& key) const {
  size_t index = IndexOf(key);
  return index == kNone ? nullptr : &entries_[index].second;
}

void Dict::Set(Value key, Value value) {
  depth_ = std::max(depth_, value.depth() + 1);
  if (size_t index = IndexOf(key); index != kNone) {
    entries_[index].second = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (entries_.size() < kIndexFrom) {
    return;
  }
  size_t first_unindexed = entries_.size() == kIndexFrom ? 0 : entries_.size() - 1;
  for (size_t i = first_unindexed; i < entries_.size(); ++i) {
    if (entries_[i].first.is_string()) {
      index_.emplace(entries_[i].first.bytes(), i);
    }
  }
}

const Value* Namespace::Find(std::string_view name) const {
  for (const auto& [attribute, value] : attributes) {
    if (attribute == name) {
      return &value;
    }
  }
  return nullptr;
}

void Namespace::Set(std::string_view name, Value value) {
  for (auto& [attribute, old] : attributes) {
    if (attribute == name) {
      old = std::move(value);
      return;
    }
  }
  attributes.emplace_back(name, std::move(value));
}

Generator::Generator(std::vector<Value> values) : Object(ObjectKind::kGenerator) {
  uint32_t items_depth = DepthOf(values);
  sequence = std::make_shared<const Sequence>(std::move(values), SequenceKind::kList, items_depth);
  depth = items_depth + 1;
}

BoundMethod::BoundMethod(Value bound_receiver, std::string method_name)
    : Object(ObjectKind::kBoundMethod),
      receiver(std::move(bound_receiver)),
      name(std::move(method_name)) {
  depth = receiver.depth() + 1;
}

}  // namespace millrace::chat_template

// Values of the template language: those of Python that a chat template can meet.
//
// A Value is small and cheap to copy: containers and strings are shared and immutable. Only
// namespaces, loops and generators change, and they live as long as one rendering.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "chat_template/text.h"

namespace millrace::chat_template {

class Value;
class Dict;

struct String {
  Text text;
  bool markup = false;  // passed through `safe` or `escape`: Python's Markup
};

// kGroup is a tuple whose two items also answer to `grouper` and `list`.
enum class SequenceKind { kList, kTuple, kGroup, kRange, kKeysView, kValuesView, kItemsView };

struct Sequence {
  std::vector<Value> items;
  SequenceKind kind = SequenceKind::kList;
  uint32_t depth = 1;           // containers on the longest way down
  std::string range_text = {};  // how a range prints itself
};

// Why a value is missing; raised when it is used.
struct Missing {
  std::string message;
};

enum class ObjectKind { kNamespace, kMacro, kLoop, kGenerator, kBoundMethod, kFunction };

// What has identity instead of contents.
struct Object {
  explicit Object(ObjectKind object_kind) : kind(object_kind) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  const ObjectKind kind;
  uint32_t depth = 1;
};

class Value {
 public:
  struct None {};

  Value() = default;  // undefined, without a reason
  static Value Undefined(std::string message);
  static Value NoneValue() { return Value(Storage(None{})); }
  static Value Bool(bool value) { return Value(Storage(value)); }
  static Value Int(int64_t value) { return Value(Storage(value)); }
  // Integers above the signed range stay exact; arithmetic with them is done in double.
  static Value Unsigned(uint64_t value);
  static Value Float(double value) { return Value(Storage(value)); }
  static Value FromText(Text text, bool markup = false);
  static Value FromString(std::string bytes, Origin origin);
  static Value Literal(std::string bytes) {
    return FromString(std::move(bytes), Origin::kTemplate);
  }
  static Value Data(std::string bytes) { return FromString(std::move(bytes), Origin::kData); }
  static Value List(std::vector<Value> items, SequenceKind kind = SequenceKind::kList);
  static Value Tuple(std::vector<Value> items) {
    return List(std::move(items), SequenceKind::kTuple);
  }
  static Value FromSequence(std::shared_ptr<const Sequence> sequence) {
    return Value(Storage(std::move(sequence)));
  }
  static Value FromDict(Dict dict);
  static Value FromObject(std::shared_ptr<Object> object) {
    return Value(Storage(std::move(object)));
  }

  bool is_undefined() const {
    return std::holds_alternative<std::shared_ptr<const Missing>>(storage_);
  }
  bool is_none() const { return std::holds_alternative<None>(storage_); }
  bool is_bool() const { return std::holds_alternative<bool>(storage_); }
  bool is_int() const { return std::holds_alternative<int64_t>(storage_); }
  bool is_unsigned() const { return std::holds_alternative<uint64_t>(storage_); }
  bool is_float() const { return std::holds_alternative<double>(storage_); }
  bool is_string() const { return std::holds_alternative<std::shared_ptr<const String>>(storage_); }
  bool is_sequence() const {
    return std::holds_alternative<std::shared_ptr<const Sequence>>(storage_);
  }
  bool is_dict() const { return std::holds_alternative<std::shared_ptr<const Dict>>(storage_); }
  bool is_object() const { return std::holds_alternative<std::shared_ptr<Object>>(storage_); }
  bool is_number() const { return is_bool() || is_int() || is_unsigned() || is_float(); }
  bool is_integral() const { return is_bool() || is_int(); }  // fits AsInt
  bool is_list() const { return is_sequence() && sequence()->kind == SequenceKind::kList; }
  bool is_tuple() const {
    return is_sequence() &&
           (sequence()->kind == SequenceKind::kTuple || sequence()->kind == SequenceKind::kGroup);
  }
  bool is_markup() const { return is_string() && string().markup; }

  // Each needs the matching kind.
  bool bool_value() const { return std::get<bool>(storage_); }
  int64_t int_value() const { return std::get<int64_t>(storage_); }
  uint64_t unsigned_value() const { return std::get<uint64_t>(storage_); }
  double float_value() const { return std::get<double>(storage_); }
  int64_t AsInt() const { return is_bool() ? (bool_value() ? 1 : 0) : int_value(); }
  double AsDouble() const;  // any number
  const String& string() const { return *std::get<std::shared_ptr<const String>>(storage_); }
  const Text& text() const { return string().text; }
  const std::string& bytes() const { return string().text.bytes(); }
  const std::shared_ptr<const Sequence>& sequence() const {
    return std::get<std::shared_ptr<const Sequence>>(storage_);
  }
  const std::vector<Value>& items() const { return sequence()->items; }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(storage_); }
  const std::shared_ptr<Object>& object() const {
    return std::get<std::shared_ptr<Object>>(storage_);
  }
  bool is_object_kind(ObjectKind kind) const { return is_object() && object()->kind == kind; }
  // The reason of an undefined value.
  std::string missing_message() const;

  // Python's truth value. Never fails.
  bool Truth() const;
  // The name of the Python type: "str", "int", "list".
  std::string_view TypeName() const;
  // Containers on the longest way down; 0 for what is none.
  uint32_t depth() const;
  // Two names for one thing: `is` of Python. Strings and numbers: equal contents of one type.
  bool Same(const Value& other) const;
  // Whether a dict may hold it as a key.
  bool Hashable() const { return is_none() || is_number() || is_string(); }

 private:
  using Storage =
      std::variant<std::shared_ptr<const Missing>, None, bool, int64_t, uint64_t, double,
                   std::shared_ptr<const String>, std::shared_ptr<const Sequence>,
                   std::shared_ptr<const Dict>, std::shared_ptr<Object>>;
  explicit Value(Storage storage) : storage_(std::move(storage)) {}

  Storage storage_;
};

// Entries in the order they were first set. Built by its owner, then shared as a Value and never
// changed.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  uint32_t depth() const { return depth_; }

  // Null when there is no such key. Keys are text, numbers, booleans or none.
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  // Replaces the value of an equal key, else adds the entry at the end.
  void Set(Value key, Value value);
  void Set(std::string_view key, Value value) {
    Set(Value::Literal(std::string(key)), std::move(value));
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  size_t IndexOf(std::string_view key) const;
  size_t IndexOf(const Value& key) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, size_t> index_;  // text keys, once there are many entries
  uint32_t depth_ = 1;
};

// `namespace(...)`: the one thing a template can change.
struct Namespace : Object {
  Namespace() : Object(ObjectKind::kNamespace) {}
  const Value* Find(std::string_view name) const;
  void Set(std::string_view name, Value value);

  std::vector<std::pair<std::string, Value>> attributes;
};

// The result of a lazy filter: can be walked once.
struct Generator : Object {
  explicit Generator(std::vector<Value> values);

  std::shared_ptr<const Sequence> sequence;
  size_t cursor = 0;
};

// `receiver.name` before it is called.
struct BoundMethod : Object {
  BoundMethod(Value bound_receiver, std::string method_name);

  Value receiver;
  std::string name;
};

}  // namespace millrace::chat_template

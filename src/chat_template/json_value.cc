#include "chat_template/json_value.h"

#include "json/json.h"

namespace millrace::chat_template {

namespace {

// Recursion is bounded by the depth limit of json::Parse.
Value Convert(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return Value::NoneValue();
    case boost::json::kind::bool_:
      return Value::Bool(json.get_bool());
    case boost::json::kind::int64:
      return Value::Int(json.get_int64());
    case boost::json::kind::uint64:
      return Value::Unsigned(json.get_uint64());
    case boost::json::kind::double_:
      return Value::Float(json.get_double());
    case boost::json::kind::string:
      return Value::Data(std::string(json.get_string().data(), json.get_string().size()));
    case boost::json::kind::array: {
      std::vector<Value> items;
      items.reserve(json.get_array().size());
      for (const boost::json::value& item : json.get_array()) {
        items.push_back(Convert(item));
      }
      return Value::List(std::move(items));
    }
    case boost::json::kind::object: {
      Dict dict;
      for (const boost::json::key_value_pair& entry : json.get_object()) {
        dict.Set(Value::Data(std::string(entry.key().data(), entry.key().size())),
                 Convert(entry.value()));
      }
      return Value::FromDict(std::move(dict));
    }
  }
  std::unreachable();
}

}  // namespace

base::Result<Value> ValueFromJson(std::string_view json_text) {
  boost::json::value json = TRY(json::Parse(json_text));
  return Convert(json);
}

}  // namespace millrace::chat_template

// The keywords of objects and arrays.
#include <algorithm>

#include "grammar/schema_compiler.h"

namespace millrace::grammar {

base::Status SchemaCompiler::AddProperties(const Context& context, Formulas& parts) {
  const JsonNode* properties = context.Find("properties");
  const JsonNode* patterns = context.Find("patternProperties");
  const JsonNode* additional = context.Find("additionalProperties");
  if (properties == nullptr && patterns == nullptr && additional == nullptr) {
    return {};
  }
  PropertyTable table;
  for (const auto& [keyword, map] :
       {std::pair{"properties", properties}, {"patternProperties", patterns}}) {
    if (map != nullptr && !map->is_object()) {
      return Wrong(context, keyword, "must be an object of schemas");
    }
  }
  if (properties != nullptr) {
    for (const auto& [name, schema] : properties->members) {
      table.names.emplace_back(
          name, TRY(CompileChild(context, schema, "properties/" + EscapePointer(name))));
    }
  }
  if (patterns != nullptr) {
    for (const auto& [pattern, schema] : patterns->members) {
      const auto key = TRY(PatternCondition(context, pattern, "patternProperties"));
      const auto value =
          TRY(CompileChild(context, schema, "patternProperties/" + EscapePointer(pattern)));
      table.patterns.push_back({.key = key, .value = value});
    }
  }
  if (additional != nullptr) {
    table.rest = TRY(CompileChild(context, *additional, "additionalProperties"));
  }
  parts.push_back(algebra_.IfType(kObject, algebra_.Properties(std::move(table))));
  return {};
}

base::Status SchemaCompiler::AddPropertyRules(const Context& context, Formulas& parts) {
  const auto add = [&](FormulaId formula) { parts.push_back(algebra_.IfType(kObject, formula)); };
  if (const JsonNode* required = context.Find("required");
      required != nullptr && !(required->is_boolean() && DraftOf(context) == Draft::k4)) {
    std::vector<std::string> names;
    for (const JsonNode& name : required->items) {
      names.push_back(name.text);
    }
    if (!required->is_array() || std::any_of(required->items.begin(), required->items.end(),
                                             [](const JsonNode& n) { return !n.is_string(); })) {
      return Wrong(context, "required", "must be an array of strings");
    }
    add(algebra_.Required(std::move(names)));
  }
  if (const int64_t count = TRY(CountOf(context, "minProperties", 0)); count > 0) {
    add(algebra_.PropertyCountAtLeast(count));
  }
  if (const int64_t count = TRY(CountOf(context, "maxProperties", -1)); count >= 0) {
    add(algebra_.Not(algebra_.PropertyCountAtLeast(count + 1)));
  }
  const JsonNode* names = context.Find("propertyNames");
  if (names != nullptr && DraftOf(context) >= Draft::k6) {
    PropertyTable table;
    table.patterns.push_back(
        {.key = algebra_.Not(TRY(CompileChild(context, *names, "propertyNames"))),
         .value = kFalse});
    add(algebra_.Properties(std::move(table)));
  }
  return {};
}

base::Status SchemaCompiler::AddDependencies(const Context& context, Formulas& parts) {
  const Draft draft = DraftOf(context);
  for (const char* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    const JsonNode* map = context.Find(keyword);
    const bool is_new = std::string_view(keyword) != "dependencies";
    if (map == nullptr || (is_new && draft < Draft::k2019_09)) {
      continue;
    }
    if (!map->is_object()) {
      return Wrong(context, keyword, "must be an object");
    }
    for (const auto& [name, rule] : map->members) {
      FormulaId consequence = kTrue;
      if (rule.is_array()) {
        std::vector<std::string> names;
        for (const JsonNode& other : rule.items) {
          names.push_back(other.text);
        }
        consequence = algebra_.Required(std::move(names));
      } else if (rule.is_string()) {
        consequence = algebra_.Required({rule.text});
      } else {
        consequence =
            TRY(CompileChild(context, rule, std::string(keyword) + "/" + EscapePointer(name)));
      }
      parts.push_back(algebra_.Or({algebra_.Not(algebra_.Required({name})), consequence}));
    }
  }
  return {};
}

base::Status SchemaCompiler::AddItems(const Context& context, Formulas& parts) {
  const bool has_prefix = DraftOf(context) == Draft::k2020_12;
  const JsonNode* items = context.Find("items");
  ItemTable table;
  bool found = false;
  if (has_prefix) {
    table.prefix = TRY(CompileList(context, "prefixItems"));
    found = !table.prefix.empty();
    if (items != nullptr && items->is_array()) {
      return Wrong(context, "items", "must be a schema; a list of schemas is `prefixItems`");
    }
  } else if (items != nullptr && items->is_array()) {
    table.prefix = TRY(CompileList(context, "items"));
    found = true;
    if (const JsonNode* rest = context.Find("additionalItems"); rest != nullptr) {
      table.rest = TRY(CompileChild(context, *rest, "additionalItems"));
    }
    items = nullptr;
  }
  if (items != nullptr) {
    table.rest = TRY(CompileChild(context, *items, "items"));
    found = true;
  }
  if (found) {
    parts.push_back(algebra_.IfType(kArray, algebra_.Items(std::move(table))));
  }
  return {};
}

base::Status SchemaCompiler::AddItemRules(const Context& context, Formulas& parts) {
  const auto add = [&](FormulaId formula) { parts.push_back(algebra_.IfType(kArray, formula)); };
  if (const int64_t count = TRY(CountOf(context, "minItems", 0)); count > 0) {
    add(algebra_.ItemCountAtLeast(count));
  }
  if (const int64_t count = TRY(CountOf(context, "maxItems", -1)); count >= 0) {
    add(algebra_.Not(algebra_.ItemCountAtLeast(count + 1)));
  }
  if (const JsonNode* unique = context.Find("uniqueItems"); unique != nullptr && unique->boolean) {
    add(algebra_.Unique());
  }
  const JsonNode* contains = context.Find("contains");
  if (contains == nullptr || DraftOf(context) < Draft::k6) {
    return {};
  }
  const FormulaId item = TRY(CompileChild(context, *contains, "contains"));
  const bool counts = DraftOf(context) >= Draft::k2019_09;
  add(algebra_.Contains(item, counts ? TRY(CountOf(context, "minContains", 1)) : 1));
  const int64_t most = counts ? TRY(CountOf(context, "maxContains", -1)) : -1;
  if (most >= 0) {
    add(algebra_.And({algebra_.Types(kArray), algebra_.Not(algebra_.Contains(item, most + 1))}));
  }
  return {};
}

}  // namespace millrace::grammar

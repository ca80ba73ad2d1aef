#include "grammar/schema_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace millrace::grammar {
namespace {

constexpr std::array kSingle = {"items",
                                "additionalItems",
                                "additionalProperties",
                                "not",
                                "if",
                                "then",
                                "else",
                                "contains",
                                "propertyNames",
                                "unevaluatedItems",
                                "unevaluatedProperties"};
constexpr std::array kLists = {"allOf", "anyOf", "oneOf", "prefixItems", "items"};
constexpr std::array kMaps = {"properties",  "patternProperties", "$defs",
                              "definitions", "dependentSchemas",  "dependencies"};

// Keywords that lead from a value to values inside of it.
bool Nests(std::string_view keyword) {
  constexpr std::array kInside = {"items",       "additionalItems",  "additionalProperties",
                                  "contains",    "unevaluatedItems", "unevaluatedProperties",
                                  "prefixItems", "properties",       "patternProperties"};
  return std::find(kInside.begin(), kInside.end(), keyword) != kInside.end();
}

std::optional<Draft> DraftOf(std::string_view uri) {
  while (uri.ends_with('#')) {
    uri.remove_suffix(1);
  }
  const size_t host = uri.find("json-schema.org/");
  if (host == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view name = uri.substr(host + 16);
  if (name.starts_with("draft-04") || name.starts_with("draft-03")) {
    return Draft::k4;
  }
  if (name.starts_with("draft-06")) {
    return Draft::k6;
  }
  if (name.starts_with("draft-07")) {
    return Draft::k7;
  }
  if (name.starts_with("draft/2019-09")) {
    return Draft::k2019_09;
  }
  return name.starts_with("draft/2020-12") ? std::optional(Draft::k2020_12) : std::nullopt;
}

std::string DecodePercent(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() + 0 &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
            text.data() + i + 3) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string UnescapePointer(std::string_view token) {
  std::string result;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      result += token[++i] == '1' ? '/' : '~';
    } else {
      result += token[i];
    }
  }
  return result;
}

struct Uri {
  std::string_view scheme, authority, path, query;
  bool has_authority = false;
};

Uri SplitUri(std::string_view text) {
  Uri uri;
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos &&
      text.substr(0, colon).find_first_of("/?#") == std::string_view::npos && colon > 0) {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    uri.has_authority = true;
    const size_t end = std::min(text.find_first_of("/?", 2), text.size());
    uri.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  const size_t query = text.find('?');
  uri.path = text.substr(0, query);
  uri.query = query == std::string_view::npos ? std::string_view() : text.substr(query);
  return uri;
}

std::string RemoveDots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool absolute = path.starts_with('/');
  bool folder = false;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    std::string_view part = path.substr(0, end);
    path.remove_prefix(end);
    const std::string_view name = part.starts_with('/') ? part.substr(1) : part;
    folder = name == "." || name == "..";
    if (name == ".." && !kept.empty()) {
      kept.pop_back();
    } else if (!folder) {
      kept.push_back(part);
    }
  }
  std::string result;
  for (const std::string_view part : kept) {
    result += part;
  }
  if (folder) {
    result += '/';
  }
  if (absolute && !result.starts_with('/')) {
    result.insert(0, "/");
  }
  return result;
}

}  // namespace

std::string EscapePointer(std::string_view token) {
  std::string result;
  for (const char c : token) {
    result += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return result;
}

std::string ResolveUri(std::string_view base, std::string_view reference) {
  base = base.substr(0, base.find('#'));
  const Uri from = SplitUri(base);
  const Uri to = SplitUri(reference);
  if (!to.scheme.empty()) {
    return std::string(reference);
  }
  std::string result = from.scheme.empty() ? "" : std::string(from.scheme) + ":";
  if (to.has_authority) {
    return result + std::string(reference);
  }
  if (from.has_authority) {
    result += "//" + std::string(from.authority);
  }
  if (to.path.empty()) {
    return result + std::string(from.path) + std::string(to.query.empty() ? from.query : to.query);
  }
  if (to.path.starts_with('/')) {
    return result + RemoveDots(to.path) + std::string(to.query);
  }
  const size_t slash = from.path.rfind('/');
  std::string folder(slash == std::string_view::npos ? "" : from.path.substr(0, slash + 1));
  if (folder.empty() && from.has_authority) {
    folder = "/";
  }
  return result + RemoveDots(folder + std::string(to.path)) + std::string(to.query);
}

base::Status SchemaDocuments::CheckLimit(size_t count, size_t limit, const char* what,
                                         const std::string& pointer) {
  if (limit > 0 && count > limit) {
    return base::InvalidArgument("the schema has more than " + std::to_string(limit) + " " + what,
                                 pointer);
  }
  return {};
}

base::Status SchemaDocuments::Add(std::string_view uri, std::string_view text, bool is_main) {
  if (is_main) {
    TRY(CheckLimit(text.size(), options_.limits.text_bytes, "bytes", ""));
  }
  texts_.push_back(std::make_unique<JsonNode>(TRY(ParseJson(text))));
  const JsonNode& node = *texts_.back();
  const auto id = static_cast<int32_t>(resources_.size());
  resources_.push_back({.uri = std::string(uri), .root = &node, .draft = options_.default_draft});
  by_uri_.try_emplace(std::string(uri), id);
  counting_ = is_main;
  TRY(Scan(node, id, "", 1));
  if (is_main) {
    root_ = {.node = &node, .resource = resource_of_.at(&node)};
  }
  return {};
}

// The resource that `node` belongs to: its own when it has an identifier. `$schema` says something
// at the root of a resource only; what has an `id` of draft 4 is none inside of a later draft.
base::Result<int32_t> SchemaDocuments::Enter(const JsonNode& node, int32_t resource) {
  Draft draft = resources_[static_cast<size_t>(resource)].draft;
  const bool is_root = resources_[static_cast<size_t>(resource)].root == &node;
  const bool may_say = is_root || node.Find(draft == Draft::k4 ? "id" : "$id") != nullptr;
  if (const JsonNode* schema = node.Find("$schema");
      may_say && schema != nullptr && schema->is_string()) {
    const std::string_view uri = std::string_view(schema->text).substr(0, schema->text.find('#'));
    if (std::any_of(options_.documents.begin(), options_.documents.end(),
                    [uri](const auto& document) { return document.first == uri; })) {
      return base::Unsupported("schema keyword $schema: a metaschema of one's own");
    }
    draft = DraftOf(schema->text).value_or(draft);
  }
  const JsonNode* id = node.Find(draft == Draft::k4 ? "id" : "$id");
  const bool has_sibling_ref = draft <= Draft::k7 && node.Find("$ref") != nullptr;
  if (is_root) {
    resources_[static_cast<size_t>(resource)].draft = draft;
  }
  if (id == nullptr || !id->is_string() || has_sibling_ref || id->text.starts_with('#')) {
    return resource;
  }
  std::string uri = ResolveUri(resources_[static_cast<size_t>(resource)].uri,
                               std::string_view(id->text).substr(0, id->text.find('#')));
  if (is_root && uri == resources_[static_cast<size_t>(resource)].uri) {
    return resource;  // the identifier it was asked for by
  }
  const auto own = static_cast<int32_t>(resources_.size());
  by_uri_.try_emplace(uri, own);
  resources_.push_back({.uri = std::move(uri), .root = &node, .draft = draft});
  return own;
}

base::Status SchemaDocuments::Scan(const JsonNode& node, int32_t resource,
                                   const std::string& pointer, size_t nesting) {
  if (!node.is_object() || resource_of_.contains(&node)) {
    if (!node.is_object()) {
      resource_of_.emplace(&node, resource);
    }
    return {};
  }
  if (counting_) {
    TRY(CheckLimit(nesting, options_.limits.nesting, "levels of nesting", pointer));
    TRY(Count(node, pointer));
  }
  resource = TRY(Enter(node, resource));
  resource_of_.emplace(&node, resource);
  SchemaResource& own = resources_[static_cast<size_t>(resource)];
  const auto text_of = [&](const char* key) {
    const JsonNode* value = node.Find(key);
    return value != nullptr && value->is_string() ? value->text : std::string();
  };
  if (const std::string anchor = text_of("$anchor"); !anchor.empty()) {
    own.anchors.emplace(anchor, &node);
  }
  if (const std::string anchor = text_of("$dynamicAnchor"); !anchor.empty()) {
    own.anchors.emplace(anchor, &node);
    own.dynamic_anchors.emplace(anchor, &node);
  }
  const std::string id = text_of(own.draft == Draft::k4 ? "id" : "$id");
  if (own.draft <= Draft::k7 && id.find('#') != std::string::npos && !id.ends_with('#')) {
    own.anchors.emplace(id.substr(id.find('#') + 1), &node);
  }
  const JsonNode* recursive = node.Find("$recursiveAnchor");
  if (recursive != nullptr && recursive->boolean && own.root == &node) {
    own.has_recursive_anchor = true;
  }
  has_dynamic_references_ = has_dynamic_references_ || node.Find("$dynamicRef") != nullptr ||
                            node.Find("$recursiveRef") != nullptr;
  return ScanChildren(node, resource, pointer, nesting);
}

base::Status SchemaDocuments::ScanChildren(const JsonNode& node, int32_t resource,
                                           const std::string& pointer, size_t nesting) {
  for (const auto& [key, value] : node.members) {
    const std::string path = pointer + "/" + EscapePointer(key);
    const size_t level = nesting + (Nests(key) ? 1 : 0);
    const bool is_map = std::find(kMaps.begin(), kMaps.end(), key) != kMaps.end();
    if (std::find(kSingle.begin(), kSingle.end(), key) != kSingle.end() && !value.is_array()) {
      TRY(Scan(value, resource, path, level));
    } else if (value.is_array() && std::find(kLists.begin(), kLists.end(), key) != kLists.end()) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        TRY(Scan(value.items[i], resource, path + "/" + std::to_string(i), level));
      }
    } else if (is_map && value.is_object()) {
      const bool is_definition = key == "$defs" || key == "definitions";
      for (const auto& [name, member] : value.members) {
        TRY(Scan(member, resource, path + "/" + EscapePointer(name), is_definition ? 1 : level));
      }
    }
  }
  return {};
}

base::Status SchemaDocuments::Count(const JsonNode& node, const std::string& pointer) {
  const auto add_names = [&](const char* key) {
    const JsonNode* map = node.Find(key);
    const size_t count = map != nullptr && map->is_object() ? map->members.size() : 0;
    for (size_t i = 0; i < count; ++i) {
      counts_.name_characters += CodePointsOf(map->members[i].first).size();
    }
    return count;
  };
  counts_.properties += add_names("properties");
  add_names("$defs");
  add_names("definitions");
  if (const JsonNode* values = node.Find("enum"); values != nullptr && values->is_array()) {
    counts_.enum_values += values->items.size();
    for (const JsonNode& value : values->items) {
      counts_.name_characters += value.is_string() ? CodePointsOf(value.text).size() : 0;
    }
  }
  if (const JsonNode* value = node.Find("const"); value != nullptr && value->is_string()) {
    counts_.name_characters += CodePointsOf(value->text).size();
  }
  const SchemaLimits& limits = options_.limits;
  TRY(CheckLimit(counts_.properties, limits.properties, "properties", pointer));
  TRY(CheckLimit(counts_.enum_values, limits.enum_values, "enum values", pointer));
  return CheckLimit(counts_.name_characters, limits.name_characters,
                    "characters in names and enum values", pointer);
}

SchemaPlace SchemaDocuments::Child(const SchemaPlace& place, const JsonNode& node,
                                   std::string_view path) const {
  const auto at = resource_of_.find(&node);
  return {.node = &node,
          .resource = at != resource_of_.end() ? at->second : place.resource,
          .pointer = place.pointer + "/" + std::string(path)};
}

base::Result<SchemaPlace> SchemaDocuments::Follow(int32_t resource, std::string_view pointer) {
  SchemaPlace place{.node = resources_[static_cast<size_t>(resource)].root, .resource = resource};
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string token = UnescapePointer(pointer.substr(0, end));
    pointer.remove_prefix(end);
    const JsonNode* next = place.node->Find(token);
    if (place.node->is_array()) {
      size_t index = 0;
      const auto parsed = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool valid = parsed.ec == std::errc() && parsed.ptr == token.data() + token.size();
      next = valid && index < place.node->items.size() ? &place.node->items[index] : nullptr;
    }
    if (next == nullptr) {
      return base::InvalidArgument("leads nowhere");
    }
    place = Child(place, *next, EscapePointer(token));
  }
  TRY(Scan(*place.node, place.resource, place.pointer, 1));
  place.resource = resource_of_.at(place.node);
  return place;
}

base::Result<SchemaPlace> SchemaDocuments::Resolve(std::string_view reference, int32_t resource) {
  const size_t hash = reference.find('#');
  const std::string uri =
      ResolveUri(resources_[static_cast<size_t>(resource)].uri, reference.substr(0, hash));
  const std::string fragment =
      hash == std::string_view::npos ? "" : DecodePercent(reference.substr(hash + 1));
  auto target = by_uri_.find(uri);
  if (target == by_uri_.end()) {
    for (const auto& [name, text] : options_.documents) {
      if (name == uri) {
        counting_ = false;
        TRY(Add(name, text, false));
        target = by_uri_.find(uri);
        break;
      }
    }
  }
  int32_t id = resource;
  if (target != by_uri_.end()) {
    id = target->second;
  } else if (hash != 0) {
    return base::InvalidArgument("leads to another document");
  }
  if (fragment.empty() || fragment.starts_with('/')) {
    return Follow(id, fragment);
  }
  const SchemaResource& place = resources_[static_cast<size_t>(id)];
  const auto anchor = place.anchors.find(fragment);
  if (anchor == place.anchors.end()) {
    return base::InvalidArgument("leads nowhere");
  }
  return SchemaPlace{.node = anchor->second,
                     .resource = resource_of_.at(anchor->second),
                     .pointer = "#" + fragment};
}

}  // namespace millrace::grammar

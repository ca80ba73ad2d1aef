// The documents a schema consists of: resources by URI, anchors, and where a `$ref` leads.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "grammar/json_schema.h"
#include "grammar/json_text.h"

namespace millrace::grammar {

// A schema with a URI of its own.
struct SchemaResource {
  std::string uri;
  const JsonNode* root = nullptr;
  Draft draft = Draft::k2020_12;
  std::map<std::string, const JsonNode*, std::less<>> anchors = {};
  std::map<std::string, const JsonNode*, std::less<>> dynamic_anchors = {};
  bool has_recursive_anchor = false;
};

// A schema or subschema: where it is and what it belongs to.
struct SchemaPlace {
  const JsonNode* node = nullptr;
  int32_t resource = 0;
  std::string pointer = {};  // from the document's root, for messages
};

class SchemaDocuments {
 public:
  explicit SchemaDocuments(const SchemaOptions& options) : options_(options) {}

  // Errors (kInvalidArgument): not JSON, a limit, an unknown `$schema`.
  base::Status Add(std::string_view uri, std::string_view text, bool is_main);

  SchemaPlace root() const { return root_; }
  const SchemaResource& resource(int32_t id) const { return resources_[static_cast<size_t>(id)]; }
  bool has_dynamic_references() const { return has_dynamic_references_; }

  // Where `reference` leads from a place in `resource`. Errors (kInvalidArgument): nowhere.
  base::Result<SchemaPlace> Resolve(std::string_view reference, int32_t resource);
  // The subschema `key` (and then `index` or a member) of `place`, with its own resource.
  SchemaPlace Child(const SchemaPlace& place, const JsonNode& node, std::string_view path) const;

 private:
  struct Counts {
    size_t properties = 0;
    size_t enum_values = 0;
    size_t name_characters = 0;
  };
  base::Status Scan(const JsonNode& node, int32_t resource, const std::string& pointer,
                    size_t nesting);
  base::Status ScanChildren(const JsonNode& node, int32_t resource, const std::string& pointer,
                            size_t nesting);
  base::Result<int32_t> Enter(const JsonNode& node, int32_t resource);
  base::Status Count(const JsonNode& node, const std::string& pointer);
  base::Result<SchemaPlace> Follow(int32_t resource, std::string_view pointer);
  base::Status CheckLimit(size_t count, size_t limit, const char* what, const std::string& pointer);

  const SchemaOptions& options_;
  std::vector<std::unique_ptr<JsonNode>> texts_;
  std::vector<SchemaResource> resources_;
  std::map<std::string, int32_t, std::less<>> by_uri_;
  std::unordered_map<const JsonNode*, int32_t> resource_of_;
  SchemaPlace root_;
  Counts counts_;
  bool counting_ = false;
  bool has_dynamic_references_ = false;
};

// RFC 3986, section 5.2. Both without validation.
std::string ResolveUri(std::string_view base, std::string_view reference);

// `token` as part of a JSON pointer.
std::string EscapePointer(std::string_view token);

}  // namespace millrace::grammar

#include "grammar/testing/sample_schemas.h"

namespace millrace::grammar::testing {
namespace {

// clang-format off: a table is easier to read as one
constexpr const char* kSchemas[] = {
    R"(true)",
    R"({"type": "object"})",
    R"({"type": ["integer", "null"]})",
    R"({"type": "boolean"})",
    R"({"type": "string"})",
    R"({"enum": ["a", "ab", 1, 1.5, -0.25, 100, null, true, [1, "x"], {"k": {"l": []}}]})",
    R"({"const": {"a": [1, 2.50], "b": "é\u0001\""}})",
    // numbers
    R"({"type": "integer", "minimum": -12, "maximum": 1050})",
    R"({"type": "number", "exclusiveMinimum": 0.15, "exclusiveMaximum": 2.5})",
    R"({"type": "number", "minimum": 1e3, "multipleOf": 0.01, "maximum": 1e5})",
    R"({"type": "integer", "multipleOf": 7, "not": {"multipleOf": 3}, "minimum": 1})",
    R"({"type": "number", "multipleOf": 1e-7, "minimum": -0.00001, "maximum": 0.00001})",
    R"({"type": "integer", "multipleOf": 123456789, "minimum": 1e12, "maximum": 1.1e12})",
    R"({"type": "integer", "allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "exclusiveMaximum": 0})",
    R"({"type": "number", "not": {"type": "integer"}, "minimum": 0, "maximum": 3})",
    R"({"anyOf": [{"type": "integer", "maximum": -5}, {"type": "number", "minimum": 5, "multipleOf": 2.5}]})",
    // strings
    R"({"type": "string", "minLength": 2, "maxLength": 4})",
    R"({"type": "string", "maxLength": 0})",
    R"({"type": "string", "pattern": "^[A-Z]{2}-\\d{3,}$", "maxLength": 8})",
    R"({"type": "string", "pattern": "b+a", "not": {"pattern": "x"}, "maxLength": 6})",
    R"({"type": "string", "pattern": "^(?=.*\\d)(?=.*[a-z])(?!.*--).{3,6}$"})",
    R"({"type": "string", "pattern": "^\\p{L}+$", "minLength": 1, "maxLength": 3})",
    R"({"type": "string", "pattern": "^[\\u{1F600}-\\u{1F64F}\"\\\\/]{1,2}$"})",
    R"({"type": "string", "not": {"enum": ["", "a", "true"]}, "maxLength": 5})",
    R"({"type": "string", "format": "date"})",
    R"({"type": "string", "format": "date-time", "maxLength": 25})",
    R"({"type": "string", "format": "email", "maxLength": 12})",
    R"({"type": "string", "format": "ipv4"})",
    R"({"type": "string", "format": "ipv6", "maxLength": 20})",
    R"({"type": "string", "format": "uuid"})",
    R"({"type": "string", "format": "uri", "maxLength": 20})",
    R"({"type": "string", "format": "hostname", "maxLength": 12, "pattern": "a"})",
    // objects
    R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["b"],
        "additionalProperties": false})",
    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}, "na": {"type": "null"}},
        "additionalProperties": {"type": "boolean"}, "minProperties": 2, "maxProperties": 4})",
    R"({"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"maximum": 5}},
        "additionalProperties": false, "required": ["ab"], "maxProperties": 3})",
    R"({"type": "object", "propertyNames": {"pattern": "^[a-c]{1,2}$"}, "minProperties": 3, "maxProperties": 5,
        "additionalProperties": {"type": "integer"}})",
    R"({"type": "object", "propertyNames": {"enum": ["a", "b", "c"]}, "minProperties": 2})",
    R"({"type": "object", "properties": {"a": true, "b": true, "c": true, "d": false}, "additionalProperties": false,
        "dependentRequired": {"a": ["b", "c"], "c": ["a"]}})",
    R"({"type": "object", "properties": {"kind": {"enum": ["x", "y"]}, "v": true}, "required": ["kind"],
        "dependentSchemas": {"v": {"properties": {"kind": {"const": "y"}, "v": {"type": "integer"}}}}})",
    R"({"type": "object", "not": {"required": ["a"]}, "properties": {"b": {"not": {"type": "string"}}},
        "maxProperties": 3})",
    R"({"type": "object", "properties": {"\"q\\": {"const": 1}, "/": {"const": 2}, "é😀": {"const": 3}},
        "required": ["\"q\\", "/", "é😀"], "additionalProperties": false})",
    R"({"type": "object", "not": {"properties": {"a": {"type": "integer"}}}, "maxProperties": 2})",
    R"({"type": "object", "required": ["a", "b"], "maxProperties": 2, "properties": {"a": {"minimum": 3}}})",
    // arrays
    R"({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3})",
    R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "boolean"}})",
    R"({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": false, "minItems": 1})",
    R"({"type": "array", "uniqueItems": true, "items": {"enum": [1, 2, "a", null]}, "minItems": 2})",
    R"({"type": "array", "uniqueItems": true, "items": {"type": "boolean"}})",
    R"({"type": "array", "uniqueItems": true, "maxItems": 3, "minItems": 2,
        "items": {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "additionalProperties": false}})",
    R"({"type": "array", "uniqueItems": true, "items": {"type": ["number", "array"]}, "minItems": 2})",
    R"({"type": "array", "contains": {"type": "integer", "minimum": 5}, "maxItems": 4})",
    R"({"type": "array", "contains": {"const": 1}, "minContains": 2, "maxContains": 3, "maxItems": 5,
        "items": {"enum": [1, 2]}})",
    R"({"type": "array", "contains": {"type": "string"}, "maxContains": 1, "minItems": 2, "maxItems": 4})",
    R"({"type": "array", "not": {"contains": {"type": "null"}}, "not": {"uniqueItems": true}, "maxItems": 4})",
    R"({"type": "array", "not": {"uniqueItems": true}, "items": {"enum": [1, 2.5, [2]]}, "maxItems": 2})",
    R"({"type": "array", "not": {"items": {"type": "integer"}}, "maxItems": 3})",
    // combinations
    R"({"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}, {"type": "string",
        "maxLength": 2}]})",
    R"({"oneOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"properties": {"b": {"type": "integer"}}, "required": ["b"]}], "type": "object", "maxProperties": 2})",
    R"({"type": "object", "properties": {"t": {"enum": [1, 2]}, "v": true}, "required": ["t", "v"],
        "if": {"properties": {"t": {"const": 1}}}, "then": {"properties": {"v": {"type": "string"}}},
        "else": {"properties": {"v": {"type": "array", "maxItems": 1}}}, "additionalProperties": false})",
    R"({"if": {"type": "array"}, "then": {"maxItems": 1}, "else": {"type": ["null", "integer"]}})",
    R"({"allOf": [{"type": "object", "properties": {"a": {"minimum": 2}}}, {"properties": {"a": {"maximum": 4}},
        "required": ["a"]}, {"maxProperties": 1}]})",
    R"({"not": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "object"}, {"type": "array",
        "minItems": 2}]}})",
    R"({"type": "object", "allOf": [{"properties": {"a": true}}, {"anyOf": [{"properties": {"b": {"const": 1}},
        "required": ["b"]}, {"properties": {"c": true}, "required": ["c"]}]}], "unevaluatedProperties": false})",
    R"({"type": "array", "prefixItems": [{"type": "integer"}], "contains": {"type": "string"},
        "unevaluatedItems": {"type": "null"}, "maxItems": 4})",
    R"({"type": "object", "if": {"required": ["x"], "properties": {"x": {"const": 1}}}, "then": {"properties":
        {"y": {"type": "boolean"}}}, "else": {"properties": {"z": true}}, "unevaluatedProperties": false})",
    // references
    R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"v": {"type": "integer"},
        "kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}}, "required": ["v"],
        "additionalProperties": false}}})",
    R"({"$ref": "#/$defs/e", "$defs": {"e": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"$ref":
        "#/$defs/e"}, "minItems": 1, "maxItems": 2}, {"type": "object", "properties": {"not": {"$ref": "#/$defs/e"}},
        "required": ["not"], "additionalProperties": false}]}}})",
    R"({"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "n": {"$anchor": "n",
        "type": "integer"}, "m": {"$ref": "#n"}}, "required": ["next"], "additionalProperties": false})",
};
// clang-format on

}  // namespace

std::span<const char* const> SampleSchemas() { return kSchemas; }

}  // namespace millrace::grammar::testing

// Reads one mapping of a YAML document and keeps account of everything that is wrong with it.
#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::app {

// The nodes of a document and the problems found in them.
//
// Parses `yaml`, which has to be one document of valid UTF-8. Nothing when it cannot be read; then
// there is a problem. An empty document is a null node.
std::optional<YAML::Node> ParseYaml(std::string_view yaml, std::vector<std::string>& problems);

// Text of every key of a mapping, in order; keys that are no text or come twice are problems and
// left out of the second time on.
std::vector<std::string> KeysOf(const YAML::Node& mapping, const std::string& path,
                                std::vector<std::string>& problems);

// One YAML mapping being read: each key is asked for by name, and what nobody asked for is a
// problem, as is a key that comes twice.
class Section {
 public:
  Section(const YAML::Node& node, std::string path, std::vector<std::string>& problems)
      : node_(node), path_(std::move(path)), problems_(problems) {
    if (node_.IsMap()) {
      KeysOf(node_, path_, problems_);
    } else {
      Report(node_, "", "should be a mapping of keys to values");
    }
  }

  // Reads `key` as T when it is there.
  template <typename T>
  void Read(const std::string& key, std::string_view expected, const std::function<void(T)>& use) {
    const YAML::Node value = Take(key);
    if (!value.IsDefined() || value.IsNull()) {
      return;
    }
    try {
      use(value.as<T>());
    } catch (const YAML::Exception&) {
      Report(value, key, fmt::format("should be {}", expected));
    }
  }

  // `out` is a bool or an optional one; likewise below.
  template <typename T>
  void Bool(const std::string& key, T& out) {
    Read<bool>(key, "true or false", [&out](bool value) { out = value; });
  }
  template <typename T>
  void String(const std::string& key, T& out) {
    Read<std::string>(key, "a text", [&out](std::string value) { out = std::move(value); });
  }
  void Strings(const std::string& key, std::vector<std::string>& out) {
    Read<std::vector<std::string>>(
        key, "a list of texts", [&out](std::vector<std::string> list) { out = std::move(list); });
  }

  template <typename T>
  void Integer(const std::string& key, T& out, int64_t least, int64_t most) {
    const YAML::Node value = Peek(key);
    Read<int64_t>(
        key, fmt::format("a whole number from {} to {}", least, most), [&](int64_t number) {
          if (number < least || number > most) {
            Report(value, key, fmt::format("should be from {} to {}, not {}", least, most, number));
          } else {
            out = static_cast<typename Inner<T>::Type>(number);
          }
        });
  }

  template <typename T>
  void Number(const std::string& key, T& out, double least, double most) {
    const YAML::Node value = Peek(key);
    Read<double>(key, fmt::format("a number from {} to {}", least, most), [&](double number) {
      if (!(number >= least && number <= most)) {  // also when it is no number
        Report(value, key, fmt::format("should be from {} to {}, not {}", least, most, number));
      } else {
        out = number;
      }
    });
  }

  // Reads one of a few words.
  template <typename T, typename Out>
  void Choice(const std::string& key, const std::map<std::string, T>& choices, Out& out) {
    const YAML::Node value = Peek(key);
    Read<std::string>(key, "a text", [&](const std::string& word) {
      const auto found = choices.find(word);
      if (found != choices.end()) {
        out = found->second;
        return;
      }
      std::string words;
      for (const auto& [name, unused] : choices) {
        words += (words.empty() ? "" : ", ") + name;
      }
      Report(value, key, fmt::format("'{}' should be one of {}", word, words));
    });
  }

  // Reads a text that `parse` understands.
  void Parsed(const std::string& key,
              const std::function<base::Status(const std::string&)>& parse) {
    const YAML::Node value = Peek(key);
    Read<std::string>(key, "a text", [&](const std::string& text) {
      if (const base::Status status = parse(text); !status.has_value()) {
        Report(value, key, status.error().message);
      }
    });
  }

  // Reads the mapping `key` when it is there.
  void Nested(const std::string& key, const std::function<void(Section&)>& read) {
    const YAML::Node value = Take(key);
    if (!value.IsDefined() || value.IsNull()) {
      return;
    }
    Section section(value, PathOf(key), problems_);
    read(section);
    section.Finish();
  }

  // Reads the mapping `key` whose own keys are names of the user's choice, each with a mapping.
  void Named(const std::string& key,
             const std::function<void(const std::string& name, Section&)>& read) {
    const YAML::Node value = Take(key);
    if (!value.IsDefined() || value.IsNull()) {
      return;
    }
    if (!value.IsMap()) {
      Report(value, key, "should be a mapping of names to mappings");
      return;
    }
    for (const std::string& name : KeysOf(value, PathOf(key), problems_)) {
      Section section(value[name], PathOf(key) + "." + name, problems_);
      read(name, section);
      section.Finish();
    }
  }

  // A nested value; undefined when absent.
  YAML::Node Take(const std::string& key) {
    known_.insert(key);
    return Peek(key);
  }
  bool Has(const std::string& key) const { return Peek(key).IsDefined(); }

  std::string PathOf(const std::string& key) const {
    if (path_.empty() || key.empty()) {
      return path_ + key;
    }
    return path_ + "." + key;
  }

  void Report(const YAML::Node& at, const std::string& key, std::string_view problem) {
    const std::string path = PathOf(key);
    problems_.push_back(fmt::format("{}{}{} (line {})", path, path.empty() ? "" : ": ", problem,
                                    at.Mark().line + 1));
  }

  // Every key that was not asked for is a problem.
  void Finish() {
    if (!node_.IsMap()) {
      return;
    }
    for (const auto& entry : node_) {
      const auto key = entry.first.as<std::string>("?");
      if (!known_.contains(key)) {
        std::string names;
        for (const std::string& name : known_) {
          names += (names.empty() ? "" : ", ") + name;
        }
        Report(entry.first, key, fmt::format("unknown key; known here: {}", names));
      }
    }
  }

 private:
  template <typename T>
  struct Inner {
    using Type = T;
  };
  template <typename T>
  struct Inner<std::optional<T>> {
    using Type = T;
  };

  YAML::Node Peek(const std::string& key) const {
    return node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  }

  const YAML::Node node_;
  std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_;
};

}  // namespace millrace::app

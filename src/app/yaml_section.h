// Reads one mapping of a YAML document and keeps account of everything that is wrong with it.
#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::app {

// One YAML mapping being read: each key is asked for by name, and what nobody asked for is a
// problem.
class Section {
 public:
  Section(const YAML::Node& node, std::string path, std::vector<std::string>& problems)
      : node_(node), path_(std::move(path)), problems_(problems) {
    if (!node_.IsMap()) {
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

  void Bool(const std::string& key, bool& out) {
    Read<bool>(key, "true or false", [&out](bool value) { out = value; });
  }
  void String(const std::string& key, std::string& out) {
    Read<std::string>(key, "a text", [&out](std::string value) { out = std::move(value); });
  }

  template <typename T>
  void Integer(const std::string& key, T& out, int64_t least, int64_t most) {
    const YAML::Node value = Peek(key);
    Read<int64_t>(
        key, fmt::format("a whole number from {} to {}", least, most), [&](int64_t number) {
          if (number < least || number > most) {
            Report(value, key, fmt::format("should be from {} to {}, not {}", least, most, number));
          } else {
            out = static_cast<T>(number);
          }
        });
  }

  // Reads one of a few words.
  template <typename T>
  void Choice(const std::string& key, const std::map<std::string, T>& choices, T& out) {
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

  // A nested mapping or list; undefined when absent.
  YAML::Node Take(const std::string& key) {
    known_.insert(key);
    return Peek(key);
  }

  std::string PathOf(const std::string& key) const {
    if (path_.empty() || key.empty()) {
      return path_ + key;
    }
    return path_ + "." + key;
  }

  void Report(const YAML::Node& at, const std::string& key, std::string_view problem) {
    problems_.push_back(fmt::format("{}: {} (line {})", PathOf(key), problem, at.Mark().line + 1));
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
  YAML::Node Peek(const std::string& key) const {
    return node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  }

  const YAML::Node node_;
  std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_;
};

}  // namespace millrace::app

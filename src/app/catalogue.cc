#include "app/catalogue.h"

#include <fmt/format.h>

#include "app/built_in_catalogue.h"
#include "app/record_section.h"
#include "app/text_file.h"
#include "app/yaml_section.h"
#include "base/check.h"

namespace millrace::app {

Catalogue Catalogue::BuiltIn() {
  Catalogue catalogue;
  std::vector<std::string> problems;
  catalogue.Read(BuiltInCatalogueYaml(), problems);
  MILLRACE_CHECK(problems.empty());
  return catalogue;
}

void Catalogue::Read(std::string_view yaml, std::vector<std::string>& problems) {
  const std::optional<YAML::Node> document = ParseYaml(yaml, problems);
  if (!document || document->IsNull()) {
    return;
  }
  Section root(*document, "", problems);
  root.Named("records", [this](const std::string& name, Section& section) {
    local::RecordSettings record;
    bool replace = false;
    section.Bool("replace", replace);
    if (const auto known = records_.find(name); known != records_.end() && !replace) {
      record = known->second;
    }
    std::string like;
    const YAML::Node like_node = section.Take("like");
    section.String("like", like);
    if (!like.empty()) {
      if (const local::RecordSettings* other = Find(like)) {
        record = local::Layer(record, *other);
      } else {
        section.Report(like_node, "like", fmt::format("no record '{}' before this one", like));
      }
    }
    local::RecordSettings own;
    ReadRecordKeys(section, own);
    records_[name] = local::Layer(record, own);
  });
  root.Finish();
}

void Catalogue::ReadFile(const std::string& path, std::vector<std::string>& problems) {
  std::vector<std::string> own;
  if (const base::Result<std::string> text = ReadTextFile(path); text.has_value()) {
    Read(*text, own);
  } else {
    problems.push_back(text.error().message);
  }
  for (const std::string& problem : own) {
    problems.push_back(fmt::format("{}: {}", path, problem));
  }
}

const local::RecordSettings* Catalogue::Find(std::string_view name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &found->second;
}

}  // namespace millrace::app

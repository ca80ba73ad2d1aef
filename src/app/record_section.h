// The keys of a model record, as model entries and catalogues have them (docs/configuration.md).
#pragma once

#include "app/yaml_section.h"
#include "local/record_settings.h"

namespace millrace::app {

// Reads every key of a record over `settings`. Values out of range are problems of the section.
void ReadRecordKeys(Section& section, local::RecordSettings& settings);

}  // namespace millrace::app

// The bytes of models/catalogue.yaml; the build makes the source file of this header from it.
#pragma once

#include <string_view>

namespace millrace::app {

std::string_view BuiltInCatalogueYaml();

}  // namespace millrace::app

#include <fmt/format.h>

#include <ostream>

#include "app/commands.h"
#include "app/logger.h"
#include "app/server.h"
#include "app/version.h"

namespace millrace::app {
namespace {

// What a person needs to make the first request.
void Announce(Server& server, const ServeOptions& options, std::ostream& out) {
  out << fmt::format("\nMillrace {} listening on http://{}/v1\n\n", kVersion, server.address());
  for (const std::string& line : server.model_lines()) {
    out << "  model  " << line << '\n';
  }
  std::string key = "$MILLRACE_API_KEY";
  if (const std::optional<accounts::NewKey> first = server.TakeFirstKey()) {
    out << fmt::format("  key    {}  (shown only this once)\n", first->secret);
    key = first->secret;
  } else if (options.authentication) {
    out << "  keys   were made at an earlier start; a new one: millrace keys create\n";
  } else {
    out << "  keys   none needed (--no-auth)\n";
  }
  const std::string header =
      options.authentication ? fmt::format("  -H \"Authorization: Bearer {}\" \\\n", key) : "";
  out << fmt::format(
      "\ncurl http://{}/v1/chat/completions \\\n{}  -H \"Content-Type: application/json\" \\\n"
      "  -d '{{\"model\": \"{}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Who are "
      "you?\"}}]}}'\n\n",
      server.address(), header, server.first_model());
  out.flush();
}

}  // namespace

int RunServe(const ServeOptions& options, std::ostream& out, std::ostream& err) {
  base::Result<std::unique_ptr<Server>> server =
      Server::Create(options, MakeLogger(options.log_level));
  if (!server.has_value()) {
    err << server.error().message << '\n';
    return kExitFailed;
  }
  Announce(**server, options, out);
  (*server)->Run();
  return kExitOk;
}

}  // namespace millrace::app

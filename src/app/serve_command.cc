#include <fmt/format.h>

#include <ostream>

#include "app/commands.h"
#include "app/logger.h"
#include "app/server.h"
#include "app/version.h"

namespace millrace::app {
namespace {

// Where the server is and how to come in. Returns the key to use in an example.
std::string AnnounceAddress(Server& server, const ServeOptions& options, std::ostream& out) {
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
  out << '\n' << std::flush;
  return key;
}

// What a person needs to make the first request.
void AnnounceReady(const Server& server, const ServeOptions& options, const std::string& key,
                   std::ostream& out) {
  const std::string header =
      options.authentication ? fmt::format("  -H \"Authorization: Bearer {}\" \\\n", key) : "";
  out << fmt::format(
      "ready\n\ncurl http://{}/v1/chat/completions \\\n{}  -H \"Content-Type: application/json\" "
      "\\\n  -d '{{\"model\": \"{}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Who are "
      "you?\"}}]}}'\n\n",
      server.address(), header, server.first_model());
  out.flush();
}

}  // namespace

int RunServe(const ServeFlags& flags, std::ostream& out, std::ostream& err) {
  const GatheredOptions gathered = GatherOptions(flags);
  if (!PrintProblems(gathered.problems, err)) {
    return kExitFailed;
  }
  const ServeOptions& options = gathered.options;
  Log log(options.log_level, options.log_format);
  base::Result<std::unique_ptr<Server>> server = Server::Create(
      {.options = options, .read_again = [flags] { return GatherOptions(flags); }, .log = &log});
  if (!server.has_value()) {
    err << server.error().message << '\n';
    return kExitFailed;
  }
  const std::string key = AnnounceAddress(**server, options, out);
  const bool good = (*server)->Run([&] { AnnounceReady(**server, options, key, out); });
  return good ? kExitOk : kExitFailed;
}

}  // namespace millrace::app

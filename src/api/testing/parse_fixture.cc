#include "api/testing/parse_fixture.h"

#include <ostream>
#include <utility>

namespace millrace::api {
namespace {

FixedResolver MakeResolver() {
  std::vector<std::shared_ptr<chat::ChatBackend>> backends;
  for (auto& record :
       {HybridRecord(), PlainRecord(), EffortRecord(), JsonRecord(), VisionRecord(), FimRecord()}) {
    backends.push_back(std::make_shared<chat::ScriptedBackend>(record));
  }
  return FixedResolver(std::move(backends));
}

chat::ModelRecord BaseRecord(std::string id) {
  chat::ModelRecord record;
  record.id = std::move(id);
  record.context_tokens = 4096;
  record.prompt_tokens_max = 4096;
  record.vocabulary_size = 1000;
  return record;
}

}  // namespace

chat::ModelRecord HybridRecord() {
  chat::ModelRecord record = BaseRecord("M");
  record.aliases = {"team/M"};
  record.thinking = chat::ThinkingClass::kHybrid;
  record.thinking_default_on = true;
  record.tools = true;
  return record;
}

chat::ModelRecord PlainRecord() {
  chat::ModelRecord record = BaseRecord("N");
  record.honours_min_p = false;
  return record;
}

chat::ModelRecord EffortRecord() {
  chat::ModelRecord record = BaseRecord("E");
  record.thinking = chat::ThinkingClass::kHybrid;
  record.thinking_default_on = true;
  record.effort = true;
  record.n_max = 1;
  return record;
}

chat::ModelRecord VisionRecord() {
  chat::ModelRecord record = BaseRecord("V");
  record.image_input = true;
  record.images_max = 2;
  record.media_encoder = true;
  return record;
}

chat::ModelRecord JsonRecord() {
  chat::ModelRecord record = BaseRecord("J");
  record.tools = true;
  record.constrained_tools = true;
  record.json_mode = true;
  record.prefix = true;
  return record;
}

chat::ModelRecord FimRecord() {
  chat::ModelRecord record = BaseRecord("F");
  record.thinking = chat::ThinkingClass::kHybrid;
  record.thinking_default_on = true;
  record.json_mode = true;
  record.prefix = true;
  record.fim = true;
  return record;
}

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.status << "/" << refused.code << " \"" << refused.message << "\"";
}

ParseFixture::ParseFixture() : resolver_(MakeResolver()) {}

WireResult<ParsedChat> ParseFixture::Parse(std::string_view body) const {
  return ParseChatRequest(body, origin, resolver_, options);
}

WireResult<ParsedChat> ParseFixture::ParseWith(std::string_view more,
                                               std::string_view model) const {
  std::string body =
      R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":"hi"}])";
  if (!more.empty()) {
    body += ',';
    body += more;
  }
  return Parse(body + "}");
}

WireResult<ParsedChat> ParseFixture::ParseMessages(std::string_view messages,
                                                   std::string_view model) const {
  return Parse(R"({"model":")" + std::string(model) + R"(","messages":)" + std::string(messages) +
               "}");
}

Refused RefusalOf(const WireResult<ParsedChat>& result) {
  if (result.has_value()) {
    return {.status = 200, .code = 0, .message = ""};
  }
  const FailureRow& row = RowOf(result.error().failure);
  return {
      .status = row.status, .code = row.code, .message = std::string(MessageOf(result.error()))};
}

}  // namespace millrace::api
